"""The sandbox Close against the description of Close's endpoints, so that the fake cannot drift."""

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sandbox.close import SandboxClose
from sandbox.people import ADA, BEN, CLEO

DESCRIPTION = Path(__file__).parent.parent / "contract" / "openapi_send_as.yml"
EXAMPLES = 20
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


SCHEMA = schemathesis.openapi.from_path(DESCRIPTION)
OPERATIONS: list[Any] = [
    found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)
]


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.label)
def test_every_answer_is_as_described(operation: Any, mode: GenerationMode) -> None:
    """Whatever is asked, right or wrong, the answer is one that the description allows."""
    sandbox = SandboxClose()
    sandbox.allow(ADA, BEN)
    sandbox.allow(CLEO, ADA)
    headers = {"Authorization": f"Bearer {sandbox.connect(ADA)['access_token']}"}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        case.query.pop("_fields", None)  # it leaves out fields that the description requires
        response = case.call(base_url="http://close.test", headers=headers, app=sandbox.app)
        case.validate_response(response, checks=CHECKS)

    check()


def test_the_description_is_checked_completely() -> None:
    """All operations that the bot uses are in the description and so in the test above."""
    assert {operation.label for operation in OPERATIONS} >= {
        "GET /api/v1/me/",
        "GET /api/v1/user/",
        "GET /api/v1/connected_account/",
        "GET /api/v1/send_as/",
        "POST /api/v1/send_as/",
        "DELETE /api/v1/send_as/",
        "POST /api/v1/send_as/bulk/",
        "GET /api/v1/send_as/{id}/",
        "DELETE /api/v1/send_as/{id}/",
        "POST /oauth2/token/",
        "POST /oauth2/revoke/",
    }

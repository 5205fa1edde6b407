"""What a JSON schema refuses. Its reader is imported where it is used: it builds the grammar of
every kind of address first, which takes as long as a tenth of all that is collected."""

from collections.abc import Mapping
from typing import Any


def refusal(document: Any, schema: Mapping[str, Any]) -> str | None:
    """Why the schema refuses the document; None where it does not."""
    import jsonschema  # noqa: PLC0415 - a second for each process of the tests

    try:
        jsonschema.validate(document, schema)
    except jsonschema.ValidationError as error:
        return str(error)
    return None

"""A wish for too many people at once is refused before anything else happens."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.delegations import Delegations, Terms
from bot.delegations.asking import MOST_AT_ONCE
from bot.desk import Actor
from bot.refusals import Refused
from bot.times.span import Span
from models.policy import Policy, Refusal

ACTOR = Actor("T0NORTH", "U0ADA")
TERMS = Terms(Span(length=timedelta(hours=2)))
TOO_MANY = [f"U{number:08}" for number in range(MOST_AT_ONCE + 1)]


@pytest.fixture
def delegations() -> Delegations:
    """The use cases with nothing behind them, so that any look at the outside is an error."""
    nothing: Any = None
    return Delegations(
        nothing, nothing, Policy(), lambda: datetime(2026, 11, 23, tzinfo=UTC), nothing
    )


async def test_ask_too_many(delegations: Delegations) -> None:
    """The use case itself keeps the limit, whoever calls it."""
    with pytest.raises(Refused) as caught:
        await delegations.request_from_all(ACTOR, grantor_ids=TOO_MANY, terms=TERMS)
    assert caught.value.refusal is Refusal.TOO_MANY


async def test_grant_to_too_many(delegations: Delegations) -> None:
    """The same holds for a grant."""
    with pytest.raises(Refused) as caught:
        await delegations.grant_all(ACTOR, grantee_ids=TOO_MANY, terms=TERMS)
    assert caught.value.refusal is Refusal.TOO_MANY

"""A wish for too many people at once is refused before anything else happens."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.delegations.asking import MOST_AT_ONCE, Terms, grant_all, request_from_all
from bot.desk import Actor, Desk
from bot.refusals import Refused
from bot.times.span import Span
from models.policy import Policy, Refusal

ACTOR = Actor("T0NORTH", "U0ADA")
TERMS = Terms(Span(length=timedelta(hours=2)))
TOO_MANY = [f"U{number:08}" for number in range(MOST_AT_ONCE + 1)]


@pytest.fixture
def desk() -> Desk:
    """A desk with nothing behind it, so that any look at the outside is an error."""
    nothing: Any = None
    return Desk(nothing, nothing, Policy(), lambda: datetime(2026, 11, 23, tzinfo=UTC), nothing)


async def test_ask_too_many(desk: Desk) -> None:
    """The use case itself keeps the limit, whoever calls it."""
    with pytest.raises(Refused) as caught:
        await request_from_all(desk, ACTOR, grantor_ids=TOO_MANY, terms=TERMS)
    assert caught.value.refusal is Refusal.TOO_MANY


async def test_grant_to_too_many(desk: Desk) -> None:
    """The same holds for a grant."""
    with pytest.raises(Refused) as caught:
        await grant_all(desk, ACTOR, grantee_ids=TOO_MANY, terms=TERMS)
    assert caught.value.refusal is Refusal.TOO_MANY

"""Writing an attempt down: of two who want to create the same association, one does."""

from datetime import timedelta
from typing import Any, cast

from bot.delegations.steps.moves import Steps
from bot.store import Database
from bot.telemetry import Metrics
from models.delegation import Delegation, Event, State
from models.policy import Policy
from tests.integration.rows import NOON, add, delegation, get

LEASED = NOON + timedelta(seconds=6)


def steps(database: Database) -> Steps:
    """The tools of a worker that calls nobody."""
    nobody = cast("Any", None)
    return Steps(database, nobody, nobody, Policy(), lambda: NOON, Metrics())


async def attempt(database: Database, row: Delegation) -> Delegation | None:
    """Write down that Close is asked, as a worker does that has claimed ``row``."""
    return await steps(database).move(
        row, Event.ATTEMPT, keep_lease=True, was_due=True, attempted_at=NOON
    )


async def test_the_second_of_two_attempts_is_called_off(database: Database) -> None:
    """Both claimed the same version: one goes on, and keeps its lease."""
    row = delegation(state=State.APPROVED, leased_until=LEASED)
    await add(database, row)
    assert await attempt(database, row) is not None
    assert await attempt(database, row) is None
    stored = await get(database, row)
    assert stored.version == row.version + 1
    assert stored.leased_until == LEASED


async def test_an_attempt_that_had_no_effect_is_forgotten(database: Database) -> None:
    """Afterwards it is a first one again."""
    row = delegation(state=State.APPROVED)
    await add(database, row)
    made = await attempt(database, row)
    assert made is not None
    (again,) = await steps(database).forget_attempts([made])
    assert again.attempted_at is None
    assert (await get(database, row)).attempted_at is None


async def test_an_unclear_attempt_is_not_forgotten(database: Database) -> None:
    """Another attempt whose answer was lost may still take effect."""
    row = delegation(state=State.APPROVED)
    await add(database, row)
    made = await attempt(database, row)
    assert made is not None
    await steps(database).note_unclear(made)
    await steps(database).forget_attempts([made])
    assert (await get(database, row)).attempted_at == NOON

"""Writing an attempt down: of two who want to create the same association, one does."""

from datetime import timedelta

from bot.delegations.steps import moves
from bot.store import Database
from models.delegation import Delegation, Event, State
from tests.integration.rows import NOON, add, delegation, get
from tests.integration.tools import tools

LEASED = NOON + timedelta(seconds=6)


async def attempt(database: Database, row: Delegation) -> Delegation | None:
    """Write down that Close is asked, as a worker does that has claimed ``row``."""
    moved = await moves.move_all(
        tools(database),
        [(row, {"attempted_at": NOON})],
        Event.ATTEMPT,
        keep_lease=True,
        was_due=True,
    )
    return moved[0] if moved else None


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
    (again,) = await moves.forget_attempts(tools(database), [made])
    assert again.attempted_at is None
    assert (await get(database, row)).attempted_at is None


async def test_an_unclear_attempt_is_not_forgotten(database: Database) -> None:
    """Another attempt whose answer was lost may still take effect."""
    row = delegation(state=State.APPROVED)
    await add(database, row)
    made = await attempt(database, row)
    assert made is not None
    await moves.note_unclear(tools(database), [made])
    await moves.forget_attempts(tools(database), [made])
    assert (await get(database, row)).attempted_at == NOON

"""A prepared statement does by the short way what SQLAlchemy does by the long one."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import (
    Engine,
    Executable,
    Insert,
    Select,
    Update,
    bindparam,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, StatementError

from bot.store import Database
from bot.store.executing import (
    AT_ONCE,
    MANY,
    Asked,
    Outcome,
    execute,
    execute_each,
    execute_together,
    prepared,
)
from bot.store.only_reads import OnlyReads
from models.base import UtcTime
from models.delegation import OPEN_STATES, Delegation, State, Trouble, delegations
from models.rows import to_row
from tests.integration.rows import NOON, add, delegation, get

MOST = AT_ONCE // len(delegations.c)  # rows at once
SECRET = "what nobody else reads"
LATER = NOON + timedelta(hours=2, microseconds=7)
Way = Callable[[], AbstractContextManager[None]]

_columns = delegations.c
_IS_OF_THESE = _columns.id.in_(bindparam("of_these", expanding=True))


@contextmanager
def watched() -> Iterator[None]:
    """Somebody listens, so that each statement goes the long way."""

    def look(*_statement: object) -> None:
        seen.append(None)

    seen: list[None] = []
    event.listen(Engine, "before_cursor_execute", look)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", look)
    assert seen


WAYS: Sequence[Way] = (nullcontext, watched)


@prepared
def _these() -> Select[Any]:
    return select(delegations).where(_IS_OF_THESE).order_by(_columns.id)


@prepared
def _troubled() -> Update:
    new = {"trouble": bindparam("new_trouble"), "wake_at": bindparam("due_at", type_=UtcTime)}
    return update(delegations).where(_IS_OF_THESE).values(version=_columns.version + 5, **new)


@prepared
def _tried() -> Any:
    of_state = _columns.state == bindparam("of_state"), _columns.state.in_(OPEN_STATES)
    tried = update(delegations).where(*of_state).values(attempts=_columns.attempts + 1)
    return tried.returning(_columns.attempts, _columns.length, _columns.state, _columns.is_unclear)


@prepared
def _adding() -> Insert:
    return insert(delegations)


@prepared
def _said() -> Any:
    return insert(delegations).returning(_columns.id)


@prepared
def _tired() -> Update:
    """It has another statement within."""
    its_id = select(_columns.id).where(_columns.id == bindparam("this_one")).cte("its_id")
    return update(delegations).where(_columns.id.in_(select(its_id.c.id))).values(attempts=9)


async def carried_out(
    database: Database, way: Way, statement: Executable, **parameters: Any
) -> Outcome:
    """What comes of it, by this way."""
    with way():
        found: Outcome = await database.run_connection(
            lambda connection: execute(connection, statement, parameters)
        )
    return Outcome([tuple(row) for row in found.rows], tuple(found.names), found.changed)


async def few(database: Database, number: int) -> list[Delegation]:
    """So many rows, in the order of their ids."""
    rows = [delegation(grantee_id=f"U{each}") for each in range(number)]
    for row in rows:
        await add(database, row)
    return sorted(rows, key=lambda each: each.id)


@pytest.mark.parametrize("number", [0, 1, MANY - 1, MANY, MANY + 1])
async def test_the_same_is_read(database: Database, number: int) -> None:
    """Whatever the length of a list: the same rows, with the same names and kinds of values."""
    ids = [each.id for each in await few(database, MANY + 2)][:number]
    short, long = [await carried_out(database, way, _these(), of_these=ids) for way in WAYS]
    assert (short.rows, short.names) == (long.rows, long.names)
    assert [row["id"] for row in short.mappings] == ids


@pytest.mark.parametrize("number", [1, MANY])
async def test_the_same_is_written(database: Database, number: int) -> None:
    """Words, moments in any zone, and what a statement adds by itself; how many it was is said."""
    rows = await few(database, 2 * number)
    east = LATER.astimezone(datetime.strptime("+0530", "%z").tzinfo)
    for place, way in enumerate(WAYS):
        row, *others = rows[place::2]
        ids = [each.id for each in (row, *others)]
        new = {"new_trouble": Trouble.CLOSE_BUSY, "due_at": east}
        written = await carried_out(database, way, _troubled(), of_these=ids, **new)
        assert written.changed == number
        present = await get(database, row)
        assert (present.trouble, present.wake_at) == (Trouble.CLOSE_BUSY, LATER)
        assert present.wake_at is not None
        assert present.wake_at.tzinfo is UTC
        assert present.version == row.version + 5


async def test_what_is_written_comes_back(database: Database) -> None:
    """The rows of what was changed, one as the other; of what was not there none."""
    [row] = await few(database, 1)
    for attempt, way in enumerate(WAYS, row.attempts + 1):
        found = await carried_out(database, way, _tried(), of_state=row.state)
        assert found.rows == [(attempt, row.length, row.state, False)]
        nothing = await carried_out(database, way, _tried(), of_state=State.LAPSED)
        assert nothing.rows == []
        assert nothing.scalar is None


@pytest.mark.parametrize("way", WAYS)
async def test_an_error_is_as_always(database: Database, way: Way) -> None:
    """A row twice and a time without a zone have SQLAlchemy's errors, which keep values to
    themselves; what was done before in the transaction is undone, and the next is as any other."""
    [row] = await few(database, 1)
    again = to_row(row) | {"reason": SECRET}
    with pytest.raises(IntegrityError) as twice:
        await carried_out(database, way, _adding(), **again)
    assert SECRET not in str(twice.value)
    naive = {"new_trouble": None, "due_at": LATER.replace(tzinfo=None)}
    with pytest.raises(StatementError, match="without a zone"):
        await carried_out(database, way, _troubled(), of_these=[row.id], **naive)
    assert await get(database, row) == row


async def test_what_only_reads_changes_nothing(database: Database) -> None:
    """Where only reading was announced, it is refused before anything is sent."""
    [row] = await few(database, 1)
    with pytest.raises(OnlyReads):
        await database.read(lambda store: store.cards.mark_stale(row.id, now=LATER))
    assert await get(database, row) == row


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("number", [1, 2, MOST, MOST + 1])
async def test_each_is_carried_out(database: Database, way: Way, number: int) -> None:
    """However many rows, with few statements: all are there, and each says what it is."""
    new = [delegation(grantee_id=f"U{each}", reason=f"no. {each}?") for each in range(number)]
    rows = [to_row(each) for each in new]
    with way():
        found = await database.run_connection(lambda each: execute_each(each, _said(), rows))
    assert sorted(tuple(each) for each in found) == sorted((row["id"],) for row in rows)
    assert await get(database, new[-1]) == new[-1]


def _together(old: Delegation, *new: Delegation) -> Sequence[Asked]:
    """What adds the new ones, and last what changes the old one, with another statement within."""
    adding = [Asked(_adding(), to_row(each)) for each in new]
    return [*adding, Asked(_tired(), {"this_one": old.id})]


@pytest.mark.parametrize("way", WAYS)
async def test_what_is_written_together_is_written(database: Database, way: Way) -> None:
    """Each with its own values, in one go or one after the other; what the last has within, too."""
    [old] = await few(database, 1)
    new = [delegation(reason="$1 more"), delegation(reason="another", starts_at=LATER)]
    with way():
        await database.run_connection(lambda each: execute_together(each, *_together(old, *new)))
    assert [await get(database, each) for each in new] == new
    assert (await get(database, old)).attempts == 9


@pytest.mark.parametrize("way", WAYS)
async def test_together_all_is_written_or_nothing(database: Database, way: Way) -> None:
    """One of them that cannot be has the error that it has alone, and takes the others along."""
    [row] = await few(database, 1)
    new = delegation()
    with way(), pytest.raises(IntegrityError):
        await database.run_connection(
            lambda each: execute_together(each, *_together(row, new, row))
        )
    assert await database.run(lambda store: store.delegations.get(new.id)) is None


async def test_together_nothing_is_written_where_only_is_read(database: Database) -> None:
    """Where only reading was announced, it is refused before anything is sent."""
    [row], new = await few(database, 1), delegation()
    with pytest.raises(OnlyReads):
        await database.read(lambda store: execute_together(store._connection, *_together(row, new)))
    assert await database.run(lambda store: store.delegations.get(new.id)) is None

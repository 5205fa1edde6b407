"""What is over is said once in Python and once in SQL: both must say the same."""

from datetime import timedelta

from sqlalchemy import or_

from bot.store import Database
from bot.store.delegations import over_by
from models.delegation import State, delegations
from models.overdue import GRACE, is_overdue, over_since
from models.rows import to_row
from tests.integration.rows import NOON, TEAM, delegation

SINCE = (None, NOON - GRACE, NOON)
ENDS = (None, NOON - timedelta(seconds=1), NOON, NOON + timedelta(seconds=1))
ROWS = [delegation(state=state, ends_at=ends_at) for state in State for ends_at in ENDS]


async def store_all(database: Database) -> None:
    """Every state, with no end, and with ends around noon."""
    values = [to_row(row) for row in ROWS]
    await database.run_connection(
        lambda connection: connection.execute(delegations.insert(), values)
    )


async def test_over_is_the_same_in_both(database: Database) -> None:
    """The rows that SQL finds are those that Python calls over."""
    await store_all(database)
    statement = delegations.select().where(or_(*over_by(NOON)))
    found = await database.run_connection(
        lambda connection: {row.id for row in connection.execute(statement)}
    )
    assert found == {row.id for row in ROWS if row.is_over(NOON)}


async def test_what_is_late_is_what_is_over(database: Database) -> None:
    """The gauges count what Close should hold no longer, and say since when."""
    await store_all(database)
    counted = await database.run(lambda store: store.delegations.late(now=NOON))
    over = [row for row in ROWS if row.is_over(NOON)]
    assert counted == (len(over), min(over_since(row, NOON) for row in over))


async def test_what_admins_are_told_of_is_on_their_list(database: Database) -> None:
    """R5: what was noticed late is overdue since the end that was promised, in both."""
    rows = [
        delegation(state=state, ended_at=ended_at, ends_at=ends_at, attempted_at=NOON)
        for state in State
        for ended_at in SINCE
        for ends_at in SINCE
    ]
    values = [to_row(row) for row in rows]
    await database.run_connection(
        lambda connection: connection.execute(delegations.insert(), values)
    )
    found = await database.run(lambda store: store.overdue.of(TEAM, now=NOON))
    assert {each.id for each in found} == {row.id for row in rows if is_overdue(row, NOON)}

"""A receipt waits while rights are to be taken back, and its patience is for Close alone."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.close.errors import CloseProblem, RetryLater
from bot.delegations.receipts import Receipts
from bot.delegations.steps import count
from bot.delegations.steps.count import LONGEST, PATIENCE
from bot.store import Database
from models.connection import Connection
from models.delegation import Delegation, Receipt, ReceiptState, State
from tests.integration.rows import NOON, TEAM, add, delegation, get
from tests.integration.tools import tools

ADA, BEN = "U0ADA", "U0BEN"
HERE, THERE = "orga_here", "orga_there"


class Away:
    """Connections to a Close that is away."""

    def __init__(self) -> None:
        self.asked = 0

    async def opened(self, _: Connection | None) -> Any:
        """Fail as a read does."""
        self.asked += 1
        raise RetryLater(CloseProblem.UNAVAILABLE, status=503)


class Bench:
    """The step over a database, with a clock that the test owns."""

    def __init__(self, database: Database) -> None:
        self.now = NOON
        self.away = Away()
        self.tools = tools(database, connections=self.away, now=lambda: self.now)
        self.receipts = Receipts(self.tools)
        self.database = database

    async def at(self, moment: datetime, row: Delegation) -> Delegation:
        """Take the row one step further at this moment."""
        self.now = moment
        await count.step(self.tools, self.receipts, await get(self.database, row))
        return await get(self.database, row)


def ended(**changes: Any) -> Delegation:
    """A right of Ada's whose receipt is due."""
    values: dict[str, Any] = {
        "grantor_id": ADA,
        "state": State.ENDED,
        "active_at": NOON - timedelta(hours=2),
        "ended_at": NOON,
        "receipt": Receipt(ReceiptState.DUE),
        "association_id": "sdas_1",
        "organization_id": HERE,
        "wake_at": NOON,
        **changes,
    }
    return delegation(**values)


def ending(grantor_id: str, **changes: Any) -> Delegation:
    """A right that is to be taken back now."""
    values = {"state": State.ENDING, "wake_at": NOON, "organization_id": HERE, **changes}
    return delegation(grantor_id=grantor_id, **values)


@pytest.mark.parametrize(
    ("row", "is_due"),
    [
        (ending(ADA), True),
        (ending(ADA, organization_id=None), True),
        (ending(BEN), True),
        (ending(BEN, organization_id=THERE), False),
        (ending(BEN, leased_until=NOON + timedelta(seconds=5)), True),
        (ending(ADA, wake_at=NOON + timedelta(seconds=1)), False),
        (ending(ADA, state=State.ACTIVE, ends_at=NOON), True),
        (ending(ADA, state=State.ACTIVE, ends_at=NOON + timedelta(hours=1)), False),
    ],
)
async def test_which_ends_go_first(database: Database, row: Delegation, is_due: bool) -> None:
    """Those of the same grantor or Close organization that are due."""
    await add(database, row)
    asked = await database.run(lambda store: store.receipts.are_ends_due(TEAM, ADA, HERE, now=NOON))
    assert asked is is_due


async def test_being_busy_costs_no_attempt(database: Database) -> None:
    """While an end is due nothing is asked and nothing is given up, however often it is looked."""
    bench, row = Bench(database), ended()
    await add(database, row, ending(ADA))
    for seconds in (0, 30, 90, 300):
        waiting = await bench.at(NOON + timedelta(seconds=seconds), row)
        assert (waiting.receipt, waiting.attempts) == (Receipt(ReceiptState.DUE), 0)
    assert bench.away.asked == 0
    given_up = await bench.at(NOON + LONGEST + timedelta(seconds=1), row)
    assert given_up.receipt == Receipt(ReceiptState.FAILED)


async def test_close_gets_more_than_one_chance(database: Database) -> None:
    """Also late, after a time of being busy, a first failure is followed by another attempt."""
    bench, row = Bench(database), ended()
    await add(database, row)
    late = NOON + PATIENCE + timedelta(seconds=10)
    for attempts in (1, 2):
        waiting = await bench.at(late, row)
        assert (waiting.receipt, waiting.attempts) == (Receipt(ReceiptState.DUE), attempts)
    assert (await bench.at(late, row)).receipt == Receipt(ReceiptState.FAILED)
    assert bench.away.asked == 2

"""What is due and has nothing to do is put to rest, not claimed again and again."""

from datetime import timedelta
from typing import Any

import pytest

from bot.delegations.receipts import Receipts
from bot.delegations.steps.advance import Advance
from bot.store import Database
from models.delegation import State
from tests.integration.rows import NOON, add, delegation, get
from tests.integration.tools import tools

PAST = NOON - timedelta(hours=1)
LEASE = timedelta(seconds=6)


@pytest.mark.parametrize(
    "values",
    [
        {"state": State.REQUESTED},
        {"state": State.REQUESTED, "remind_at": NOON + timedelta(hours=1)},
        {"state": State.ACTIVE},
        {"state": State.ACTIVE, "ends_at": NOON + timedelta(seconds=1)},
        {"state": State.ACTIVE, "ends_at": NOON + timedelta(hours=2)},
        *({"state": state} for state in State if state.value in ("denied", "cancelled", "lapsed")),
        {"state": State.FAILED},
        {"state": State.ENDED},
    ],
)
async def test_a_past_moment_does_not_spin(database: Database, values: dict[str, Any]) -> None:
    """R4: after a step that finds nothing to do the row is not due any more."""
    row = delegation(**values, wake_at=PAST)
    await add(database, row)
    kit = tools(database)
    [claimed] = await database.run(
        lambda store: store.delegations.due.claim(now=NOON, lease=LEASE, limit=1)
    )
    await Advance(kit, Receipts(kit), lambda: None).take(claimed)
    after = await get(database, row)
    assert after.leased_until is None
    assert after.wake_at is None or after.wake_at > NOON
    assert after.version == row.version


async def test_a_change_meanwhile_stays_due(database: Database) -> None:
    """R4: what somebody changed while the step looked at the older copy is looked at at once."""
    row = delegation(state=State.ACTIVE, wake_at=PAST)
    await add(database, row)
    kit = tools(database)
    [claimed] = await database.run(
        lambda store: store.delegations.due.claim(now=NOON, lease=LEASE, limit=1)
    )
    await database.run(
        lambda store: store.delegations.postpone(claimed, wake_at=NOON, trouble=None, now=NOON)
    )
    await Advance(kit, Receipts(kit), lambda: None).take(claimed)
    assert (await get(database, row)).wake_at == NOON

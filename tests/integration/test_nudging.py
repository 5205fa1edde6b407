"""Who waits for a grantor to connect has them reminded: once a working day, in working hours."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.delegations import nudging
from bot.refusals import NotKnown, NotYours, RemindedAlready, Settled, Thing
from bot.store import Database
from models.delegation import WAITS_FOR_GRANTOR, Delegation, Event, State, Trouble
from tests.integration.books import ADA, BEN, CLEO, Bench, as_of, bench
from tests.integration.rows import NOON

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TOKYO = "Asia/Tokyo"  # there it is nine in the evening of Monday at noon
MORNING = NOON + 12 * HOUR

# What is decided does not depend on the database; the store's own tests have both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def stage(database: Database) -> Bench:
    """Monday noon."""
    return bench(database)


async def waiting(stage: Bench, **changes: Any) -> Delegation:
    """Ada has approved what Cleo asked for Ben, and has to connect."""
    values = {
        "state": State.APPROVED,
        "requester_id": CLEO,
        "trouble": Trouble.NOT_CONNECTED,
        "grantor_zone": TOKYO,
        "lapses_at": NOON + 3 * DAY,
        **changes,
    }
    return await stage.row(**values)


@pytest.mark.parametrize("trouble", sorted(WAITS_FOR_GRANTOR))
@pytest.mark.parametrize("who", [BEN, CLEO])
async def test_reminded(stage: Bench, trouble: Trouble, who: str) -> None:
    """Whoever sends or has asked may have it done; the trouble stays, and it is on the trail."""
    row = await waiting(stage, trouble=trouble)
    after = await nudging.nudge(stage.desk, as_of(who), row.id)
    assert after == replace(
        row, version=row.version + 1, nudged_at=NOON, remind_at=MORNING, wake_at=MORNING
    )
    assert await stage.present(row) == after
    history = await stage.database.run(lambda store: store.delegations.history(row.id))
    assert (history[-1].event, history[-1].actor, history[-1].at) == (Event.NUDGE, who, NOON)
    assert stage.woken == 1


@pytest.mark.parametrize(
    ("before", "now", "is_refused"),
    [
        (NOON, NOON + HOUR, True),
        (NOON, MORNING - timedelta(seconds=1), True),
        (NOON, MORNING, False),
        (NOON - DAY, NOON, False),
    ],
)
async def test_once_a_working_day(
    stage: Bench, before: datetime, now: datetime, is_refused: bool
) -> None:
    """The grantor's working day: the next one begins in their morning."""
    row = await waiting(stage, nudged_at=before)
    stage.moment = now
    if not is_refused:
        assert (await nudging.nudge(stage.desk, as_of(BEN), row.id)).nudged_at == now
        return
    with pytest.raises(RemindedAlready) as caught:
        await nudging.nudge(stage.desk, as_of(BEN), row.id)
    assert caught.value.delegation == row
    assert await stage.present(row) == row


@pytest.mark.parametrize(
    "changes",
    [
        {"trouble": None},
        {"trouble": Trouble.CLOSE_DOWN},
        {"trouble": Trouble.GRANTEE_NOT_IN_CLOSE},
        {"state": State.REQUESTED},
        {"state": State.ACTIVE},
    ],
)
async def test_it_waits_for_nobody(stage: Bench, changes: dict[str, Any]) -> None:
    """Only what was approved, and waits for the grantor, is worth a word to them."""
    row = await waiting(stage, **changes)
    with pytest.raises(Settled) as caught:
        await nudging.nudge(stage.desk, as_of(BEN), row.id)
    assert caught.value.delegation == row


async def test_who_may_not(stage: Bench) -> None:
    """Not the grantor, and nobody about what is not there."""
    row = await waiting(stage)
    with pytest.raises(NotYours):
        await nudging.nudge(stage.desk, as_of(ADA), row.id)
    with pytest.raises(NotKnown) as caught:
        await nudging.nudge(stage.desk, as_of(BEN), "nothing")
    assert caught.value.thing is Thing.REQUEST

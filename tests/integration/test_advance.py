"""What the clock does in each state, and what is noted before anybody approves."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from bot.close.errors import CloseProblem, RetryLater
from bot.delegations.receipts import Receipts
from bot.delegations.steps.advance import Advance
from bot.store import Database
from models.delegation import Event, Receipt, ReceiptState, State, Trouble
from models.reminders import next_reminder
from tests.integration.books import BEN, CLEO, Bench, bench
from tests.integration.rows import NOON
from tests.integration.test_steps_create import BEN_THERE, SHOWN, agreed, furnished

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NEW_YORK = "America/New_York"
DOWN = RetryLater(CloseProblem.UNAVAILABLE, status=503)

# What is decided does not depend on the database; the store's own tests have both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass
class Clock:
    """What is due, taken a step further, and how often the cards were told."""

    stage: Bench
    changes: list[None] = field(default_factory=list)

    @property
    def advance(self) -> Advance:
        """As in the bot."""
        tools = self.stage.tools
        return Advance(tools, Receipts(tools), lambda: self.changes.append(None))


@pytest.fixture
async def clock(database: Database) -> Clock:
    """Ada is connected, and Ben is in her organization."""
    return Clock(await furnished(bench(database)))


ASKED: dict[str, Any] = {
    "state": State.REQUESTED,
    "requested_at": NOON - 2 * DAY,
    "lapses_at": NOON + DAY,
    "grantor_zone": NEW_YORK,
    "leased_until": NOON,
    "ends_at": None,
    "association_id": None,
}


@pytest.mark.parametrize("late", [timedelta(), HOUR])
async def test_nobody_answered(clock: Clock, late: timedelta) -> None:
    """A request lapses when it was said to, and not when that was noticed."""
    row = await clock.stage.row(**{**ASKED, "lapses_at": NOON - late, "remind_at": NOON})
    await clock.advance.take(row)
    after = await clock.stage.present(row)
    assert (after.state, after.ended_at, after.leased_until) == (State.LAPSED, NOON - late, None)
    assert clock.changes == [None]


@pytest.mark.parametrize("late", [timedelta(), HOUR])
async def test_nobody_has_answered_yet(clock: Clock, late: timedelta) -> None:
    """The grantor is reminded when that is due, counted, and again later."""
    row = await clock.stage.row(**ASKED, remind_at=NOON - late, reminders=1)
    await clock.advance.take(row)
    after = await clock.stage.present(row)
    again = next_reminder(asked_at=NOON - 2 * DAY, sent=2, zone=NEW_YORK, now=NOON)
    assert (after.state, after.reminders, after.remind_at) == (State.REQUESTED, 2, again)
    assert after.leased_until is None
    history = await clock.stage.database.run(lambda store: store.delegations.history(row.id))
    assert [each.event for each in history[1:]] == [Event.REMIND]


@pytest.mark.parametrize("remind_at", [None, NOON + SECOND])
async def test_nothing_is_due_yet(clock: Clock, remind_at: Any) -> None:
    """Only the lease is given back."""
    row = await clock.stage.row(**ASKED, remind_at=remind_at, wake_at=NOON + HOUR)
    await clock.advance.take(row)
    after = await clock.stage.present(row)
    assert (after.version, after.reminders, after.leased_until) == (row.version, 0, None)


UNKNOWN: dict[str, Any] = {
    **ASKED,
    "identified_at": None,
    "grantee_email": "ben@example.com",
    "grantee_account": None,
    "grantee_close_id": None,
    "organization_id": None,
}


async def test_whose_account_it_would_be(clock: Clock) -> None:
    """It is looked up before anybody approves, and shown."""
    row = await clock.stage.row(**UNKNOWN)
    await clock.advance.take(row)
    after = await clock.stage.present(row)
    assert (after.grantee_account, after.grantee_close_id) == (SHOWN, BEN_THERE.id)
    assert (after.is_grantee_proven, after.grantee_trouble) == (False, None)
    assert (after.identified_at, after.leased_until) == (NOON, None)


async def test_whoever_proved_it(clock: Clock) -> None:
    """Of whoever has connected it is known which account is theirs."""
    await clock.stage.connect(BEN)
    row = await clock.stage.row(**UNKNOWN)
    await clock.advance.take(row)
    after = await clock.stage.present(row)
    assert (after.grantee_close_id, after.is_grantee_proven) == ("user_ben", True)


async def test_there_is_no_account(clock: Clock) -> None:
    """That is said, too; it is asked again when the right is created."""
    clock.stage.books.members = []
    row = await clock.stage.row(**UNKNOWN)
    await clock.advance.take(row)
    after = await clock.stage.present(row)
    assert (after.grantee_account, after.grantee_close_id) == (None, None)
    assert after.grantee_trouble is Trouble.GRANTEE_NOT_IN_CLOSE
    assert after.identified_at == NOON


async def test_close_cannot_say(clock: Clock) -> None:
    """It is counted, and nobody is troubled with it."""
    clock.stage.books.says("users", DOWN)
    row = await clock.stage.row(**UNKNOWN)
    await clock.advance.take(row)
    after = await clock.stage.present(row)
    assert (after.grantee_account, after.grantee_trouble, after.identified_at) == (None, None, NOON)
    failures = clock.stage.tools.metrics.registry.get_sample_value(
        "sendas_close_failures_total", {"problem": CloseProblem.UNAVAILABLE}
    )
    assert failures == 1


@pytest.mark.parametrize("what", ["another state", "another version"])
async def test_answered_while_it_was_looked_up(clock: Clock, what: str) -> None:
    """What changed meanwhile is looked at anew: only the lease is given back."""
    row = await clock.stage.row(**UNKNOWN)

    def meanwhile(store: Any) -> None:
        if what == "another state":
            store.delegations.apply(row, Event.DENY, now=NOON, ended_at=NOON)
        else:
            store.delegations.postpone(row, wake_at=NOON, trouble=Trouble.UNKNOWN, now=NOON)

    await clock.stage.database.run(meanwhile)
    before = await clock.stage.present(row)
    await clock.advance.take(row)
    assert await clock.stage.present(row) == replace(before, leased_until=None)


@pytest.mark.parametrize("late", [timedelta(), HOUR])
async def test_it_will_end(clock: Clock, late: timedelta) -> None:
    """Its people are warned once, and what was declined before is news no more."""
    row = await clock.stage.row(
        warn_at=NOON - late, ends_at=NOON + HOUR, extension_declined_at=NOON, leased_until=NOON
    )
    await clock.advance.take(row)
    after = await clock.stage.present(row)
    assert (after.warn_at, after.is_warned, after.extension_declined_at) == (None, True, None)
    assert (after.state, after.wake_at, after.leased_until) == (State.ACTIVE, row.ends_at, None)


async def test_it_is_over(clock: Clock) -> None:
    """An end comes before a warning that is due as well."""
    held = clock.stage.books.hold(1)
    row = await clock.stage.row(association_id=held.id, ends_at=NOON, warn_at=NOON)
    await clock.advance.take(row)
    assert (await clock.stage.present(row)).state is State.ENDED
    assert clock.stage.books.held == []


async def test_nobody_has_looked_who_they_are(clock: Clock) -> None:
    """Of a right that runs, and is neither over nor to be warned of, the people are asked about."""
    row = await clock.stage.row(is_unchecked=True, warn_at=NOON + SECOND, leased_until=NOON)
    await clock.advance.take(row)
    after = await clock.stage.present(row)
    assert (after.is_unchecked, after.wake_at) == (False, NOON + SECOND)


async def test_it_was_agreed_to(clock: Clock) -> None:
    """Close is asked for it."""
    row = await agreed(clock.stage)
    await clock.advance.take(row)
    assert (await clock.stage.present(row)).state is State.ACTIVE
    assert len(clock.stage.books.held) == 1


async def test_it_is_to_be_counted(clock: Clock) -> None:
    """After its end; that nothing was sent is a figure, too."""
    row = await clock.stage.row(
        state=State.ENDED, ended_at=NOON, receipt=Receipt(ReceiptState.DUE), has_twin=False
    )
    await clock.advance.take(row)
    assert (await clock.stage.present(row)).receipt == Receipt(
        ReceiptState.MADE, emails=0, people=0
    )


async def test_the_cards_are_told_of_what_failed(clock: Clock) -> None:
    """What a step raises goes up, and what it did before is shown all the same."""
    row = await clock.stage.row(
        state=State.ENDING, ended_at=NOON, end_event=Event.REVOKE, attempts=2
    )
    clock.stage.books.says("delete_association", ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await clock.advance.take(row)
    assert clock.changes == [None]
    await clock.advance.put_off(row, DOWN)
    assert (await clock.stage.present(row)).trouble is Trouble.CLOSE_DOWN
    assert clock.changes == [None] * 2


async def test_several_with_one_call(clock: Clock) -> None:
    """Those with the same key are taken back together."""
    changes = {"state": State.ENDING, "ended_at": NOON, "end_event": Event.REVOKE}
    rows = []
    for number, grantee in enumerate((BEN, CLEO)):
        held = clock.stage.books.hold(number, grantee=grantee)
        close_id = held.allowed_user_id
        more = {"association_id": held.id, "grantee_id": grantee, "grantee_close_id": close_id}
        rows.append(await clock.stage.row(**changes, **more))
    assert clock.advance.key(rows[0]) == clock.advance.key(rows[1]) is not None
    await clock.advance.take_together(rows)
    assert clock.stage.books.held == []
    assert clock.changes == [None]

"""The grantor's answers, as the use cases see them: what is written, all of it and nothing else."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.delegations import deciding
from bot.desk import Actor
from bot.refusals import Changed, LapsesBefore, NotKnown, NotYours, Refused, Settled, Thing
from bot.store import Database
from bot.times.span import Span
from models.delegation import Asked, Delegation, Event, State
from models.mark import mark_of
from models.policy import REASON_LIMIT, Policy, Refusal
from tests.integration.books import ADA, BEN, CLEO, NEVER, Bench, Gone, as_of, bench
from tests.integration.rows import NOON

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOW = NOON + HOUR

# What is decided does not depend on the database; the store's own tests have both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def stage(database: Database) -> Bench:
    """An hour after noon; a request waits for three days."""
    opened = bench(database)
    opened.moment = NOW
    return opened


async def request(stage: Bench, **changes: Any) -> Delegation:
    """Ben has asked Ada for two hours; Cleo did it for him."""
    values = {
        "state": State.REQUESTED,
        "requester_id": CLEO,
        "length": 2 * HOUR,
        "decided_at": None,
        **NEVER,
        "remind_at": NOON + 4 * HOUR,
        "reminders": 1,
        **changes,
    }
    return await stage.row(**values)


def moved(row: Delegation, **changes: Any) -> Delegation:
    """The row after one event."""
    return replace(row, version=row.version + 1, **changes)


async def last(stage: Bench, row: Delegation) -> tuple[Event, str | None]:
    """What the trail says last: what happened, and who did it."""
    history = await stage.database.run(lambda store: store.delegations.history(row.id))
    return history[-1].event, history[-1].actor


async def approve(stage: Bench, row: Delegation, span: Span | None = None, **more: str) -> None:
    """Ada says yes."""
    await deciding.approve(stage.desk, as_of(ADA), row.id, mark_of(row), span, **more)


def agreed(row: Delegation, **changes: Any) -> Delegation:
    """The row once Ada has said yes."""
    values = {
        "state": State.APPROVED,
        "decided_at": NOW,
        "remind_at": None,
        "reminders": 0,
        "lapses_at": NOW + 3 * DAY,
        "wake_at": NOW,
        **changes,
    }
    return moved(row, **values)


async def test_approved_as_asked(stage: Bench) -> None:
    """The wish stays as it is; it lapses when nothing came of it within the time for that."""
    row = await request(stage)
    await approve(stage, row, note="Do")
    assert await stage.present(row) == agreed(row, note="Do")
    assert await last(stage, row) == (Event.APPROVE, ADA)
    assert stage.woken == 1


@pytest.mark.parametrize(
    ("wish", "span", "changes"),
    [
        ({}, Span(length=3 * HOUR), {"length": 3 * HOUR, "asked": Asked(NOW, length=2 * HOUR)}),
        ({}, Span(length=2 * HOUR), {}),
        (
            {},
            Span(until=NOW + 5 * HOUR),
            {
                "length": None,
                "until": NOW + 5 * HOUR,
                "lapses_at": NOW + 5 * HOUR,
                "asked": Asked(NOW, length=2 * HOUR),
            },
        ),
        ({}, Span(forever=True), {"length": None, "asked": Asked(NOW, length=2 * HOUR)}),
        (
            {"length": None, "until": NOON + DAY},
            Span(length=HOUR),
            {"length": HOUR, "until": None, "asked": Asked(NOW, until=NOON + DAY)},
        ),
        # The start that was asked for stays, unless the grantor names one, or it has come.
        (
            {"starts_at": NOON + DAY},
            Span(length=3 * HOUR),
            {
                "length": 3 * HOUR,
                "lapses_at": NOON + 4 * DAY,
                "asked": Asked(NOW, length=2 * HOUR),
            },
        ),
        (
            {"starts_at": NOON + DAY},
            Span(length=2 * HOUR, starts=NOON + 2 * DAY),
            {"starts_at": NOON + 2 * DAY, "lapses_at": NOON + 5 * DAY},
        ),
        ({"starts_at": NOON + DAY}, Span(length=2 * HOUR, is_at_once=True), {"starts_at": None}),
        ({"starts_at": NOW}, Span(length=2 * HOUR), {"starts_at": None}),
        ({"starts_at": NOON}, None, {}),
        ({"length": None, "until": NOON + DAY}, None, {"lapses_at": NOON + DAY}),
        ({"starts_at": NOON + DAY}, None, {"lapses_at": NOON + 4 * DAY}),
    ],
)
async def test_approved_for_another_time(
    stage: Bench, wish: dict[str, Any], span: Span | None, changes: dict[str, Any]
) -> None:
    """The grantor's time counts, and what was asked for is kept beside it."""
    row = await request(stage, **wish)
    await approve(stage, row, span)
    assert await stage.present(row) == agreed(row, **changes)


async def test_denied(stage: Bench) -> None:
    """Closed by the grantor, at once and with their word."""
    row = await request(stage)
    await deciding.deny(stage.desk, as_of(ADA), row.id, mark_of(row), "Not now")
    assert await stage.present(row) == moved(
        row, state=State.DENIED, note="Not now", closed_by=ADA, ended_at=NOW, wake_at=None
    )
    assert await last(stage, row) == (Event.DENY, ADA)
    silent = await request(stage)
    await deciding.deny(stage.desk, as_of(ADA), silent.id, mark_of(silent))
    assert (await stage.present(silent)).note == ""


async def test_put_off(stage: Bench) -> None:
    """To the same time on the next working day; nothing else changes."""
    row = await request(stage, reminders=0)
    await deciding.snooze(stage.desk, as_of(ADA), row.id, mark_of(row))
    later = NOW + DAY
    assert await stage.present(row) == moved(row, remind_at=later, wake_at=later)
    assert await last(stage, row) == (Event.SNOOZE, ADA)


async def test_put_off_to_what_the_button_says(stage: Bench) -> None:
    """After the first reminder it is a working day after the second, whenever it is clicked."""
    row = await request(stage, remind_at=NOON + DAY)
    assert row.put_off_until == NOON + 2 * DAY
    await deciding.snooze(stage.desk, as_of(ADA), row.id, mark_of(row))
    assert (await stage.present(row)).remind_at == NOON + 2 * DAY


async def test_put_off_too_far(stage: Bench) -> None:
    """What would have lapsed by then is not put off, and what has a moment left is."""
    row = await request(stage, reminders=0, lapses_at=NOW + DAY)
    with pytest.raises(LapsesBefore) as refused:
        await deciding.snooze(stage.desk, as_of(ADA), row.id, mark_of(row))
    assert refused.value.delegation == row
    other = await request(stage, reminders=0, grantee_id=CLEO, lapses_at=NOW + DAY + HOUR)
    await deciding.snooze(stage.desk, as_of(ADA), other.id, mark_of(other))


async def denies(stage: Bench, actor: Actor, row_id: str, seen: str) -> None:
    """A no."""
    await deciding.deny(stage.desk, actor, row_id, seen)


async def approves(stage: Bench, actor: Actor, row_id: str, seen: str) -> None:
    """A yes."""
    await deciding.approve(stage.desk, actor, row_id, seen)


async def snoozes(stage: Bench, actor: Actor, row_id: str, seen: str) -> None:
    """Later."""
    await deciding.snooze(stage.desk, actor, row_id, seen)


async def looks(stage: Bench, actor: Actor, row_id: str, seen: str) -> None:
    """The form is opened."""
    await deciding.answerable(stage.desk, actor, row_id, seen)


ANSWERS = [denies, approves, snoozes, looks]
Answers = Callable[[Bench, Actor, str, str], Awaitable[None]]


@pytest.mark.parametrize("answer", ANSWERS)
async def test_who_may_answer(stage: Bench, answer: Answers) -> None:
    """The grantor of this workspace, about a request that is there, waits, and is as they read."""
    row = await request(stage)
    mark = mark_of(row)
    for actor in (as_of(BEN), as_of(CLEO), Actor("T0OTHER", ADA)):
        with pytest.raises(NotYours):
            await answer(stage, actor, row.id, mark)
    with pytest.raises(NotKnown) as unknown:
        await answer(stage, as_of(ADA), "nothing", mark)
    assert unknown.value.thing is Thing.REQUEST
    with pytest.raises(Changed) as other:
        await answer(stage, as_of(ADA), row.id, "0123456789abcdef")
    assert (other.value.subject, other.value.is_unmarked) == (row, False)
    with pytest.raises(Changed) as unmarked:
        await answer(stage, as_of(ADA), row.id, "")
    assert unmarked.value.is_unmarked
    assert await stage.present(row) == row
    stage.moment = row.lapses_at
    with pytest.raises(Settled) as late:
        await answer(stage, as_of(ADA), row.id, mark)
    assert (late.value.state, late.value.delegation) == (State.LAPSED, row)
    assert await stage.present(row) == row


@pytest.mark.parametrize("answer", ANSWERS)
async def test_what_is_answered_is_answered(stage: Bench, answer: Answers) -> None:
    """A second answer says what the first has made of it."""
    row = await request(stage, state=State.APPROVED)
    with pytest.raises(Settled) as settled:
        await answer(stage, as_of(ADA), row.id, mark_of(row))
    assert settled.value.state is State.APPROVED


async def test_a_word_that_is_too_long(stage: Bench) -> None:
    """It is refused before anything is decided; one that just fits is kept."""
    row = await request(stage)
    long = "x" * (REASON_LIMIT + 1)
    for said in (
        deciding.approve(stage.desk, as_of(ADA), row.id, mark_of(row), note=long),
        deciding.deny(stage.desk, as_of(ADA), row.id, mark_of(row), long),
    ):
        with pytest.raises(Refused) as refused:
            await said
        assert refused.value.refusal is Refusal.REASON_TOO_LONG
    assert await stage.present(row) == row
    await approve(stage, row, note=long[1:])
    assert (await stage.present(row)).note == long[1:]


@pytest.mark.parametrize(
    ("span", "refusal"),
    [(Span(length=timedelta(minutes=1)), Refusal.TOO_SHORT), (None, None)],
)
async def test_the_policy_counts_for_what_the_grantor_names(
    database: Database, span: Span | None, refusal: Refusal | None
) -> None:
    """Another time has to be within the rules; what was asked for was, when it was asked."""
    stage = bench(database, policy=Policy(min_duration=3 * HOUR))
    row = await request(stage)
    if refusal is None:
        await approve(stage, row, span)
        return
    with pytest.raises(Refused) as refused:
        await approve(stage, row, span)
    assert refused.value.refusal is refusal
    assert await stage.present(row) == row


@pytest.mark.parametrize("who", [ADA, BEN, CLEO])
async def test_somebody_is_known_to_have_left(database: Database, who: str) -> None:
    """Whoever of the three it is: the yes is refused, and what they wait for ends."""
    stage = bench(database, directory=Gone(who))
    row = await request(stage)
    with pytest.raises(Refused) as refused:
        await approve(stage, row)
    assert (refused.value.refusal, refused.value.about) == (Refusal.DEACTIVATED, who)
    after = await stage.present(row)
    assert (after.state, after.end_event) == (State.CANCELLED, Event.OFFBOARD)

"""More time, as the use cases see it: decided under the row's lock, at one moment."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.delegations import extending
from bot.desk import Actor, Desk
from bot.refusals import Changed, NothingToAnswer, NotYours, Refused, Settled
from bot.store import Database
from bot.times.span import Span
from models.delegation import Asked, Delegation, Event, ExtensionWish, State
from models.mark import mark_of
from models.policy import MOST_WISHES, REASON_LIMIT, Policy, Refusal
from models.standing import StandingApproval
from tests.integration.books import ADA, BEN, CLEO, Bench, Gone, as_of, bench
from tests.integration.rows import NOON, TEAM

END = NOON + timedelta(hours=2)
HOUR = timedelta(hours=1)
WISH = ExtensionWish(NOON, length=HOUR)
Answer = Callable[[Desk, Actor, str, str], Awaitable[Delegation]]


@pytest.fixture
def stage(database: Database) -> Bench:
    """Nobody needs to be connected."""
    return bench(database)


async def by_grantor(stage: Bench, row: Delegation) -> None:
    """Ada gives an hour."""
    await extending.extend(stage.desk, as_of(ADA), row.id, mark_of(row), Span(length=HOUR))


async def by_grantee(stage: Bench, row: Delegation) -> None:
    """Ben wishes for an hour."""
    await extending.extend(stage.desk, as_of(BEN), row.id, mark_of(row), Span(length=HOUR))


async def by_answer(stage: Bench, row: Delegation) -> None:
    """Ada agrees to Ben's wish."""
    await extending.approve_extension(stage.desk, as_of(ADA), row.id, mark_of(row))


async def by_refusal(stage: Bench, row: Delegation) -> None:
    """Ada leaves the end as it is."""
    await extending.decline_extension(stage.desk, as_of(ADA), row.id, mark_of(row))


async def by_looking(stage: Bench, row: Delegation) -> None:
    """Ada opens the form."""
    await extending.extendable(stage.desk, as_of(ADA), row.id)


@pytest.mark.parametrize("move", [by_grantor, by_grantee, by_answer, by_refusal, by_looking])
async def test_not_after_the_end(
    stage: Bench, move: Callable[[Bench, Delegation], Awaitable[None]]
) -> None:
    """C3: from the very end on nothing about it is given, wished or answered, although the clock's
    own step has not come yet; a moment before it is."""
    row = await stage.row(ends_at=END, extension=WISH)
    stage.moment = END
    with pytest.raises(Settled) as refused:
        await move(stage, row)
    assert refused.value.state is State.ENDING
    assert await stage.present(row) == row
    assert len(await stage.database.run(lambda store: store.delegations.history(row.id))) == 1
    stage.moment = END - timedelta(microseconds=1)
    await move(stage, row)


async def test_given_a_moment_before_the_end(stage: Bench) -> None:
    """The hour is added to the end that was promised, and the trail says so."""
    row = await stage.row(ends_at=END)
    stage.moment = END - timedelta(microseconds=1)
    await by_grantor(stage, row)
    after = await stage.present(row)
    assert (after.state, after.ends_at, after.note) == (State.ACTIVE, END + HOUR, "")
    assert await last(stage, row) == (Event.EXTEND, ADA)


async def last(stage: Bench, row: Delegation) -> tuple[Event, str | None]:
    """What the trail says last: what happened, and who did it."""
    history = await stage.database.run(lambda store: store.delegations.history(row.id))
    return history[-1].event, history[-1].actor


def moved(row: Delegation, **changes: Any) -> Delegation:
    """The row after one event."""
    return replace(row, version=row.version + 1, **changes)


def prolonged(row: Delegation, ends_at: datetime | None, **changes: Any) -> Delegation:
    """The row once its end is another one, and Slack has to be asked about its people."""
    warn_at = None if ends_at is None else ends_at - HOUR
    values = {
        "ends_at": ends_at,
        "length": None,
        "until": ends_at,
        "warn_at": warn_at,
        "is_warned": False,
        "is_unchecked": True,
        "extension": None,
        "extension_declined_at": None,
        "note": "",
        "asked": None,
        "wake_at": NOON,
        **changes,
    }
    return moved(row, **values)


async def running(stage: Bench, **changes: Any) -> Delegation:
    """Ben's right of two hours, of which all sorts of things were noted."""
    values = {
        "ends_at": END,
        "length": 2 * HOUR,
        "asked": Asked(NOON, length=HOUR),
        "is_warned": True,
        "extension_declined_at": NOON,
        "note": "earlier",
        "warn_at": NOON + HOUR,
        **changes,
    }
    return await stage.row(**values)


async def extend(stage: Bench, who: str, row: Delegation, span: Span, note: str = "") -> None:
    """They want another end."""
    await extending.extend(stage.desk, as_of(who), row.id, mark_of(row), span, note)


@pytest.mark.parametrize(
    ("span", "ends_at"),
    [
        (Span(length=3 * HOUR), END + 3 * HOUR),
        (Span(until=END + HOUR), END + HOUR),
        (Span(until=END + HOUR, is_at_once=True), END + HOUR),
        (Span(forever=True), None),
    ],
)
async def test_the_grantor_gives_more(stage: Bench, span: Span, ends_at: datetime | None) -> None:
    """At once, with their word; all that belonged to the old end is over."""
    row = await running(stage, extension=WISH)
    await extend(stage, ADA, row, span, "more")
    assert await stage.present(row) == prolonged(row, ends_at, note="more")
    assert await last(stage, row) == (Event.EXTEND, ADA)
    assert stage.woken == 1


async def test_a_wish(stage: Bench) -> None:
    """The grantee's wish waits for the grantor, and changes nothing else."""
    row = await running(stage)
    await extend(stage, BEN, row, Span(length=3 * HOUR), "please")
    wish = ExtensionWish(NOON, length=3 * HOUR)
    assert await stage.present(row) == moved(
        row, extension=wish, extension_declined_at=None, note="please", wake_at=NOON + HOUR
    )
    assert await last(stage, row) == (Event.ASK_EXTENSION, BEN)


async def test_a_wish_for_an_end(stage: Bench) -> None:
    """It is kept as it was wished: as an end, or as one without any."""
    row = await running(stage)
    await extend(stage, BEN, row, Span(until=END + HOUR))
    after = await stage.present(row)
    assert (after.extension, after.note) == (ExtensionWish(NOON, until=END + HOUR), "")
    await extend(stage, BEN, after, Span(forever=True))
    assert (await stage.present(row)).extension == ExtensionWish(NOON)


@pytest.mark.parametrize(
    ("wish", "ends_at"),
    [
        (ExtensionWish(NOON, length=HOUR), END + HOUR),
        (ExtensionWish(NOON, until=END + 2 * HOUR), END + 2 * HOUR),
        (ExtensionWish(NOON), None),
        # What was long enough when it was wished for may be short by now.
        (ExtensionWish(NOON, until=NOON + timedelta(minutes=1)), NOON + timedelta(minutes=1)),
    ],
)
async def test_a_wish_is_granted(
    stage: Bench, wish: ExtensionWish, ends_at: datetime | None
) -> None:
    """The wish becomes the end, by the grantor's word."""
    row = await running(stage, extension=wish)
    await by_answer(stage, row)
    warn_at = {} if ends_at is None or ends_at > NOON + HOUR else {"warn_at": None}
    assert await stage.present(row) == prolonged(row, ends_at, **warn_at)
    assert await last(stage, row) == (Event.EXTEND, ADA)


async def test_a_wish_is_declined(stage: Bench) -> None:
    """The end stays, and the wish and its word are over."""
    row = await running(stage, extension=WISH)
    stage.wait(minutes=1)
    await by_refusal(stage, row)
    assert await stage.present(row) == moved(
        row, extension=None, extension_declined_at=stage.moment, note="", wake_at=NOON + HOUR
    )
    assert await last(stage, row) == (Event.DECLINE_EXTENSION, ADA)


TOO_LONG = Policy(max_duration=10 * HOUR)


@pytest.mark.parametrize(
    ("span", "refusal"),
    [
        (Span(until=END), Refusal.NOT_LONGER),
        (Span(until=END - HOUR), Refusal.NOT_LONGER),
        (Span(length=9 * HOUR), Refusal.TOO_LONG),
        (Span(length=HOUR, starts=END), Refusal.RUNS_ALREADY),
        (Span(until=END + HOUR, starts=END), Refusal.RUNS_ALREADY),
        (Span(length=HOUR, is_at_once=True), Refusal.RUNS_ALREADY),
    ],
)
@pytest.mark.parametrize("who", [ADA, BEN])
async def test_what_is_no_extension(
    database: Database, who: str, span: Span, refusal: Refusal
) -> None:
    """Not longer, longer than the rules allow, or with a start: refused, and nothing changes."""
    stage = bench(database, policy=TOO_LONG)
    row = await running(stage)
    with pytest.raises(Refused) as refused:
        await extend(stage, who, row, span)
    assert refused.value.refusal is refusal
    assert await stage.present(row) == row


@pytest.mark.parametrize("hours", [8, 9])
async def test_a_wish_that_is_too_long_by_now(database: Database, hours: int) -> None:
    """The rules count when it is granted, for all of what is left."""
    stage = bench(database, policy=TOO_LONG)
    row = await running(stage, extension=ExtensionWish(NOON, length=hours * HOUR))
    if hours == 8:
        await by_answer(stage, row)
        return
    with pytest.raises(Refused) as refused:
        await by_answer(stage, row)
    assert refused.value.refusal is Refusal.TOO_LONG
    assert await stage.present(row) == row


async def test_who_may_extend(stage: Bench) -> None:
    """The three whom it is about; to others, of what has no end, and of what does not run: no."""
    row = await running(stage, requester_id="U0DAN")
    with pytest.raises(NotYours):
        await extending.extendable(stage.desk, as_of(CLEO), row.id)
    for who in (ADA, BEN, "U0DAN"):
        assert await extending.extendable(stage.desk, as_of(who), row.id) == row
    with pytest.raises(Changed):
        await extending.extend(stage.desk, as_of(ADA), row.id, "0" * 16, Span(length=HOUR))
    endless = await stage.row(grantee_id=CLEO, ends_at=None)
    with pytest.raises(Settled) as settled:
        await extending.extendable(stage.desk, as_of(ADA), endless.id)
    assert settled.value.state is State.ACTIVE
    over = await stage.row(grantee_id="U0DAN", state=State.ENDING)
    with pytest.raises(Settled) as settled:
        await extending.extendable(stage.desk, as_of(ADA), over.id)
    assert settled.value.state is State.ENDING


@pytest.mark.parametrize("answer", [extending.approve_extension, extending.decline_extension])
async def test_who_may_answer_a_wish(stage: Bench, answer: Answer) -> None:
    """The grantor, a wish that is there, as they have read it."""
    row = await running(stage, extension=WISH)
    with pytest.raises(NotYours):
        await answer(stage.desk, as_of(BEN), row.id, mark_of(row))
    with pytest.raises(Changed):
        await answer(stage.desk, as_of(ADA), row.id, "0" * 16)
    bare = await running(stage, grantee_id=CLEO)
    with pytest.raises(NothingToAnswer):
        await answer(stage.desk, as_of(ADA), bare.id, mark_of(bare))


async def test_a_word_that_is_too_long(stage: Bench) -> None:
    """Refused, as with every other word."""
    row = await running(stage)
    with pytest.raises(Refused) as refused:
        await extend(stage, BEN, row, Span(length=HOUR), "x" * (REASON_LIMIT + 1))
    assert refused.value.refusal is Refusal.REASON_TOO_LONG


async def test_so_many_wishes(stage: Bench) -> None:
    """S3: each is a message to the grantor; there are so many within an hour, and then again."""
    row = await running(stage, ends_at=NOON + 5 * HOUR)
    for _ in range(MOST_WISHES):
        await extend(stage, BEN, await stage.present(row), Span(length=HOUR))
    with pytest.raises(Refused) as refused:
        await extend(stage, BEN, await stage.present(row), Span(length=HOUR))
    assert (refused.value.refusal, refused.value.about) == (Refusal.TOO_OFTEN, ADA)
    await extend(stage, ADA, await stage.present(row), Span(length=HOUR))
    stage.wait(hours=1)
    await extend(stage, BEN, await stage.present(row), Span(length=HOUR))


@pytest.mark.parametrize("who", [ADA, BEN])
@pytest.mark.parametrize("move", [by_grantor, by_grantee, by_answer])
async def test_somebody_has_left(
    database: Database, who: str, move: Callable[[Bench, Delegation], Awaitable[None]]
) -> None:
    """Nothing is given to, or by, whoever is known to have left: it ends instead."""
    stage = bench(database, directory=Gone(who))
    row = await running(stage, extension=WISH)
    with pytest.raises(Refused) as refused:
        await move(stage, row)
    assert (refused.value.refusal, refused.value.about) == (Refusal.DEACTIVATED, who)
    after = await stage.present(row)
    assert (after.state, after.end_event) == (State.ENDING, Event.OFFBOARD)


async def test_who_asks_has_left(database: Database) -> None:
    """Nothing is wished for by somebody who is known to have left, whatever part they had."""
    stage = bench(database, directory=Gone("U0DAN"))
    row = await running(stage, requester_id="U0DAN")
    with pytest.raises(Refused) as refused:
        await extend(stage, "U0DAN", row, Span(length=HOUR))
    assert refused.value.about == "U0DAN"


async def trust(stage: Bench, **changes: Any) -> StandingApproval:
    """Ada's word for Ben: six hours at a time, this week."""
    values = {
        "id": "s1",
        "team_id": TEAM,
        "grantor_id": ADA,
        "grantee_id": BEN,
        "max_length": 6 * HOUR,
        "until": NOON + timedelta(days=7),
        "created_at": NOON,
        **changes,
    }
    standing = StandingApproval(**values)
    await stage.database.run(lambda store: store.standing.put(standing))
    return standing


async def test_under_a_standing_approval(stage: Bench) -> None:
    """S1: the grantee's wish needs no click where all of the stretch is covered, from its start."""
    row = await running(stage, requested_at=NOON - HOUR)
    standing = await trust(stage)
    stage.wait(minutes=30)
    await extend(stage, BEN, row, Span(length=4 * HOUR), "please")
    moment = stage.moment
    assert await stage.present(row) == prolonged(
        row, END + 4 * HOUR, standing_id=standing.id, decided_at=moment, wake_at=moment
    )
    assert await last(stage, row) == (Event.EXTEND, BEN)


@pytest.mark.parametrize(
    ("who", "span"),
    [
        (BEN, Span(length=4 * HOUR + timedelta(seconds=1))),  # more than six hours in all
        (BEN, Span(forever=True)),
        ("U0DAN", Span(length=HOUR)),  # it is about Ben's own wishes
    ],
)
async def test_beyond_a_standing_approval(stage: Bench, who: str, span: Span) -> None:
    """S1: what it does not cover is a wish like any other."""
    row = await running(stage, requester_id="U0DAN")
    await trust(stage)
    stage.wait(minutes=30)
    await extend(stage, who, row, span)
    after = await stage.present(row)
    assert after.ends_at == END
    assert after.extension is not None


@pytest.mark.parametrize("move", [by_grantor, by_answer, by_refusal])
@pytest.mark.parametrize("minutes", [0, 1])
async def test_the_end_is_the_grantors_own_again(
    stage: Bench, move: Callable[[Bench, Delegation], Awaitable[None]], minutes: int
) -> None:
    """With their answer the end is no longer the standing approval's; what began under it is."""
    decided_at = NOON + timedelta(minutes=minutes)
    row = await running(stage, extension=WISH, standing_id="s1", decided_at=decided_at)
    await move(stage, row)
    assert (await stage.present(row)).standing_id == (None if minutes else "s1")

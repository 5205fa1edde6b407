"""Standing approvals, as the use cases see them: given from a request, replaced, ended."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.delegations import standing
from bot.desk import Actor
from bot.refusals import Changed, NotKnown, NotYours, Refused, StandingOver, Thing
from bot.store import Database
from bot.times.span import Span
from models.delegation import Delegation, Event, State
from models.mark import mark_of
from models.policy import Policy, Refusal
from models.standing import StandingApproval
from tests.integration.books import ADA, BEN, CLEO, NEVER, Bench, Gone, as_of, bench
from tests.integration.rows import NOON, TEAM
from tests.integration.tools import person

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LONGEST = Span(length=4 * HOUR)
UNTIL = NOON + 7 * DAY

# What is decided does not depend on the database; the store's own tests have both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def stage(database: Database) -> Bench:
    """Everybody is there."""
    return bench(database)


async def asked(stage: Bench, **changes: Any) -> Delegation:
    """Ben has asked Ada for two hours."""
    values = {
        "state": State.REQUESTED,
        "length": 2 * HOUR,
        "decided_at": None,
        **NEVER,
        "lapses_at": NOON + 3 * DAY,
        **changes,
    }
    return await stage.row(**values)


async def keep(
    stage: Bench,
    row: Delegation,
    *,
    who: str = ADA,
    longest: Span = LONGEST,
    until: datetime = UNTIL,
    seen: str | None = None,
) -> StandingApproval:
    """Ada always approves like this."""
    mark = mark_of(row) if seen is None else seen
    return await standing.always_approve_like(
        stage.desk, as_of(who), row.id, mark, longest=longest, until=until
    )


def word(kept: StandingApproval, **changes: Any) -> StandingApproval:
    """Ada's word for Ben: four hours at a time, this week."""
    values = {
        "id": kept.id,
        "team_id": TEAM,
        "grantor_id": ADA,
        "grantee_id": BEN,
        "max_length": 4 * HOUR,
        "until": UNTIL,
        "created_at": NOON,
        **changes,
    }
    return StandingApproval(**values)


async def stored(stage: Bench, kept: StandingApproval) -> StandingApproval | None:
    """As it is stored now."""
    return await stage.database.run(lambda store: store.standing.get(kept.id))


async def test_like_this_one(stage: Bench) -> None:
    """It is kept as it was said, and the request is approved with it, without a word."""
    row = await asked(stage)
    kept = await keep(stage, row)
    assert kept == word(kept)
    assert await stored(stage, kept) == kept
    after = await stage.present(row)
    assert (after.state, after.decided_at, after.note) == (State.APPROVED, NOON, "")
    assert after.standing_id is None  # the grantor has clicked
    assert after.length == 2 * HOUR
    assert stage.woken == 1
    assert await standing.list_standing(stage.desk, as_of(BEN)) == [kept]
    assert await standing.list_standing(stage.desk, as_of(CLEO)) == []
    assert await standing.list_standing(stage.desk, Actor("T0OTHER", BEN)) == []
    stage.moment = UNTIL
    assert await standing.list_standing(stage.desk, as_of(ADA)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"length": 5 * HOUR},
        {"starts_at": UNTIL},
        {"length": None, "until": UNTIL + HOUR},
        {"length": None},
    ],
)
async def test_a_request_that_it_does_not_cover(stage: Bench, changes: dict[str, Any]) -> None:
    """The word is kept, and the request waits for an answer of its own."""
    row = await asked(stage, **changes)
    await keep(stage, row)
    assert await stage.present(row) == row


async def test_a_request_that_is_covered_to_its_end(stage: Bench) -> None:
    """An end and a start are measured as they were asked for."""
    row = await asked(stage, length=None, starts_at=NOON + DAY, until=NOON + DAY + 4 * HOUR)
    await keep(stage, row)
    assert (await stage.present(row)).state is State.APPROVED


async def test_a_request_that_is_answered(stage: Bench) -> None:
    """Answered meanwhile: the word is kept all the same."""
    row = await asked(stage, state=State.DENIED)
    kept = await keep(stage, row)
    assert await stored(stage, kept) == kept
    assert await stage.present(row) == row


async def test_who_may_say_so(stage: Bench) -> None:
    """The grantor, about what they have read."""
    row = await asked(stage, requester_id=CLEO)
    for who in (BEN, CLEO):
        with pytest.raises(NotYours):
            await keep(stage, row, who=who)
    with pytest.raises(Changed):
        await keep(stage, row, seen="0" * 16)
    assert await standing.list_standing(stage.desk, as_of(ADA)) == []


@pytest.mark.parametrize(
    ("longest", "until", "refusal"),
    [
        (Span(until=NOON + DAY), UNTIL, Refusal.LENGTH_ONLY),
        (Span(length=HOUR, starts=NOON + DAY), UNTIL, Refusal.LENGTH_ONLY),
        (Span(length=HOUR, is_at_once=True), UNTIL, Refusal.LENGTH_ONLY),
        (Span(length=9 * HOUR), UNTIL, Refusal.TOO_LONG),
        (LONGEST, NOON, Refusal.DATE_PASSED),
        (LONGEST, NOON - DAY, Refusal.DATE_PASSED),
    ],
)
async def test_what_is_no_word(
    database: Database, longest: Span, until: datetime, refusal: Refusal
) -> None:
    """A length within the rules, until a day that is still to come; nothing else."""
    stage = bench(database, policy=Policy(max_duration=8 * HOUR))
    row = await asked(stage)
    with pytest.raises(Refused) as refused:
        await keep(stage, row, longest=longest, until=until)
    assert refused.value.refusal is refusal
    assert await stage.present(row) == row


class Left(Gone):
    """Slack says so when it is asked."""

    async def person(self, user_id: str, *, afresh: bool = False) -> Any:
        """As it is known."""
        return person(user_id, is_deactivated=user_id == self._who)


@pytest.mark.parametrize("who", [ADA, BEN])
async def test_somebody_has_left(database: Database, who: str) -> None:
    """No word is kept by or for them, and what they wait for ends."""
    stage = bench(database, directory=Left(who))
    row = await asked(stage)
    with pytest.raises(Refused) as refused:
        await keep(stage, row)
    assert (refused.value.refusal, refused.value.about) == (Refusal.DEACTIVATED, who)
    assert (await stage.present(row)).end_event is Event.OFFBOARD
    assert await standing.list_standing(stage.desk, as_of(ADA)) == []


async def begun_under(stage: Bench, kept: StandingApproval, **changes: Any) -> Delegation:
    """A right that has not begun, and is covered by this one."""
    values = {
        "state": State.APPROVED,
        "standing_id": kept.id,
        "decided_at": NOON,
        "starts_at": NOON + DAY,
        **changes,
    }
    return await asked(stage, **values)


async def test_other_terms(stage: Bench) -> None:
    """They are another one: what it covers goes on under it, the rest is cancelled."""
    denied = await asked(stage, state=State.DENIED)
    earlier = await keep(stage, denied)
    covered = await begun_under(stage, earlier)
    later = await keep(stage, denied, longest=Span(length=3 * HOUR))
    assert (await stage.present(covered)).standing_id == later.id
    replaced = await stored(stage, earlier)
    assert replaced is not None
    assert replaced.ended_at == NOON
    last = await keep(stage, denied, longest=Span(length=HOUR))
    after = await stage.present(covered)
    assert (after.state, after.end_event, after.closed_by) == (
        State.CANCELLED,
        Event.WITHDRAW,
        ADA,
    )
    assert after.ended_at == NOON
    assert await standing.list_standing(stage.desk, as_of(ADA)) == [last]


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"starts_at": NOON + 3 * DAY}, State.CANCELLED),
        ({"length": None, "until": NOON + DAY + 3 * HOUR}, State.APPROVED),
        ({"length": None, "until": NOON + DAY + 5 * HOUR}, State.CANCELLED),
    ],
)
async def test_what_a_shorter_one_covers(
    stage: Bench, changes: dict[str, Any], state: State
) -> None:
    """The whole stretch counts: its start, its length and its end."""
    denied = await asked(stage, state=State.DENIED)
    earlier = await keep(stage, denied)
    row = await begun_under(stage, earlier, **changes)
    await keep(stage, denied, until=NOON + 2 * DAY)
    assert (await stage.present(row)).state is state


async def test_no_longer(stage: Bench) -> None:
    """What has not begun under it is cancelled, what runs goes on, and nothing else is touched."""
    kept = await keep(stage, await asked(stage, state=State.DENIED))
    waiting = await begun_under(stage, kept)
    running = await stage.row(grantee_id=CLEO, standing_id=kept.id)
    stage.wait(hours=1)
    ended = await standing.end_standing(stage.desk, as_of(ADA), kept.id)
    assert ended == word(kept, ended_at=stage.moment)
    assert await stored(stage, kept) == ended
    after = await stage.present(waiting)
    assert (after.state, after.end_event, after.closed_by, after.ended_at) == (
        State.CANCELLED,
        Event.WITHDRAW,
        ADA,
        stage.moment,
    )
    assert await stage.present(running) == running


async def test_who_may_end_it(stage: Bench) -> None:
    """Its grantor, once; what took its place is named."""
    kept = await keep(stage, await asked(stage, state=State.DENIED))
    with pytest.raises(NotKnown) as unknown:
        await standing.end_standing(stage.desk, as_of(ADA), "nothing")
    assert unknown.value.thing is Thing.STANDING
    for actor in (as_of(BEN), Actor("T0OTHER", ADA)):
        with pytest.raises(NotYours):
            await standing.end_standing(stage.desk, actor, kept.id)
    await standing.end_standing(stage.desk, as_of(ADA), kept.id)
    with pytest.raises(StandingOver) as over:
        await standing.end_standing(stage.desk, as_of(ADA), kept.id)
    assert over.value.successor is None
    other = await keep(stage, await asked(stage, state=State.DENIED))
    with pytest.raises(StandingOver) as over:
        await standing.end_standing(stage.desk, as_of(ADA), kept.id)
    assert over.value.successor == other

"""A request that nobody has answered is changed in its place, by the rules of a new one."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.delegations import rewriting
from bot.delegations.asking import Terms
from bot.refusals import Changed, NotKnown, NotYours, Refused, Settled, Thing
from bot.store import Database
from bot.times.span import Span
from models.delegation import Delegation, Event, State
from models.mark import mark_of
from models.person import Departure
from models.policy import LATELY, MOST_WISHES, REASON_LIMIT, Refusal
from models.reminders import next_reminder
from models.standing import StandingApproval
from tests.integration.books import ADA, BEN, CLEO, NEVER, Bench, Gone, as_of, bench
from tests.integration.rows import NOON, TEAM

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOW = NOON + HOUR
TOKYO = "Asia/Tokyo"
THREE = Terms(Span(length=3 * HOUR), "Fair")

# What is decided does not depend on the database; the store's own tests have both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def stage(database: Database) -> Bench:
    """An hour after it was asked."""
    opened = bench(database)
    opened.moment = NOW
    return opened


async def request(stage: Bench, **changes: Any) -> Delegation:
    """Ben has asked Ada for two hours, and she was reminded once."""
    values = {
        "state": State.REQUESTED,
        "length": 2 * HOUR,
        "lapses_at": NOON + 3 * DAY,
        "grantor_zone": TOKYO,
        "decided_at": None,
        **NEVER,
        "remind_at": NOON + 4 * HOUR,
        "reminders": 1,
        **changes,
    }
    return await stage.row(**values)


async def rewrite(
    stage: Bench, row: Delegation, terms: Terms = THREE, *, who: str = BEN
) -> Delegation:
    """Whoever asked wants something else."""
    return await rewriting.change_request(stage.desk, as_of(who), row.id, mark_of(row), terms)


def changed(row: Delegation, **changes: Any) -> Delegation:
    """The row once it is about three hours for the fair."""
    values = {
        "version": row.version + 1,
        "reason": "Fair",
        "length": 3 * HOUR,
        "lapses_at": NOW + 3 * DAY,
        "remind_at": next_reminder(asked_at=NOW, sent=row.reminders, zone=TOKYO, now=NOW),
        **changes,
    }
    after = replace(row, **values)
    return replace(after, wake_at=min(after.lapses_at, after.remind_at or after.lapses_at))


async def trail(stage: Bench, row: Delegation) -> list[tuple[Event, str | None]]:
    """What has happened since it was asked, and who did it."""
    history = await stage.database.run(lambda store: store.delegations.history(row.id))
    return [(each.event, each.actor) for each in history[1:]]


@pytest.mark.parametrize(
    ("terms", "changes"),
    [
        (THREE, {}),
        (Terms(Span(length=2 * HOUR), "Fair"), {"length": 2 * HOUR}),
        (Terms(Span(length=3 * HOUR), "Covering"), {"reason": "Covering"}),
        (Terms(Span(forever=True), "Fair"), {"length": None}),
        (
            Terms(Span(until=NOW + DAY, starts=NOW + HOUR), "Fair"),
            {
                "length": None,
                "until": NOW + DAY,
                "starts_at": NOW + HOUR,
                "lapses_at": NOW + DAY,
            },
        ),
        (
            Terms(Span(length=2 * HOUR, starts=NOW + HOUR), ""),
            {"length": 2 * HOUR, "starts_at": NOW + HOUR, "reason": ""},
        ),
    ],
)
async def test_changed(stage: Bench, terms: Terms, changes: dict[str, Any]) -> None:
    """Everything is as wished now, and the grantor has as long for it as for a new one."""
    row = await request(stage)
    after = await rewrite(stage, row, terms)
    assert after == changed(row, **changes)
    assert await stage.present(row) == after
    assert await trail(stage, row) == [(Event.CHANGE, BEN)]
    assert stage.woken == 1


async def test_nothing_else_is_wanted(stage: Bench) -> None:
    """Then nothing is written, and the grantor has nothing to read."""
    row = await request(stage, length=None, until=NOW + DAY, starts_at=NOW + HOUR)
    terms = Terms(Span(until=NOW + DAY, starts=NOW + HOUR), row.reason)
    assert await rewrite(stage, row, terms) == row
    assert await stage.present(row) == row
    assert await trail(stage, row) == []


async def test_how_often(stage: Bench) -> None:
    """So many changes within an hour; each has to be read."""
    row = await request(stage)
    for number in range(MOST_WISHES):
        row = await rewrite(stage, row, Terms(THREE.span, f"No. {number}"))
    stage.moment += LATELY - timedelta(seconds=1)
    with pytest.raises(Refused) as caught:
        await rewrite(stage, row)
    assert (caught.value.refusal, caught.value.about) == (Refusal.TOO_OFTEN, ADA)
    stage.moment += timedelta(seconds=1)
    assert (await rewrite(stage, row)).reason == "Fair"


async def test_ada_always_approves_that(stage: Bench) -> None:
    """Her word answers at once, in her name, and is named."""
    word = StandingApproval(
        id="word",
        team_id=TEAM,
        grantor_id=ADA,
        grantee_id=BEN,
        max_length=3 * HOUR,
        until=NOW + DAY,
        created_at=NOON,
    )
    row = await request(stage, length=4 * HOUR)
    await stage.database.run(lambda store: store.standing.put(word))
    after = await rewrite(stage, row)
    assert after == replace(
        changed(row),
        version=row.version + 2,
        state=State.APPROVED,
        standing_id=word.id,
        decided_at=NOW,
        remind_at=None,
        reminders=0,
        lapses_at=word.until,
        wake_at=NOW,
    )
    assert await stage.present(row) == after
    assert await trail(stage, row) == [(Event.CHANGE, BEN), (Event.APPROVE, ADA)]


@pytest.mark.parametrize(
    ("terms", "refusal"),
    [
        (Terms(THREE.span, "x" * (REASON_LIMIT + 1)), Refusal.REASON_TOO_LONG),
        (Terms(Span(length=timedelta(minutes=1)), "Fair"), Refusal.TOO_SHORT),
        (Terms(Span(until=NOW + timedelta(minutes=4)), "Fair"), Refusal.TOO_SHORT),
    ],
)
async def test_the_rules_of_a_new_one(stage: Bench, terms: Terms, refusal: Refusal) -> None:
    """What would be refused as a new request is refused here, too, and nothing changes."""
    row = await request(stage)
    with pytest.raises(Refused) as caught:
        await rewrite(stage, row, terms)
    assert caught.value.refusal is refusal
    assert await stage.present(row) == row


@pytest.mark.parametrize("gone", [ADA, BEN, CLEO])
async def test_one_of_them_has_left(database: Database, gone: str) -> None:
    """It is refused, and carried out as if the event had come."""
    stage = bench(database, directory=Gone(gone))
    row = await request(stage, requester_id=CLEO)
    with pytest.raises(Refused) as caught:
        await rewrite(stage, row, who=CLEO)
    assert (caught.value.refusal, caught.value.about) == (Refusal.DEACTIVATED, gone)
    left = await stage.database.run(lambda store: store.departures.get(TEAM, gone))
    assert left is not None
    assert left.reason is Departure.LEFT


async def test_who_may(stage: Bench) -> None:
    """Whoever asked, whether for themselves or not, while it waits; reading changes nothing."""
    row = await request(stage, requester_id=CLEO)
    assert await rewriting.own_request(stage.desk, as_of(CLEO), row.id) == row
    assert await stage.present(row) == row
    assert stage.woken == 0
    for who in (ADA, BEN):
        with pytest.raises(NotYours):
            await rewriting.own_request(stage.desk, as_of(who), row.id)
        with pytest.raises(NotYours):
            await rewrite(stage, row, who=who)
    with pytest.raises(NotKnown) as unknown:
        await rewriting.own_request(stage.desk, as_of(CLEO), "nothing")
    assert unknown.value.thing is Thing.REQUEST
    assert (await rewrite(stage, row, who=CLEO)).reason == "Fair"
    assert await trail(stage, row) == [(Event.CHANGE, CLEO)]


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"state": State.APPROVED}, State.APPROVED),
        ({"lapses_at": NOW}, State.LAPSED),
    ],
)
async def test_it_waits_no_longer(stage: Bench, changes: dict[str, Any], state: State) -> None:
    """What was answered, or has lapsed, is neither read nor changed as a request."""
    row = await request(stage, **changes)
    with pytest.raises(Settled) as caught:
        await rewriting.own_request(stage.desk, as_of(BEN), row.id)
    assert caught.value.state is state
    with pytest.raises(Settled):
        await rewrite(stage, row)


async def test_it_was_changed_meanwhile(stage: Bench) -> None:
    """A form that was opened before shows what it is now."""
    row = await request(stage)
    after = await rewrite(stage, row)
    with pytest.raises(Changed):
        await rewrite(stage, row, Terms(Span(length=HOUR), "Fair"))
    assert (await stage.present(row)).length == after.length

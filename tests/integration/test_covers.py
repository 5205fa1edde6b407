"""Cover, as the use cases see it: a second yes, Close's confirmation, and what ends with what."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from bot.connections import leaving
from bot.delegations import confirming, covers, second_yes
from bot.delegations.absences import AbsenceStep
from bot.delegations.covers import Plan
from bot.delegations.people.departures import offboard
from bot.delegations.uninstalling import uninstall
from bot.desk import Actor
from bot.refusals import ConfirmFirst, CoverChanged, NotYours, Refused
from bot.store import Database, Store
from bot.store.delegations import Delegations
from bot.store.rows import many
from models.absence import Absence, Offer, read_statuses
from models.cover import Cover, is_of_cover
from models.cover import covers as table
from models.delegation import Delegation, Event, State
from models.event import Deed
from models.mark import mark_of, mark_of_cover, mark_of_leaving
from models.person import Departure, Person
from models.policy import Policy, Refusal, Rule
from tests.integration.books import ADA, BEN, CLEO, ORGANIZATION, Bench, as_of, bench
from tests.integration.rows import NOON, TEAM
from tests.integration.test_log import logged, note
from tests.integration.tools import EverybodyIsHere, person

DAY = timedelta(days=1)
WEEK = 7 * DAY
DANA = "U0DANA"
PROVEN = Actor(TEAM, ADA, is_proven=True)

# What is decided does not depend on the database; the store's own tests have both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def stage(database: Database) -> Bench:
    """Over a week is strong."""
    return bench(database, policy=Policy(confirm_over=WEEK, max_duration=40 * DAY))


async def rights(stage: Bench) -> list[Delegation]:
    """All of Ada's, oldest first."""
    cover = await only(stage)
    found = await stage.database.read(lambda store: store.delegations.of_bundle(cover.id))
    return sorted(found, key=lambda each: each.grantee_id)


async def only(stage: Bench) -> Cover:
    """The only cover that was ever planned."""
    found: list[Cover] = await stage.database.run_connection(
        lambda connection: many(connection, Cover, table.select())
    )
    [cover] = found
    return cover


async def planned(stage: Bench, *people: str, **changes: Any) -> list[Delegation]:
    """Ada has planned that these cover for her, for three days from tomorrow on."""
    plan = replace(
        Plan(people or (BEN, CLEO), NOON + 4 * DAY, NOON + DAY, "The pipeline"), **changes
    )
    planned_ = await covers.plan(stage.desk, as_of(ADA), plan)
    assert [each.problem for each in planned_.outcomes] == [None] * len(plan.people)
    return await rights(stage)


async def begun(stage: Bench, **changes: Any) -> list[Delegation]:
    """They cover since now."""
    there = await planned(stage, starts_at=None, **changes)

    def begin(store: Store) -> None:
        for each in there:
            store.delegations.apply(
                each,
                Event.ACTIVATE,
                now=stage.moment,
                active_at=stage.moment,
                attempted_at=stage.moment,
                ends_at=each.until,
                association_id=f"sdas_{each.grantee_id}",
                organization_id=ORGANIZATION,
            )

    await stage.database.run(begin)
    return await rights(stage)


def changed(
    stage: Bench, there: Sequence[Delegation], plan: Plan, actor: Actor | None = None
) -> Any:
    """Ada makes another plan of what she has read."""
    seen = mark_of_cover(each for each in there if is_of_cover(each))
    return covers.change_plan(stage.desk, actor or as_of(ADA), there[0].bundle_id or "", seen, plan)


async def kept(stage: Bench, doing: Coroutine[Any, Any, Any]) -> str:
    """What is to be confirmed before this is done, kept."""
    with pytest.raises(ConfirmFirst) as wanted:
        await doing
    return await confirming.keep(stage.desk, as_of(ADA), wanted.value)


async def test_a_second_yes(stage: Bench) -> None:
    """Each right of a cover waits for it by itself; what waits is a part of the cover, and ends
    with it."""
    rule = Rule(second=DANA, max_duration=30 * DAY, allow_permanent=True, require_reason=False)
    stage.desk = replace(stage.desk, present_rules=lambda: [rule])
    there = await planned(stage)
    assert {(each.state, each.agreed_at, each.second) for each in there} == {
        (State.REQUESTED, NOON, DANA)
    }
    assert all(is_of_cover(each) for each in there)
    await second_yes.agree_too(stage.desk, as_of(DANA), there[0].id, mark_of(there[0]))
    there = await rights(stage)
    assert [each.state for each in there] == [State.APPROVED, State.REQUESTED]
    same = Plan((BEN, CLEO), NOON + 4 * DAY, NOON + DAY, "The pipeline")
    await changed(stage, there, same)
    assert await rights(stage) == there
    ended = await covers.end_cover(stage.desk, as_of(ADA), there[0].bundle_id or "")
    assert [each.state for each in ended] == [State.CANCELLED] * 2


async def test_a_strong_one_is_confirmed(stage: Bench) -> None:
    """Over the limit nothing is planned before Close has said who it is; then all of it is, with
    its note and its days, and once."""
    plan = Plan((BEN, CLEO), NOON + 9 * DAY, NOON + DAY, "The pipeline")
    draft_id = await kept(stage, covers.plan(stage.desk, as_of(ADA), plan))
    assert not await stage.database.run_connection(lambda c: many(c, Cover, table.select()))
    wanted = await confirming.carry_out(stage.desk, PROVEN, draft_id)
    assert list(wanted.grantee_ids) == [BEN, CLEO]
    assert {(each.starts_at, each.until, each.reason) for each in await rights(stage)} == {
        (NOON + DAY, NOON + 9 * DAY, "The pipeline")
    }
    cover = await only(stage)
    assert (cover.starts_at, cover.until, cover.note) == (NOON + DAY, NOON + 9 * DAY, plan.note)


async def test_confirmed_once_its_first_day_has_come(stage: Bench) -> None:
    """A beginning that has passed meanwhile is now, and the end stays what it was."""
    plan = Plan((BEN,), NOON + 9 * DAY, NOON + timedelta(minutes=5))
    draft_id = await kept(stage, covers.plan(stage.desk, as_of(ADA), plan))
    stage.wait(minutes=10)
    await confirming.carry_out(stage.desk, PROVEN, draft_id)
    [right] = await rights(stage)
    assert (right.starts_at, right.until) == (None, NOON + 9 * DAY)


async def test_what_nobody_may_is_not_said_to_be_confirmed(stage: Bench) -> None:
    """Where none of several may cover by then, the page in the browser says why."""
    draft_id = await kept(
        stage, covers.plan(stage.desk, as_of(ADA), Plan((BEN, CLEO), NOON + 9 * DAY))
    )

    class Nobody(EverybodyIsHere):
        async def person(self, user_id: str, *, afresh: bool = False) -> Person | None:
            return person(user_id, is_guest=user_id != ADA)

    stage.desk = replace(stage.desk, directory=Nobody())
    with pytest.raises(Refused) as problem:
        await confirming.carry_out(stage.desk, PROVEN, draft_id)
    assert problem.value.refusal is Refusal.GUEST


async def test_a_longer_one_is_confirmed_as_a_whole(stage: Bench) -> None:
    """That what runs lasts longer is strong by its whole length; nothing is changed before it is
    confirmed, and then it is for everybody at once."""
    there = await begun(stage)
    stage.wait(days=1)
    draft_id = await kept(stage, changed(stage, there, Plan((BEN, CLEO), NOON + 8 * DAY)))
    assert (await only(stage)).until == NOON + 4 * DAY
    assert await rights(stage) == there
    await confirming.carry_out(stage.desk, PROVEN, draft_id)
    assert {each.ends_at for each in await rights(stage)} == {NOON + 8 * DAY}
    assert (await only(stage)).until == NOON + 8 * DAY


async def test_a_change_counts_for_what_was_read(stage: Bench) -> None:
    """Also when it is confirmed in Close, and never for anybody else's cover."""
    there = await planned(stage)
    longer = Plan((BEN, DANA), NOON + 12 * DAY, NOON + DAY)
    draft_id = await kept(stage, changed(stage, there, longer))
    await changed(stage, there, Plan((CLEO,), NOON + 4 * DAY, NOON + DAY, "The pipeline"))
    with pytest.raises(CoverChanged):
        await confirming.carry_out(stage.desk, PROVEN, draft_id)
    left = [each for each in await rights(stage) if is_of_cover(each)]
    assert [each.grantee_id for each in left] == [CLEO]
    with pytest.raises(NotYours):
        await changed(stage, left, longer, as_of(CLEO))
    with pytest.raises(NotYours):
        await covers.end_cover(stage.desk, Actor("T0OTHER", ADA), there[0].bundle_id or "")


async def test_who_is_added_while_it_ends(stage: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A right that another click has added before the cover could be locked ends with it."""
    there = await planned(stage)
    found, looks = Delegations.of_bundle, []

    def before_that(self: Delegations, bundle_id: str) -> Sequence[Delegation]:
        looks.append(bundle_id)
        rows = found(self, bundle_id)
        return rows[:1] if len(looks) == 1 else rows

    monkeypatch.setattr(Delegations, "of_bundle", before_that)
    await covers.end_cover(stage.desk, as_of(ADA), there[0].bundle_id or "")
    assert not any(is_of_cover(each) for each in await rights(stage))


async def disconnected(stage: Bench) -> None:
    """Ada gives up her connection."""
    standing = await leaving.standing_of(stage.desk, as_of(ADA))
    assert standing.connection is not None
    seen = mark_of_leaving(standing.connection.account, standing.dependents)
    await leaving.leave(stage.desk, as_of(ADA), seen)


async def left(stage: Bench) -> None:
    """Ada is deactivated."""
    await offboard(stage.desk, TEAM, ADA, Departure.LEFT)


async def uninstalled(stage: Bench) -> None:
    """The app is taken out of Slack."""
    await uninstall(stage.desk, TEAM, "app_uninstalled")


@pytest.mark.parametrize("by", [disconnected, left, uninstalled])
async def test_what_ends_a_cover_as_such(
    stage: Bench, by: Callable[[Bench], Coroutine[Any, Any, None]]
) -> None:
    """With its rights it is over, and that is in the log; nothing holds on."""
    await stage.connect()
    await planned(stage)
    await by(stage)
    assert not any(is_of_cover(each) for each in await rights(stage))
    assert (await only(stage)).ended_at == NOON
    deeds = [entry.deed for entry, _ in await logged(stage.database)]
    assert deeds.count(Deed.COVER_ENDED) == 1


async def test_what_still_waits_is_still_a_cover(stage: Bench) -> None:
    """Whoever disconnects while a right of it waits for a second yes has not taken that back."""
    await stage.connect()
    rule = Rule(second=DANA, max_duration=30 * DAY, allow_permanent=True, require_reason=False)
    usual, stage.desk = stage.desk, replace(stage.desk, present_rules=lambda: [rule])
    await planned(stage)
    stage.desk = usual
    await disconnected(stage)
    assert (await only(stage)).ended_at is None


async def test_what_is_kept_of_it(stage: Bench) -> None:
    """Its note and its deed stay as long as it may still come; then they go, as does the row of
    whom nobody ever asked, but not the word of who does not want to be asked."""
    await planned(stage)
    cover = await only(stage)
    await note(stage.database, Deed.COVER_PLANNED, actor=ADA, subject_id="another")
    rows = {
        "never": Absence(id="never", team_id=TEAM, slack_user_id=BEN),
        "quiet": Absence(id="quiet", team_id=TEAM, slack_user_id=CLEO, is_quiet=True),
        "due": Absence(id="due", team_id=TEAM, slack_user_id=DANA, wake_at=NOON),
    }

    def insert(store: Store) -> None:
        for row in rows.values():
            store.absences.look_at(TEAM, row.slack_user_id, now=NOON)
            there = store.absences.of(TEAM, row.slack_user_id)
            assert there is not None
            store.absences.write(replace(row, id=there.id), now=NOON)

    def erase(store: Store, before: datetime) -> int:
        return store.erasures.erase_old_rows(before, lambda _: "~", limit=9)

    await stage.database.run(insert)
    before = cover.until - timedelta(hours=1)
    entries = {entry.id: entry.subject_id for entry, _ in await logged(stage.database)}
    old = await stage.database.read(lambda store: store.erasures.old_details(before, limit=9))
    assert [entries[each.event_id] for each in old] == ["another"]
    old = await stage.database.read(
        lambda store: store.erasures.old_details(cover.until + DAY, limit=9)
    )
    assert cover.id in [entries[each.event_id] for each in old]
    for when, said in ((before, "The pipeline"), (cover.until + DAY, "")):
        await stage.database.run(partial(erase, before=when))
        assert (await only(stage)).note == said

    def whose(store: Store) -> list[str]:
        return [each for each in (BEN, CLEO, DANA) if store.absences.of(TEAM, each)]

    assert await stage.database.read(whose) == [CLEO, DANA]


class Away(EverybodyIsHere):
    """A directory in which Ada is away for three days, and what else is said of her."""

    def __init__(self, **changes: Any) -> None:
        self.ada: Person | None = person(
            ADA, status_emoji=":palm_tree:", status_expires_at=NOON + 3 * DAY, **changes
        )

    async def person(self, user_id: str, *, afresh: bool = False) -> Person | None:
        """Whoever is asked for."""
        return self.ada


async def looked(database: Database, directory: Away, *, cover: Plan | None = None) -> Absence:
    """Ada's absence, once Slack was asked."""
    policy = Policy(away=read_statuses([":palm_tree:"]), max_duration=30 * DAY)
    stage = bench(database, directory=directory, policy=policy)
    if cover is not None:
        usual = replace(stage.desk, directory=EverybodyIsHere())
        await covers.plan(usual, as_of(ADA), cover)

    def due(store: Store) -> Absence:
        store.absences.look_at(TEAM, ADA, now=NOON)
        row = store.absences.of(TEAM, ADA)
        assert row is not None
        return row

    step = AbsenceStep(stage.tools, lambda: None)
    await step.take(await database.run(due))
    row = await database.read(lambda store: store.absences.of(TEAM, ADA))
    assert row is not None
    return row


@pytest.mark.parametrize(
    "changes",
    [
        {"is_guest": True},
        {"is_deactivated": True},
        {"is_stranger": True},
        {"is_bot": True},
        {"status_text": "Back soon", "status_emoji": ":coffee:"},
    ],
)
async def test_who_is_not_asked(database: Database, changes: Any) -> None:
    """Whoever may not take part, by Slack's word of now, is not asked, whatever an event said; and
    what was asked before is over."""
    assert (await looked(database, Away())).offer is Offer.OPEN
    directory = Away()
    directory.ada = replace(directory.ada or person(ADA), **changes)
    row = await looked(database, directory)
    assert (row.offer, row.wake_at) == (Offer.CLEARED, None)
    directory.ada = None  # Slack knows nobody of that id
    assert (await looked(database, directory)).number == 1


@pytest.mark.parametrize(
    ("first", "last", "offer"),
    [
        (0, timedelta(hours=2), Offer.OPEN),
        (0, timedelta(hours=5), Offer.COVERED),
        (2, 5 * DAY, Offer.COVERED),
        (4, 5 * DAY, Offer.OPEN),
    ],
)
async def test_what_covers_it(
    database: Database, first: int, last: timedelta, offer: Offer
) -> None:
    """A cover of some hours of an absence answers who covers; the end of an earlier one, or one for
    another week, does not."""
    plan = Plan((BEN,), NOON + last, NOON + first * DAY if first else None)
    assert (await looked(database, Away(), cover=plan)).offer is offer

"""Deputies as use cases and the worker see them: what they may say, until when, what ends it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.delegations import admins, deciding, deputies, extending, second_yes
from bot.delegations.people.departures import carry_out, departed
from bot.delegations.steps.sharing import SharingStep
from bot.delegations.uninstalling import uninstall
from bot.refusals import (
    Changed,
    DeputyNoMore,
    ForGrantors,
    NoDeputy,
    NotDone,
    NotForDeputies,
    NotYours,
    Refused,
    Settled,
)
from bot.store import Database
from bot.store.rows import many
from bot.strays.restored import take_stock
from bot.times.span import Span
from models.delegation import Delegation, ExtensionWish, State
from models.deputy import Deputy, DeputyEnd
from models.mark import mark_of
from models.notice import Notice, NoticeKind
from models.notice import notices as table
from models.person import Departure
from models.policy import Policy, Refusal, Rule
from tests.integration.books import ADA, BEN, CLEO, as_of, right
from tests.integration.rows import NOON, TEAM, delegation, get
from tests.integration.test_second_yes import DANA, DAY, HOUR, INTERNS, Stage, rule

FINN = "U0FINN"
OF_INTERNS = rule(who=frozenset({INTERNS}), who_name="Interns", deputies=False)
OF_ADA = rule(whose=frozenset({ADA}), whose_name="Ada", deputies=False)

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def stage(database: Database) -> Stage:
    """No rules."""
    return Stage(database)


async def named(stage: Stage, who: str = CLEO, length: timedelta = 3 * DAY, **more: Any) -> Deputy:
    """Ada has named somebody."""
    return await deputies.name(stage.desk, as_of(ADA), who, Span(length=length, **more))


async def requested(stage: Stage, **changes: Any) -> Delegation:
    """Ben has asked Ada."""
    values = {"grantor_id": ADA, "grantee_id": BEN, "requester_id": BEN, **changes}
    return await stage.stored(delegation(identified_at=NOON, **values))


async def shared(stage: Stage, deputy: Deputy) -> None:
    """The worker has done what is due for them."""
    step = SharingStep(stage.tools, lambda: None)
    await step.take(await present(stage, deputy))


async def present(stage: Stage, deputy: Deputy) -> Deputy:
    """The row as it is now."""
    found = await stage.bench.database.read(lambda store: store.deputies.get(deputy.id))
    assert found is not None
    return found


async def yes(
    stage: Stage, row: Delegation, deputy: Deputy, span: Span | None = None
) -> Delegation:
    """The deputy approves what they read."""
    who = as_of(deputy.deputy_id)
    return await deciding.approve(stage.desk, who, row.id, mark_of(row, deputy), span)


async def asked(stage: Stage) -> list[str]:
    """Of which delegations a deputy has, or had, a card."""
    return sorted(
        each.subject_id for each in await notices(stage) if each.kind is NoticeKind.DEPUTY_ASKED
    )


async def notices(stage: Stage) -> list[Notice]:
    """All that is told to anybody."""
    found: list[Notice] = await stage.bench.database.run_connection(
        lambda connection: many(connection, Notice, table.select())
    )
    return found


async def test_who_can_be_named(stage: Stage) -> None:
    """Not oneself, nobody who may not take part, nobody for a past, an endless or a later time."""
    stage.slack.gone = {FINN}
    for who, span, why in (
        (ADA, Span(length=DAY), Refusal.DEPUTY_ONESELF),
        (FINN, Span(length=DAY), Refusal.DEACTIVATED),
        (CLEO, Span(until=NOON - HOUR), Refusal.DATE_PASSED),
        (CLEO, Span(forever=True), Refusal.DEPUTY_LENGTH),
        (CLEO, Span(length=91 * DAY), Refusal.DEPUTY_LENGTH),
        (CLEO, Span(length=DAY, starts=NOON + DAY), Refusal.DEPUTY_STARTS),
    ):
        with pytest.raises(Refused) as refused:
            await deputies.name(stage.desk, as_of(ADA), who, span)
        assert refused.value.refusal is why


async def test_naming_again_and_again(stage: Stage) -> None:
    """The later takes the place of the earlier, and nobody is drowned in messages."""
    for who in (CLEO, DANA, DANA, CLEO, DANA):
        await named(stage, who)
    held = await deputies.list_deputies(stage.desk, as_of(ADA))
    assert [each.deputy_id for each in held] == [DANA]
    with pytest.raises(Refused) as refused:
        await named(stage)
    assert refused.value.refusal is Refusal.DEPUTY_OFTEN


async def test_what_waits_is_shared(stage: Stage) -> None:
    """Also what waited before; never their own, nor what somebody else asked to be decided, and
    once each."""
    before = await requested(stage, id="before")
    own = await requested(stage, id="own", grantee_id=CLEO)
    await requested(stage, id="theirs", grantee_id=FINN, requester_id=CLEO)
    deputy = await named(stage)
    await shared(stage, deputy)
    await shared(stage, deputy)
    assert await asked(stage) == [before.id]
    assert (await get(stage.bench.database, own)).shared_with is None


@pytest.mark.parametrize(
    ("rules", "is_shared"), [([OF_INTERNS], False), ([OF_ADA], False), ([rule()], True)]
)
async def test_rules_without_deputies(stage: Stage, rules: list[Rule], is_shared: bool) -> None:
    """Where a rule lets nobody answer, nothing is shared, and no answer counts, yes or no."""
    row = await requested(stage)
    deputy = await named(stage)
    stage.rules = rules
    await shared(stage, deputy)
    assert bool(await asked(stage)) is is_shared
    row = await get(stage.bench.database, row)
    for answer in (deciding.approve, deciding.deny):
        if not is_shared:
            with pytest.raises(Refused) as refused:
                await answer(stage.desk, as_of(CLEO), row.id, mark_of(row, deputy))
            assert refused.value.refusal is Refusal.DEPUTY


async def test_a_rule_for_everybody_refuses_the_name(stage: Stage) -> None:
    """Whose requests nobody else may ever answer names nobody, and reads the rule; where some
    may be answered they do."""
    stage.rules = [OF_ADA]
    with pytest.raises(Refused) as refused:
        await named(stage)
    assert refused.value.rule is OF_ADA
    stage.rules = [OF_INTERNS]
    await named(stage)


@pytest.mark.parametrize("terms", [{"length": 4 * DAY}, {"length": None}])
async def test_too_long(stage: Stage, terms: dict[str, Any]) -> None:
    """What would end after their time, or never, they cannot approve; a shorter time they can."""
    row = await requested(stage, **terms)
    deputy = await named(stage)
    with pytest.raises(NotForDeputies) as refused:
        await yes(stage, row, deputy)
    assert refused.value.why is ForGrantors.TOO_LATE
    approved = await yes(stage, row, deputy, Span(length=2 * DAY))
    assert approved.deputys_word is not None
    assert approved.lapses_at <= deputy.until


async def test_what_begins_late_ends_with_their_time(stage: Stage) -> None:
    """A length is counted from when Close has it, and cut off at the end of the deputy's time."""
    deputy = await named(stage, length=3 * HOUR)
    approved = await yes(stage, await requested(stage), deputy)
    assert approved.end_when_active_from(NOON + HOUR) == NOON + 3 * HOUR
    assert approved.end_when_active_from(NOON + 2 * HOUR) == deputy.until


async def test_more_time_within_their_time(stage: Stage) -> None:
    """More time is theirs to give up to their own end, and the grantor's answer is theirs again."""
    deputy = await named(stage, length=4 * HOUR)
    row = await stage.stored(right(extension=ExtensionWish(NOON, length=8 * HOUR)))
    with pytest.raises(NotForDeputies):
        await extending.approve_extension(stage.desk, as_of(CLEO), row.id, mark_of(row, deputy))
    declined = await extending.decline_extension(
        stage.desk, as_of(CLEO), row.id, mark_of(row, deputy)
    )
    assert declined.deputys_word is not None
    longer = await extending.extend(
        stage.desk, as_of(ADA), row.id, mark_of(declined), Span(length=8 * HOUR)
    )
    assert longer.deputys_word is None


async def test_strong_rights(stage: Stage) -> None:
    """What has to be confirmed in Close they cannot approve; the grantor is told, once."""
    strict = replace(stage.bench.desk, policy=Policy(confirm_over=HOUR))
    row, deputy = await requested(stage), await named(stage)
    for _ in range(2):
        with pytest.raises(NotForDeputies) as refused:
            await deciding.approve(strict, as_of(CLEO), row.id, mark_of(row, deputy))
        assert refused.value.why is ForGrantors.STRONG
    told = [each for each in await notices(stage) if each.kind is NoticeKind.DEPUTY_NEEDS_YOU]
    assert [each.recipient for each in told] == [ADA]


async def test_a_deputy_gives_no_second_yes(stage: Stage) -> None:
    """Who gave the first yes is not asked for the second; whose second yes is named gives no first
    one."""
    row, deputy = await requested(stage), await named(stage)
    stage.rules = [rule(second=CLEO)]
    with pytest.raises(NotForDeputies) as refused:
        await yes(stage, row, deputy)
    assert refused.value.why is ForGrantors.SECOND
    stage.slack.groups["S0LEADS"] = (ADA, BEN, CLEO, DANA)
    stage.rules = [rule(second="S0LEADS", second_name="the leads")]
    agreed = await yes(stage, row, deputy)
    assert agreed.waits_for_second
    with pytest.raises(NotYours):
        await second_yes.agree_too(stage.desk, as_of(CLEO), row.id, mark_of(agreed))
    approved = await second_yes.agree_too(stage.desk, as_of(DANA), row.id, mark_of(agreed))
    assert approved.deputys_word is not None
    assert approved.end_when_active_from(deputy.until) == deputy.until


async def test_a_word_that_no_longer_holds(stage: Stage) -> None:
    """Their no to one wish is no yes to the right when there is another; nor is a yes to which
    nobody gave the second."""
    row = await stage.stored(right(extension=ExtensionWish(NOON, length=HOUR)))
    deputy = await named(stage)
    cleo, ben = as_of(CLEO), as_of(BEN)
    declined = await extending.decline_extension(stage.desk, cleo, row.id, mark_of(row, deputy))
    more = Span(length=HOUR)
    row = await extending.extend(stage.desk, ben, row.id, mark_of(declined), more)
    assert (declined.deputys_word is None, row.deputys_word is None) == (False, True)
    stage.rules = [rule(second=DANA)]
    agreed = await extending.approve_extension(stage.desk, cleo, row.id, mark_of(row, deputy))
    assert agreed.deputys_word is not None
    row = await second_yes.disagree(stage.desk, as_of(DANA), row.id, mark_of(agreed))
    assert row.deputys_word is None


async def test_nobody_knows_who_is_in_a_group(stage: Stage) -> None:
    """Just after a start Slack is asked before an answer is refused by a rule for a group."""
    row = await requested(stage, grantee_id=FINN, requester_id=FINN)
    deputy = await named(stage)
    stage.rules, stage.slack.knows_groups = [OF_INTERNS], False
    assert (await yes(stage, row, deputy)).deputys_word is not None


async def test_what_was_read_has_to_be_so(stage: Stage) -> None:
    """A mark of the grantor's card, or of another time as a deputy, decides nothing."""
    row, deputy = await requested(stage), await named(stage)
    for seen in (mark_of(row), mark_of(row, replace(deputy, until=NOON)), ""):
        with pytest.raises(Changed):
            await deciding.approve(stage.desk, as_of(CLEO), row.id, seen)


async def test_both_ends(stage: Stage) -> None:
    """Grantor or deputy ends it, nobody else, and once; then an answer is refused by name."""
    row, deputy = await requested(stage), await named(stage)
    with pytest.raises(NotYours):
        await deputies.end(stage.desk, as_of(DANA), deputy.id)
    await deputies.end_with(stage.desk, as_of(CLEO), ADA)
    for who in (ADA, CLEO):
        with pytest.raises(NoDeputy):
            await deputies.end(stage.desk, as_of(who), deputy.id)
    with pytest.raises(DeputyNoMore):
        await yes(stage, row, deputy)


async def test_the_date(stage: Stage) -> None:
    """From the last second on no click counts, also before the worker has noticed; then what was
    shared is the grantor's alone."""
    row, deputy = await requested(stage, length=HOUR), await named(stage, length=2 * HOUR)
    await shared(stage, deputy)
    stage.bench.wait(hours=2)
    with pytest.raises(DeputyNoMore):
        await yes(stage, await get(stage.bench.database, row), deputy)
    await shared(stage, deputy)
    assert (await present(stage, deputy)).cause is DeputyEnd.DATE
    assert (await get(stage.bench.database, row)).shared_with is None


@pytest.mark.parametrize("who", [ADA, CLEO])
@pytest.mark.parametrize("how", [Departure.LEFT, Departure.GUEST, Departure.LEFT_CLOSE])
async def test_leaving(stage: Stage, who: str, how: Departure) -> None:
    """With either of the two it ends; to answer nobody needs an account in Close. The daily round
    asks about both."""
    deputy, database = await named(stage), stage.bench.database
    people = await database.read(lambda s: s.departures.people(TEAM, after="", limit=9))
    assert {ADA, CLEO} <= set(people)
    one = departed(TEAM, who, how, now=NOON)
    await database.run(lambda store: carry_out(store, Policy(), one, now=NOON))
    ended = await present(stage, deputy)
    assert (ended.ended_at is None) is (how is Departure.LEFT_CLOSE)
    if ended.ended_at is not None:
        assert (ended.cause, ended.ended_by, ended.departure) == (DeputyEnd.LEFT, who, how)
        other = CLEO if who == ADA else ADA
        told = [each for each in await notices(stage) if each.kind is NoticeKind.DEPUTY_OVER]
        assert [each.recipient for each in told] == [other]


@pytest.mark.parametrize("who", [ADA, CLEO])
async def test_an_admin_ends_everything(stage: Stage, who: str) -> None:
    """Also that somebody answers for another, where there is nothing else; both are told."""
    desk = replace(stage.desk, policy=Policy(admins=frozenset({DANA})))
    deputy = await named(stage)
    about = await admins.endable_of(desk, as_of(DANA), who)
    assert [each.id for each in about.deputies] == [deputy.id]
    ended = await admins.end_all_of(desk, as_of(DANA), who, "A stolen laptop")
    assert [each.id for each in ended.deputies] == [deputy.id]
    row = await present(stage, deputy)
    assert (row.cause, row.ended_by) == (DeputyEnd.ADMIN, DANA)
    told = [each for each in await notices(stage) if each.kind is NoticeKind.DEPUTY_OVER]
    assert sorted(each.recipient for each in told) == sorted((ADA, CLEO))


async def test_the_app_is_gone_or_restored(stage: Stage) -> None:
    """Nobody answers for anybody any more: who ended what since a backup is not known."""
    first = await named(stage)
    await stage.bench.database.run(lambda store: take_stock(store, [], now=NOON))
    assert (await present(stage, first)).cause is DeputyEnd.RESTORED
    second = await named(stage)
    await uninstall(stage.desk, TEAM, "app_uninstalled")
    assert (await present(stage, second)).cause is DeputyEnd.UNINSTALLED


async def test_somebody_is_forgotten(stage: Stage) -> None:
    """A deputy in force stands in the way; once it is over, names and notes go from the row."""
    deputy = await deputies.name(stage.desk, as_of(ADA), CLEO, Span(length=DAY), "Ask the doctor")
    database = stage.bench.database
    found = await database.read(lambda store: store.erasures.hindrances(CLEO, now=NOON))
    assert found == {"deputies": 1}
    await deputies.end(stage.desk, as_of(ADA), deputy.id)
    assert not await database.read(lambda store: store.erasures.hindrances(CLEO, now=NOON))
    await database.run(lambda store: store.erasures.erase_person(CLEO, lambda _: "~hash"))
    ended = await present(stage, deputy)
    assert (ended.deputy_id, ended.note) == ("~hash", "")


async def test_the_first_answer_counts(stage: Stage) -> None:
    """Whatever the two say at the same moment, one of them has answered."""
    deputy = await named(stage)
    for number in range(4):
        row = await requested(stage, id=f"d{number}", grantee_id=f"U{number}")
        mine = deciding.approve(stage.desk, as_of(ADA), row.id, mark_of(row))
        theirs = deciding.deny(stage.desk, as_of(CLEO), row.id, mark_of(row, deputy))
        ended = deputies.end_with(stage.desk, as_of(ADA), None) if number == 3 else asyncio.sleep(0)
        said = await asyncio.gather(mine, theirs, ended, return_exceptions=True)
        done = [each for each in said[:2] if isinstance(each, Delegation)]
        assert len(done) == 1, said
        assert all(isinstance(each, NotDone | Delegation) for each in said[:2])
        now = await get(stage.bench.database, row)
        assert (now.deputys_word is not None) is (now.state is State.DENIED)
        with pytest.raises((Settled, DeputyNoMore)):
            await yes(stage, now, deputy)

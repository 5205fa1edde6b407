"""The second yes, and what the rules allow by then: as use cases and the worker see them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from bot.delegations import asking, deciding, extending, second_yes
from bot.delegations.asking import Terms
from bot.delegations.people.eligibility import PeopleUnclear
from bot.delegations.steps import advance, recheck, ruling
from bot.delegations.steps import second_yes as asking_second
from bot.desk import Desk
from bot.ports import NoAnswer
from bot.refusals import Changed, NothingToAnswer, NotYours, Refused, Settled
from bot.store import Database
from bot.store.rows import many
from bot.times.span import Span
from models.delegation import Delegation, Event, ExtensionWish, State, Trouble
from models.mark import mark_of
from models.notice import Notice, notices
from models.person import Person
from models.policy import Refusal, Rule
from tests.integration.books import ADA, BEN, CLEO, NEVER, Bench, as_of, bench, right
from tests.integration.rows import NOON, delegation
from tests.integration.tools import EverybodyIsHere, person

HOUR = timedelta(hours=1)
DAY = 24 * HOUR
DANA, FINN = "U0DANA", "U0FINN"
LEADS, INTERNS = "S0LEADS", "S0INTERNS"

# What is decided does not depend on the database; the store's own tests have both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass
class Slack(EverybodyIsHere):
    """There are groups, some people have left, and sometimes it does not answer."""

    groups: dict[str, Sequence[str]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    is_silent: bool = False
    knows_groups: bool = True
    asked: list[str] = field(default_factory=list)

    async def person(self, user_id: str, *, afresh: bool = False) -> Person | None:
        """Whoever it is."""
        return person(user_id, is_deactivated=user_id in self.gone)

    async def members(self, group_id: str) -> Sequence[str]:
        """Who is in the group; raises NoAnswer."""
        self.asked.append(group_id)
        if self.is_silent:
            raise NoAnswer
        self.knows_groups = True
        return self.groups[group_id]

    def known_members(self, group_id: str) -> frozenset[str] | None:
        """The same, if it is known."""
        return frozenset(self.groups[group_id]) if self.knows_groups else None


def rule(**values: Any) -> Rule:
    """A rule that allows everything but what is said."""
    usual = {"max_duration": 30 * DAY, "allow_permanent": True, "require_reason": False}
    return Rule(**{**usual, **values})


BY_CLEO = rule(second=CLEO)
BY_LEADS = rule(second=LEADS, second_name="the leads")
OF_INTERNS = rule(who=frozenset({INTERNS}), who_name="Interns", max_duration=HOUR)


class Stage:
    """A bench on which these rules hold."""

    def __init__(self, database: Database, *rules: Rule) -> None:
        self.slack = Slack(groups={LEADS: (ADA, BEN, CLEO, DANA), INTERNS: (BEN,)})
        self.bench: Bench = bench(database, directory=self.slack)
        self.rules: list[Rule] = list(rules)

    @property
    def desk(self) -> Desk:
        """For use cases."""
        return replace(self.bench.desk, present_rules=lambda: self.rules)

    @property
    def tools(self) -> Any:
        """For the worker."""
        return replace(self.bench.tools, present_rules=lambda: self.rules)

    async def stored(self, row: Delegation) -> Delegation:
        """The row, stored."""
        await self.bench.database.run(
            lambda store: store.delegations.add(row, event=Event.REQUEST, actor=row.requester_id)
        )
        return row

    async def told(self) -> list[tuple[str, str]]:
        """Who is asked for a second yes, and which time."""
        found = await self.bench.database.run_connection(
            lambda connection: many(connection, Notice, notices.select())
        )
        return sorted((each.recipient, each.incident.partition("-")[2]) for each in found)


@pytest.fixture
def stage(database: Database) -> Stage:
    """Cleo's yes is needed."""
    return Stage(database, BY_CLEO)


def waiting(**changes: Any) -> Delegation:
    """Ada agreed that Ben may send as her, and Cleo has not answered."""
    values = {"grantor_id": ADA, "grantee_id": BEN, "second": CLEO, "agreed_at": NOON, **changes}
    return delegation(**values)


def longer(**changes: Any) -> Delegation:
    """Ada agreed to an hour more, and Cleo has not answered."""
    wish = ExtensionWish(NOON, length=HOUR)
    return right(second=CLEO, agreed_at=NOON, extension=wish, **changes)


async def yes(stage: Stage, row: Delegation, who: str = CLEO) -> Delegation:
    """Somebody says yes to what they read."""
    return await second_yes.agree_too(stage.desk, as_of(who), row.id, mark_of(row))


async def no(stage: Stage, row: Delegation, who: str = CLEO) -> Delegation:
    """Somebody says no."""
    return await second_yes.disagree(stage.desk, as_of(who), row.id, mark_of(row))


async def test_the_grantor_agrees_first(stage: Stage) -> None:
    """Their yes, in their terms and with their note, waits for the second one and its own time."""
    row = await stage.stored(delegation(grantor_id=ADA, grantee_id=BEN))
    agreed = await deciding.approve(
        stage.desk, as_of(ADA), row.id, mark_of(row), Span(length=HOUR), "Yes"
    )
    assert (agreed.state, agreed.agreed_at, agreed.second) == (State.REQUESTED, NOON, CLEO)
    assert (agreed.length, agreed.note, agreed.decided_at) == (HOUR, "Yes", None)
    assert agreed.lapses_at == NOON + 3 * DAY
    assert (agreed.remind_at, agreed.wake_at) == (None, NOON)
    for answer in (deciding.approve, deciding.deny, deciding.snooze):
        with pytest.raises(Settled):
            await answer(stage.desk, as_of(ADA), row.id, mark_of(agreed))


async def test_an_end_is_no_later_than_it_was_asked(stage: Stage) -> None:
    """Where it ends by a date it waits no longer than that."""
    until = NOON + 5 * HOUR
    row = await stage.stored(delegation(grantor_id=ADA, grantee_id=BEN, length=None, until=until))
    agreed = await deciding.approve(stage.desk, as_of(ADA), row.id, mark_of(row))
    assert agreed.lapses_at == until


async def test_yes(stage: Stage) -> None:
    """Then it is approved, by name, and its clock may begin."""
    row = await stage.stored(waiting())
    stage.bench.wait(hours=1)
    approved = await yes(stage, row)
    assert (approved.state, approved.decided_at) == (State.APPROVED, NOON + HOUR)
    assert (approved.seconded_by, approved.agreed_at) == (CLEO, None)
    assert (approved.remind_at, approved.reminders) == (None, 0)
    assert approved.lapses_at == NOON + HOUR + 3 * DAY


async def test_no(stage: Stage) -> None:
    """Then it is denied, by name."""
    denied = await no(stage, await stage.stored(waiting()))
    assert (denied.state, denied.closed_by, denied.ended_at) == (State.DENIED, CLEO, NOON)


async def test_yes_to_more_time(stage: Stage) -> None:
    """The end is moved, whoever had to agree is known, and nothing of the wish is left."""
    row = await stage.stored(longer(remind_at=NOON + DAY))
    extended = await yes(stage, row)
    assert extended.ends_at == NOON + 3 * HOUR
    assert (extended.seconded_by, extended.decided_at) == (CLEO, NOON)
    assert (extended.extension, extended.agreed_at, extended.remind_at) == (None, None, None)


async def test_no_to_more_time(stage: Stage) -> None:
    """The end stays, and nothing of the wish is left."""
    row = await stage.stored(longer(remind_at=NOON + DAY, note="More"))
    declined = await no(stage, row)
    assert (declined.state, declined.ends_at) == (State.ACTIVE, row.ends_at)
    assert (declined.extension, declined.agreed_at, declined.remind_at) == (None, None, None)
    assert (declined.extension_declined_at, declined.note) == (NOON, "")


@pytest.mark.parametrize("answer", [yes, no])
@pytest.mark.parametrize("who", [ADA, BEN, DANA])
async def test_nobody_else_has_a_say(stage: Stage, answer: Any, who: str) -> None:
    """Not those it is about, nor anybody whose yes is not asked for."""
    row = await stage.stored(waiting())
    with pytest.raises(NotYours):
        await answer(stage, row, who)


@pytest.mark.parametrize("answer", [yes, no])
async def test_a_group(stage: Stage, answer: Any) -> None:
    """Anybody in it may answer but those it is about, and who asked for it."""
    row = await stage.stored(waiting(second=LEADS, requester_id=DANA))
    for who in (ADA, BEN, DANA, FINN):
        with pytest.raises(NotYours):
            await answer(stage, row, who)
    assert stage.slack.asked == []
    stage.slack.knows_groups = False  # this process has begun just now
    assert (await answer(stage, row, CLEO)).agreed_at in (None, NOON)
    assert stage.slack.asked == [LEADS]


async def test_a_group_that_is_not_known(stage: Stage) -> None:
    """Without Slack's word nobody has a say."""
    row = await stage.stored(waiting(second=LEADS))
    stage.slack.knows_groups, stage.slack.is_silent = False, True
    with pytest.raises(NoAnswer):
        await yes(stage, row)


@pytest.mark.parametrize("answer", [yes, no])
async def test_what_waits_no_longer(stage: Stage, answer: Any) -> None:
    """What lapsed, ended or was answered is settled; what has changed is asked anew."""
    late = await stage.stored(waiting(lapses_at=NOON))
    with pytest.raises(Settled) as lapsed:
        await answer(stage, late)
    assert lapsed.value.state is State.LAPSED
    over = await stage.stored(longer(grantee_id=DANA, ends_at=NOON))
    with pytest.raises(Settled) as ended:
        await answer(stage, over)
    assert ended.value.state is State.ENDING
    runs = await stage.stored(right(grantee_id=FINN, second=CLEO))
    with pytest.raises(NothingToAnswer):
        await answer(stage, runs)
    denied = await stage.stored(waiting(grantee_id="U0GUS", state=State.DENIED))
    with pytest.raises(Settled):
        await answer(stage, denied)
    row = await stage.stored(waiting(grantee_id="U0HAL"))
    with pytest.raises(Changed):
        await answer(stage, replace(row, reason="Another one"))


async def test_the_rules_of_then(stage: Stage) -> None:
    """A yes is held to the rules as they are when it is given; what has become short is not."""
    row = await stage.stored(waiting())
    stage.rules = [rule(second=CLEO, max_duration=HOUR)]
    with pytest.raises(Refused) as refused:
        await yes(stage, row)
    assert refused.value.refusal is Refusal.TOO_LONG
    more = await stage.stored(longer(grantee_id=DANA))
    with pytest.raises(Refused):
        await yes(stage, more)
    soon = await stage.stored(waiting(grantee_id=FINN, length=None, until=NOON + HOUR / 60))
    assert (await yes(stage, soon)).state is State.APPROVED


async def test_grants_and_more_time(stage: Stage) -> None:
    """What a grantor gives by themselves waits as well, each for its own time."""
    given = await asking.grant(
        stage.desk, as_of(ADA), grantee_id=BEN, terms=Terms(Span(length=HOUR))
    )
    assert (given.state, given.agreed_at, given.second) == (State.REQUESTED, NOON, CLEO)
    runs = await stage.stored(right(grantee_id=DANA, note="Before"))
    asked = await extending.extend(
        stage.desk, as_of(ADA), runs.id, mark_of(runs), Span(length=HOUR), "More"
    )
    assert (asked.ends_at, asked.agreed_at, asked.note) == (runs.ends_at, NOON, "More")
    assert asked.extension == ExtensionWish(NOON, length=HOUR)
    wish = ExtensionWish(NOON - HOUR, length=2 * HOUR)
    other = await stage.stored(right(grantee_id=FINN, extension=wish, note="Please"))
    agreed = await extending.approve_extension(stage.desk, as_of(ADA), other.id, mark_of(other))
    assert (agreed.extension, agreed.agreed_at, agreed.note) == (wish, NOON, "Please")
    with pytest.raises(NothingToAnswer):
        await extending.approve_extension(stage.desk, as_of(ADA), other.id, mark_of(agreed))


async def test_who_is_asked(stage: Stage) -> None:
    """One person, or everybody in the group whom it is not about and who is here; once, and again
    with each reminder."""
    stage.slack.gone = {DANA}
    row = await stage.stored(waiting(second=LEADS))
    await advance.unanswered(stage.tools, row)
    assert await stage.told() == [(CLEO, "0")]
    asked = await stage.bench.present(row)
    assert asked.remind_at is not None
    assert (asked.wake_at, asked.reminders, asked.version) == (asked.remind_at, 0, row.version)
    await advance.unanswered(stage.tools, asked)  # nothing is due
    assert await stage.told() == [(CLEO, "0")]
    stage.bench.moment = asked.remind_at
    await advance.unanswered(stage.tools, asked)
    assert await stage.told() == [(CLEO, "0"), (CLEO, "1")]
    again = await stage.bench.present(row)
    assert again.reminders == 1
    assert again.remind_at is not None
    assert again.remind_at > asked.remind_at


async def test_a_row_that_has_moved_on(stage: Stage) -> None:
    """Nobody is asked for what was answered meanwhile."""
    row = await stage.stored(waiting())
    await no(stage, row)
    await asking_second.step(stage.tools, row)
    assert await stage.told() == []


@pytest.mark.parametrize(
    ("row", "again"),
    [
        (waiting(second=LEADS), NOON + HOUR),
        (waiting(second=LEADS, lapses_at=NOON + HOUR / 2), NOON + HOUR / 2),
        (longer(), NOON + HOUR),
        (longer(ends_at=NOON + HOUR / 3), NOON + HOUR / 3),
        (longer(warn_at=NOON + HOUR / 4), NOON + HOUR / 4),
    ],
)
async def test_nobody_can(stage: Stage, row: Delegation, again: Any) -> None:
    """That is noted for those who wait, and looked at again within an hour, or when it is over."""
    stage.slack.groups[LEADS] = (ADA, BEN)
    stage.slack.gone = {CLEO}
    stored = await stage.stored(row)
    await asking_second.step(stage.tools, stored)
    present = await stage.bench.present(stored)
    assert (present.trouble, present.wake_at) == (Trouble.NOBODY_TO_SECOND, again)
    assert await stage.told() == []


async def test_slack_does_not_say_who(stage: Stage) -> None:
    """Then it is tried again."""
    stage.slack.is_silent = True
    with pytest.raises(PeopleUnclear):
        await asking_second.step(stage.tools, await stage.stored(waiting(second=LEADS)))


async def test_while_it_runs(stage: Stage) -> None:
    """The clock asks for a second yes to more time while the right goes on."""
    row = await stage.stored(longer(wake_at=NOON))
    await advance.running_out(stage.tools, row)
    assert await stage.told() == [(CLEO, "0")]


def approved(**changes: Any) -> Delegation:
    """Agreed to, and not begun."""
    values = {"state": State.APPROVED, "length": 2 * HOUR, "lapses_at": NOON + DAY, **NEVER}
    return right(**{**values, **changes})


async def is_allowed(stage: Stage, row: Delegation, **groups: Sequence[str]) -> bool:
    """Whether it may be made, when this is who is in the groups."""
    known = {name: frozenset(members) for name, members in groups.items()}
    return await ruling.is_allowed(stage.tools, row, known)


async def test_before_it_is_made(stage: Stage) -> None:
    """What the rules do not allow has failed with the rule's words; others go on."""
    stage.rules = [OF_INTERNS]
    row = await stage.stored(approved())
    assert await is_allowed(stage, row, S0INTERNS=(DANA,))
    assert not await is_allowed(stage, row, S0INTERNS=(BEN,))
    failed = await stage.bench.present(row)
    assert (failed.state, failed.trouble) == (State.FAILED, Trouble.AGAINST_RULES)
    assert failed.rule == "Interns can send as somebody for at most 1 hour"


async def test_the_settings_of_then(stage: Stage) -> None:
    """Settings that have become stricter hold, too, in words of their own."""
    row = await stage.stored(approved(length=31 * DAY))
    stage.rules = []
    assert not await is_allowed(stage, row)
    assert (await stage.bench.present(row)).rule == ruling.BY_POLICY


async def test_what_has_become_short(stage: Stage) -> None:
    """What is nearly over when it begins was long enough when it was agreed to."""
    stage.rules = []
    row = await stage.stored(approved(length=None, until=NOON + HOUR / 60))
    assert await is_allowed(stage, row)


async def test_what_was_attempted(stage: Stage) -> None:
    """What Close was asked for before is to be found there, whatever the rules say now."""
    stage.rules = [OF_INTERNS]
    row = await stage.stored(approved(attempted_at=NOON))
    assert await is_allowed(stage, row, S0INTERNS=(BEN,))


async def test_a_group_that_matters_and_is_not_known(stage: Stage) -> None:
    """It waits until Slack says who is in it."""
    stage.rules = [OF_INTERNS]
    row = await stage.stored(approved())
    assert not await is_allowed(stage, row)
    present = await stage.bench.present(row)
    assert (present.state, present.trouble) == (State.APPROVED, Trouble.SLACK_SILENT)
    assert present.wake_at == NOON + ruling.AGAIN
    short = await stage.stored(approved(grantee_id=DANA, length=HOUR))
    assert await is_allowed(stage, short)


async def test_a_standing_approval_that_may_answer_no_longer(stage: Stage) -> None:
    """What it approved and has not begun is not made."""
    stage.rules = [rule(standing=False, who_name="Interns")]
    row = await stage.stored(approved(standing_id="standing"))
    assert not await is_allowed(stage, row)
    assert "not by a standing approval" in (await stage.bench.present(row)).rule
    clicked = await stage.stored(approved(grantee_id=DANA))
    assert await is_allowed(stage, clicked)


@pytest.mark.parametrize("before", [{}, {"seconded_by": DANA, "second": DANA}])
async def test_a_second_yes_that_is_needed_by_then(stage: Stage, before: Any) -> None:
    """It goes back to wait for whoever the rules name now; who has that yes goes on."""
    row = await stage.stored(approved(until=NOON + HOUR, length=None, **before))
    assert not await is_allowed(stage, row)
    back = await stage.bench.present(row)
    assert (back.state, back.agreed_at, back.second) == (State.REQUESTED, NOON, CLEO)
    assert (back.lapses_at, back.decided_at, back.seconded_by) == (NOON + HOUR, None, None)
    done = await stage.stored(approved(grantee_id=DANA, seconded_by=CLEO, second=CLEO))
    assert await is_allowed(stage, done)
    long = await stage.stored(approved(grantee_id=FINN, length=HOUR))
    assert not await is_allowed(stage, long)
    assert (await stage.bench.present(long)).lapses_at == NOON + 3 * DAY


async def test_slack_is_asked_who_is_in_the_groups(stage: Stage) -> None:
    """With the people, at the same time; one that it does not say is left out."""
    stage.rules = [OF_INTERNS]
    look = await recheck.look_at(stage.tools, [approved()])
    assert look.groups == {INTERNS: frozenset({BEN})}
    stage.slack.is_silent = True
    assert (await recheck.look_at(stage.tools, [approved()])).groups == {}

"""From what somebody typed to what is written: read in their zone, asked back about, answered."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from bot.delegations import drafts, understanding
from bot.delegations.asking import MOST_AT_ONCE
from bot.delegations.understanding import Question
from bot.delegations.wishes import Done
from bot.grammar import Command, Verb
from bot.ports import NoAnswer
from bot.refusals import AlreadyOpen, DraftGone, NobodyThere, NoTime, Outcome, Refused, TwoTimes
from bot.store import Database
from bot.times.choices import Picked
from bot.times.span import Ambiguous, Reading, Span
from models.delegation import Delegation, State
from models.person import Person
from models.policy import REASON_LIMIT, Policy, Refusal
from tests.integration.books import ADA, BEN, CLEO, Bench, as_of, bench
from tests.integration.rows import NOON, TEAM
from tests.integration.tools import EverybodyIsHere, person

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
DORA = "U0DORA"
TONIGHT, TOMORROW = NOON + 8 * HOUR, NOON + 20 * HOUR  # five o'clock in Tokyo
MORNING, AFTERNOON = "until tomorrow, 05:00 your time", "until tomorrow, 17:00 your time"

# What is decided does not depend on the database; the store's own tests have both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Slack(EverybodyIsHere):
    """Everybody is in Tokyo; there are groups; and about some it does not answer."""

    def __init__(self) -> None:
        self.groups: dict[str, Sequence[str]] = {"S0SALES": (ADA, BEN, CLEO), "S0MINE": (ADA,)}
        self.silent: set[str] = set()

    async def person(self, user_id: str, *, afresh: bool = False) -> Person:
        """Whoever it is."""
        if user_id in self.silent:
            raise NoAnswer
        return person(user_id, time_zone="Asia/Tokyo", is_guest=user_id == DORA)

    async def members(self, group_id: str) -> Sequence[str]:
        """Who is in the group."""
        return self.groups[group_id]


@pytest.fixture
def stage(database: Database) -> Bench:
    """It is nine in the evening in Tokyo."""
    return bench(database, directory=Slack(), policy=Policy(default_duration=3 * HOUR))


async def typed(stage: Bench, command: Command, who: str = ADA) -> Done | Question:
    """What came of it."""
    return await understanding.from_command(stage.desk, as_of(who), command)


async def asked_back(stage: Bench, command: Command, who: str = ADA) -> Question:
    """The question that it led to."""
    question = await typed(stage, command, who)
    assert isinstance(question, Question)
    return question


async def written(stage: Bench, who: str = ADA) -> list[tuple[Any, ...]]:
    """Everything open that concerns them."""
    rows = await stage.database.run(lambda store: store.delegations.open_for_person(TEAM, who))
    return sorted(map(parts, rows))


def parts(row: Delegation) -> tuple[Any, ...]:
    """The wish in it."""
    return (row.grantor_id, row.grantee_id, row.requester_id, row.state, row.reason, *span(row))


def span(row: Delegation) -> tuple[Any, ...]:
    """Its time."""
    return (row.starts_at, row.length, row.until)


def wished(grantor: str, grantee: str, reason: str = "", **more: Any) -> tuple[Any, ...]:
    """What is to be written of a request, or of a grant of Ada's."""
    asker = more.get("asker", grantee)
    state = State.APPROVED if asker == grantor else State.REQUESTED
    time = (more.get("starts"), more.get("length"), more.get("until"))
    return (grantor, grantee, asker, state, reason, *time)


@pytest.mark.parametrize(
    ("command", "who", "expected", "said"),
    [
        (
            Command(Verb.REQUEST, (ADA,), "2h Covering &amp; more\0"),
            BEN,
            wished(ADA, BEN, "Covering & more", length=2 * HOUR),
            "for 2 hours",
        ),
        (
            Command(Verb.REQUEST, (ADA,), "Covering"),
            BEN,
            wished(ADA, BEN, "Covering", length=3 * HOUR),
            "for 3 hours, as no time was given",
        ),
        (
            Command(Verb.REQUEST, (ADA,), "until tomorrow 17:00", grantee_id=BEN),
            CLEO,
            wished(ADA, BEN, asker=CLEO, until=TOMORROW),
            AFTERNOON,
        ),
        (
            Command(Verb.GRANT, (BEN,), "2h"),
            ADA,
            wished(ADA, BEN, asker=ADA, length=2 * HOUR),
            "for 2 hours",
        ),
    ],
)
async def test_a_command(
    stage: Bench, command: Command, who: str, expected: tuple[Any, ...], said: str
) -> None:
    """What was typed is written, and said back in the zone of whoever typed it."""
    done = await typed(stage, command, who)
    assert isinstance(done, Done)
    assert (done.verb, done.said) == (command.verb, said)
    assert done.is_default is ("as no time" in said)
    assert await written(stage) == [expected]


@pytest.mark.parametrize(("choice", "until"), [(0, TONIGHT), (1, TOMORROW)])
async def test_two_readings(stage: Bench, choice: int, until: Any) -> None:
    """It is asked back which one is meant, and the answer is used once."""
    command = Command(Verb.REQUEST, (ADA,), "until 5 Cov\0ering", grantee_id=BEN)
    question = await asked_back(stage, command, CLEO)
    assert question == Question(question.draft_id, [ADA], "until 5", [MORNING, AFTERNOON])
    assert await written(stage) == []
    done = await understanding.answered(stage.desk, as_of(CLEO), question.draft_id, choice)
    assert isinstance(done, Done)
    assert await written(stage) == [wished(ADA, BEN, "Covering", asker=CLEO, until=until)]
    with pytest.raises(DraftGone):
        await understanding.answered(stage.desk, as_of(CLEO), question.draft_id, choice)


async def test_from_then_on(stage: Bench) -> None:
    """What begins then lasts as long as what has no time, in a command as in a form."""
    question = await asked_back(stage, Command(Verb.REQUEST, (ADA,), "in 2 hours"), BEN)
    await understanding.answered(stage.desk, as_of(BEN), question.draft_id, 1)
    assert await written(stage) == [wished(ADA, BEN, starts=NOON + 2 * HOUR, length=3 * HOUR)]
    with pytest.raises(Ambiguous) as caught:
        await understanding.read_duration(stage.desk, as_of(BEN), "in 2 hours")
    later = Span(starts=NOON + 2 * HOUR, length=3 * HOUR)
    assert caught.value.readings[1].span == later


@pytest.mark.parametrize(("choice", "reason"), [(0, "5 leads"), (1, "leads")])
async def test_each_reading_has_its_reason(
    stage: Bench, monkeypatch: pytest.MonkeyPatch, choice: int, reason: str
) -> None:
    """What is left of the text can depend on what is meant."""

    def split(*_: Any, **__: Any) -> Any:
        long = Reading(Span(length=2 * HOUR), "2 h", "5 leads\0")
        raise Ambiguous("2", (long, Reading(Span(length=HOUR), "1 h", "leads")))

    monkeypatch.setattr(understanding, "split_command", split)
    question = await asked_back(stage, Command(Verb.REQUEST, (ADA,), "2"), BEN)
    await understanding.answered(stage.desk, as_of(BEN), question.draft_id, choice)
    assert await written(stage) == [wished(ADA, BEN, reason, length=HOUR * (2 - choice))]


@pytest.mark.parametrize(
    ("rest", "refusal", "said", "offered", "expected"),
    [
        ("1m x", Refusal.TOO_SHORT, "for 1 minute", "for 5 minutes", {"length": 5 * HOUR / 60}),
        ("90d x", Refusal.TOO_LONG, "for 90 days", "for 30 days", {"length": 30 * DAY}),
        (
            "from tomorrow 17:00 for 90d x",
            Refusal.TOO_LONG,
            "from tomorrow, 17:00 your time, for 90 days",
            "from tomorrow, 17:00 your time, for 30 days",
            {"length": 30 * DAY, "starts": TOMORROW},
        ),
    ],
)
async def test_beyond_the_limits(
    stage: Bench, rest: str, refusal: Refusal, said: str, offered: str, expected: Any
) -> None:
    """The nearest that is allowed is offered, with the same start, and taken with one click."""
    question = await asked_back(stage, Command(Verb.REQUEST, (ADA,), rest), BEN)
    assert question == Question(
        question.draft_id, [ADA], said, [offered], refusal=refusal, verb=Verb.REQUEST
    )
    await understanding.answered(stage.desk, as_of(BEN), question.draft_id, 0)
    assert await written(stage) == [wished(ADA, BEN, "x", **expected)]


@pytest.mark.parametrize(
    ("rest", "refusal"),
    [
        ("until 2027-03-01 x", Refusal.TOO_LONG),
        ("from 2027-03-01 until 2027-03-05 x", None),
        ("from 2027-03-01 until 2027-04-05 x", Refusal.TOO_LONG),
    ],
)
async def test_an_end_beyond_the_limits(stage: Bench, rest: str, refusal: Refusal | None) -> None:
    """What counts is the time from the start that was named, or from now."""
    answer = await typed(stage, Command(Verb.REQUEST, (ADA,), rest), BEN)
    assert (answer.refusal if isinstance(answer, Question) else None) is refusal
    assert isinstance(answer, Done if refusal is None else Question)


async def test_what_is_asked_about_the_limits(stage: Bench) -> None:
    """The question tells a grant from a request; with a bad reason there is no question."""
    question = await asked_back(stage, Command(Verb.GRANT, (BEN,), "90d"))
    assert question.verb is Verb.GRANT
    with pytest.raises(Refused) as caught:
        await typed(stage, Command(Verb.REQUEST, (ADA,), f"90d {'x' * (REASON_LIMIT + 1)}"), BEN)
    assert caught.value.refusal is Refusal.REASON_TOO_LONG


@pytest.mark.parametrize(
    "command",
    [
        Command(Verb.GRANT, (BEN, CLEO), "2h x"),
        Command(Verb.GRANT, (), "2h x", groups=("S0SALES",)),
        Command(Verb.GRANT, (CLEO,), "2h x", groups=("S0SALES",)),
    ],
)
async def test_a_grant_to_several(stage: Bench, command: Command) -> None:
    """Their names are read first; then all of them get it."""
    question = await asked_back(stage, command)
    assert sorted(question.people) == [BEN, CLEO]
    assert question == Question(question.draft_id, question.people, "for 2 hours", ungrantable=[])
    assert await written(stage) == []
    await understanding.answered(stage.desk, as_of(ADA), question.draft_id, 0)
    assert await written(stage) == [
        wished(ADA, each, "x", asker=ADA, length=2 * HOUR) for each in (BEN, CLEO)
    ]


async def test_a_group_of_one(stage: Bench) -> None:
    """Whoever names a group reads who is in it, also where that is one; a request needs no such
    question, however many it is for."""
    stage.directory.groups["S0ONE"] = (BEN,)
    question = await asked_back(stage, Command(Verb.GRANT, (), "", groups=("S0ONE",)))
    assert (question.people, question.text) == ([BEN], "for 3 hours, as no time was given")
    done = await typed(stage, Command(Verb.REQUEST, (BEN, CLEO), "2h"), ADA)
    assert isinstance(done, Done)
    assert [each.person_id for each in done.outcomes] == [BEN, CLEO]


async def test_some_cannot_get_it(stage: Bench) -> None:
    """Who, and why, is said before the click; without anybody left there is nothing to click."""
    row = await stage.row()
    question = await asked_back(stage, Command(Verb.GRANT, (BEN, CLEO, DORA), "2h"))
    assert question.people == [CLEO]
    [open_already, guest] = question.ungrantable
    assert open_already == Outcome(BEN, problem=open_already.problem)
    assert isinstance(open_already.problem, AlreadyOpen)
    assert open_already.problem.delegation == row
    assert guest.person_id == DORA
    assert isinstance(guest.problem, Refused)
    assert question.draft_id
    nobody = await asked_back(stage, Command(Verb.GRANT, (BEN, DORA), "2h"))
    assert (nobody.draft_id, nobody.people, len(nobody.ungrantable)) == ("", [], 2)


async def test_slack_does_not_answer(stage: Bench) -> None:
    """Who cannot get it is then found out after the click, which works again until it does."""
    stage.directory.silent = {BEN}
    question = await asked_back(stage, Command(Verb.GRANT, (BEN, DORA), "2h"))
    assert (question.people, question.ungrantable) == ([BEN, DORA], [])
    with pytest.raises(NoAnswer):
        await understanding.answered(stage.desk, as_of(ADA), question.draft_id, 0)
    stage.directory.silent = set()
    assert await drafts.people_of(stage.desk, as_of(ADA), question.draft_id) == [BEN, DORA, None]
    done = await understanding.answered(stage.desk, as_of(ADA), question.draft_id, 0)
    assert isinstance(done, Done)
    assert [each.problem is None for each in done.outcomes] == [True, False]


async def test_who_is_meant(stage: Bench) -> None:
    """Each once, nobody by a group they are in themselves, and not too many."""
    for groups in (("S0MINE",), ()):
        with pytest.raises(NobodyThere):
            await typed(stage, Command(Verb.GRANT, (), "2h", groups=groups))
    stage.directory.groups["S0ALL"] = [f"U{number}" for number in range(MOST_AT_ONCE)]
    most = await asked_back(stage, Command(Verb.GRANT, (), "2h", groups=("S0ALL",)))
    assert len(most.people) == MOST_AT_ONCE
    with pytest.raises(Refused) as caught:
        await typed(stage, Command(Verb.GRANT, (BEN,), "2h", groups=("S0ALL",)))
    assert caught.value.refusal is Refusal.TOO_MANY


UNIX = int(NOON.timestamp())


@pytest.mark.parametrize(
    ("picked", "expected"),
    [
        (Picked(), Span(length=3 * HOUR)),
        (Picked(choice="2h"), Span(length=2 * HOUR)),
        (Picked(choice="2h", words="4h"), Span(length=4 * HOUR)),
        (Picked(choice="2h", is_own_choice=True), Span(length=2 * HOUR)),
        (Picked(is_other=True, words="until tomorrow 17:00"), Span(until=TOMORROW)),
        (Picked(words="from tomorrow 17:00 for 2h"), Span(length=2 * HOUR, starts=TOMORROW)),
        (Picked(choice="2h", moment=UNIX + 1), Span(until=NOON + SECOND)),
        (Picked(is_other=True, moment=UNIX + 3600), Span(until=NOON + HOUR)),
        (Picked(moment=UNIX), Refused),
        (Picked(moment=0), Refused),
        (Picked(is_other=True), NoTime),
        (Picked(choice="2h", is_own_choice=True, words="4h"), TwoTimes),
        (Picked(choice="2h", is_own_choice=True, moment=UNIX + 1), TwoTimes),
        (Picked(words="4h", moment=UNIX + 1), TwoTimes),
        (Picked(words="until 5"), Ambiguous),
    ],
)
async def test_a_time_in_a_form(stage: Bench, picked: Picked, expected: Any) -> None:
    """One of several fields is enough, and more than one is too much."""
    if isinstance(expected, Span):
        assert await understanding.read_picked(stage.desk, as_of(ADA), picked) == expected
        return
    with pytest.raises(expected) as caught:
        await understanding.read_picked(stage.desk, as_of(ADA), picked)
    if expected is Refused:
        assert caught.value.refusal is Refusal.DATE_PASSED


async def test_a_form(stage: Bench) -> None:
    """All of its fields are written."""
    form = (stage.desk, as_of(CLEO), [ADA, DORA], Picked(choice="2h"), "Fair\0")
    done = await understanding.from_form(*form, grantee_id=BEN)
    assert (done.verb, done.said) == (Verb.REQUEST, "for 2 hours")
    assert [each.person_id for each in done.outcomes] == [ADA, DORA]
    assert await written(stage) == [wished(ADA, BEN, "Fair", asker=CLEO, length=2 * HOUR)]

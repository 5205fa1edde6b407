"""A wish that is understood is carried out for everybody it names, and said back."""

from datetime import timedelta
from typing import Any

import pytest

from bot.delegations import asking, wishes
from bot.delegations.wishes import Done, Wish
from bot.grammar import Verb
from bot.ports import NoAnswer
from bot.refusals import Outcome, Refused
from bot.store import Database
from bot.times.span import Span
from models.delegation import Delegation, State
from models.person import Person
from models.policy import Refusal
from tests.integration.books import ADA, BEN, CLEO, Bench, as_of, bench
from tests.integration.rows import NOON
from tests.integration.tools import EverybodyIsHere, person

HOUR = timedelta(hours=1)
UNTIL = NOON + 2 * HOUR
SAID = "until today, 23:00 your time"

# What is decided does not depend on the database; the store's own tests have both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Slack(EverybodyIsHere):
    """Everybody is in Tokyo; knows about whom it was asked, and may not answer about one."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.silent = ""

    async def person(self, user_id: str, *, afresh: bool = False) -> Person:
        """Whoever it is."""
        self.asked.append(user_id)
        if user_id == self.silent:
            raise NoAnswer
        return person(user_id, time_zone="Asia/Tokyo")


@pytest.fixture
def stage(database: Database) -> Bench:
    """It is nine in the evening in Tokyo."""
    return bench(database, directory=Slack())


def wish(verb: Verb, *people: str, **more: Any) -> Wish:
    """Until eleven there."""
    return Wish(verb=verb, people=people, readings=[Span(until=UNTIL)], reason="Fair", **more)


def parts(row: Delegation | None) -> tuple[Any, ...] | None:
    """What the wish has made of it."""
    return (
        None
        if row is None
        else (row.grantor_id, row.grantee_id, row.requester_id, row.state, row.until)
    )


@pytest.mark.parametrize(
    ("wished", "actor", "expected"),
    [
        (wish(Verb.GRANT, BEN), ADA, [(ADA, BEN, ADA, State.APPROVED, UNTIL)]),
        (wish(Verb.REQUEST, ADA), BEN, [(ADA, BEN, BEN, State.REQUESTED, UNTIL)]),
        (
            wish(Verb.REQUEST, ADA, grantee_id=BEN, is_default=True),
            CLEO,
            [(ADA, BEN, CLEO, State.REQUESTED, UNTIL)],
        ),
        (
            wish(Verb.GRANT, BEN, CLEO),
            ADA,
            [(ADA, BEN, ADA, State.APPROVED, UNTIL), (ADA, CLEO, ADA, State.APPROVED, UNTIL)],
        ),
    ],
)
async def test_carried_out(
    stage: Bench, wished: Wish, actor: str, expected: list[tuple[Any, ...]]
) -> None:
    """It is written for each as it was wished, and said in the time of whoever wished it."""
    done = await wishes.carry_out(stage.desk, as_of(actor), wished)
    assert [parts(each.delegation) for each in done.outcomes] == expected
    assert {each.delegation and each.delegation.reason for each in done.outcomes} == {"Fair"}
    said = f"{SAID}, as no time was given" if wished.is_default else SAID
    assert done == Done(wished.verb, done.outcomes, said, wished.is_default)


async def test_one_of_several_cannot_get_it(stage: Bench) -> None:
    """It is said with what came of the others; whoever was alone hears it as an answer."""
    done = await wishes.carry_out(stage.desk, as_of(ADA), wish(Verb.GRANT, BEN, ADA))
    [given, refused] = done.outcomes
    assert parts(given.delegation) == (ADA, BEN, ADA, State.APPROVED, UNTIL)
    assert refused == Outcome(ADA, problem=refused.problem)
    assert isinstance(refused.problem, Refused)
    for verb in (Verb.GRANT, Verb.REQUEST):
        with pytest.raises(Refused) as caught:
            await wishes.carry_out(stage.desk, as_of(ADA), wish(verb, ADA))
        assert caught.value.refusal is Refusal.ONESELF


@pytest.mark.parametrize("silent", [ADA, BEN, CLEO])
async def test_slack_does_not_answer(stage: Bench, silent: str) -> None:
    """About one of them: then nothing is stored, however many the wish is for."""
    stage.directory.silent = silent
    with pytest.raises(NoAnswer):
        await wishes.carry_out(
            stage.desk, as_of("U0EMIL"), wish(Verb.REQUEST, ADA, CLEO, grantee_id=BEN)
        )
    assert (
        await stage.database.run(
            lambda store: [
                *store.delegations.open_for_person(as_of(ADA).team_id, ADA),
                *store.delegations.open_for_person(as_of(ADA).team_id, CLEO),
            ]
        )
        == []
    )


async def test_everybody_is_looked_up_once(stage: Bench) -> None:
    """Whoever is named twice, too; nobody is no one to be looked up."""
    await asking.look_up(stage.desk, [ADA, BEN, None, ADA, ""])
    assert sorted(stage.directory.asked) == [ADA, BEN]


async def test_they_are_looked_up_first(stage: Bench) -> None:
    """All of them, before the first of them is written about."""
    await wishes.carry_out(stage.desk, as_of(CLEO), wish(Verb.REQUEST, ADA, grantee_id=BEN))
    assert stage.directory.asked[0] == CLEO
    assert sorted(stage.directory.asked[1:3]) == [ADA, BEN]

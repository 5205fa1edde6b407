"""A running right is looked at once more: may its people still take part?"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from bot.delegations.people.eligibility import PeopleUnclear
from bot.delegations.steps import recheck
from bot.delegations.steps.recheck import AGAIN
from bot.ports import NoAnswer, OutsideError, Sighting
from bot.store import Database
from models.delegation import Delegation, Event, State, Trouble
from models.person import Departure, Person
from tests.integration.books import BEN, CLEO, Bench, bench
from tests.integration.rows import NOON, TEAM
from tests.integration.tools import EverybodyIsHere, person

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)

# What is decided does not depend on the database; the store's own tests have both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass
class Says(EverybodyIsHere):
    """Slack says this of Ben, and that everybody else may take part."""

    ben: Person | OutsideError | None
    is_known: bool = True

    async def person(self, user_id: str, *, afresh: bool = False) -> Person | None:
        """Whoever is asked for, asked afresh."""
        assert afresh
        if user_id != BEN:
            return person(user_id)
        if isinstance(self.ben, OutsideError):
            raise self.ben
        return self.ben

    def known(self, user_id: str) -> Any:
        """Within the last minutes it said that they may, if it said anything."""
        return Sighting(person(user_id)) if self.is_known else None


HERE = person(BEN)
LEFT = person(BEN, is_deactivated=True)


async def looked(
    database: Database, ben: Person | OutsideError | None, *, is_known: bool = True, **changes: Any
) -> tuple[Bench, Delegation]:
    """The step was taken for a right that is to be looked at; what it was before."""
    stage = bench(database, directory=Says(ben, is_known))
    values = {"trouble": Trouble.CLOSE_DOWN, "attempts": 3, "leased_until": NOON, **changes}
    row = await stage.row(is_unchecked=True, **values)
    await recheck.step(stage.tools, row)
    return stage, row


async def test_both_may(database: Database) -> None:
    """That is noted, and it is due again when it ends."""
    stage, row = await looked(database, HERE)
    checked: dict[str, Any] = {
        "is_unchecked": False,
        "attempts": 0,
        "leased_until": None,
        "wake_at": row.ends_at,
    }
    assert await stage.present(row) == replace(row, **checked)


async def test_one_of_them_has_left(database: Database) -> None:
    """It ends now, for that reason; what nobody may have any more is not confirmed."""
    stage, row = await looked(database, LEFT, wake_at=NOON - SECOND)
    ending = await stage.present(row)
    assert (ending.state, ending.end_event, ending.ended_at) == (State.ENDING, Event.OFFBOARD, NOON)
    assert ending.leased_until is None
    assert ending.wake_at == NOON  # at once: it has changed since it was claimed
    departed = await stage.database.run(lambda store: store.departures.get(TEAM, BEN))
    assert departed is not None
    assert departed.reason is Departure.LEFT


async def test_of_another_workspace_nothing_is_believed(database: Database) -> None:
    """A person of another team is a stranger to the right's own, and loses it."""
    stage, row = await looked(database, replace(HERE, team_id="T0OTHER", is_stranger=True))
    assert (await stage.present(row)).state is State.ENDING


@pytest.mark.parametrize(
    ("ben", "is_known"),
    [(None, True), (NoAnswer(), True)],
    ids=["unknown", "was fine just now"],
)
async def test_nobody_can_tell_now(
    database: Database, ben: OutsideError | None, *, is_known: bool
) -> None:
    """It is asked again within a minute; nothing is ended, confirmed, or said on the card."""
    stage, row = await looked(database, ben, is_known=is_known)
    assert await stage.present(row) == replace(
        row, wake_at=NOON + AGAIN, leased_until=None, attempts=4
    )
    planned = await stage.database.run(lambda store: store.rounds.get(TEAM))
    assert (planned is not None) is (ben is None)  # the round finds out whether they have left


@pytest.mark.parametrize(
    ("error", "least", "most"),
    [
        (PeopleUnclear(40 * SECOND), 40 * SECOND, 41 * SECOND),
        (NoAnswer(), 4 * SECOND, 8 * SECOND),
    ],
    ids=["it says when", "it does not answer"],
)
async def test_slack_is_away(
    database: Database, error: OutsideError, least: timedelta, most: timedelta
) -> None:
    """As long as Slack asked for, or a little longer each time; the trouble stays as it is."""
    stage, row = await looked(database, error, is_known=False)
    after = await stage.present(row)
    assert after.wake_at is not None
    assert NOON + least <= after.wake_at <= NOON + most
    assert after == replace(row, wake_at=after.wake_at, leased_until=None, attempts=4)


@pytest.mark.parametrize(
    ("changes", "due"),
    [
        ({"warn_at": NOON + SECOND, "ends_at": NOON + HOUR}, NOON + SECOND),
        ({"warn_at": None, "ends_at": NOON + 2 * SECOND}, NOON + 2 * SECOND),
        ({"warn_at": None, "ends_at": None}, NOON + AGAIN),
    ],
    ids=["the warning", "the end", "neither"],
)
async def test_slack_is_not_waited_for_to_end(
    database: Database, changes: dict[str, Any], due: Any
) -> None:
    """Whoever is warned is warned in time, and what ends ends in time."""
    stage, row = await looked(database, None, **changes)
    assert (await stage.present(row)).wake_at == due


async def test_before_several_are_made(database: Database) -> None:
    """Those whose people may are left alone, also before others; those whose may not are done with
    or wait."""
    stage = bench(database, directory=Says(LEFT))
    values = {"state": State.APPROVED, "association_id": None, "leased_until": NOON}
    fine, ended = [await stage.row(grantee_id=each, **values) for each in (CLEO, BEN)]
    look = await recheck.look_at(stage.tools, [fine, ended])
    await recheck.before(stage.tools, [fine, ended], look)
    assert [recheck.refused(each, look) for each in (fine, ended)] == [frozenset(), {BEN}]
    assert await stage.present(fine) == fine
    assert (await stage.present(ended)).leased_until is None
    await recheck.before(stage.tools, [], look)  # of none of them there is anything to do


async def test_before_one_of_an_unknown_person_is_made(database: Database) -> None:
    """It waits a minute, and says why."""
    stage = bench(database, directory=Says(None))
    row = await stage.row(state=State.APPROVED, association_id=None, leased_until=NOON)
    await recheck.before(stage.tools, [row], await recheck.look_at(stage.tools, [row]))
    after = await stage.present(row)
    assert (after.wake_at, after.trouble) == (NOON + AGAIN, Trouble.PERSON_UNKNOWN)
    stage = bench(database, directory=Says(NoAnswer(), is_known=False))
    with pytest.raises(PeopleUnclear):
        await recheck.look_at(stage.tools, [row])

"""A round's last stage: who is gone loses what they had, whatever Slack says of somebody else."""

from dataclasses import replace

import pytest

from bot.delegations.people import rounds
from bot.ports import OutsideError
from bot.store import Database, Store
from models.base import new_id
from models.delegation import Delegation, State
from models.departure import Departed
from models.person import Departure, Person
from models.round import Round, Stage
from tests.integration.rows import NOON, TEAM, add, delegation, get
from tests.integration.tools import EverybodyIsHere, person, tools

SILENT, GONE = "U0SILENT", "U1GONE"


class SlackWithoutAnswer(EverybodyIsHere):
    """Says nothing about one of them, and that the other was deactivated."""

    async def person(self, user_id: str, *, afresh: bool = False) -> Person:
        """Raises OutsideError for who comes first."""
        if user_id == SILENT:
            raise OutsideError("no answer")
        return person(user_id, is_deactivated=user_id == GONE)


async def carrying_out(database: Database) -> tuple[Round, Delegation]:
    """A round with two departed, and what the second of them waits for."""
    row = delegation(grantee_id=GONE, requester_id=GONE)
    await add(database, row)

    def write(store: Store) -> Round:
        for who in (SILENT, GONE):
            store.departures.note(
                Departed(
                    id=new_id(),
                    team_id=TEAM,
                    slack_user_id=who,
                    reason=Departure.LEFT,
                    found_at=NOON,
                )
            )
        store.rounds.plan(TEAM, now=NOON)
        before = store.rounds.get(TEAM)
        assert before is not None
        store.rounds.go_on(before, stage=Stage.CARRY_OUT)
        return replace(before, stage=Stage.CARRY_OUT)

    return await database.run(write), row


async def test_the_others_do_not_wait(database: Database) -> None:
    """Slack says nothing about one of the departed: what the next one had ends all the same."""
    each, row = await carrying_out(database)
    with pytest.raises(OutsideError):
        await rounds.step(tools(database, directory=SlackWithoutAnswer()), each)
    assert (await get(database, row)).state is State.CANCELLED


async def test_a_round_ends(database: Database) -> None:
    """Slack never says anything about one of the departed: the round is over after its patience,
    with nothing of theirs ended, and the next one asks anew."""
    each, _ = await carrying_out(database)
    patient = replace(each, attempts=rounds.PATIENT_ATTEMPTS)
    await rounds.step(tools(database, directory=SlackWithoutAnswer()), patient)
    after = await database.run(lambda store: store.rounds.get(TEAM))
    assert after is not None
    assert after.stage is Stage.REST
    left = await database.run(lambda store: store.departures.pending(TEAM, limit=9))
    assert [each.slack_user_id for each in left] == [SILENT]

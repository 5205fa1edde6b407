"""Inviting a colleague: once for each who invites, on both databases."""

import asyncio
from datetime import timedelta

import pytest

from bot.delegations.invitations import invite
from bot.refusals import Refused
from bot.store import Database
from models.notice import Notice, NoticeKind
from models.person import Person
from tests.integration.books import ADA, BEN, CLEO, as_of, bench
from tests.integration.rows import NOON, TEAM
from tests.integration.tools import EverybodyIsHere

LATER = NOON + timedelta(days=1)


class WithoutBen(EverybodyIsHere):
    """A directory that does not know Ben."""

    async def person(self, user_id: str, *, afresh: bool = False) -> Person | None:
        """Nobody of that name."""
        return None if user_id == BEN else await super().person(user_id)


async def invitations(database: Database) -> list[Notice]:
    """What is to be sent."""
    found = await database.run(
        lambda store: store.notices.due.claim(now=LATER, lease=timedelta(0), limit=9)
    )
    return [each for each in found if each.kind is NoticeKind.INVITED]


async def visited(database: Database, person: str) -> None:
    """This person has opened their home, and it has been shown."""
    await database.run(lambda store: store.homes.open(TEAM, person, now=NOON))
    [home] = await database.run(
        lambda store: store.homes.due.claim(now=NOON, lease=timedelta(days=2), limit=9)
    )
    await database.run(lambda store: store.homes.due.rest(home))


async def test_one_for_each(database: Database) -> None:
    """The first colleague is told, in the name of who invites; no other is, also not at once."""
    await visited(database, ADA)
    desk = bench(database).desk
    await asyncio.gather(*(invite(desk, as_of(ADA), each) for each in (BEN, CLEO)))
    [notice] = await invitations(database)
    assert (notice.subject_id, notice.team_id) == (ADA, TEAM)
    assert notice.recipient in (BEN, CLEO)
    await invite(desk, as_of(ADA), CLEO)
    assert [each.id for each in await invitations(database)] == [notice.id]
    [home] = await database.run(
        lambda store: store.homes.due.claim(now=LATER, lease=timedelta(0), limit=9)
    )
    assert home.slack_user_id == ADA  # the step is ticked off there


@pytest.mark.parametrize("nobody", ["", ADA])
async def test_nobody(database: Database, nobody: str) -> None:
    """Nobody, or oneself, is not told anything."""
    await visited(database, ADA)
    await invite(bench(database).desk, as_of(ADA), nobody)
    assert await invitations(database) == []


async def test_only_from_app_home(database: Database) -> None:
    """Whoever has never opened it has not seen the guide, and sends nothing."""
    await invite(bench(database).desk, as_of(ADA), BEN)
    assert await invitations(database) == []


async def test_who_cannot_take_part(database: Database) -> None:
    """Whoever Slack does not know is not told, and who invites reads why."""
    await visited(database, ADA)
    desk = bench(database, directory=WithoutBen()).desk
    with pytest.raises(Refused):
        await invite(desk, as_of(ADA), BEN)
    with pytest.raises(Refused):
        await invite(desk, as_of(BEN), CLEO)
    assert await invitations(database) == []

"""The first hour: three steps in App Home that go away, and what admins see that is not set up."""

import asyncio

from models.delegation import State
from sandbox.people import ADA, BEN, CLEO, DANA, GUS, SandboxPerson
from sandbox.slack.workspace import AUDIT
from tests.scenarios.moves import active, settled_in
from tests.scenarios.test_home import at_rest, home, opened
from tests.scenarios.world import World, open_world

GUIDE = "Your first steps"
INVITED = "invites you to Send-As"


async def invited(world: World, who: SandboxPerson, whom: SandboxPerson) -> None:
    """Choose a colleague in the guide."""
    view = world.slack.home(who)
    assert view is not None
    assert (await world.slack.click(who, view, "invite", whom)).ok


def is_invited(world: World, person: SandboxPerson) -> bool:
    """Whether they have been told of the bot."""
    return any(INVITED in world.slack.read(m, person) for m in world.slack.messages(person))


async def test_three_steps_that_go_away(database_url: str) -> None:
    """Whoever is new reads what to do; each step is ticked off, and once all are done the guide is
    gone for good."""
    async with open_world(database_url) as world:
        await opened(world, BEN, GUIDE)
        await world.sendas(BEN, "@ada 2h Covering")
        await home(world, BEN, "✅ Asked")
        await world.connect(BEN)
        await home(world, BEN, "✅ Connected to Close")
        await invited(world, BEN, CLEO)
        await home(world, BEN, "is connected", absent=GUIDE)
        told = await world.card(CLEO, INVITED)
        assert "Connect Close" in told.buttons()
        assert BEN.name in world.slack.read(told, CLEO)


async def test_once_something_is_over(sqlite_url: str) -> None:
    """After the first right has ended nobody is new any more, whatever they left out."""
    async with open_world(sqlite_url) as world:
        await active(world)
        await opened(world, BEN, GUIDE)
        world.clock.push(hours=2)
        await settled_in(world, State.ENDED)
        await home(world, BEN, "History", absent=GUIDE)


async def test_one_invitation(sqlite_url: str) -> None:
    """Nobody can have the bot write to one colleague after another, however fast they click."""
    async with open_world(sqlite_url) as world:
        await opened(world, BEN, GUIDE)
        await asyncio.gather(*(invited(world, BEN, each) for each in (CLEO, DANA)))
        await home(world, BEN, "✅ Invited a colleague")
        await world.slack.wait_for(
            lambda: is_invited(world, CLEO) or is_invited(world, DANA), what="an invitation"
        )
        await at_rest(world)
        assert is_invited(world, CLEO) is not is_invited(world, DANA)


async def test_who_knows_it_needs_no_invitation(sqlite_url: str) -> None:
    """Whoever has opened App Home, or is connected, gets no message; the step is done all the
    same."""
    async with open_world(sqlite_url) as world:
        await opened(world, ADA)
        await opened(world, BEN, GUIDE)
        await invited(world, BEN, ADA)
        await home(world, BEN, "✅ Invited a colleague")
        await at_rest(world)
        assert not is_invited(world, ADA)


async def test_who_cannot_be_invited(sqlite_url: str) -> None:
    """A guest is not: a sentence says why, and they are told nothing. Nor is oneself."""
    async with open_world(sqlite_url) as world:
        await opened(world, BEN, GUIDE)
        await invited(world, BEN, BEN)
        await invited(world, BEN, GUS)
        await world.card(BEN, "is a guest here")
        assert not is_invited(world, BEN)
        assert not is_invited(world, GUS)
        await home(world, BEN, GUIDE, absent="Invited a colleague")


async def test_what_is_not_set_up(sqlite_url: str) -> None:
    """An admin reads what is missing and which command tells more, until it is there; nobody else
    does."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as world:
        view = await opened(world, DANA, "Not set up yet")
        text = world.slack.read(view, DANA)
        for each in ("AUDIT_CHANNEL", "ADMINS", "Nobody has connected", "python -m bot doctor"):
            assert each in text
        view = await opened(world, BEN, GUIDE)
        assert "Not set up yet" not in world.slack.read(view, BEN)
        await world.connect(BEN)
        await opened(world, DANA)
        await home(world, DANA, "Not set up yet", absent="Nobody has connected")
    async with open_world(
        sqlite_url, admins=(DANA.id, ADA.id), audit_channel=AUDIT, close=world.close
    ) as world:
        await world.connect(BEN)
        await opened(world, DANA)
        await home(world, DANA, GUIDE, absent="Not set up yet")

"""The app is taken out of Slack: every right ends at Close, every grant is revoked, and then the
bot stops, in each of its processes."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from bot.process.app import open_bot
from bot.process.farewell import Farewell
from bot.process.settings import Settings
from models.chore import ChoreKind
from models.delegation import Event, State
from models.event import Deed
from sandbox.people import ADA, BEN, CLEO
from sandbox.running import BotTrouble, open_house
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.houses import connect, wait
from tests.scenarios.moves import active, asked, press, settled_in
from tests.scenarios.world import BEAT, World, open_world

WAYS = (("app_uninstalled",), ("tokens_revoked",), ("tokens_revoked", "app_uninstalled"))


async def all_gone(world: World) -> None:
    """Wait until nobody is connected any more."""
    async with asyncio.timeout(PATIENCE):
        while await world.database.read(lambda store: store.connections.all()):
            await asyncio.sleep(MOMENT)
            world.clock.push(seconds=3)


async def told(farewell: Farewell, world: World) -> None:
    """Wait until a process is about to stop."""
    async with asyncio.timeout(PATIENCE):
        while not farewell.told.is_set():
            await asyncio.sleep(MOMENT)
            world.clock.push(seconds=1)


@pytest.mark.parametrize("how", WAYS, ids="-".join)
async def test_everything_ends(database_url: str, how: tuple[str, ...]) -> None:
    """What runs and what waits ends, Close holds nothing any more, all grants are revoked, and the
    log says so, once."""
    async with open_world(database_url) as world:
        await world.sendas(CLEO, "@dana 2h Also")
        running = await active(world)
        await world.connect(BEN)
        assert world.close.associations
        await world.slack.uninstall(*how)
        ended = await settled_in(world, State.ENDED)
        assert ended.id == running.id
        assert ended.end_event is Event.UNINSTALL
        await all_gone(world)
        assert not world.close.associations
        states = {each.state for each in await world.delegations()}
        assert states == {State.ENDED, State.CANCELLED}
        lines = await world.database.read(lambda store: store.seals.page(after=0, limit=1000))
        said = [each.entry for each in lines if each.entry.deed is Deed.UNINSTALLED]
        assert [each.subject_id for each in said] == [how[0]]
        revoked = [each for each in lines if each.entry.deed is Deed.CONNECTION_FORGOTTEN]
        assert len(revoked) == 2


async def test_tokens_of_people_are_none_of_its_business(sqlite_url: str) -> None:
    """Tokens of people were revoked, of which the bot has none: nothing follows."""
    async with open_world(sqlite_url) as world:
        await active(world)
        event = {"type": "tokens_revoked", "tokens": {"oauth": [ADA.id]}, "event_ts": "1.0"}
        assert (await world.slack.event(event)).ok
        chore = await world.database.read(lambda store: store.chores.get(ChoreKind.UNINSTALL))
        assert chore is None
        await press(world, ADA, "Revoke")
        await settled_in(world, State.ENDED)


async def test_every_process_stops(database_url: str) -> None:
    """Each process on the database stops once all has ended, and one that is started anew does."""
    async with open_world(database_url) as world:
        await active(world)
        settings = Settings(**world.values)
        others = [Farewell() for _ in range(2)]
        async with (
            open_bot(settings, now=world.clock, beat=BEAT, farewell=others[0]),
            open_bot(settings, now=world.clock, beat=BEAT, farewell=others[1]),
        ):
            await world.slack.uninstall()
            await all_gone(world)
            for each in others:
                await told(each, world)
        anew = Farewell()
        async with open_bot(settings, now=world.clock, beat=BEAT, farewell=anew):
            await told(anew, world)


async def test_the_process_ends_well(sqlite_url: str) -> None:
    """``serve`` ends with the status of one that was told to stop: nobody starts it again."""
    async with open_house(database_url=sqlite_url) as house:
        await connect(house, ADA)
        await house.slack.uninstall()

        def has_ended() -> bool:
            house.clock.push(timedelta(seconds=1))
            return not house.bot.is_running

        await wait(house, has_ended, "the end of the bot")
        assert house.bot.exit_status == 0
        assert "everything has ended: the bot stops" in house.bot.log_tail()
        with suppress(BotTrouble):  # it ends while it starts, or right after
            await house.bot.start()
        await wait(house, has_ended, "the end of the next")
        assert house.bot.exit_status == 0


async def test_it_is_installed_again(sqlite_url: str) -> None:
    """Who installs the app again has a bot that goes on, with nothing of before."""
    async with open_world(sqlite_url) as world:
        await active(world)
        await world.slack.uninstall()
        world.slack.workspace.is_installed = True
        await all_gone(world)

        async def is_forgotten() -> bool:
            chore = await world.database.read(lambda store: store.chores.get(ChoreKind.UNINSTALL))
            return chore is None

        async with asyncio.timeout(PATIENCE):
            while not await is_forgotten():
                await asyncio.sleep(MOMENT)
                world.clock.push(seconds=1)
        assert (await asked(world)).state is State.REQUESTED

"""A host tells the bot to stop: what it has begun is finished first."""

import asyncio
import contextlib
import os
import signal
from datetime import timedelta

import pytest

from models.delegation import State
from sandbox.people import ADA, BEN
from sandbox.running import House, open_house
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.houses import approve, ask, calls, connect, message, rows, wait


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_running_step_is_finished(number: signal.Signals, sqlite_url: str) -> None:
    """Told to stop while Close creates the association, the bot writes down that it is active."""
    async with open_house(database_url=sqlite_url) as house:
        await connect(house, ADA)
        creating = house.close.trouble.hold("POST /send_as/")
        await ask(house, BEN)
        await approve(house, BEN)
        async with asyncio.timeout(PATIENCE):
            await creating.arrived.wait()
        assert house.bot.process_id is not None
        os.kill(house.bot.process_id, number)
        await shuts_its_door(house)
        creating.let_go.set()
        await wait(house, lambda: not house.bot.is_running, "the end of the bot")
        assert house.bot.exit_status == 0
        assert "Traceback" not in house.bot.log_tail()
        [delegation] = await rows(sqlite_url)
        assert (delegation.state, delegation.leased_until) == (State.ACTIVE, None)
        assert calls(house, "POST") == 1


async def test_a_refresh_is_finished(sqlite_url: str) -> None:
    """K1: told to stop while Close renews the tokens, the bot stores what Close answers: one deploy
    costs nobody their connection."""
    async with open_house(database_url=sqlite_url) as house:
        await connect(house, ADA)
        house.clock.push(timedelta(hours=2))  # the access token has run out
        renewing = house.close.trouble.hold("/oauth2/token/")
        asked = renewals(house)
        await ask(house, BEN)
        await approve(house, BEN)
        async with asyncio.timeout(PATIENCE):
            await renewing.arrived.wait()
        stopping = asyncio.create_task(house.bot.stop())
        await shuts_its_door(house)
        renewing.let_go.set()
        await stopping
        await house.bot.start()
        await message(house, BEN, "You can send email as")
        assert house.close.find(ADA, BEN)
        assert renewals(house) == asked + 1


async def shuts_its_door(house: House) -> None:
    """The process has heard that it is to stop: it takes no new connection any more."""
    host, port = house.bot.url.removeprefix("http://").split(":")
    with contextlib.suppress(ConnectionRefusedError):
        async with asyncio.timeout(PATIENCE):
            while True:
                _, writer = await asyncio.open_connection(host, int(port))
                writer.close()
                await asyncio.sleep(MOMENT)


def renewals(house: House) -> int:
    """How often Close was asked for tokens."""
    return sum(call.path == "/oauth2/token/" for call in house.close.calls)

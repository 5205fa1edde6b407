"""A host tells the bot to stop: what it has begun is finished first."""

import os
import signal
from datetime import timedelta

import pytest

from models.delegation import State
from sandbox.people import ADA, BEN
from sandbox.running import House, open_house
from tests.scenarios.houses import approve, ask, calls, connect, message, rows, wait

STALL = 1.0  # seconds that Close takes for the call that is under way


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_running_step_is_finished(number: signal.Signals, sqlite_url: str) -> None:
    """Told to stop while Close creates the association, the bot writes down that it is active."""
    async with open_house(database_url=sqlite_url) as house:
        await connect(house, ADA)
        house.close.trouble.stall("POST /send_as/", STALL)
        await ask(house, BEN)
        await approve(house, BEN)
        await wait(house, lambda: calls(house, "GET"), "the bot to look what there is")
        assert house.bot.process_id is not None
        os.kill(house.bot.process_id, number)
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
        house.close.trouble.stall("/oauth2/token/", STALL)
        asked = renewals(house)
        await ask(house, BEN)
        await approve(house, BEN)
        await wait(house, lambda: renewals(house) > asked, "the bot to renew the tokens")
        await house.bot.stop()
        await house.bot.start()
        await message(house, BEN, "You can send email as")
        assert house.close.find(ADA, BEN)
        assert renewals(house) == asked + 1


def renewals(house: House) -> int:
    """How often Close was asked for tokens."""
    return sum(call.path == "/oauth2/token/" for call in house.close.calls)

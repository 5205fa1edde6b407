"""A host tells the bot to stop: what it has begun is finished first."""

import os
import signal

import pytest

from models.delegation import State
from sandbox.people import ADA, BEN
from sandbox.running import open_house
from tests.scenarios.houses import approve, ask, calls, connect, rows, wait

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
        assert "Traceback" not in house.bot.log_tail()
        [delegation] = await rows(sqlite_url)
        assert (delegation.state, delegation.leased_until) == (State.ACTIVE, None)
        assert calls(house, "POST") == 1

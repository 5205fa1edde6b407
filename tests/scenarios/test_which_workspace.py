"""Whose bot this is: it works before Slack has said so.

That it then works for nobody else's workspace is in ``tests/attacks/test_other_workspaces.py``.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.process import app
from models.delegation import State
from sandbox.people import ADA, BEN, CLEO
from tests.scenarios.moves import asked, press, settled_in
from tests.scenarios.world import World, open_world

FOR_EVER = 10**6


@pytest.fixture(autouse=True)
def short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack is asked again at once."""
    monkeypatch.setattr(app, "GREETING_PAUSE", 0.02)


@pytest.fixture(params=["fatal_error", "invalid_auth", "hangs up"])
async def unknown(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """Slack does not say who the bot is, from its start on."""

    def trouble(world: World) -> None:
        if request.param == "hangs up":
            world.slack.trouble.drop("auth.test", FOR_EVER)
        else:
            world.slack.trouble.fail("auth.test", request.param, FOR_EVER)

    async with open_world(database_url, before=trouble) as world:
        yield world


async def readiness(world: World) -> tuple[int, Any]:
    """What ``/readyz`` says."""
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{world.bot_url}/readyz")
    return answer.status_code, answer.json()


async def test_everything_works_without_knowing(unknown: World) -> None:
    """K2: commands, clicks, forms, homes and events count although auth.test fails."""
    await unknown.connect(ADA)
    await asked(unknown)
    await press(unknown, ADA, "Approve")
    await settled_in(unknown, State.ACTIVE)
    await unknown.slack.open_home(CLEO)
    await unknown.slack.wait_for(lambda: unknown.slack.home(CLEO), what="a home")
    await unknown.slack.shortcut(CLEO, "ask_send_as")
    await unknown.slack.wait_for(lambda: unknown.slack.view(CLEO), what="the form")
    await unknown.slack.change_person(BEN, deleted=True)
    await settled_in(unknown, State.ENDED)
    assert not unknown.close.find(ADA, BEN)


async def test_nothing_is_answered_and_thrown_away(unknown: World) -> None:
    """K2: nobody reads bolt's words for an app that is not installed."""
    assert "Times:" in await unknown.sendas(BEN, "help")
    assert "reinstall" not in await unknown.sendas(BEN, "list")


async def test_readiness_says_so(unknown: World) -> None:
    """K2: refused is not ready; not answered is said, but keeps nobody from revoking a right."""
    await unknown.slack.wait_for(
        lambda: len([c for c in unknown.slack.calls if c.method == "auth.test"]) > 2, what="tries"
    )
    status, checks = await readiness(unknown)
    is_refused = checks["slack"] is False
    assert (status, checks["slack"]) == ((503, False) if is_refused else (200, None))
    unknown.slack.trouble.clear()
    async with httpx.AsyncClient() as http:
        while (await http.get(f"{unknown.bot_url}/readyz")).json()["slack"] is not True:
            pass
    assert (await readiness(unknown))[0] == 200


async def test_one_line_for_an_outage(unknown: World, capfd: pytest.CaptureFixture[str]) -> None:
    """K2: asking again and again is not logged again and again."""
    await unknown.slack.wait_for(
        lambda: len([c for c in unknown.slack.calls if c.method == "auth.test"]) > 5, what="tries"
    )
    assert "".join(capfd.readouterr()).count("Slack does not know us yet") <= 1

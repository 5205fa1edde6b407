"""The page before Close's: for whom it is, before anything is stored; many tabs, and many tries."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from models.connection import connect_states
from sandbox.browser import filled
from sandbox.people import ADA, APP_ID, BEN, TEAM_ID, SandboxPerson
from tests.patience import PATIENCE
from tests.scenarios.test_api_keys import pasted, state_in
from tests.scenarios.test_connecting import departed, is_connected
from tests.scenarios.world import World, open_world


async def states(world: World) -> int:
    """How many walks to Close are stored."""

    def count(connection: Any) -> int:
        return len(connection.execute(connect_states.select()).all())

    found: int = await world.database.run_connection(count)
    return found


async def callback(world: World, browser: httpx.AsyncClient, **query: str) -> httpx.Response:
    """Come back from Close with exactly this."""
    return await browser.get(f"{world.bot_url}/close/callback", params=query)


def state_of(target: str) -> str:
    """The state in the address that Close sends a browser back to."""
    return parse_qs(urlsplit(target).query)["state"][0]


def exchanges(world: World) -> int:
    """How often Close was asked for tokens."""
    return sum(call.path == "/oauth2/token/" for call in world.close.calls)


async def test_it_says_for_whom_it_is(world: World) -> None:
    """A2: whoever opens the link reads whose it is in Slack; that stores nothing, nor does a
    program that looks at links. Only Continue leads to Close."""
    link = await world.connect_link(ADA)
    async with httpx.AsyncClient(timeout=PATIENCE) as browser:
        assert (await browser.head(link)).status_code == 200
        page = await browser.get(link)
        assert "Connect Close for Ada Lindqvist" in page.text
        assert ADA.email in page.text
        assert page.headers["cache-control"] == "no-store"
        assert await states(world) == 0
        url, form = filled(page, "Continue")
        assert (await browser.post(url, data=form)).status_code == 303
    assert await states(world) == 1


async def test_this_is_not_me(stage: World) -> None:
    """A2: somebody else's link that reached Ben stores nothing, and he reads what to do."""
    async with httpx.AsyncClient(timeout=PATIENCE) as browser:
        page = await stage.begin(browser, await stage.connect_link(ADA), "This is not me")
    assert page.status_code == 200
    assert "This link is for Ada Lindqvist" in page.text
    assert "/sendas connect" in page.text
    assert await states(stage) == 0


async def test_what_a_browser_allows_a_form(stage: World) -> None:
    """Browsers hold a form's redirects against the policy as well: it names where Close is."""
    async with httpx.AsyncClient(timeout=PATIENCE) as browser:
        page = await browser.get(await stage.connect_link(ADA))
        departure = await stage.begin(browser, await stage.connect_link(ADA))
    target = urlsplit(departure.headers["location"])
    policy = page.headers["content-security-policy"]
    assert f"form-action 'self' https: {target.scheme}://{target.netloc}" in policy


async def test_two_tabs(world: World) -> None:
    """A6: the link is opened in two tabs of one browser; each finds its way back, in any order."""
    async with httpx.AsyncClient(timeout=PATIENCE) as browser:
        link = await world.connect_link(ADA)
        pages = [await browser.get(link), await browser.get(link)]
        leaving = [await browser.post(url, data=form) for url, form in map(_continue, pages)]
        targets = [await world.close.consent(each.headers["location"], ADA) for each in leaving]
        assert (await browser.get(targets[0])).status_code == 200
        assert (await browser.get(targets[1])).status_code == 200
    assert await is_connected(world)


def _continue(page: httpx.Response) -> tuple[str, dict[str, str]]:
    return filled(page, "Continue")


async def test_an_error_is_no_code(world: World) -> None:
    """A9: who said no in Close is not connected, whatever else stands in the address."""
    async with departed(world, ADA) as (browser, target):
        code = parse_qs(urlsplit(target).query)["code"][0]
        page = await callback(
            world, browser, state=state_of(target), error="access_denied", code=code
        )
        assert "You did not allow it in Close" in page.text
    async with departed(world, ADA) as (browser, target):
        page = await callback(world, browser, state=state_of(target), error="server_error")
        assert page.status_code == 502
        assert "did not allow" not in page.text
    assert exchanges(world) == 0
    assert not await is_connected(world)


async def test_keys_are_not_tried_without_end(database_url: str) -> None:
    """A9: after ten wrong keys in an hour Close is asked for no more of them, also after a restart
    and with a new link; others are counted by themselves, and an hour later all is well."""
    async with open_world(database_url, allow_api_keys=True) as world:
        await _wrong_keys(world, ADA, 10)
        asked = len(world.close.calls)
        page = await pasted(world, ADA, world.close.api_key(ADA))
        assert page.status_code == 429
        assert "10 keys were tried" in page.text
        assert len(world.close.calls) == asked
        assert (await pasted(world, BEN, world.close.api_key(BEN))).status_code == 200
    async with open_world(database_url, allow_api_keys=True, close=world.close) as again:
        assert (await pasted(again, ADA, again.close.api_key(ADA))).status_code == 429
        again.clock.push(hours=1, seconds=1)
        assert (await pasted(again, ADA, again.close.api_key(ADA))).status_code == 200


async def _wrong_keys(world: World, person: SandboxPerson, number: int) -> None:
    async with httpx.AsyncClient(timeout=PATIENCE) as browser:
        page = await world.begin(browser, await world.connect_link(person))
        for _ in range(number):
            form = {"state": state_in(page), "key": "api_wrong.key"}
            page = await browser.post(f"{world.bot_url}/close/connect", data=form)
            assert re.search("does not accept this key", page.text)


async def test_every_page_leads_back_to_slack(world: World) -> None:
    """Each page carries the product's mark and a way back to the bot in Slack; while Slack does
    not say where that is, the way ends with a sentence."""
    async with httpx.AsyncClient(timeout=PATIENCE) as browser:
        page = await browser.get(f"{world.bot_url}/close/connect")
        assert page.status_code == 400
        assert "<svg" in page.text
        assert '<a href="/close/slack">Back to Slack</a>' in page.text
        world.slack.trouble.fail("bots.info")
        closed = await browser.get(f"{world.bot_url}/close/slack")
        assert (closed.status_code, "open Slack yourself" in closed.text) == (503, True)
        there = await browser.get(f"{world.bot_url}/close/slack")
    assert there.status_code == 303
    address = urlsplit(there.headers["location"])
    assert f"{address.scheme}://{address.netloc}" == world.slack.url
    assert parse_qs(address.query) == {"app": [APP_ID], "team": [TEAM_ID]}

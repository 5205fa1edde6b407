"""API keys, for teams without a public https address: only where allowed, only on our own page."""

import json
import logging
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bot.store.rows import many
from models.connection import Connection, connections
from models.delegation import State
from sandbox.people import ADA, BEN, SandboxPerson
from tests.patience import PATIENCE
from tests.scenarios.moves import asked, cards_at_rest, press, settled_in, shown
from tests.scenarios.world import World, open_world

STATE = re.compile(r'name="state" value="([^"]+)"')


@pytest.fixture
async def keyed(sqlite_url: str) -> AsyncIterator[World]:
    """A world in which API keys are allowed."""
    async with open_world(sqlite_url, allow_api_keys=True) as opened:
        yield opened


async def pasted(world: World, person: SandboxPerson, key: str) -> httpx.Response:
    """Open the page and paste a key into its form."""
    async with httpx.AsyncClient(timeout=PATIENCE) as browser:
        page = await world.begin(browser, await world.connect_link(person))
        return await browser.post(
            f"{world.bot_url}/close/connect", data={"state": state_in(page), "key": key}
        )


def state_in(page: httpx.Response) -> str:
    """The one-time state in the form."""
    found = STATE.search(page.text)
    assert found is not None, page.text
    return found.group(1)


async def stored(world: World) -> list[Connection]:
    """All connections."""

    def read(connection: Any) -> list[Connection]:
        return many(connection, Connection, connections.select())

    found: list[Connection] = await world.database.run_connection(read)
    return found


async def test_not_allowed_by_default(stage: World) -> None:
    """Without ALLOW_API_KEYS the page is only the way to Close, and takes no key."""
    async with httpx.AsyncClient(timeout=PATIENCE) as browser:
        departure = await stage.begin(browser, await stage.connect_link(ADA))
        assert departure.status_code == 303
        state = parse_qs(urlsplit(departure.headers["location"]).query)["state"][0]
        answer = await browser.post(
            f"{stage.bot_url}/close/connect", data={"state": state, "key": stage.close.api_key(ADA)}
        )
    assert answer.status_code == 400
    assert await stored(stage) == []


async def test_the_whole_job_with_a_key(
    database_url: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pasted key does what an OAuth connection does; it is stored sealed and never logged."""
    caplog.set_level(logging.DEBUG)
    async with open_world(database_url, allow_api_keys=True) as world:
        key = world.close.api_key(ADA)
        page = await pasted(world, ADA, key)
        assert page.status_code == 200
        assert "Close is connected" in page.text
        (connection,) = await stored(world)
        assert connection.account.is_api_key
        assert key.encode() not in connection.account.secret
        await asked(world)
        await press(world, ADA, "Approve")
        await settled_in(world, State.ACTIVE)
        await cards_at_rest(world)
        world.clock.push(hours=2)
        await settled_in(world, State.ENDED)
        assert not world.close.associations
    printed = capsys.readouterr()
    secret = key.partition(".")[2]
    for said in (caplog.text, printed.out, printed.err):
        assert secret not in said


async def test_both_ways_are_offered(keyed: World) -> None:
    """The page leads to Close's consent page as well, with the same state."""
    async with httpx.AsyncClient(timeout=PATIENCE) as browser:
        page = await keyed.begin(browser, await keyed.connect_link(ADA))
        assert page.headers["cache-control"] == "no-store"
        assert "form-action 'self'" in page.headers["content-security-policy"]
        found = re.search(r'href="([^"]+)"', page.text)
        assert found is not None
        url = found.group(1).replace("&amp;", "&")
        answer = await browser.get(await keyed.close.consent(url, ADA))
    assert answer.status_code == 200
    assert not (await stored(keyed))[0].account.is_api_key


async def test_without_an_app_only_keys(sqlite_url: str) -> None:
    """Where no OAuth app is configured the page does not offer one."""
    nothing: dict[str, Any] = {"close_client_id": "", "close_client_secret": ""}
    async with open_world(sqlite_url, allow_api_keys=True, **nothing) as world:
        async with httpx.AsyncClient(timeout=PATIENCE) as browser:
            page = await world.begin(browser, await world.connect_link(ADA))
        assert "Continue to Close" not in page.text
        assert (await pasted(world, ADA, world.close.api_key(ADA))).status_code == 200


@pytest.mark.parametrize("key", ["api_wrong.key", "", "x" * 3000, "Ключ", "a:b", "a\nb"])
async def test_a_wrong_key(keyed: World, key: str) -> None:
    """It is refused on a fresh form that works, and the wrong key is not in it."""
    async with httpx.AsyncClient(timeout=PATIENCE) as browser:
        page = await keyed.begin(browser, await keyed.connect_link(ADA))
        url = f"{keyed.bot_url}/close/connect"
        again = await browser.post(url, data={"state": state_in(page), "key": key})
        assert "does not accept this key" in again.text
        assert "autofocus aria-invalid" in again.text
        assert "autofocus" not in page.text
        assert not key or key not in again.text
        assert await stored(keyed) == []
        good = await browser.post(
            url, data={"state": state_in(again), "key": keyed.close.api_key(ADA)}
        )
    assert "Close is connected" in good.text


async def test_the_form_is_no_way_in_from_elsewhere(keyed: World) -> None:
    """Without the cookie, with an old state, or not as a form: nothing is taken. Who tries from
    elsewhere does not spoil it for the browser that was shown the form."""
    key, url = keyed.close.api_key(ADA), f"{keyed.bot_url}/close/connect"
    async with (
        httpx.AsyncClient(timeout=PATIENCE) as browser,
        httpx.AsyncClient(timeout=PATIENCE) as other,
    ):
        state = state_in(await keyed.begin(browser, await keyed.connect_link(ADA)))
        assert (await other.post(url, data={"state": state, "key": key})).status_code == 400
        for body in (b"", b"\xff", b"state=" + b"x" * 10_000):
            form = {"content-type": "application/x-www-form-urlencoded"}
            assert (await browser.post(url, content=body, headers=form)).status_code == 400
        assert (await browser.post(url, json={"state": state, "key": key})).status_code == 400
        assert await stored(keyed) == []
        assert (await browser.post(url, data={"state": state, "key": key})).status_code == 200
        assert (await browser.post(url, data={"state": state, "key": key})).status_code == 400


async def test_somebody_elses_key(keyed: World) -> None:
    """A key binds by its owner's address, like a consent does."""
    page = await pasted(keyed, ADA, keyed.close.api_key(BEN))
    assert page.status_code == 403
    assert await stored(keyed) == []


async def test_close_is_away(keyed: World) -> None:
    """A key that could not be checked is not stored."""
    keyed.close.trouble.html("/me/")
    assert (await pasted(keyed, ADA, keyed.close.api_key(ADA))).status_code == 502
    assert await stored(keyed) == []


async def test_a_key_that_was_deleted(keyed: World) -> None:
    """The same incident as a grant that was ended: told in time, and mended with a new key."""
    await pasted(keyed, ADA, keyed.close.api_key(ADA))
    await asked(keyed, "@ada 8h")
    await press(keyed, ADA, "Approve")
    await settled_in(keyed, State.ACTIVE)
    await cards_at_rest(keyed)
    keyed.close.revoke_tokens(ADA)
    keyed.clock.push(hours=6, seconds=1)
    await keyed.card(ADA, "can no longer act for you in Close")
    await shown(keyed, ADA, "Connect Close")
    await pasted(keyed, ADA, keyed.close.api_key(ADA))
    keyed.clock.push(hours=2)
    await settled_in(keyed, State.ENDED)
    assert not keyed.close.associations


async def test_forgetting_a_key(keyed: World) -> None:
    """Only its owner can delete a key in Close, so that is what they are asked to do."""
    await pasted(keyed, ADA, keyed.close.api_key(ADA))
    await keyed.sendas(ADA, "disconnect")
    await keyed.card(ADA, "Please delete it in Close as well")
    assert await stored(keyed) == []
    assert not [call for call in keyed.close.calls if call.path.startswith("/oauth2/")]


@pytest.mark.parametrize(
    ("status", "words"), [(402, "plan does not include"), (403, "does not let its owner")]
)
async def test_a_key_that_may_not(keyed: World, status: int, words: str) -> None:
    """A key that Close knows but does not let act is not called wrong."""
    keyed.close.trouble.fail("/me/", status)
    page = await pasted(keyed, ADA, keyed.close.api_key(ADA))
    assert words in page.text
    assert "does not accept this key" not in page.text
    assert await stored(keyed) == []


@pytest.mark.parametrize("has_app", [True, False])
async def test_a_key_of_several_organizations(sqlite_url: str, has_app: bool) -> None:
    """Only where there is an OAuth app the page leads to Close's consent page instead."""
    nothing: dict[str, Any] = {} if has_app else {"close_client_id": "", "close_client_secret": ""}
    async with open_world(sqlite_url, allow_api_keys=True, **nothing) as world:
        organizations = [{"id": f"orga_{letter * 43}"} for letter in "xy"]
        me = {"id": ADA.close_user_id, "email": ADA.email, "organizations": organizations}
        world.close.trouble.fail("/me/", 200, body=json.dumps(me).encode())
        page = await pasted(world, ADA, world.close.api_key(ADA))
        assert page.status_code == 409
        assert ("continue to Close instead" in page.text) is has_app
        assert await stored(world) == []


async def test_a_key_of_no_organization(keyed: World) -> None:
    """It is not called one of several organizations."""
    me: dict[str, Any] = {"id": ADA.close_user_id, "email": ADA.email, "organizations": []}
    keyed.close.trouble.fail("/me/", 200, body=json.dumps(me).encode())
    page = await pasted(keyed, ADA, keyed.close.api_key(ADA))
    assert page.status_code == 409
    assert "in no organization" in page.text

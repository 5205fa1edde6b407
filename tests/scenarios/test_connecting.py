"""The walk to Close and back: one-time states, one browser, ten minutes, and every wrong turn."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from models.delegation import State, Trouble
from sandbox.people import ADA, BEN, CLEO, DANA, ORGANIZATION_ID, SandboxPerson
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import (
    active,
    asked,
    cards_at_rest,
    hurry,
    press,
    read_all,
    settled_in,
    shown,
)
from tests.scenarios.world import World, open_world


@asynccontextmanager
async def departed(
    world: World, person: SandboxPerson, *, allow: bool = True
) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """A browser that decided on Close's consent page, and the address it is sent back to."""
    async with httpx.AsyncClient(timeout=PATIENCE) as browser:
        answer = await world.begin(browser, await world.connect_link(person))
        assert answer.status_code == 303
        target = await world.close.consent(answer.headers["location"], person, allow=allow)
        yield browser, target


async def is_connected(world: World) -> bool:
    """Whether any connection is stored."""
    rows = await world.database.run_connection(
        lambda connection: connection.exec_driver_sql("SELECT count(*) FROM connections").scalar()
    )
    return bool(rows)


async def test_the_walk(world: World) -> None:
    """The browser gets a cookie for this walk only, and ends on a page without scripts."""
    async with httpx.AsyncClient(timeout=PATIENCE) as browser:
        departure = await world.begin(browser, await world.connect_link(ADA))
        cookie = departure.headers["set-cookie"]
        for part in ("HttpOnly", "SameSite=lax", "Path=/close", "Max-Age=600"):
            assert part in cookie
        query = parse_qs(urlsplit(departure.headers["location"]).query)
        assert query["response_type"] == ["code"]
        assert query["redirect_uri"] == [f"{world.bot_url}/close/callback"]
        target = await world.close.consent(departure.headers["location"], ADA)
        page = await browser.get(target)
    assert page.status_code == 200
    assert ADA.email in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"
    assert list(browser.cookies) == ["sendas_browser"]  # nothing of this walk is left
    assert await is_connected(world)


async def test_a_state_works_once(world: World) -> None:
    """The same callback again, or twice at the same moment, stores one connection."""
    async with departed(world, ADA) as (browser, target):
        answers = await asyncio.gather(*(browser.get(target) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [200, 400, 400]
        again = await browser.get(target)
        assert again.status_code == 400
        assert "Connect Close button" in again.text
    exchanges = [call for call in world.close.calls if call.path == "/oauth2/token/"]
    assert len(exchanges) == 1


async def test_a_walk_takes_at_most_ten_minutes(stage: World) -> None:
    """After ten minutes the state is worth nothing, although Close still gave a code."""
    async with departed(stage, ADA) as (browser, target):
        stage.clock.push(minutes=10, seconds=1)
        assert (await browser.get(target)).status_code == 400
    assert not await is_connected(stage)
    assert not [call for call in stage.close.calls if call.path == "/oauth2/token/"]


async def test_an_old_link_is_refused(stage: World) -> None:
    """A link is good for a week."""
    link = await stage.connect_link(ADA)
    stage.clock.push(days=7, seconds=1)
    async with httpx.AsyncClient(timeout=PATIENCE) as browser:
        assert (await browser.get(link)).status_code == 400


async def test_consent_denied(stage: World) -> None:
    """A person who says no in Close reads that nothing changed, and the state is used up."""
    async with departed(stage, ADA, allow=False) as (browser, target):
        page = await browser.get(target)
        assert page.status_code == 200
        assert "not connected" in page.text
        assert (await browser.get(target)).status_code == 400
    assert not await is_connected(stage)


@pytest.mark.parametrize("what", ["user", "organization", "unreadable", "down"])
async def test_me_has_to_agree_with_the_tokens(stage: World, what: str) -> None:
    """The account in the token answer is checked against ``/me/`` before anything is stored."""
    organization = ORGANIZATION_ID if what == "user" else f"orga_{'x' * 43}"
    user = CLEO.close_user_id if what == "user" else ADA.close_user_id
    me = {"id": user, "email": "x@example.com", "organizations": [{"id": organization}]}
    body = b"<html>" if what == "unreadable" else json.dumps(me).encode()
    stage.close.trouble.fail("/me/", 503 if what == "down" else 200, body=body)
    async with departed(stage, ADA) as (browser, target):
        assert (await browser.get(target)).status_code == 502
    assert not await is_connected(stage)


async def test_connecting_again_replaces_the_tokens(world: World) -> None:
    """A second walk is no second connection, and the new tokens are the ones in use."""
    await active(world)
    world.close.revoke_tokens(ADA)
    await world.connect(ADA)
    world.clock.push(hours=2)
    await settled_in(world, State.ENDED)
    assert not world.close.associations


async def test_a_grant_that_was_ended_in_close(world: World) -> None:
    """Tokens were revoked in Close: the approval waits, asks to connect again, then goes on."""
    await world.connect(ADA)
    await asked(world)
    world.close.revoke_tokens(ADA)
    await press(world, ADA, "Approve")
    reply = await _connect_button(world, "again")
    assert (await settled_in(world, State.APPROVED)).trouble is Trouble.CONNECTION_LOST
    await world.follow(reply, ADA)
    await settled_in(world, State.ACTIVE)
    assert world.close.find(ADA, BEN)


async def _connect_button(world: World, words: str) -> str:
    await shown(world, ADA, "Connect Close", words)
    reply = await press(world, ADA, "Connect Close")
    assert reply.url is not None
    return reply.url


async def test_a_right_that_ends_while_the_connection_is_dead(world: World) -> None:
    """It is an incident, not a silent retry: both are told, and connecting again ends it."""
    await active(world)
    world.close.revoke_tokens(ADA)
    world.clock.push(hours=2)
    link = await _connect_button(world, "may still be able to send")
    assert (await world.only()).state is State.ENDING
    await cards_at_rest(world)
    assert "no longer works" in read_all(world, BEN)
    assert world.close.find(ADA, BEN)
    await world.follow(link, ADA)
    await settled_in(world, State.ENDED)
    assert not world.close.find(ADA, BEN)
    await cards_at_rest(world)
    assert "can no longer send email as you" in read_all(world, ADA)


async def test_tokens_are_refreshed_before_they_run_out(stage: World) -> None:
    """An hour later the access token is renewed once, and the new pair is the one that works."""
    await active(stage, "@ada 3h")
    stage.clock.push(hours=3)
    await settled_in(stage, State.ENDED)
    refreshes = [call for call in stage.close.calls if call.path == "/oauth2/token/"]
    assert len(refreshes) == 2
    await active(stage, "@ada 3h Again")


async def test_lost_keys_are_told_and_do_not_spin(sqlite_url: str) -> None:
    """With other ``ENCRYPTION_KEYS`` the stored tokens are unreadable: people connect again."""
    async with open_world(sqlite_url) as world:
        await world.connect(ADA)
    async with open_world(sqlite_url) as world:
        await asked(world)
        await press(world, ADA, "Approve")
        await shown(world, ADA, "Connect Close", "again")
        await asyncio.sleep(0.2)
        delegation = await world.only()
        assert delegation.attempts <= 2
        assert delegation.trouble is Trouble.CONNECTION_LOST


async def test_people_who_were_never_in_close(stage: World) -> None:
    """The grantee has no account in the grantor's organization: it waits, with a way on."""
    await stage.connect(ADA)
    answer = await stage.sendas(_eli(stage), "@ada 2h")
    assert "Asked" in answer
    await press(stage, ADA, "Approve")
    await shown(stage, ADA, "Revoke", "/sendas connect")
    delegation = await stage.until(State.APPROVED)
    assert delegation.trouble is Trouble.GRANTEE_NOT_IN_CLOSE


def _eli(world: World) -> SandboxPerson:
    return next(p for p in world.slack.workspace.people.values() if p.handle == "eli")


async def test_both_use_the_same_close_account(sqlite_url: str) -> None:
    """Two people on one Close account cannot lend it to each other."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as world:
        await world.follow(await world.connect_link(BEN), ADA)
        await press(world, DANA, "Confirm")
        await world.card(BEN, "is connected")
        await world.connect(ADA)
        await press(world, DANA, "Confirm")
        await world.card(ADA, "is connected")
        await asked(world)
        await press(world, ADA, "Approve")
        delegation = await settled_in(world, State.FAILED)
        assert delegation.trouble is Trouble.SAME_CLOSE_ACCOUNT


async def test_short_lived_tokens_are_refreshed_every_time(stage: World) -> None:
    """Access tokens that live shorter than our margin still work."""
    stage.close.set_expires_in(timedelta(seconds=30))
    await active(stage)
    stage.clock.push(hours=2)
    async with asyncio.timeout(PATIENCE):
        while (await stage.only()).state is not State.ENDED:
            hurry(stage, await stage.only())
            await asyncio.sleep(MOMENT)

"""The real client against the sandbox Close over real HTTP: the plain way."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from starlette.requests import Request as Asked
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bot.close.errors import CloseProblem, NotFound, ReconnectNeeded, RefusedByClose, Unauthorized
from bot.close.transport import Request, open_http, send
from bot.ports import Credential, SentEmail
from sandbox.close.state import HeldAccount
from sandbox.people import ADA, BEN, CLEO, DANA, FINN, ORGANIZATION_ID
from sandbox.serving import serve
from tests.integration.close_world import (
    CALLBACK,
    World,
    code_of,
    oauth_client,
    open_world,
    user_id,
)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Open a fresh world."""
    async with open_world() as opened:
        yield opened


async def test_the_life_of_an_association(world: World) -> None:
    """Created, got, listed from both sides, deleted, and gone."""
    ada, ben = world.credential(ADA), world.credential(BEN)
    created = await world.client.create_association(ada, user_id(ADA), user_id(BEN))
    assert created.organization_id == ORGANIZATION_ID
    assert await world.client.association(ada, created.id) == created
    assert await world.client.associations(ada) == [created]
    assert await world.client.associations(ben, allowed_user_id=user_id(BEN)) == [created]
    await world.client.delete_association(ada, created.id)
    assert world.close.associations == []
    with pytest.raises(NotFound):
        await world.client.association(ada, created.id)


async def test_who_is_who(world: World) -> None:
    """``/me/`` and ``/user/`` agree on a person; people who were removed are not listed."""
    ada = world.credential(ADA)
    me = await world.client.me(ada)
    users = {each.id: each for each in await world.client.users(ada)}
    assert (me.email, me.name) == (ADA.email, ADA.name)
    assert users[me.id] == me
    assert set(users) == {user_id(each) for each in (ADA, BEN, CLEO, DANA)}


async def test_users_come_in_pages(world: World) -> None:
    """Everybody is found when a page holds a single user."""
    world.close.set_page_limit(1)
    users = await world.client.users(world.credential(ADA))
    assert len(users) == 4
    assert len([call for call in world.close.calls if call.path.endswith("/user/")]) == 4


async def test_an_api_key_works_like_a_token(world: World) -> None:
    """Basic authentication with a key acts as the key's owner."""
    key = Credential(world.close.api_key(DANA), is_api_key=True)
    assert (await world.client.me(key)).id == user_id(DANA)


async def test_accounts_that_can_send(world: World) -> None:
    """A google account can send, a zoom account cannot, and without accounts the list is empty."""
    ada = world.credential(ADA)
    (account,) = await world.client.sending_accounts(ada, user_id(ADA))
    assert account.addresses == (ADA.email,)
    zoom = HeldAccount("emailacct_1", "zoom", user_id(ADA), ADA.name, ())
    world.close.set_accounts(ADA, zoom)
    assert await world.client.sending_accounts(ada, user_id(ADA)) == []
    world.close.set_accounts(ADA)
    assert await world.client.sending_accounts(ada, user_id(ADA)) == []


@pytest.mark.parametrize("is_grantors", [True, False])
async def test_email_is_found_by_its_association(world: World, is_grantors: bool) -> None:
    """Mail sent under a right carries the association's id, whoever Close says it belongs to."""
    world.close.unknowns.email_belongs_to_grantor = is_grantors
    held = world.close.allow(ADA, BEN)
    world.close.send_email(BEN, in_name_of=ADA, subject="Offer")
    world.close.send_email(BEN, subject="Own")
    now = datetime.now(UTC)
    found: list[SentEmail] = []
    for person in (ADA, BEN):
        found += await world.client.outgoing_emails(
            world.credential(ADA),
            user_id=user_id(person),
            since=now - timedelta(hours=1),
            until=now + timedelta(hours=1),
        )
    assert [each.subject for each in found if each.send_as_id == held.id] == ["Offer"]


async def test_connecting(world: World) -> None:
    """A code becomes tokens that belong to the person who consented; it works once."""
    code = await code_of(world, BEN)
    tokens = await world.oauth.exchange(code)
    assert (tokens.user_id, tokens.organization_id) == (user_id(BEN), ORGANIZATION_ID)
    assert (await world.client.me(Credential(tokens.access_token))).id == user_id(BEN)
    with pytest.raises(ReconnectNeeded):
        await world.oauth.exchange(code)


async def test_the_consent_page_in_a_browser(world: World) -> None:
    """The page lists the members and sends the browser back with a code, or with a refusal."""
    address = world.oauth.authorize_url("s1")
    page = await world.browser.get(address)
    assert ADA.name in page.text
    assert FINN.name not in page.text
    chosen = {"person": user_id(ADA)}
    yes = await world.browser.post(address, data={**chosen, "do": "allow"})
    assert yes.headers["location"].startswith(f"{CALLBACK}?code=")
    no = await world.browser.post(address, data={**chosen, "do": "deny"})
    assert no.headers["location"] == f"{CALLBACK}?error=access_denied&state=s1"


async def test_a_wrong_way_back_is_not_followed(world: World) -> None:
    """The consent page redirects only to the address that the application registered."""
    address = world.oauth.authorize_url("s1").replace("bot.test", "evil.test")
    page = await world.browser.post(address, data={"person": user_id(ADA), "do": "allow"})
    assert (page.status_code, "location" in page.headers) == (400, False)


async def test_a_code_dies_of_age(world: World) -> None:
    """A code that was kept for two minutes is no longer taken."""
    code = await code_of(world, BEN)
    world.close.state.now = lambda: datetime.now(UTC) + timedelta(minutes=2)
    with pytest.raises(ReconnectNeeded):
        await world.oauth.exchange(code)


async def test_an_access_token_dies_of_age_and_a_refresh_helps(world: World) -> None:
    """After its life an access token is unauthorized, and the refreshed one works."""
    world.close.set_expires_in(timedelta(0))
    old = await world.oauth.exchange(await code_of(world, BEN))
    with pytest.raises(Unauthorized):
        await world.client.me(Credential(old.access_token))
    world.close.set_expires_in(timedelta(hours=1))
    assert old.refresh_token
    new = await world.oauth.refresh(old.refresh_token)
    assert (await world.client.me(Credential(new.access_token))).id == user_id(BEN)


async def test_a_wrong_client_secret_is_the_operators_problem(world: World) -> None:
    """A rejected client never asks the person to reconnect."""
    wrong = oauth_client(world.http, world.url, secret="wrong")
    with pytest.raises(RefusedByClose) as caught:
        await wrong.refresh("any")
    assert caught.value.problem is CloseProblem.CLIENT_REJECTED


async def test_the_shared_way_out_keeps_no_cookies_and_follows_nothing() -> None:
    """A cookie that came with one credential goes out with no other; a redirect is an answer."""
    brought: list[str | None] = []

    async def close(scope: Scope, receive: Receive, say: Send) -> None:
        if scope["type"] == "http":
            brought.append(Asked(scope).headers.get("cookie"))
            answer = Response(status_code=302, headers={"location": "/elsewhere/"})
            answer.set_cookie("session", "ada")
            await answer(scope, receive, say)

    async with serve(close) as url, open_http() as http:
        for _ in range(2):
            answer = await send(http, Request("GET", "/me/", f"{url}/me/"))
            assert answer.status == 302
    assert brought == [None, None]

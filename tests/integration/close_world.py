"""A sandbox Close served over HTTP, and the real clients that talk to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx

from bot.close.client import CloseClient
from bot.close.limits import Limiter
from bot.close.oauth import CloseOAuthClient
from bot.close.transport import open_http
from bot.ports import Credential
from sandbox.close import CLIENT_ID, CLIENT_SECRET, SandboxClose
from sandbox.people import SandboxPerson
from sandbox.serving import serve

CALLBACK = "https://bot.test/close/callback"


@dataclass
class World:
    """A sandbox Close and the real clients that talk to it."""

    close: SandboxClose
    client: CloseClient
    oauth: CloseOAuthClient
    http: httpx.AsyncBaseTransport
    url: str

    @property
    def browser(self) -> httpx.AsyncClient:
        """Goes the same way, as somebody who looks at pages."""
        return httpx.AsyncClient(transport=self.http)

    def credential(self, person: SandboxPerson) -> Credential:
        """Return a fresh connection of ``person``."""
        return Credential(self.close.connect(person)["access_token"])

    async def allow(self, grantor: SandboxPerson, grantee: SandboxPerson) -> str:
        """Let the grantor's own credential create an association; returns its id."""
        created = await self.client.create_association(
            self.credential(grantor), user_id(grantor), user_id(grantee)
        )
        return created.id


def user_id(person: SandboxPerson) -> str:
    """Return the Close user id of somebody who has one."""
    assert person.close_user_id
    return person.close_user_id


def oauth_client(
    http: httpx.AsyncBaseTransport, url: str, secret: str = CLIENT_SECRET
) -> CloseOAuthClient:
    """Return an OAuth client for a sandbox that is both Close's app and Close's API."""
    return CloseOAuthClient(
        http,
        api_url=url,
        app_url=url,
        client_id=CLIENT_ID,
        client_secret=secret,
        redirect_uri=CALLBACK,
    )


@asynccontextmanager
async def open_world() -> AsyncIterator[World]:
    """Serve a sandbox Close and open the clients."""
    close = SandboxClose(redirect_uri=CALLBACK)
    async with serve(close.app) as url, open_http() as http:
        yield World(close, CloseClient(http, url, Limiter()), oauth_client(http, url), http, url)


async def code_of(world: World, person: SandboxPerson) -> str:
    """Go through the consent page and return the code."""
    target = await world.close.consent(world.oauth.authorize_url("s1"), person)
    query = parse_qs(urlsplit(target).query)
    assert query["state"] == ["s1"]
    return query["code"][0]

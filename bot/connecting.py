"""Connecting: Close's authorization-code flow in the person's own browser.

The state is one-time, lives ten minutes, and is bound to the person in Slack and to the browser
that opened the link.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from bot.connections import Connections
from bot.crypto import fingerprint, new_secret
from bot.links import Links
from bot.ports import Close, CloseOAuth, CloseUser, Credential, Now, TokenAnswer
from bot.store import Database, Store
from models.base import new_id
from models.connection import Connection, ConnectState

STATE_LIFE = timedelta(minutes=10)


class NotConnectable(Exception):
    """The walk through Close's consent page did not lead to a connection."""


class StateRefused(NotConnectable):
    """The state is unknown, used up, too old, or belongs to another browser."""


class AccountMismatch(NotConnectable):
    """The token answer and ``/me/`` do not speak of the same account."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send the browser, and the secret that it carries as a cookie."""

    url: str
    browser_secret: str = field(repr=False)


class Connecting:
    """Starts and finishes the walk. ``wake`` tells the worker that waiting work can go on."""

    def __init__(
        self,
        database: Database,
        connections: Connections,
        oauth: CloseOAuth,
        close: Close,
        links: Links,
        now: Now,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._connections = connections
        self._oauth = oauth
        self._close = close
        self._links = links
        self._now = now
        self._wake = wake
        self._log = structlog.get_logger("bot.connecting")

    async def depart(self, link: str) -> Departure:
        """From our link to Close's consent page. Raises LinkRefused."""
        team_id, slack_user_id = self._links.read(link)
        state, browser_secret, now = new_secret(), new_secret(), self._now()
        row = ConnectState(
            state_hash=fingerprint(state),
            browser_hash=fingerprint(browser_secret),
            team_id=team_id,
            slack_user_id=slack_user_id,
            expires_at=now + STATE_LIFE,
        )
        await self._database.run(lambda store: store.connect_states.add(row, now=now))
        return Departure(self._oauth.authorize_url(state), browser_secret)

    async def arrive(self, *, state: str, browser_secret: str, code: str) -> Connection:
        """Back from Close: the code becomes a stored connection, and waiting delegations go on.

        Raises StateRefused, AccountMismatch and ``bot.close.errors``.
        """
        started = await self.take_state(state=state, browser_secret=browser_secret)
        answer = await self._oauth.exchange(code)
        user = await self._close.me(Credential(answer.access_token))
        if user.id != answer.user_id or answer.organization_id not in user.organization_ids:
            raise AccountMismatch
        connection = self._connection(started, answer, user)
        await self._database.run(lambda store: self._keep(store, connection))
        self._log.info("connected", team=connection.team_id, user=connection.slack_user_id)
        self._wake()
        return connection

    async def take_state(self, *, state: str, browser_secret: str) -> ConnectState:
        """Use the state up; raises StateRefused."""
        started = await self._database.run(
            lambda store: store.connect_states.take(fingerprint(state))
        )
        if started is None or started.expires_at <= self._now():
            raise StateRefused
        if not hmac.compare_digest(started.browser_hash, fingerprint(browser_secret)):
            raise StateRefused
        return started

    def _connection(
        self, started: ConnectState, answer: TokenAnswer, user: CloseUser
    ) -> Connection:
        return Connection(
            id=new_id(),
            team_id=started.team_id,
            slack_user_id=started.slack_user_id,
            close_user_id=answer.user_id,
            organization_id=answer.organization_id,
            email=user.email,
            is_api_key=False,
            is_alive=True,
            secret=self._connections.seal(answer),
            access_expires_at=self._connections.expiry(answer),
            connected_at=self._now(),
        )

    def _keep(self, store: Store, connection: Connection) -> None:
        store.connections.put(connection)
        store.delegations.wake_for_grantor(
            connection.team_id, connection.slack_user_id, now=self._now()
        )

"""Connecting: from a link in Slack to a Close account that is known to be that person's.

The way leads through Close's consent page, or through our own form for an API key. Its state is
one-time, lives ten minutes, and is bound to the person in Slack and to the browser that opened
the link. An account with another address than the person's own in Slack waits for an admin.
"""

import contextlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot.close.errors import CloseError, CloseProblem, RefusedByClose
from bot.connections.links import Links
from bot.connections.sessions import Connections
from bot.connections.vault import fingerprint, new_secret
from bot.ports import Close, CloseOAuth, CloseUser, Credential, Directory, Now
from bot.store import Database, Store
from models.account import Account
from models.base import new_id
from models.connection import Connection, ConnectState
from models.notice import NoticeKind
from models.pairing import Pairing, Verdict
from models.person import Person
from models.policy import who_refusal
from models.stray import StrayState

STATE_LIFE = timedelta(minutes=10)
PAIRING_LIFE = timedelta(days=7)
UNFINISHED = (StrayState.FOUND, StrayState.REMOVING)


class NotConnectable(Exception):
    """The way to Close did not lead to a connection."""


class StateRefused(NotConnectable):
    """The state is unknown, used up, too old, or belongs to another browser."""


class NotAMember(NotConnectable):
    """The link is for somebody who can take no part: a guest, somebody who has left, an app."""


class AccountMismatch(NotConnectable):
    """The token answer and ``/me/`` do not speak of the same account."""


class OrganizationUnclear(NotConnectable):
    """An API key whose owner is in several organizations does not say to which it belongs."""


class NoOrganization(NotConnectable):
    """An API key whose owner is in no organization at all: nothing can be done with it."""


class NobodyCanConfirm(NotConnectable):
    """The address is not the person's Slack address, and there is no (other) admin to ask."""

    def __init__(self, email: str) -> None:
        super().__init__()
        self.email = email


class OtherAccountInUse(NotConnectable):
    """Rights that exist now were given with another account; only that one can take them back."""

    def __init__(self, email: str) -> None:
        super().__init__()
        self.email = email


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send the browser, and what it has to bring back: the state and, as a cookie, the
    secret."""

    url: str
    state: str = field(repr=False)
    browser_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Whose account it is; ``needs_admin`` says that an admin has to confirm it first."""

    email: str
    needs_admin: bool = False


class Connecting:
    """Starts and finishes the way. ``wake`` tells the workers that waiting work can go on."""

    def __init__(
        self,
        database: Database,
        connections: Connections,
        oauth: CloseOAuth,
        close: Close,
        directory: Directory,
        links: Links,
        now: Now,
        wake: Callable[[], None],
        *,
        admins: frozenset[str] = frozenset(),
    ) -> None:
        self._database = database
        self._connections = connections
        self._oauth = oauth
        self._close = close
        self._directory = directory
        self._links = links
        self._now = now
        self._wake = wake
        self._admins = admins
        self._log = structlog.get_logger("bot.connections.flow")

    async def depart(self, link: str) -> Departure:
        """From our link to Close's consent page.

        Raises LinkRefused, NotAMember and ``bot.slack.errors``.
        """
        team_id, slack_user_id = self._links.read(link)
        await self._member(team_id, slack_user_id)
        return await self.depart_again(team_id, slack_user_id)

    async def depart_again(self, team_id: str, slack_user_id: str) -> Departure:
        """A fresh state for a person whose link was good a moment ago."""
        state, browser_secret, now = new_secret(), new_secret(), self._now()
        row = ConnectState(
            state_hash=fingerprint(state),
            browser_hash=fingerprint(browser_secret),
            team_id=team_id,
            slack_user_id=slack_user_id,
            expires_at=now + STATE_LIFE,
        )
        await self._database.run(lambda store: store.connect_states.add(row, now=now))
        return Departure(self._oauth.authorize_url(state), state, browser_secret)

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

    async def arrive(self, started: ConnectState, *, code: str) -> Arrival:
        """Back from Close with a code.

        Raises NotConnectable, ``bot.slack.errors`` and ``bot.close.errors``.
        """
        slack_email = await self._slack_email(started)
        answer = await self._oauth.exchange(code)
        sealed = self._connections.seal(answer)
        user = await self._close.me(Credential(answer.access_token))
        if user.id != answer.user_id or answer.organization_id not in user.organization_ids:
            raise AccountMismatch
        account = _account(
            user, answer.organization_id, sealed, expires_at=self._connections.expiry(answer)
        )
        try:
            return await self._bind(started, slack_email, account)
        except NotConnectable:
            await self._give_back(account)
            raise

    async def arrive_with_key(self, started: ConnectState, *, api_key: str) -> Arrival:
        """An API key from our own form; raises as :meth:`arrive` does."""
        slack_email = await self._slack_email(started)
        if not api_key.isascii() or not api_key.isprintable() or ":" in api_key:
            raise RefusedByClose(CloseProblem.INVALID)  # a key has no such characters
        user = await self._close.me(Credential(api_key, is_api_key=True))
        if not user.organization_ids:
            raise NoOrganization
        if len(user.organization_ids) > 1:
            raise OrganizationUnclear
        sealed = self._connections.seal_key(api_key)
        account = _account(user, user.organization_ids[0], sealed, is_api_key=True)
        return await self._bind(started, slack_email, account)

    async def _slack_email(self, started: ConnectState) -> str | None:
        """Asked first: a code of Close works only once."""
        return (await self._member(started.team_id, started.slack_user_id)).email

    async def _member(self, team_id: str, slack_user_id: str) -> Person:
        """Raises NotAMember for whoever cannot give or get a right."""
        person = await self._directory.person(slack_user_id)
        if person is None or who_refusal(person, team_id) is not None:
            raise NotAMember
        return person

    async def _bind(
        self, started: ConnectState, slack_email: str | None, account: Account
    ) -> Arrival:
        email = account.email
        if slack_email is not None and slack_email.casefold() == email.casefold():
            await keep(self._database, self._connection(started, account), now=self._now())
            self._log.info("connected", team=started.team_id, user=started.slack_user_id)
            self._wake()
            return Arrival(email)
        pairing = self._pairing(started, slack_email, account)
        if not deciders(self._admins, pairing):
            raise NobodyCanConfirm(email)
        await self._database.run(lambda store: self._ask_admins(store, pairing))
        self._log.info("pairing waits", team=started.team_id, user=started.slack_user_id)
        self._wake()
        return Arrival(email, needs_admin=True)

    async def _give_back(self, account: Account) -> None:
        """What is not kept is ended at Close, unless that could end a connection that is kept."""
        is_known = await self._database.run(
            lambda store: store.connections.is_known(account.close_user_id)
        )
        if not is_known:
            with contextlib.suppress(CloseError):  # nobody has these tokens any more in any case
                await self._connections.revoke(account.secret)

    def _connection(self, started: ConnectState, account: Account) -> Connection:
        now = self._now()
        return Connection(
            id=new_id(),
            team_id=started.team_id,
            slack_user_id=started.slack_user_id,
            account=account,
            connected_at=now,
            checked_at=now,
            wake_at=now,
        )

    def _pairing(self, started: ConnectState, slack_email: str | None, account: Account) -> Pairing:
        now = self._now()
        return Pairing(
            id=new_id(),
            team_id=started.team_id,
            slack_user_id=started.slack_user_id,
            slack_email=slack_email,
            account=account,
            created_at=now,
            wake_at=now + PAIRING_LIFE,
        )

    def _ask_admins(self, store: Store, pairing: Pairing) -> None:
        now = self._now()
        for earlier in store.pairings.waiting_for(pairing.team_id, pairing.slack_user_id):
            store.pairings.decide(earlier, Verdict.REPLACED, by=None, wake_at=now)
            store.notices.mark_stale(earlier.id, now=now)
        store.pairings.add(pairing)
        store.notices.tell(
            NoticeKind.PAIRING,
            team_id=pairing.team_id,
            recipients=sorted(deciders(self._admins, pairing)),
            subject_id=pairing.id,
            incident="asked",
            now=now,
        )


def _account(
    user: CloseUser,
    organization_id: str,
    sealed: bytes,
    *,
    is_api_key: bool = False,
    expires_at: datetime | None = None,
) -> Account:
    return Account(
        close_user_id=user.id,
        organization_id=organization_id,
        email=user.email,
        name=user.name[:200],
        is_api_key=is_api_key,
        secret=sealed,
        access_expires_at=expires_at,
    )


def deciders(admins: frozenset[str], pairing: Pairing) -> frozenset[str]:
    """Who may confirm a pairing: an admin, and nobody their own."""
    return admins - {pairing.slack_user_id}


async def keep(database: Database, connection: Connection, *, now: datetime) -> None:
    """Store a connection in place of an earlier one, and let what waits for it go on.

    Raises OtherAccountInUse. What began to wait while it was being stored is woken afterwards.
    """
    team_id, person = connection.team_id, connection.slack_user_id
    await database.run(lambda store: put(store, connection, now=now))
    await database.run(lambda store: store.delegations.wake_for_person(team_id, person, now=now))


def put(store: Store, connection: Connection, *, now: datetime) -> None:
    """The transaction of :func:`keep`; delegations are locked before connections, as everywhere."""
    team_id, person = connection.team_id, connection.slack_user_id
    store.delegations.wake_for_person(team_id, person, now=now)
    store.delegations.identify_anew(team_id, person, now=now)
    store.strays.wake_for_person(team_id, person, now=now)
    # Checked under the locks: an attempt is either seen here, or sees the new connection.
    before = store.connections.get(team_id, person, lock=True)
    _check_account(store, before, connection)
    store.connections.put(connection)
    store.comparisons.plan(team_id, person, now=now)
    store.homes.touch(team_id, person, now=now)
    if before is not None:
        store.notices.mark_stale(before.id, now=now)


def _check_account(store: Store, before: Connection | None, new: Connection) -> None:
    """Rights that exist, or that the grantor was asked about, can be taken back only with the
    account that gave them."""
    theirs = new.account.membership
    if before is None or theirs == before.account.membership:
        return
    for each in store.delegations.served_by(new.team_id, new.slack_user_id):
        used = (each.grantor_close_id, each.organization_id)
        if each.attempted_at is not None and used != theirs:
            raise OtherAccountInUse(before.account.email)
    for stray in store.strays.of_grantor(new.team_id, new.slack_user_id):
        if stray.state in UNFINISHED and not stray.belongs_to(*theirs):
            raise OtherAccountInUse(before.account.email)

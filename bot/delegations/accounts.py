"""Which Close account belongs to a grantee.

An account proven by the person's own connection beats a match by e-mail address.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.close.errors import CloseError
from bot.connections.sessions import CloseSession, Connections, NotConnected
from bot.ports import Close, CloseUser, Now
from bot.store import Database, Store
from models.connection import Connection
from models.delegation import Delegation, State, Trouble

MEMBERS_KEPT = timedelta(minutes=10)
MEMBERS_FRESH = timedelta(seconds=30)  # somebody missing in a list of this age is really missing


class NoAccount(Exception):
    """The grantee has no usable Close account; ``trouble`` says why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Account:
    """A Close account as people read it; proven when its owner connected it themselves."""

    close_user_id: str
    shown: str
    is_proven: bool


@dataclass(frozen=True, slots=True)
class _Known:
    """The connections that can tell who a grantee is."""

    grantor: Connection | None
    grantee: Connection | None
    others: Sequence[Connection]


@dataclass(frozen=True, slots=True)
class _Listed:
    at: datetime
    users: Sequence[CloseUser]


class Identities:
    """Looks people up in Close. Without ``by_email`` only what people proved counts."""

    def __init__(
        self,
        database: Database,
        connections: Connections,
        close: Close,
        now: Now,
        *,
        by_email: bool = True,
    ) -> None:
        self._database = database
        self._connections = connections
        self._close = close
        self._now = now
        self._matches_email = by_email
        self._listed: dict[str, _Listed] = {}
        self._listing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def grantee(self, session: CloseSession, delegation: Delegation) -> str:
        """The grantee's Close user id; raises NoAccount and ``bot.close.errors``."""
        return (await self.account(session, delegation)).close_user_id

    async def account(self, session: CloseSession, delegation: Delegation) -> Account:
        """The grantee's account in the grantor's organization, asked in the grantor's name.

        Raises NoAccount and ``bot.close.errors``.
        """
        known = await self._known(delegation)
        if known.grantee is not None:
            if known.grantee.organization_id != session.connection.organization_id:
                raise NoAccount(Trouble.OTHER_ORGANIZATION)
            found = _proven(known.grantee)
        elif not self._matches_email:
            raise NoAccount(Trouble.GRANTEE_NOT_CONNECTED)
        else:
            found = await self._by_email(session, delegation.grantee_email, known.others)
        if found.close_user_id == session.connection.close_user_id:
            raise NoAccount(Trouble.SAME_CLOSE_ACCOUNT)
        if delegation.state is State.APPROVED and not _was_seen(found, delegation):
            raise NoAccount(Trouble.GRANTEE_CHANGED)
        return found

    async def foreseen(self, delegation: Delegation) -> Account | None:
        """The account that an approval would be for, as far as any connection can tell.

        None when nobody who is connected knows. Raises NoAccount and ``bot.close.errors``.
        """
        known = await self._known(delegation)
        if known.grantor is not None and known.grantor.is_usable:
            return await self.account(self._connections.session(known.grantor), delegation)
        if known.grantee is not None:
            return _proven(known.grantee)
        if not self._matches_email:
            raise NoAccount(Trouble.GRANTEE_NOT_CONNECTED)
        if not delegation.grantee_email:
            raise NoAccount(Trouble.GRANTEE_WITHOUT_EMAIL)
        for other in known.others:  # the grantor's organization is one of these, most likely
            session = self._connections.session(other)
            matches = await self._matches(session, delegation.grantee_email, MEMBERS_KEPT)
            if len(matches) == 1:
                return _matched(matches[0])
        return None

    async def member(self, session: CloseSession, close_user_id: str) -> CloseUser | None:
        """A member of the session's organization, or None when there is no such member."""
        for oldest in (MEMBERS_KEPT, MEMBERS_FRESH):
            for user in await self._members_of(session, not_older_than=oldest):
                if user.id == close_user_id:
                    return user
        return None

    async def _known(self, delegation: Delegation) -> _Known:
        d = delegation

        def read(store: Store) -> _Known:
            return _Known(
                grantor=store.connections.get(d.team_id, d.grantor_id),
                grantee=store.connections.get(d.team_id, d.grantee_id),
                others=store.connections.usable(d.team_id),
            )

        return await self._database.run(read)

    async def _by_email(
        self, session: CloseSession, email: str | None, others: Sequence[Connection]
    ) -> Account:
        if not email:
            raise NoAccount(Trouble.GRANTEE_WITHOUT_EMAIL)
        matches: Sequence[CloseUser] = ()
        for oldest in (MEMBERS_KEPT, MEMBERS_FRESH):
            matches = await self._matches(session, email, oldest)
            if len(matches) == 1:
                return _matched(matches[0])
        if matches:
            raise NoAccount(Trouble.GRANTEE_FOUND_TWICE)
        if await self._is_elsewhere(session, email, others):
            raise NoAccount(Trouble.OTHER_ORGANIZATION)
        raise NoAccount(Trouble.GRANTEE_NOT_IN_CLOSE)

    async def _matches(
        self, session: CloseSession, email: str, not_older_than: timedelta
    ) -> Sequence[CloseUser]:
        members = await self._members_of(session, not_older_than=not_older_than)
        return [user for user in members if _is_same(user.email, email)]

    async def _is_elsewhere(
        self, session: CloseSession, email: str, others: Sequence[Connection]
    ) -> bool:
        """Whether an organization other than the session's has this address."""
        home = session.connection.organization_id
        if any(_is_same(user.email, email) for user in self._listed[home].users):
            return True  # the key of somebody in several organizations lists all of them
        for other in others:
            if other.organization_id == home:
                continue
            try:
                elsewhere = self._connections.session(other)
                if await self._matches(elsewhere, email, MEMBERS_KEPT):
                    return True
            except (CloseError, NotConnected):
                continue  # it is only to say more exactly what is wrong
        return False

    async def _members_of(
        self, session: CloseSession, *, not_older_than: timedelta
    ) -> Sequence[CloseUser]:
        organization = session.connection.organization_id
        async with self._listing[organization]:  # many ask at once; one list is enough
            known = self._listed.get(organization)
            if known is None or self._now() - known.at > not_older_than:
                users = await session.call(self._close.users)
                known = self._listed[organization] = _Listed(self._now(), users)
        return [user for user in known.users if organization in user.organization_ids]


def _was_seen(account: Account, delegation: Delegation) -> bool:
    """Whether the grantor saw this address, if they saw any: it gets what they approved."""
    seen = delegation.grantee_account
    return seen is None or _is_same(_address(seen), _address(account.shown))


def _address(shown: str) -> str:
    return shown.rpartition(", ")[2]


def _is_same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _matched(user: CloseUser) -> Account:
    return Account(user.id, _shown(user.name, user.email), is_proven=False)


def _proven(connection: Connection) -> Account:
    shown = _shown(connection.name, connection.email)
    return Account(connection.close_user_id, shown, is_proven=True)


def _shown(name: str, email: str) -> str:
    return ", ".join(part for part in (name.strip()[:60], email) if part)

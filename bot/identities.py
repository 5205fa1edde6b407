"""Which Close account belongs to a grantee.

An account proven by the person's own connection beats a match by e-mail address.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.connections import CloseSession
from bot.ports import Close, CloseUser, Now
from bot.store import Database
from models.delegation import Delegation, Trouble

MEMBERS_KEPT = timedelta(minutes=10)
MEMBERS_FRESH = timedelta(seconds=30)  # somebody missing in a list of this age is really missing


class NoAccount(Exception):
    """The grantee has no usable Close account; ``trouble`` says why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class _Members:
    at: datetime
    users: Sequence[CloseUser]


class Identities:
    """Looks people up in the grantor's Close organization."""

    def __init__(self, database: Database, close: Close, now: Now) -> None:
        self._database = database
        self._close = close
        self._now = now
        self._members: dict[str, _Members] = {}

    async def grantee(self, session: CloseSession, delegation: Delegation) -> str:
        """The grantee's Close user id; raises NoAccount."""
        proven = await self._database.run(
            lambda store: store.connections.get(delegation.team_id, delegation.grantee_id)
        )
        if proven is not None:
            if proven.organization_id != session.connection.organization_id:
                raise NoAccount(Trouble.OTHER_ORGANIZATION)
            found = proven.close_user_id
        else:
            found = await self._by_email(session, delegation.grantee_email)
        if found == session.connection.close_user_id:
            raise NoAccount(Trouble.SAME_CLOSE_ACCOUNT)
        return found

    async def _by_email(self, session: CloseSession, email: str | None) -> str:
        if not email:
            raise NoAccount(Trouble.GRANTEE_WITHOUT_EMAIL)
        for oldest in (MEMBERS_KEPT, MEMBERS_FRESH):
            members = await self._members_of(session, not_older_than=oldest)
            matches = [user for user in members if user.email.casefold() == email.casefold()]
            if len(matches) == 1:
                return matches[0].id
        raise NoAccount(Trouble.GRANTEE_NOT_IN_CLOSE)

    async def _members_of(
        self, session: CloseSession, *, not_older_than: timedelta
    ) -> Sequence[CloseUser]:
        organization = session.connection.organization_id
        known = self._members.get(organization)
        if known is None or self._now() - known.at > not_older_than:
            users = await session.call(self._close.users)
            members = [user for user in users if organization in user.organization_ids]
            known = self._members[organization] = _Members(self._now(), members)
        return known.users

"""Who is in a Close organization: one list for everybody who asks at the same time."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.connections.sessions import CloseSession
from bot.ports import Close, CloseUser, Now
from models.address import is_same_address

KEPT = timedelta(minutes=10)
FRESH = timedelta(seconds=30)  # somebody missing in a list of this age is really missing


@dataclass(frozen=True, slots=True)
class _List:
    at: datetime
    users: Sequence[CloseUser]


class Members:
    """The members of each organization, remembered for a while. All raise what Close says."""

    def __init__(self, close: Close, now: Now) -> None:
        self._close = close
        self._now = now
        self._lists: dict[str, _List] = {}
        self._listing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def find(self, session: CloseSession, close_user_id: str) -> CloseUser | None:
        """A member of the session's organization, or None when there is no such member."""
        for oldest in (KEPT, FRESH):
            for user in await self._here(session, not_older_than=oldest):
                if user.id == close_user_id:
                    return user
        return None

    async def with_email(
        self, session: CloseSession, email: str, *, not_older_than: timedelta = KEPT
    ) -> Sequence[CloseUser]:
        """The members of the session's organization with this address."""
        members = await self._here(session, not_older_than=not_older_than)
        return [user for user in members if is_same_address(user.email, email)]

    async def all(
        self, session: CloseSession, *, not_older_than: timedelta = KEPT
    ) -> Sequence[CloseUser]:
        """Everybody whom Close shows: the key of somebody in several organizations lists all."""
        organization = session.account.organization_id
        async with self._listing[organization]:  # many ask at once; one list is enough
            known = self._lists.get(organization)
            if known is None or self._now() - known.at > not_older_than:
                users = await session.call(self._close.users)
                known = self._lists[organization] = _List(self._now(), users)
        return known.users

    async def _here(
        self, session: CloseSession, *, not_older_than: timedelta
    ) -> Sequence[CloseUser]:
        organization = session.account.organization_id
        users = await self.all(session, not_older_than=not_older_than)
        return [user for user in users if organization in user.organization_ids]

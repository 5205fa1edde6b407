"""What was sent under a right, as Close tells it whenever somebody wants to read it.

Close marks an email that was sent under a right with the association's id, in a field that it does
not promise (close.md §3). Only the counts are stored; what the emails were about is asked for anew,
and kept in memory for as long as it takes to tell the grantor.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Sequence
from datetime import timedelta

from bot.delegations.tools import Tools
from bot.desk import Actor
from bot.ports import OutsideError, SentEmail
from bot.refusals import NotKnown, NotYours, Settled, Thing
from models.delegation import Delegation

TIME_TO_ASK = 5.0  # seconds, while somebody waits for the answer
MOST_SHOWN = 5
MOST_KEPT = 500
MARGIN = timedelta(minutes=1)  # the clocks of Close and of the bot


class Receipts:
    """What people read of it; remembers the newest emails of rights that have just ended."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._recent: OrderedDict[str, Sequence[SentEmail]] = OrderedDict()

    def keep(self, delegation: Delegation, emails: Sequence[SentEmail]) -> None:
        """Remember the newest of these, which are all that were sent."""
        self._recent[delegation.id] = emails[:MOST_SHOWN]
        while len(self._recent) > MOST_KEPT:
            self._recent.popitem(last=False)

    async def last_few(self, delegation: Delegation) -> Sequence[SentEmail]:
        """The newest emails for the message about the end; none when Close is slow to say."""
        if not delegation.was_used:
            return ()
        if delegation.id not in self._recent:
            emails = await _in_time(sent(self._tools, delegation))
            if emails is None:
                return ()
            self.keep(delegation, emails)
        return self._recent[delegation.id]

    async def waiting(self, delegation: Delegation) -> Sequence[SentEmail]:
        """:func:`scheduled` for the warning; nothing when Close cannot say it in time."""
        return await _in_time(scheduled(self._tools, delegation)) or ()

    async def find(self, actor: Actor, delegation_id: str) -> Delegation:
        """The right that the grantor, and nobody else, may read about.

        Raises NotKnown, NotYours and Settled.
        """
        delegation = await self._tools.database.read(
            lambda store: store.delegations.get(delegation_id)
        )
        grantor = (actor.team_id, actor.user_id)
        if delegation is None:
            raise NotKnown(Thing.REQUEST)
        if (delegation.team_id, delegation.grantor_id) != grantor:
            raise NotYours
        if delegation.active_at is None or delegation.association_id is None:
            raise Settled(delegation)
        return delegation

    async def read(self, delegation: Delegation) -> Sequence[SentEmail] | None:
        """What was sent so far, newest first; None when Close does not say."""
        return await _in_time(sent(self._tools, delegation))


async def sent(tools: Tools, delegation: Delegation) -> Sequence[SentEmail]:
    """Every email under this right, newest first. Raises NotConnected and CloseError."""
    return await _of_right(tools, delegation, are_sent=True)


async def scheduled(tools: Tools, delegation: Delegation) -> Sequence[SentEmail]:
    """What Close would still try to send under this right, as far as its API shows it.

    Scheduled emails carry the association's id; a running sequence does not show whose right it
    uses. Newest first. Raises NotConnected and CloseError.
    """
    return await _of_right(tools, delegation, are_sent=False)


async def _of_right(tools: Tools, delegation: Delegation, *, are_sent: bool) -> Sequence[SentEmail]:
    """Whether Close files such an email under the grantor or the grantee is unknown."""
    d = delegation
    session = await tools.connections.open(d.team_id, d.grantor_id)
    ask = tools.close.sent_emails if are_sent else tools.close.waiting_emails
    since = (d.attempted_at or d.active_at or d.requested_at) - MARGIN
    until = (d.ended_at or tools.now()) + MARGIN
    found: dict[str, SentEmail] = {}
    for user_id in (d.grantee_close_id, d.grantor_close_id):
        if user_id is None:
            continue
        rows = await session.call(ask, user_id=user_id, since=since, until=until)
        found |= {row.id: row for row in rows if row.send_as_id == d.association_id}
    return sorted(found.values(), key=lambda email: email.date, reverse=True)


async def _in_time(asked: Awaitable[Sequence[SentEmail]]) -> Sequence[SentEmail] | None:
    """What Close says, or None when whoever waits would wait too long or for nothing."""
    try:
        async with asyncio.timeout(TIME_TO_ASK):
            return await asked
    except (OutsideError, TimeoutError):
        return None

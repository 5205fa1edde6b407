"""What was sent under a right, as Close tells it whenever somebody wants to read it.

Close marks an email that was sent under a right with the association's id, in a field that it does
not promise (close.md §3). Only the counts are stored; what the emails were about is asked for anew,
and kept in memory for as long as it takes to tell the grantor.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bot.connections.sessions import CloseSession
from bot.delegations.tools import Tools
from bot.desk import Actor
from bot.ports import BulkAction, Enrolled, OutsideError, SentEmail
from bot.refusals import NotKnown, NotYours, Settled, Thing
from models.delegation import Delegation, State

Answer = TypeVar("Answer")

TIME_TO_ASK = 5.0  # seconds, while somebody waits for the answer
MOST_SHOWN = 5
MOST_KEPT = 500
MARGIN = timedelta(minutes=1)  # the clocks of Close and of the bot


@dataclass(frozen=True, slots=True)
class Traces:
    """What email under a right shows of what goes on: the ids of emails that wait, and of
    subscriptions that have sent, each with its sequence's, where Close names that."""

    waiting: Sequence[str]
    subscriptions: Mapping[str, str | None]


class Receipts:
    """What people read of it; remembers the newest emails of rights that have just ended."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._recent: OrderedDict[str, Sequence[SentEmail]] = OrderedDict()
        self._enrolled: OrderedDict[str, Sequence[Enrolled]] = OrderedDict()
        self._traces: OrderedDict[str, Traces] = OrderedDict()

    def keep(self, delegation: Delegation, emails: Sequence[SentEmail]) -> None:
        """Remember the newest of these, which are all that were sent."""
        self._recent[delegation.id] = emails[:MOST_SHOWN]
        _let_go(self._recent)

    def leave_traces(self, delegation: Delegation, emails: Sequence[SentEmail]) -> None:
        """Remember what these, which are all there are, show of what goes on."""
        self._traces[delegation.id] = traces(emails)
        _let_go(self._traces)

    def take_traces(self, delegation: Delegation) -> Traces | None:
        """What was remembered, once; None when Close has to be asked."""
        return self._traces.pop(delegation.id, None)

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

    async def enrolled(self, delegation: Delegation) -> Sequence[Enrolled] | None:
        """What was done to many leads at once, newest first; None when Close does not say. Of a
        right that is over it is asked once."""
        if delegation.id in self._enrolled:
            return self._enrolled[delegation.id]
        found = await _in_time(enrolled(self._tools, delegation))
        if found is not None and delegation.state is State.ENDED:
            self._enrolled[delegation.id] = found
            _let_go(self._enrolled)
        return found

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
    """Every email that was sent under this right, newest first. Raises NotConnected and
    CloseError."""
    return [each for each in await _asked(tools, delegation) if not each.is_waiting]


async def enrolled(tools: Tools, delegation: Delegation) -> Sequence[Enrolled]:
    """What this right's grantee did to many at once from the grantor's mailbox while it ran, newest
    first. Raises NotConnected and CloseError."""
    d = delegation
    session, close = await tools.connections.open(d.team_id, d.grantor_id), tools.close
    since, until = window(tools, d)
    done: list[tuple[datetime, BulkAction]] = []
    for ask in (close.enrolments, close.bulk_emails):
        done += [
            (each.date, each)
            for each in await session.call(ask, since=since)
            if each.created_by == d.grantee_close_id
            and each.date is not None
            and since <= each.date <= until
        ]
    if not done:
        return ()
    lent = await session.call(close.sending_accounts, d.grantor_close_id or "")
    accounts = {each.id for each in lent}
    done = [(date, each) for date, each in done if each.sender_account_id in accounts]
    names: dict[str | None, str] = {}
    if any(each.sequence_id is not None for _, each in done):
        names = {each.id: each.name for each in await session.call(close.sequences)}
    return [
        Enrolled(each.action, date, each.leads or 0, names.get(each.sequence_id, ""))
        for date, each in sorted(done, key=lambda one: one[0], reverse=True)
    ]


async def scheduled(tools: Tools, delegation: Delegation) -> Sequence[SentEmail]:
    """What Close would still try to send under this right: scheduled emails and those in the outbox
    carry the association's id. Newest first. Raises NotConnected and CloseError."""
    return [each for each in await _asked(tools, delegation) if each.is_waiting]


async def _asked(tools: Tools, d: Delegation) -> Sequence[SentEmail]:
    return await outgoing(tools, await tools.connections.open(d.team_id, d.grantor_id), d)


async def outgoing(
    tools: Tools, session: CloseSession, delegation: Delegation
) -> Sequence[SentEmail]:
    """Both of these, newest first, by two reads in the grantor's ``session``: whether Close files
    such an email under the grantor or the grantee is unknown. Raises CloseError."""
    d, ask = delegation, tools.close.outgoing_emails
    since, until = window(tools, d)
    found: dict[str, SentEmail] = {}
    for user_id in (d.grantee_close_id, d.grantor_close_id):
        if user_id is None:
            continue
        rows = await session.call(ask, user_id=user_id, since=since, until=until)
        found |= {row.id: row for row in rows if row.send_as_id == d.association_id}
    return sorted(found.values(), key=lambda email: email.date, reverse=True)


def traces(emails: Sequence[SentEmail]) -> Traces:
    """What these emails, which are all of a right, show of what goes on."""
    return Traces(
        [each.id for each in emails if each.is_waiting],
        {
            each.subscription_id: each.sequence_id
            for each in emails
            if each.subscription_id is not None
        },
    )


def _let_go(kept: OrderedDict[str, Any]) -> None:
    while len(kept) > MOST_KEPT:
        kept.popitem(last=False)


def window(tools: Tools, d: Delegation) -> tuple[datetime, datetime]:
    """From when Close was asked for it until its end, or the present."""
    since = (d.attempted_at or d.active_at or d.requested_at) - MARGIN
    return since, (d.ended_at or tools.now()) + MARGIN


async def _in_time(asked: Awaitable[Sequence[Answer]]) -> Sequence[Answer] | None:
    """What Close says, or None when whoever waits would wait too long or for nothing."""
    try:
        async with asyncio.timeout(TIME_TO_ASK):
            return await asked
    except (OutsideError, TimeoutError):
        return None

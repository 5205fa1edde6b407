"""What was sent under a right: counted when it has ended, shown again whenever the grantor asks.

Close marks an email that was sent under a right with the association's id, in a field that it does
not promise (close.md §3). Only the counts are stored; what the emails were about is asked for anew,
and kept in memory for as long as it takes to tell the grantor.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog

from bot.clock.backoff import pause_after
from bot.close.errors import CloseError, RetryLater
from bot.connections.sessions import CloseSession, NotConnected
from bot.delegations.steps.moves import Steps, was_held_back
from bot.desk import Actor
from bot.ports import Credential, SentEmail
from bot.refusals import NotYours, Settled
from models.delegation import Delegation, Receipt, ReceiptState

PATIENCE = timedelta(minutes=1)  # the message about the end waits no longer for the receipt,
ENOUGH = 2  # once so many attempts have failed;
LONGEST = timedelta(minutes=15)  # and no longer than this while the bot was too busy for any
GIVE_WAY = timedelta(seconds=2)  # rights that are to be taken back go first
TIME_TO_ASK = 5.0  # seconds, while somebody waits for the answer
TIME_TO_COUNT = 60.0  # seconds for all pages together; each has the client's own limit
MOST_SHOWN = 5
MOST_KEPT = 500
MARGIN = timedelta(minutes=1)  # the clocks of Close and of the bot


class Ask(Protocol):
    """One of the two ways in which Close lists email."""

    async def __call__(
        self, credential: Credential, *, user_id: str, since: datetime, until: datetime
    ) -> Sequence[SentEmail]: ...


class Receipts:
    """The worker's step for an ended delegation, and the use case behind "What was sent"."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._recent: OrderedDict[str, Sequence[SentEmail]] = OrderedDict()
        self._log = structlog.get_logger("bot.delegations.receipts")

    async def __call__(self, delegation: Delegation) -> None:
        """Count, or find out that it cannot be done. The end itself is long confirmed."""
        if not delegation.is_receipt_due:
            await self._steps.free(delegation)
            return
        if self._is_enough(delegation):
            await self._settle(delegation, None)
        elif await self._are_ends_due(delegation):
            await self._steps.postpone(delegation, GIVE_WAY, trouble=None, counts=False)
        else:
            await self._count(delegation)

    def _is_enough(self, delegation: Delegation) -> bool:
        """Whether Close had its chances; to have been busy with other things is none."""
        if delegation.ended_at is None:
            return True
        waited = self._steps.now() - delegation.ended_at
        return waited > LONGEST or (waited > PATIENCE and delegation.attempts >= ENOUGH)

    async def _are_ends_due(self, delegation: Delegation) -> bool:
        d, now = delegation, self._steps.now()
        return await self._steps.database.run(
            lambda store: store.receipts.are_ends_due(
                d.team_id, d.grantor_id, d.organization_id, now=now
            )
        )

    async def _count(self, delegation: Delegation) -> None:
        try:
            async with asyncio.timeout(TIME_TO_COUNT):
                emails = await self.sent(delegation)
        except (RetryLater, TimeoutError) as error:
            pause = pause_after(error, delegation.attempts)
            await self._steps.postpone(
                delegation, pause, trouble=None, counts=not was_held_back(error)
            )
        except (NotConnected, CloseError) as error:
            self._log.info("no receipt", delegation=delegation.id, reason=type(error).__name__)
            await self._settle(delegation, None)
        else:
            self._keep(delegation, emails)
            await self._settle(delegation, emails)

    async def _settle(self, delegation: Delegation, emails: Sequence[SentEmail] | None) -> None:
        receipt, now = _receipt(emails), self._steps.now()
        await self._steps.database.run(
            lambda store: store.receipts.settle(delegation.id, receipt, now=now)
        )

    async def show(
        self, actor: Actor, delegation_id: str
    ) -> tuple[Delegation, Sequence[SentEmail] | None]:
        """What was sent so far, newest first; None when Close does not say.

        For the grantor only. Raises NotYours and Settled.
        """
        delegation = await self._steps.database.run(
            lambda store: store.delegations.get(delegation_id)
        )
        if delegation is None or delegation.team_id != actor.team_id:
            raise NotYours
        if delegation.grantor_id != actor.user_id:
            raise NotYours
        if delegation.active_at is None or delegation.association_id is None:
            raise Settled(delegation)
        try:
            async with asyncio.timeout(TIME_TO_ASK):
                return delegation, await self.sent(delegation)
        except (NotConnected, CloseError, TimeoutError):
            return delegation, None

    async def last_few(self, delegation: Delegation) -> Sequence[SentEmail]:
        """The newest emails for the message about the end; none when Close is slow to say."""
        if not delegation.was_used:
            return ()
        known = self._recent.get(delegation.id)
        if known is not None:
            return known
        try:
            async with asyncio.timeout(TIME_TO_ASK):
                emails = await self.sent(delegation)
        except (NotConnected, CloseError, TimeoutError):
            return ()
        self._keep(delegation, emails)
        return emails[:MOST_SHOWN]

    async def sent(self, delegation: Delegation) -> Sequence[SentEmail]:
        """Every email under this right, newest first. Raises NotConnected and CloseError."""
        session = await self._steps.connections.open(delegation.team_id, delegation.grantor_id)
        close = self._steps.close
        return await self._of_right(
            session,
            delegation,
            close.sent_emails,
        )

    async def waiting(self, delegation: Delegation) -> Sequence[SentEmail]:
        """:meth:`still_scheduled` for the warning; nothing when Close cannot say it in time."""
        team_id, grantor_id = delegation.team_id, delegation.grantor_id
        try:
            async with asyncio.timeout(TIME_TO_ASK):
                session = await self._steps.connections.open(team_id, grantor_id)
                return await self.still_scheduled(session, delegation)
        except (NotConnected, CloseError, TimeoutError):
            return ()

    async def still_scheduled(
        self, session: CloseSession, delegation: Delegation
    ) -> Sequence[SentEmail]:
        """What Close would still try to send under this right, as far as its API shows it.

        Scheduled emails carry the association's id; a running sequence does not show whose right
        it uses. Newest first. Raises CloseError.
        """
        close = self._steps.close
        return await self._of_right(
            session,
            delegation,
            close.waiting_emails,
        )

    async def _of_right(
        self, session: CloseSession, delegation: Delegation, ask: Ask
    ) -> Sequence[SentEmail]:
        """Whether Close files such an email under the grantor or the grantee is unknown."""
        d = delegation
        since = (d.attempted_at or d.active_at or d.requested_at) - MARGIN
        until = (d.ended_at or self._steps.now()) + MARGIN
        found: dict[str, SentEmail] = {}
        for user_id in (d.grantee_close_id, d.grantor_close_id):
            if user_id is None:
                continue
            rows = await session.call(partial(ask, user_id=user_id, since=since, until=until))
            found |= {row.id: row for row in rows if row.send_as_id == d.association_id}
        return sorted(found.values(), key=lambda email: email.date, reverse=True)

    def _keep(self, delegation: Delegation, emails: Sequence[SentEmail]) -> None:
        self._recent[delegation.id] = emails[:MOST_SHOWN]
        while len(self._recent) > MOST_KEPT:
            self._recent.popitem(last=False)


def recipients(emails: Sequence[SentEmail]) -> set[str]:
    """Everybody who got one of these; the same address in other letters is the same person."""
    return {address.casefold() for email in emails for address in email.recipients}


def _receipt(emails: Sequence[SentEmail] | None) -> Receipt:
    if emails is None:
        return Receipt(ReceiptState.FAILED)
    return Receipt(ReceiptState.MADE, emails=len(emails), people=len(recipients(emails)))

"""After the end: what was sent under the right is counted, if Close says it in time."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from bot.clock.backoff import pause_after
from bot.close.errors import RetryLater
from bot.connections.sessions import CloseSession
from bot.delegations.aftermath.looking import look_for_more
from bot.delegations.receipts import Receipts, outgoing
from bot.delegations.steps import held, moves
from bot.delegations.steps.remove import is_other_account, look_after
from bot.delegations.tools import Tools
from bot.ports import OutsideError, SentEmail
from bot.store import Store
from models.address import address_key
from models.connection import Connection
from models.delegation import Delegation, Receipt, ReceiptState

PATIENCE = timedelta(minutes=1)  # the message about the end waits no longer for the receipt,
ENOUGH = 2  # once so many attempts have failed;
LONGEST = timedelta(minutes=15)  # and no longer than this while the bot was too busy for any
GIVE_WAY = timedelta(seconds=2)  # rights that are to be taken back go first,
LONGER = timedelta(seconds=10)  # and while they go on coming, it is looked less and less often
TIME_TO_COUNT = 60.0  # seconds for all pages together; each has the client's own limit


async def step(tools: Tools, receipts: Receipts, delegation: Delegation) -> None:
    """Count, or find out that it cannot be done. The end itself is long confirmed."""
    if not delegation.is_receipt_due:
        await moves.free(tools, delegation)
    elif _is_enough(tools, delegation):
        await _settle(tools, delegation, None, has_twin=delegation.has_twin)
    else:
        await _count_unless_ends_are_due(tools, receipts, delegation)


def _is_enough(tools: Tools, delegation: Delegation) -> bool:
    """Whether Close had its chances; to have been busy with other things is none."""
    if delegation.ended_at is None:
        return True
    waited = tools.now() - delegation.ended_at
    return waited > LONGEST or (waited > PATIENCE and delegation.attempts >= ENOUGH)


async def _count_unless_ends_are_due(
    tools: Tools, receipts: Receipts, delegation: Delegation
) -> None:
    whose = (delegation.team_id, delegation.grantor_id)
    soon = tools.now() + GIVE_WAY
    are_ends_due, connection = await tools.database.read(
        lambda store: (
            store.receipts.are_ends_due(*whose, delegation.organization_id, now=soon),
            store.connections.get(*whose),
        )
    )
    if are_ends_due:
        again = tools.now() + _giving_way(tools, delegation)
        await tools.database.run_single(
            lambda store: store.delegations.due.put_off(delegation, wake_at=again)
        )
    else:
        await _count(tools, receipts, delegation, connection)


def _giving_way(tools: Tools, delegation: Delegation) -> timedelta:
    """For as long again as it has waited already."""
    waited = tools.now() - (delegation.ended_at or tools.now())
    return max(GIVE_WAY, min(waited, LONGER))


async def _count(
    tools: Tools, receipts: Receipts, delegation: Delegation, connection: Connection | None
) -> None:
    has_twin = delegation.has_twin
    try:
        async with asyncio.timeout(TIME_TO_COUNT):
            session = await tools.connections.opened(connection)
            if has_twin is None:
                has_twin = await _has_twin(tools, session, delegation)
            emails = await outgoing(tools, session, delegation)
    except (RetryLater, TimeoutError) as error:
        later = tools.now() + pause_after(error, delegation.attempts)
        counts = not moves.was_held_back(error)
        await moves.wait_until(tools, delegation, later, trouble=None, counts=counts)
    except OutsideError as error:
        log = structlog.get_logger("bot.delegations.steps.count")
        log.info("no receipt", delegation=delegation.id, reason=type(error).__name__)
        await _settle(tools, delegation, None, has_twin=has_twin)
    else:
        gone = [each for each in emails if not each.is_waiting]
        receipts.keep(delegation, gone)
        receipts.leave_traces(delegation, emails)
        await _settle(tools, delegation, gone, has_twin=has_twin)


async def _has_twin(tools: Tools, session: CloseSession, delegation: Delegation) -> bool:
    """Whether Close holds another one of the two, where nobody had the time to look at the end."""
    if is_other_account(session, delegation):
        return False
    return bool(await held.twins(tools, session, delegation))


async def _settle(
    tools: Tools,
    delegation: Delegation,
    emails: Sequence[SentEmail] | None,
    *,
    has_twin: bool | None,
) -> None:
    receipt, now = _receipt(emails), tools.now()

    def settle(store: Store) -> None:
        if store.receipts.settle(delegation.id, receipt, has_twin=has_twin, now=now):
            look_for_more(store, delegation, now=now)
        look_after(store, [replace(delegation, has_twin=has_twin)], now)

    await tools.database.run(settle)


def _receipt(emails: Sequence[SentEmail] | None) -> Receipt:
    if emails is None:
        return Receipt(ReceiptState.FAILED)
    in_sequences = sum(each.subscription_id is not None for each in emails)
    return Receipt(
        ReceiptState.MADE,
        emails=len(emails),
        people=len(_recipients(emails)),
        in_bulk=sum(each.bulk_id is not None and each.subscription_id is None for each in emails),
        in_sequences=in_sequences,
    )


def _recipients(emails: Sequence[SentEmail]) -> set[str]:
    """Everybody who got one of these; the same address in other letters is the same person."""
    return {address_key(address) for email in emails for address in email.recipients}

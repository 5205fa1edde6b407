"""Active to ended: the association is removed in Close, and Close has said so."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.close.errors import OutcomeUnclear, RefusedByClose
from bot.connections.sessions import CloseSession, OtherAccountConnected
from bot.delegations.steps import held, moves
from bot.delegations.tools import Tools
from bot.ports import OutsideError
from models.delegation import Delegation, Event, Receipt, ReceiptState, State, Trouble


async def step(tools: Tools, delegation: Delegation) -> None:
    """One step of a delegation whose time is up, or that somebody ended."""
    for over in await ending(tools, [delegation]):
        try:
            session = await session_for(tools, over)
            is_gone = await _is_removed(tools, session, over)
        except OutsideError as error:
            await moves.put_off(tools, over, error)
            return
        if is_gone:
            await confirm(tools, [over])
        else:
            settled = tools.now() + moves.SETTLE
            await moves.wait_until(tools, over, settled, trouble=over.trouble)


async def ending(tools: Tools, group: Sequence[Delegation]) -> Sequence[Delegation]:
    """These as ending; what was extended in the last moment is not among them."""
    expired = {"end_event": Event.EXPIRE, "ended_at": tools.now()}
    active = [(each, expired) for each in group if each.state is State.ACTIVE]
    over: Sequence[Delegation] = ()
    if active:
        over = await moves.move_all(tools, active, Event.EXPIRE, keep_lease=True, was_due=True)
    return [*over, *(each for each in group if each.state is State.ENDING)]


async def session_for(tools: Tools, delegation: Delegation) -> CloseSession:
    """A session with the account that gave the right.

    Raises NotConnected, OtherAccountConnected and ReconnectNeeded.
    """
    session = await tools.connections.open(delegation.team_id, delegation.grantor_id)
    if is_other_account(session, delegation):
        raise OtherAccountConnected
    return session


def is_other_account(session: CloseSession, delegation: Delegation) -> bool:
    """Whether Close was asked with another account than the one that is connected now."""
    is_known = delegation.grantor_close_id is not None
    return is_known and not delegation.belongs_to(session.account)


async def _is_removed(tools: Tools, session: CloseSession, delegation: Delegation) -> bool:
    """Whether Close has confirmed that nothing is left of what we asked for."""
    association_id = delegation.association_id
    if association_id is not None and not delegation.is_unclear:
        # What Close once confirmed as gone, and held all the same, is looked for once more.
        is_doubted = delegation.trouble is Trouble.STILL_THERE
        return await _is_deleted(tools, session, association_id, is_doubted=is_doubted)
    if delegation.attempted_at is None:
        return True  # Close was never asked
    for found in await held.of_attempt(tools, session, delegation, urgent=True):
        pair = (found.allowing_user_id, found.allowed_user_id)
        await session.call(tools.close.delete_association_of, *pair)
    is_settled = tools.now() >= delegation.attempted_at + moves.SETTLE
    return is_settled and not await held.of_attempt(tools, session, delegation, urgent=True)


async def _is_deleted(
    tools: Tools, session: CloseSession, association_id: str, *, is_doubted: bool
) -> bool:
    try:
        await session.call(tools.close.delete_association, association_id)
    except (OutcomeUnclear, RefusedByClose):
        # Close may also refuse to delete what is gone already (close.md §3): look.
        if not await held.is_gone(tools, session, association_id, urgent=True):
            raise
        return True
    return not is_doubted or await held.is_gone(tools, session, association_id, urgent=True)


async def confirm(tools: Tools, delegations: Sequence[Delegation]) -> None:
    """Close has said that these are gone."""
    now = tools.now()
    confirmed = [(each, ended(each, now)) for each in delegations]
    for each in await moves.move_all(tools, confirmed, Event.CONFIRM):
        if each.ends_at and each.end_event is Event.EXPIRE:
            late = (now - each.ends_at).total_seconds()
            tools.metrics.lateness.observe(max(late, 0))


def ended(delegation: Delegation, now: datetime) -> dict[str, Any]:
    """What changes when Close holds the association no longer; a receipt is due for what was."""
    if delegation.association_id is None or delegation.active_at is None:
        return {"ended_at": now, "confirmed_by": None}
    return {
        "ended_at": now,
        "confirmed_by": None,
        "receipt": Receipt(ReceiptState.DUE),
        "wake_at": now,
    }

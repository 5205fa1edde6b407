"""Active to ended: the association is removed in Close, and Close has said so."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.connections.sessions import CloseSession, OtherAccountConnected
from bot.delegations.steps import attempts, held, moves
from bot.delegations.tools import Tools
from bot.ports import Association, OutsideError
from bot.store import Store
from models.base import new_id
from models.delegation import Delegation, Event, Receipt, ReceiptState, State, Trouble

LOOK_AFTER = timedelta(minutes=1)  # once more, when a create should not arrive any more


async def step(tools: Tools, delegation: Delegation) -> None:
    """One step of a delegation whose time is up, or that somebody ended."""
    for over in await ending(tools, [delegation]):
        if over.attempted_at is None and over.grantor_close_id is None:
            await confirm(tools, [over])  # Close was never asked: nobody's connection is needed
            continue
        try:
            session = await session_for(tools, over)
            await _remove(tools, session, over)
        except OutsideError as error:
            await moves.put_off(tools, over, error)


async def ending(tools: Tools, group: Sequence[Delegation]) -> Sequence[Delegation]:
    """These as ending; what was extended in the last moment is not among them."""
    active = [each for each in group if each.state is State.ACTIVE]
    over: Sequence[Delegation] = ()
    if active:
        over = await tools.database.run(lambda store: _expired(tools, store, active))
        tools.metrics.events.labels(Event.EXPIRE).inc(len(over))
    return [*over, *(each for each in group if each.state is State.ENDING)]


def _expired(tools: Tools, store: Store, active: Sequence[Delegation]) -> Sequence[Delegation]:
    """These of one grantor, whose time is up; they keep their lease.

    They are over since the end that was promised: the bot may have been away when it came. Their
    grantor reads once of what ends together, and of what they granted together, however far apart
    its ends are.
    """
    shared = _ended_with(active)
    wanted = []
    for each in active:
        ended_with = shared.get(each.bundle_id)
        changes = {"end_event": Event.EXPIRE, "ended_at": each.ends_at, "ended_with": ended_with}
        wanted.append((each, changes))
    whose = (active[0].team_id, active[0].grantor_id)
    for ended_with in set(shared.values()):
        store.notices.tell_ends(*whose, ended_with, now=tools.now())
    return moves.moved_on(tools, store, wanted, Event.EXPIRE)


def _ended_with(active: Sequence[Delegation]) -> Mapping[str | None, str]:
    """What these end with, by their bundle: what the grantor gave with one wish, and all others."""
    granted = {each.bundle_id for each in active if each.is_granted_in_bundle}
    shared: dict[str | None, str] = {each: each for each in granted if each is not None}
    others = [each.bundle_id for each in active if each.bundle_id not in shared]
    if len(others) > 1:
        shared |= dict.fromkeys(others, new_id())
    return shared


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


async def _remove(tools: Tools, session: CloseSession, over: Delegation) -> None:
    """Until Close has confirmed that nothing is left of what it was asked for."""
    is_said = over.association_id is not None and await _is_deleted(tools, session, over)
    settled = (over.attempted_at or over.requested_at) + moves.SETTLE
    if over.association_id is not None and not is_said and tools.now() < settled:
        # What is not to be seen may only be too new.
        await moves.wait_until(tools, over, settled, trouble=over.trouble)
    elif over.surplus_id is not None:
        await _go_on_with(tools, over, over.surplus_id)
    elif not is_said or over.is_unanswered or over.trouble is Trouble.STILL_THERE:
        await _look_for_more(tools, session, over)
    else:
        await confirm(tools, [over], has_twin=await _has_twin(tools, session, over))


async def _has_twin(tools: Tools, session: CloseSession, over: Delegation) -> bool | None:
    """Whether Close holds another one; None when that has to wait (steps/count.py looks then): what
    is over goes first, and an end that Close has confirmed does not wait for this."""
    whose = (over.team_id, over.grantor_id, over.organization_id)
    now = tools.now()
    if await tools.database.read(
        lambda store: store.receipts.are_ends_due(*whose, now=now, but=over.id)
    ):
        return None
    try:
        return bool(await held.twins(tools, session, over))
    except OutsideError:
        return None


async def _look_for_more(tools: Tools, session: CloseSession, over: Delegation) -> None:
    """What is known of it is gone. Does Close hold anything else of these two people?"""
    there = await held.of_attempt(tools, session, over, urgent=True)
    others = [each for each in there if each.id != over.association_id]
    now = tools.now()
    late = await held.unexplained(tools, over, others) if over.is_unanswered else []
    if len(others) < len(there) and over.trouble is Trouble.STILL_THERE:
        # Confirmed before, and held all the same: this time it is confirmed by a look.
        await moves.wait_until(tools, over, now + moves.SETTLE, trouble=over.trouble)
    elif late:
        await _take_over(tools, over, late[0])
    elif attempts.is_on_its_way(over, now):
        again = min(now + attempts.LOOK_AGAIN, attempts.latest_arrival(over) or now)
        await moves.wait_until(tools, over, again, trouble=over.trouble, counts=False)
    else:
        await confirm(tools, [over], has_twin=bool(others))


async def _is_deleted(tools: Tools, session: CloseSession, over: Delegation) -> bool:
    """Whether Close confirmed it, and does not only show it no longer."""
    grantor, grantee = over.grantor_close_id or "", over.grantee_close_id or ""
    association_id = over.association_id or ""
    return await held.deleted(tools, session, association_id, grantor=grantor, grantee=grantee)


async def _go_on_with(tools: Tools, over: Delegation, surplus_id: str) -> None:
    """Close has answered two creates, and one of them is gone. The other is deleted next."""
    changes = {"association_id": surplus_id, "surplus_id": None, "is_unclear": False}
    await moves.move(tools, over, Event.ACTIVATE, **changes)


async def _take_over(tools: Tools, over: Delegation, found: Association) -> None:
    """A create that was not answered has taken effect. It is deleted next, by its id."""
    is_unclear = over.is_unclear and over.association_id is None  # then there was more than one
    changes = {"association_id": found.id, "is_unclear": is_unclear, "is_taken_over": True}
    await moves.move(tools, over, Event.ACTIVATE, **changes)


async def confirm(
    tools: Tools,
    delegations: Sequence[Delegation],
    *,
    has_twin: bool | None = False,
    **changes: Any,
) -> None:
    """Close has said that these are gone; ``has_twin`` as in the row."""
    now = tools.now()

    same = {"has_twin": has_twin, "leased_until": None, **changes}

    def confirm_each(store: Store) -> Sequence[Delegation]:
        over = [(each, ended(each, now) | same) for each in delegations]
        confirmed = moves.moved_on(tools, store, over, Event.CONFIRM)
        look_after(store, confirmed, now)
        return confirmed

    for each in await tools.database.run(confirm_each):
        tools.metrics.events.labels(Event.CONFIRM).inc()
        if each.ends_at and each.end_event is Event.EXPIRE:
            late = (now - each.ends_at).total_seconds()
            tools.metrics.lateness.observe(max(late, 0))


def look_after(store: Store, confirmed: Collection[Delegation], now: datetime) -> None:
    """Have Close compared soon where it holds, or may hold against all likelihood, one more."""
    at_once = {(each.team_id, each.grantor_id) for each in confirmed if each.has_twin}
    soon = {(each.team_id, each.grantor_id) for each in confirmed if each.is_unanswered}
    for whose in sorted(at_once):
        store.comparisons.plan_by(*whose, moment=now)
    for whose in sorted(soon - at_once):
        store.comparisons.plan_by(*whose, moment=now + LOOK_AFTER)


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

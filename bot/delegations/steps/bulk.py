"""Several delegations of one grantor at the same moment: one bulk call instead of one for each.

Whether Close's bulk call is all or nothing is unknown (close.md §3), so its answer is compared with
what was asked, person by person, and whatever it left over goes on alone.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from bot.close.errors import OutcomeUnclear, RefusedByClose
from bot.connections.sessions import CloseSession, NotConnected
from bot.delegations import accounts
from bot.delegations.accounts import GranteeAccount, NoAccount
from bot.delegations.steps import create, held, moves, remove
from bot.delegations.tools import Tools
from bot.ports import Association, OutsideError
from models.delegation import Delegation, State


def key(delegation: Delegation, now: datetime) -> tuple[str, ...] | None:
    """Rows with the same key can share a call; None has to go alone."""
    d = delegation
    if d.is_over(now) and _is_settled(d, now):
        account = (d.grantor_close_id or "", d.organization_id or "")
        return ("end", d.team_id, d.grantor_id, *account)
    is_startable = (d.starts_at is None or d.starts_at <= now) and now < create.latest_start(d)
    if d.state is State.APPROVED and d.attempted_at is None and is_startable:
        return ("make", d.team_id, d.grantor_id)
    return None


def _is_settled(delegation: Delegation, now: datetime) -> bool:
    """Whether nothing that Close was asked before can still add to what it holds."""
    if delegation.attempted_at is None or delegation.grantee_close_id is None:
        return False
    is_known = delegation.association_id is not None and not delegation.is_unclear
    return is_known or delegation.attempted_at + moves.SETTLE <= now


async def step(tools: Tools, group: Sequence[Delegation]) -> None:
    """Take these, which have the same key, one step further."""
    if group[0].state is State.APPROVED:
        await _make(tools, group)
    else:
        await _end(tools, group)


async def _end(tools: Tools, group: Sequence[Delegation]) -> None:
    over = await remove.ending(tools, group)
    if not over:
        return
    try:
        session = await remove.session_for(tools, over[0])
        gone = await _withdrawn(tools, session, over)
    except OutsideError as error:
        await _put_off(tools, over, error)
        return
    await remove.confirm(tools, gone)
    await moves.each_alone(tools, remove.step, [each for each in over if each not in gone])


async def _withdrawn(
    tools: Tools, session: CloseSession, over: Sequence[Delegation]
) -> Sequence[Delegation]:
    """Withdraw what is ours; those of which Close holds nothing any more."""
    ours = _ours(over, await held.by_grantor(tools, session))
    if not ours:
        return ()
    try:
        left = await _changed(tools, session, disallow=ours)
    except (OutcomeUnclear, RefusedByClose):
        left = await held.by_grantor(tools, session)
    grantees = {each.allowed_user_id for each in left}
    return [each for each in ours if each.grantee_close_id not in grantees]


def _ours(over: Sequence[Delegation], found: Sequence[Association]) -> Sequence[Delegation]:
    """Those whose association may be withdrawn by its grantee.

    Where Close holds one that is not known to be ours, only a delete by id is safe.
    """
    ids: defaultdict[str, set[str]] = defaultdict(set)
    for each in found:
        ids[each.allowed_user_id].add(each.id)
    return [
        each
        for each in over
        if each.is_unclear
        or each.association_id is None
        or ids[each.grantee_close_id or ""] == {each.association_id}
    ]


async def _make(tools: Tools, group: Sequence[Delegation]) -> None:
    try:
        session = await tools.connections.open(group[0].team_id, group[0].grantor_id)
        if not session.connection.is_usable:
            raise NotConnected
        attempts = await _attempts(tools, session, group)
    except OutsideError:
        # What is wrong is wrong for each of them; each knows how to wait, or to give up.
        await moves.each_alone(tools, create.step, group)
        return
    if attempts:
        await _ask_for(tools, session, attempts)


async def _attempts(
    tools: Tools, session: CloseSession, group: Sequence[Delegation]
) -> Sequence[Delegation]:
    """Those that one call can make, written down as attempted; the others go alone."""
    addresses = await create.sending_addresses(tools, session)
    taken = {each.allowed_user_id for each in await held.by_grantor(tools, session)}
    ready: list[tuple[Delegation, GranteeAccount]] = []
    alone: list[Delegation] = []
    for each in group:
        account = await _account(tools, session, each)
        if account is None or account.close_user_id in taken or addresses == "":
            alone.append(each)
        else:
            ready.append((each, account))
            taken.add(account.close_user_id)
    await moves.each_alone(tools, create.step, alone)
    return await create.attempts(tools, session, ready, addresses)


async def _account(
    tools: Tools, session: CloseSession, delegation: Delegation
) -> GranteeAccount | None:
    try:
        return await accounts.of_grantee(tools, session, delegation)
    except NoAccount:
        return None


async def _ask_for(tools: Tools, session: CloseSession, attempts: Sequence[Delegation]) -> None:
    try:
        holds, unclear = await _held_with(tools, session, attempts)
    except OutsideError as error:
        await _put_off(tools, attempts, error)
        return
    made = {each.allowed_user_id: each for each in holds}
    found = [(d, made[d.grantee_close_id or ""]) for d in attempts if d.grantee_close_id in made]
    left = [d for d in attempts if d.grantee_close_id not in made]
    await create.activate(tools, found)
    if unclear is not None:  # Close may still act on the first call
        await _put_off(tools, left, unclear)
    else:
        await moves.each_alone(tools, create.step, await moves.forget_attempts(tools, left))


async def _held_with(
    tools: Tools, session: CloseSession, attempts: Sequence[Delegation]
) -> tuple[Sequence[Association], OutcomeUnclear | None]:
    """What Close holds once it was asked for these, and the error if it may still act on it."""
    try:
        return await _changed(tools, session, allow=attempts), None
    except RefusedByClose:
        # It may have done a part of it all the same: what is there by now counts as ours.
        return await held.by_grantor(tools, session), None
    except OutcomeUnclear as unclear:
        await moves.note_unclear(tools, attempts)
        return await held.by_grantor(tools, session), unclear
    except OutsideError:
        await moves.forget_attempts(tools, attempts)
        raise


async def _changed(
    tools: Tools,
    session: CloseSession,
    *,
    allow: Sequence[Delegation] = (),
    disallow: Sequence[Delegation] = (),
) -> Sequence[Association]:
    """What Close says that it holds for the caller after the change."""
    after = await session.call(
        tools.close.change_associations, allow=_grantees(allow), disallow=_grantees(disallow)
    )
    return held.given_by(session, after)


def _grantees(delegations: Sequence[Delegation]) -> Sequence[str]:
    return [each.grantee_close_id for each in delegations if each.grantee_close_id is not None]


async def _put_off(tools: Tools, group: Sequence[Delegation], error: Exception) -> None:
    for each in group:
        await moves.put_off(tools, each, error)

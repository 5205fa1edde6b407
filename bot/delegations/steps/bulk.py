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
from bot.delegations.steps import attempts, create, held, moves, remove
from bot.delegations.steps.attempts import Attempt, Made
from bot.delegations.tools import Tools
from bot.ports import Association, Credential, OutsideError
from models.delegation import Delegation, State


def key(delegation: Delegation, now: datetime) -> tuple[str, ...] | None:
    """Rows with the same key can share a call; None has to go alone."""
    d = delegation
    if d.is_over(now) and _is_settled(d):
        account = (d.grantor_close_id or "", d.organization_id or "")
        return ("end", d.team_id, d.grantor_id, *account)
    is_startable = (d.starts_at is None or d.starts_at <= now) and now < create.latest_start(d)
    if d.state is State.APPROVED and d.attempted_at is None and is_startable:
        return ("make", d.team_id, d.grantor_id)
    return None


def _is_settled(delegation: Delegation) -> bool:
    """Whether all that Close may hold of it is the association that is known."""
    return delegation.association_id is not None and not delegation.is_unanswered


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
        await moves.put_off_together(tools, over, error)
        return
    await moves.each_alone(tools, remove.step, [each for each in over if each not in gone])


async def _withdrawn(
    tools: Tools, session: CloseSession, over: Sequence[Delegation]
) -> Sequence[Delegation]:
    """Withdraw what is ours, and confirm that; those of which Close holds nothing any more."""
    ours = _ours(over, await held.by_grantor(tools, session, urgent=True))
    written_at = tools.now()
    ours = await _noted(tools, ours, until=written_at + attempts.ARRIVES_WITHIN)
    if not ours:
        return ()
    try:
        left = await _changed(tools, session, disallow=ours, written_at=written_at)
    except OutcomeUnclear:
        gone = _seen_gone(tools, ours, await held.by_grantor(tools, session, urgent=True))
        await remove.confirm(tools, gone)
        return gone
    except OutsideError as error:
        await _noted(tools, ours, until=None)  # nothing is on its way
        if not isinstance(error, RefusedByClose):
            raise
        return ()
    gone = _not_among(ours, left)
    await remove.confirm(tools, gone, arrives_until=None)
    return gone


async def _noted(
    tools: Tools, ours: Sequence[Delegation], *, until: datetime | None
) -> Sequence[Delegation]:
    """Those that are still to be withdrawn, once it is written down that this is on its way: it
    names people, so what they are given meanwhile would go with it."""
    noted = await tools.database.run(
        lambda store: store.delegations.note_withdrawal(ours, until=until)
    )
    return [each for each in ours if each.id in noted]


def _ours(over: Sequence[Delegation], found: Sequence[Association]) -> Sequence[Delegation]:
    """Those whose association may be withdrawn by its grantee.

    Where Close holds one that is not known to be ours, only a delete by id is safe.
    """
    ids: defaultdict[str, set[str]] = defaultdict(set)
    for each in found:
        ids[each.allowed_user_id].add(each.id)
    return [each for each in over if ids[each.grantee_close_id or ""] == {each.association_id}]


def _not_among(ours: Sequence[Delegation], left: Sequence[Association]) -> Sequence[Delegation]:
    grantees = {each.allowed_user_id for each in left}
    return [each for each in ours if each.grantee_close_id not in grantees]


def _seen_gone(
    tools: Tools, ours: Sequence[Delegation], left: Sequence[Association]
) -> Sequence[Delegation]:
    """What a list does not show any more, unless it may be too new for one."""
    now = tools.now()
    gone = _not_among(ours, left)
    return [each for each in gone if each.attempted_at and each.attempted_at + moves.SETTLE <= now]


async def _make(tools: Tools, group: Sequence[Delegation]) -> None:
    try:
        session = await tools.connections.open(group[0].team_id, group[0].grantor_id)
        if not session.connection.is_usable:
            raise NotConnected
        there = held.by_grantor(tools, session)
        given, addresses, look = await create.looked_up(tools, session, group, there)
        ready = await _ready(tools, session, group, given) if addresses != "" else ()
        written = await attempts.written(tools, session, ready, addresses, look)
    except OutsideError:
        # What is wrong is wrong for each of them; each knows how to wait, or to give up.
        await moves.each_alone(tools, create.step, group)
        return
    if written:
        await _ask_for(tools, session, written)
    # Only now: one of these may be for an account that the call was for.
    together = {each.id for each, _ in ready}
    await moves.each_alone(tools, create.step, [each for each in group if each.id not in together])


async def _ready(
    tools: Tools,
    session: CloseSession,
    group: Sequence[Delegation],
    given: Sequence[Association],
) -> Sequence[tuple[Delegation, GranteeAccount]]:
    """Those that one call can make, each with its account, no two for the same one."""
    taken = {each.allowed_user_id for each in given}
    ready: list[tuple[Delegation, GranteeAccount]] = []
    for each in group:
        account = await _account(tools, session, each)
        if account is not None and account.close_user_id not in taken:
            ready.append((each, account))
            taken.add(account.close_user_id)
    return ready


async def _account(
    tools: Tools, session: CloseSession, delegation: Delegation
) -> GranteeAccount | None:
    try:
        known = await accounts.known_of(tools, delegation)
        return await accounts.of_grantee(tools, session, delegation, known)
    except NoAccount:
        return None


async def _ask_for(tools: Tools, session: CloseSession, written: Sequence[Attempt]) -> None:
    try:
        holds, error = await _held_with(tools, session, written)
    except OutsideError as outage:
        await moves.put_off_together(tools, [each.row for each in written], outage)
        return
    made = {each.allowed_user_id: each for each in holds}
    found = [
        Made(each.row, made[each.row.grantee_close_id or ""], is_answer=error is None)
        for each in written
        if each.row.grantee_close_id in made
    ]
    await attempts.activate(tools, found)
    left = [each for each in written if each.row.grantee_close_id not in made]
    if isinstance(error, OutcomeUnclear):  # Close may still act on the first call
        await moves.put_off_together(tools, [each.row for each in left], error)
    else:
        await moves.each_alone(tools, create.step, await attempts.had_no_effect(tools, left))


async def _held_with(
    tools: Tools, session: CloseSession, written: Sequence[Attempt]
) -> tuple[Sequence[Association], OutcomeUnclear | RefusedByClose | None]:
    """What Close holds once it was asked for these, and why that is not its answer."""
    rows = [each.row for each in written]
    try:
        return await _changed(tools, session, allow=rows, written_at=rows[0].attempted_at), None
    except (OutcomeUnclear, RefusedByClose) as error:
        # It may have done a part of it all the same: what is there by now counts as ours.
        return await held.by_grantor(tools, session), error
    except OutsideError:
        await attempts.had_no_effect(tools, written)
        raise


async def _changed(
    tools: Tools,
    session: CloseSession,
    *,
    allow: Sequence[Delegation] = (),
    disallow: Sequence[Delegation] = (),
    written_at: datetime | None,
) -> Sequence[Association]:
    """What Close says that it holds for the caller after the change."""

    async def ask(credential: Credential) -> Sequence[Association]:
        attempts.check_in_time(tools, written_at)
        return await tools.close.change_associations(
            credential, allow=_grantees(allow), disallow=_grantees(disallow)
        )

    return held.given_by(session, await session.call(ask))


def _grantees(delegations: Sequence[Delegation]) -> Sequence[str]:
    return [each.grantee_close_id for each in delegations if each.grantee_close_id is not None]

"""Approved to active: the association is created in Close, or found to be there already."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.close.errors import (
    CloseProblem,
    OutcomeUnclear,
    ReconnectNeeded,
    RefusedByClose,
    RetryLater,
)
from bot.connections.sessions import CloseSession, NotConnected
from bot.delegations import accounts
from bot.delegations.accounts import GranteeAccount, NoAccount
from bot.delegations.people.departures import believe
from bot.delegations.people.eligibility import Look, look_up
from bot.delegations.steps import held, moves
from bot.delegations.steps.remove import is_other_account
from bot.delegations.tools import Tools
from bot.ports import Association, OutsideError
from bot.store import Store
from models.delegation import Delegation, Event, State, Trouble, is_possible

UNKNOWN_PAUSE = timedelta(minutes=1)


async def step(tools: Tools, delegation: Delegation) -> None:
    """One step of an approved delegation; raises what can only be tried again."""
    if latest_start(delegation) <= tools.now():
        event = Event.LAPSE if delegation.attempted_at is None else Event.EXPIRE
        await moves.move(tools, delegation, event, end_event=event, ended_at=tools.now())
        return
    try:
        association = await _association(tools, delegation)
    except NotConnected:
        await _wait_for(tools, delegation, delegation.grantor_id, Trouble.NOT_CONNECTED)
    except ReconnectNeeded:
        await _wait_for(tools, delegation, delegation.grantor_id, Trouble.CONNECTION_LOST)
    except NoAccount as error:
        await _without_account(tools, delegation, error.trouble)
    except RefusedByClose as error:
        if error.problem is CloseProblem.CLIENT_REJECTED:
            raise  # the operator can mend this
        await _hopeless(tools, delegation, moves.trouble_of(tools, error))
    else:
        if association is not None:
            await activate(tools, [(delegation, association)])


def latest_start(delegation: Delegation) -> datetime:
    """When an approval that could not be carried out is given up."""
    if delegation.until is None:
        return delegation.lapses_at
    return min(delegation.lapses_at, delegation.until)


async def _association(tools: Tools, delegation: Delegation) -> Association | None:
    """The association, made now or by an earlier attempt whose answer was lost.

    None when it is too early, the delegation was taken back meanwhile, or the association was
    never ours.
    """
    session = await tools.connections.open(delegation.team_id, delegation.grantor_id)
    if delegation.starts_at is not None and delegation.starts_at > tools.now():
        await moves.wait_until(tools, delegation, delegation.starts_at, trouble=None, counts=False)
        return None
    if not session.connection.is_usable:  # its owner is disconnecting
        raise NotConnected
    if delegation.attempted_at is not None:
        return await _create_again(tools, session, delegation)
    account = await accounts.of_grantee(tools, session, delegation)
    grantor = session.account.close_user_id
    if await held.of_pair(tools, session, grantor, account.close_user_id):
        # It was there before we ever asked: not ours to end, so not ours to time-box.
        await moves.fail(tools, delegation, Trouble.EXISTED_BEFORE)
        return None
    addresses = await sending_addresses(tools, session)
    if addresses == "":
        await moves.fail(tools, delegation, Trouble.NO_SENDING_ADDRESS)
        return None
    return await _create(tools, session, delegation, account, addresses)


async def _create_again(
    tools: Tools, session: CloseSession, delegation: Delegation
) -> Association | None:
    """After an attempt that may have had an effect: what it was for is looked for first.

    Whoever the grantee is by now, this association would be ours to end.
    """
    if is_other_account(session, delegation):
        raise NoAccount(Trouble.OTHER_CLOSE_ACCOUNT)
    made = await held.of_attempt(tools, session, delegation)
    if made:
        return made[0]
    account = await accounts.of_grantee(tools, session, delegation)
    if account.close_user_id != delegation.grantee_close_id:
        raise NoAccount(Trouble.GRANTEE_CHANGED)
    addresses = await sending_addresses(tools, session)
    return await _create(tools, session, delegation, account, addresses)


async def _create(
    tools: Tools,
    session: CloseSession,
    delegation: Delegation,
    account: GranteeAccount,
    addresses: str | None,
) -> Association | None:
    written = await attempts(tools, session, [(delegation, account)], addresses)
    if not written:
        return None
    is_first = delegation.attempted_at is None
    return await _ask_for(tools, session, written[0], is_first=is_first)


async def sending_addresses(tools: Tools, session: CloseSession) -> str | None:
    """The addresses that the grantor can send from, one a line; None when Close does not say.

    Only an outage is worth waiting for: what Close shows here is a help, not a condition.
    """
    grantor = session.account.close_user_id
    try:
        found = await session.call(tools.close.sending_accounts, grantor)
    except RefusedByClose:
        return None
    except RetryLater as error:
        if error.problem is CloseProblem.UNREADABLE:
            return None
        raise
    return "\n".join(dict.fromkeys(address for each in found for address in each.addresses))


async def attempts(
    tools: Tools,
    session: CloseSession,
    wanted: Sequence[tuple[Delegation, GranteeAccount]],
    addresses: str | None,
) -> Sequence[Delegation]:
    """Write down that Close is about to be asked for these, each with the account it is for.

    What was changed meanwhile, whose grantor is disconnecting, or whose people may no longer take
    part, is not among them; Slack is asked now, and not before. Raises PeopleUnclear.
    """
    if not wanted:
        return []
    people = {who for each, _ in wanted for who in (each.grantor_id, each.grantee_id)}
    look = await look_up(tools.directory, wanted[0][0].team_id, people)
    wanted = await _of_those_here(tools, look, wanted)
    now, grantor = tools.now(), session.account
    same = {
        "attempted_at": now,
        "organization_id": grantor.organization_id,
        "grantor_close_id": grantor.close_user_id,
        "addresses": addresses or "",
        "is_unchecked": not look.is_certain,
    }
    return await moves.move_all(
        tools,
        [(each, same | _attempt(each, account, now)) for each, account in wanted],
        Event.ATTEMPT,
        keep_lease=True,
        was_due=True,
        needs_connection=True,
    )


async def _of_those_here(
    tools: Tools, look: Look, wanted: Sequence[tuple[Delegation, GranteeAccount]]
) -> Sequence[tuple[Delegation, GranteeAccount]]:
    """Those of these whose two people are. The others have ended now, or wait until it is clear
    whether somebody has left."""
    if look.refusals:
        await believe(tools, wanted[0][0].team_id, look)
    here = []
    for each, account in wanted:
        refused = {each.grantor_id, each.grantee_id} & look.refusals.keys()
        if not refused:
            here.append((each, account))
        elif refused <= look.unknown:
            later = tools.now() + UNKNOWN_PAUSE
            await moves.wait_until(tools, each, later, trouble=Trouble.PERSON_UNKNOWN)
        else:
            await moves.free(tools, each)
    return here


def _attempt(delegation: Delegation, account: GranteeAccount, now: datetime) -> dict[str, Any]:
    return {
        # Without an account so far the grantor has agreed to one that they have not seen.
        "identified_at": delegation.identified_at if delegation.grantee_account else now,
        "attempts": delegation.attempts,
        "grantee_close_id": account.close_user_id,
        "grantee_account": account.shown,
        "is_grantee_proven": account.is_proven,
    }


async def _ask_for(
    tools: Tools, session: CloseSession, attempt: Delegation, *, is_first: bool
) -> Association | None:
    grantor, grantee = attempt.grantor_close_id or "", attempt.grantee_close_id or ""
    try:
        return await session.call(tools.close.create_association, grantor, grantee)
    except OutcomeUnclear as unclear:
        await moves.note_unclear(tools, [attempt])
        return await _made_unseen(tools, session, attempt, unclear)
    except OutsideError as error:
        if is_first:
            await moves.forget_attempts(tools, [attempt])
        if not isinstance(error, RefusedByClose):
            raise
        # A refusal can be Close's word for "exists already" (close.md §3).
        found = await held.of_attempt(tools, session, attempt)
        if not found:
            raise
        if is_first:  # somebody else was faster: it is theirs
            await moves.fail(tools, attempt, Trouble.EXISTED_BEFORE)
            return None
        return found[0]


async def _made_unseen(
    tools: Tools, session: CloseSession, attempt: Delegation, unclear: OutcomeUnclear
) -> Association:
    try:
        found = await held.of_attempt(tools, session, attempt)
    except RefusedByClose:
        raise unclear from None  # this refusal says nothing about the create
    if not found:
        raise unclear
    return found[0]


async def activate(tools: Tools, made: Sequence[tuple[Delegation, Association]]) -> None:
    """Close holds these associations: their clocks start now."""
    now = tools.now()

    def activate_each(store: Store) -> None:
        for delegation, association in sorted(made, key=lambda each: each[0].id):
            _activate_one(tools, store, delegation, association, now)

    await tools.database.run(activate_each)
    tools.metrics.events.labels(Event.ACTIVATE).inc(len(made))


def _activate_one(
    tools: Tools, store: Store, delegation: Delegation, association: Association, now: datetime
) -> None:
    current = store.delegations.get(delegation.id, lock=True)
    if current is None or not is_possible(current.state, Event.ACTIVATE):
        store.delegations.due.free(delegation.id)
        return
    changes: dict[str, Any] = {"association_id": association.id, "leased_until": None}
    if current.state is State.APPROVED:
        ends_at = current.end_when_active_from(now)
        warn_at = tools.policy.warn_at(ends_at, now)
        changes |= {"active_at": now, "ends_at": ends_at, "warn_at": warn_at}
    store.delegations.apply(current, Event.ACTIVATE, now=now, **changes)


async def _without_account(tools: Tools, delegation: Delegation, trouble: Trouble) -> None:
    if trouble is Trouble.GRANTEE_NOT_CONNECTED and delegation.attempted_at is None:
        await _wait_for(tools, delegation, delegation.grantee_id, trouble)
    else:
        await _hopeless(tools, delegation, trouble)


async def _hopeless(tools: Tools, delegation: Delegation, trouble: Trouble) -> None:
    """It cannot be made, and trying again would not help."""
    if delegation.attempted_at is None:
        await moves.fail(tools, delegation, trouble)
        return
    # An earlier attempt may still take effect: end it properly instead of forgetting it.
    await moves.move(tools, delegation, Event.EXPIRE, end_event=Event.FAIL, ended_at=tools.now())


async def _wait_for(tools: Tools, delegation: Delegation, person_id: str, trouble: Trouble) -> None:
    """Until this person connects, or until it lapses; decided under the row's lock, so that
    somebody who connects at this moment is not overlooked."""

    def wait(store: Store) -> None:
        current = store.delegations.get(delegation.id, lock=True)
        if current is None or current.state is not State.APPROVED:
            store.delegations.due.free(delegation.id)
            return
        connection = store.connections.get(current.team_id, person_id)
        now = tools.now()
        ready = connection is not None and connection.is_usable
        store.delegations.postpone(
            current,
            wake_at=now if ready else latest_start(current),
            trouble=None if ready else trouble,
            now=now,
        )

    await tools.database.run(wait)

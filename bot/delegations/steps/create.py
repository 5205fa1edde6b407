"""Approved to active: the association is created in Close, or found to be there already."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bot.close.errors import (
    CloseProblem,
    OutcomeUnclear,
    ReconnectNeeded,
    RefusedByClose,
    RetryLater,
)
from bot.connections.sessions import CloseSession, NotConnected
from bot.delegations import accounts
from bot.delegations.accounts import GranteeAccount, Known, NoAccount
from bot.delegations.people.eligibility import Look
from bot.delegations.steps import attempts, held, moves, recheck
from bot.delegations.steps.attempts import Attempt, Made
from bot.delegations.steps.remove import is_other_account
from bot.delegations.tools import Tools
from bot.ports import Association, OutsideError
from bot.store import Store
from models.delegation import WAITS_FOR_GRANTEE, Delegation, Event, State, Trouble

Others = TypeVar("Others")

SHOWN_AGAIN = timedelta(seconds=5)  # while Close still shows what has ended
LOOK_AGAIN = timedelta(hours=1)  # somebody may be invited to Close, or get an address there


async def step(tools: Tools, delegation: Delegation) -> None:
    """One step of an approved delegation; raises what can only be tried again."""
    latest = latest_start(delegation)
    if latest <= tools.now():
        await _too_late(tools, delegation, latest)
        return
    try:
        made = await _made(tools, delegation)
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
        if made is not None:
            await attempts.activate(tools, [made])


async def _too_late(tools: Tools, delegation: Delegation, latest: datetime) -> None:
    if delegation.attempted_at is None:
        event, why = Event.LAPSE, delegation.trouble  # what it waited for: its readers are told
    else:
        event, why = Event.EXPIRE, None
    await moves.move(tools, delegation, event, end_event=event, ended_at=latest, trouble=why)


def latest_start(delegation: Delegation) -> datetime:
    """When an approval that could not be carried out is given up."""
    if delegation.until is None:
        return delegation.lapses_at
    return min(delegation.lapses_at, delegation.until)


async def _made(tools: Tools, delegation: Delegation) -> Made | None:
    """The association, made now or by an earlier attempt that was not answered.

    None when it is too early, the delegation was taken back meanwhile, or the association was
    never ours.
    """
    known = await accounts.known_of(tools, delegation)
    session = await tools.connections.opened(known.grantor)
    if delegation.starts_at is not None and delegation.starts_at > tools.now():
        await moves.wait_until(tools, delegation, delegation.starts_at, trouble=None, counts=False)
        return None
    if not session.connection.is_usable:  # its owner is disconnecting
        raise NotConnected
    if delegation.attempted_at is not None:
        return await _made_again(tools, session, delegation, known)
    pair = _account_and_pair(tools, session, delegation, known)
    (account, there), addresses, look = await looked_up(tools, session, [delegation], pair)
    if there:
        await _is_taken(tools, delegation, there)
        return None
    if addresses == "":
        await moves.fail(tools, delegation, Trouble.NO_SENDING_ADDRESS)
        return None
    return await _create(tools, session, (delegation, account), addresses, look)


async def _account_and_pair(
    tools: Tools, session: CloseSession, delegation: Delegation, known: Known
) -> tuple[GranteeAccount, Sequence[Association]]:
    """The account it is for, and what Close holds of the two. Where the grantor has seen an
    account it can be for no other, so that both are looked up at the same time."""
    grantor, grantee = session.account.close_user_id, delegation.grantee_close_id
    if grantee is None:
        found = await accounts.of_grantee(tools, session, delegation, known)
        return found, await held.of_pair(tools, session, grantor, found.close_user_id)
    account, there = await asyncio.gather(
        accounts.of_grantee(tools, session, delegation, known),
        held.of_pair(tools, session, grantor, grantee),
        return_exceptions=True,
    )
    return answer_of(account), answer_of(there)


async def looked_up(
    tools: Tools,
    session: CloseSession,
    wanted: Sequence[Delegation],
    others: Coroutine[Any, Any, Others],
) -> tuple[Others, str | None, Look]:
    """What ``others`` finds, what the grantor can send from (:func:`sending_addresses`), and
    whether the people of these may still take part: looked up at the same time.

    Raises RetryLater, too, when it took so long that it may be so no longer.
    """
    began = tools.now()
    look, found, addresses = await asyncio.gather(
        recheck.look_at(tools, wanted),
        others,
        sending_addresses(tools, session),
        return_exceptions=True,
    )
    answers = answer_of(found), answer_of(addresses), answer_of(look)
    attempts.check_in_time(tools, began)
    return answers


def answer_of(said: Others | BaseException) -> Others:
    """What was found by one of several that were asked together; raises what that one raised."""
    if isinstance(said, BaseException):
        raise said
    return said


async def _is_taken(tools: Tools, delegation: Delegation, there: Sequence[Association]) -> None:
    """The pair has an association before we ever asked: not ours to end, so not ours to time-box;
    unless it is one of ours that has ended, and that Close still shows or still holds."""
    ended = await held.ended_ids(tools, delegation, there)
    if {each.id for each in there} - set(ended):
        await moves.fail(tools, delegation, Trouble.EXISTED_BEFORE)
        return
    now = tools.now()
    whose = (delegation.team_id, delegation.grantor_id)
    settled = now + moves.SETTLE
    await tools.database.run(lambda store: store.comparisons.plan_by(*whose, moment=settled))
    await moves.wait_until(tools, delegation, now + SHOWN_AGAIN, trouble=None, counts=False)


async def _made_again(
    tools: Tools, session: CloseSession, delegation: Delegation, known: Known
) -> Made | None:
    """After an attempt that may have had an effect: what it was for is looked for first.

    Whoever the grantee is by now, this association would be ours to end.
    """
    if is_other_account(session, delegation):
        raise NoAccount(Trouble.OTHER_CLOSE_ACCOUNT)
    found = await held.of_attempt(tools, session, delegation)
    if found:
        return Made(delegation, found[0], is_answer=False)
    grantee = accounts.of_grantee(tools, session, delegation, known)
    account, addresses, look = await looked_up(tools, session, [delegation], grantee)
    if account.close_user_id != delegation.grantee_close_id:
        raise NoAccount(Trouble.GRANTEE_CHANGED)
    return await _create(tools, session, (delegation, account), addresses, look)


async def _create(
    tools: Tools,
    session: CloseSession,
    wanted: tuple[Delegation, GranteeAccount],
    addresses: str | None,
    look: Look,
) -> Made | None:
    for attempt in await attempts.written(tools, session, [wanted], addresses, look):
        return await _asked_for(tools, session, attempt)
    return None


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


async def _asked_for(tools: Tools, session: CloseSession, attempt: Attempt) -> Made | None:
    try:
        association = await attempts.asked(tools, session, attempt)
    except OutcomeUnclear as unclear:
        return await _made_unseen(tools, session, attempt, unclear)
    except OutsideError as error:
        left = await attempts.had_no_effect(tools, [attempt])
        if not isinstance(error, RefusedByClose):
            raise
        for row in left:
            return await _refused(tools, session, attempt, row, error)
        return None
    return Made(attempt.row, association, is_answer=True)


async def _made_unseen(
    tools: Tools, session: CloseSession, attempt: Attempt, unclear: OutcomeUnclear
) -> Made:
    try:
        found = await held.of_attempt(tools, session, attempt.row)
    except RefusedByClose:
        raise unclear from None  # this refusal says nothing about the create
    if not found:
        raise unclear
    return Made(attempt.row, found[0], is_answer=False)


async def _refused(
    tools: Tools,
    session: CloseSession,
    attempt: Attempt,
    row: Delegation,
    error: RefusedByClose,
) -> Made | None:
    """A refusal can be Close's word for "exists already" (close.md §3): look.

    ``row`` is the delegation without this attempt.
    """
    if error.problem is CloseProblem.CLIENT_REJECTED:
        raise error
    try:
        found = await held.of_attempt(tools, session, row)
    except RefusedByClose:
        found = []  # this refusal says nothing about the create
    if found and attempt.is_first:  # somebody else was faster: it is theirs
        await moves.fail(tools, row, Trouble.EXISTED_BEFORE)
        return None
    if found:
        return Made(row, found[0], is_answer=False)
    is_new = attempt.before.trouble is not Trouble.CLOSE_EXISTS
    if error.problem is CloseProblem.EXISTS and is_new:
        # Its reads may lag behind: what Close says it holds is looked for once more.
        again = tools.now() + moves.SETTLE
        await moves.wait_until(tools, row, again, trouble=Trouble.CLOSE_EXISTS)
        return None
    await _hopeless(tools, row, moves.trouble_of(tools, error))
    return None


async def _without_account(tools: Tools, delegation: Delegation, trouble: Trouble) -> None:
    if trouble in WAITS_FOR_GRANTEE and delegation.attempted_at is None:
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
    """Until this person connects, or until it lapses; they are reminded. With a look now and then
    at what can change without the bot's doing; decided under the row's lock, so that somebody who
    connects at this moment is not overlooked."""

    def wait(store: Store) -> None:
        current = store.delegations.get(delegation.id, lock=True)
        if current is None or current.state is not State.APPROVED:
            store.delegations.due.free(delegation.id)
            return
        connection = store.connections.get(current.team_id, person_id)
        now = tools.now()
        ready = connection is not None and connection.is_usable
        if ready:
            store.delegations.postpone(current, wake_at=now, trouble=None, now=now)
            return
        since = current.decided_at
        current, remind_at = moves.reminded(store, current, trouble, since=since, now=now)
        looks = [now + LOOK_AGAIN] if trouble in WAITS_FOR_GRANTEE else []
        wake_at = min(latest_start(current), remind_at, *looks)
        store.delegations.postpone(
            current, wake_at=wake_at, trouble=trouble, now=now, remind_at=remind_at
        )

    await tools.database.run(wait)

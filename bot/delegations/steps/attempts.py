"""Attempts: creates that Close is asked for.

Each is written down before Close is asked. Then it is answered, or what came of it is found; else
it is remembered until it cannot arrive any more, since it may still take effect until then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.close.errors import CloseProblem, RetryLater
from bot.connections.sessions import CloseSession
from bot.delegations.accounts import GranteeAccount
from bot.delegations.people.eligibility import Look
from bot.delegations.steps import recheck
from bot.delegations.tools import Tools
from bot.ports import Association, Credential
from bot.store import Store
from models.delegation import Delegation, Event, State

# What is not sent so soon after it was written down is called off: a process can be paused.
SENT_WITHIN = timedelta(seconds=10)
# So long after it was written down something can still arrive at Close: it was sent in time, our
# own patience is over after ten seconds (close/transport.py), a proxy's usually within a minute.
ARRIVES_WITHIN = timedelta(minutes=1)
LOOK_AGAIN = timedelta(seconds=5)  # while something may still arrive
# An attempt is told from the one before by its moment, whatever the clocks of two processes say.
APART = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One create: its row as it was before, and as it is written down."""

    before: Delegation
    row: Delegation

    @property
    def is_first(self) -> bool:
        """Whether nothing that Close was asked before can be what is found there."""
        return not self.before.is_unanswered


async def written(
    tools: Tools,
    session: CloseSession,
    wanted: Sequence[tuple[Delegation, GranteeAccount]],
    addresses: str | None,
    look: Look,
) -> Sequence[Attempt]:
    """Write down that Close is about to be asked for these, each with the account it is for.
    ``look`` is what Slack said just now of their people.

    What was changed meanwhile, whose grantor is disconnecting, whose people may no longer take
    part, what the rules do not allow, or whose pair something may still arrive for, is not among
    them. Of its own, one that was not answered is no reason to wait, but two are: of more nobody
    could tell which are ours. The row's lock orders this and a disconnection.
    """
    allowed = await recheck.before(tools, [delegation for delegation, _ in wanted], look)
    may_be_made = {each.id for each in allowed}
    now, grantor = tools.now(), session.account
    same = {
        "arrives_until": now + ARRIVES_WITHIN,
        "organization_id": grantor.organization_id,
        "grantor_close_id": grantor.close_user_id,
        "addresses": addresses or "",
        "is_unchecked": not look.is_certain,
    }

    def write_each(store: Store) -> Sequence[Attempt]:
        # Always in the same order: two groups must not wait for each other's row locks.
        ordered = sorted(wanted, key=lambda each: each[0].id)
        here = [each for each in ordered if each[0].id in may_be_made]
        found = [_write(store, session, each, same, now) for each in here]
        return [each for each in found if each is not None]

    made = await tools.database.run(write_each)
    tools.metrics.events.labels(Event.ATTEMPT).inc(len(made))
    return made


def _write(
    store: Store,
    session: CloseSession,
    wanted: tuple[Delegation, GranteeAccount],
    same: Mapping[str, Any],
    now: datetime,
) -> Attempt | None:
    claimed, account = wanted
    current = store.delegations.get(claimed.id, lock=True)
    if current is None or current.state is not claimed.state:
        store.delegations.due.free(claimed.id)
        return None
    if current.version != claimed.version:
        return None  # the lease is with whoever attempts it
    later = _too_early(store, current, account, now)
    if later is not None:
        store.delegations.postpone(
            current, wake_at=later, trouble=current.trouble, now=now, counts=False
        )
        return None
    if not _is_usable(store, session, current):  # last: connections are locked after delegations
        store.delegations.due.free(current.id)
        return None
    changes = {**same, **_changes(current, account, now)}
    return Attempt(current, store.delegations.apply(current, Event.ATTEMPT, now=now, **changes))


def _too_early(
    store: Store, current: Delegation, account: GranteeAccount, now: datetime
) -> datetime | None:
    """When to look again while too much may still arrive for the pair; None when it may not."""
    of_others = store.delegations.arrives_until(current, account.close_user_id)
    if of_others is not None and of_others > now:
        return of_others
    own = latest_arrival(current) if current.is_unclear else None
    return min(now + LOOK_AGAIN, own) if own is not None and own > now else None


def _is_usable(store: Store, session: CloseSession, delegation: Delegation) -> bool:
    """Whether the grantor is still connected, and with the account that is about to be asked."""
    connection = store.connections.get(delegation.team_id, delegation.grantor_id, lock=True)
    if connection is None or not connection.is_usable:
        return False
    return connection.account.membership == session.account.membership


def _changes(current: Delegation, account: GranteeAccount, now: datetime) -> dict[str, Any]:
    before = current.attempted_at
    return {
        "attempted_at": now if before is None else max(now, before + APART),
        "is_unclear": is_on_its_way(current, now),
        # Without an account so far the grantor has agreed to one that they have not seen.
        "identified_at": current.identified_at if current.grantee_account else now,
        "attempts": current.attempts,
        "grantee_close_id": account.close_user_id,
        "grantee_account": account.shown,
        "is_grantee_proven": account.is_proven,
    }


def is_on_its_way(delegation: Delegation, now: datetime) -> bool:
    """Whether a create that was not answered, and of which nothing was found, may still arrive."""
    until = latest_arrival(delegation)
    return delegation.is_unanswered and until is not None and until > now


def latest_arrival(delegation: Delegation) -> datetime | None:
    """When what was asked for it last can have arrived at the latest; None when nothing was."""
    if delegation.arrives_until is not None or delegation.attempted_at is None:
        return delegation.arrives_until
    return delegation.attempted_at + ARRIVES_WITHIN


async def asked(tools: Tools, session: CloseSession, attempt: Attempt) -> Association:
    """Ask Close for it; raises what a session raises, and RetryLater when it is too late to."""
    row = attempt.row

    async def ask(credential: Credential) -> Association:
        check_in_time(tools, row.attempted_at)
        return await tools.close.create_association(
            credential, row.grantor_close_id or "", row.grantee_close_id or ""
        )

    return await session.call(ask)


def check_in_time(tools: Tools, written_at: datetime | None) -> None:
    """Raise RetryLater, which says that nothing was sent, when it was written down too long ago."""
    if written_at is None or tools.now() - written_at > SENT_WITHIN:
        raise RetryLater(CloseProblem.TIMED_OUT)


async def had_no_effect(tools: Tools, attempts: Sequence[Attempt]) -> Sequence[Delegation]:
    """As if these had not been attempted: Close has said that none of them had an effect.

    Returns those that are still to be made, as they are now.
    """

    def forget(store: Store) -> Sequence[Delegation]:
        ordered = sorted(attempts, key=lambda each: each.row.id)
        found = [store.delegations.forget_attempt(each.before, each.row) for each in ordered]
        for each, row in zip(ordered, found, strict=True):
            if row is not None and row.state is not State.APPROVED:
                store.delegations.due.free(each.row.id)  # else somebody asks Close for it just now
        return [row for row in found if row is not None and row.state is State.APPROVED]

    return await tools.database.run(forget)


@dataclass(frozen=True, slots=True)
class Made:
    """What Close holds of a delegation: as its answer to the attempt, or found there later."""

    delegation: Delegation
    association: Association
    is_answer: bool


async def activate(tools: Tools, made: Sequence[Made]) -> None:
    """Close holds these associations: their clocks run since Close was asked."""
    now = tools.now()

    def activate_each(store: Store) -> None:
        for each in sorted(made, key=lambda each: each.delegation.id):
            _activate(tools, store, each, now)

    await tools.database.run(activate_each)
    tools.metrics.events.labels(Event.ACTIVATE).inc(len(made))


def _activate(tools: Tools, store: Store, made: Made, now: datetime) -> None:
    """Decided by what the row says now: it may have gone on while Close was asked. What was found
    can be of an attempt only while one is without an answer; Close may have refused it by now."""
    current = store.delegations.get(made.delegation.id, lock=True)
    if current is None:
        return
    known = current.association_id
    can_be_ours = made.is_answer or current.is_unanswered
    match current.state:
        case State.APPROVED if can_be_ours:
            _begin(tools, store, current, made, now)
        case State.ENDING if can_be_ours and known is None:
            store.delegations.apply(
                current,
                Event.ACTIVATE,
                now=now,
                association_id=made.association.id,
                is_taken_over=not made.is_answer,
                leased_until=None,
            )
        case State.ACTIVE | State.ENDING if made.is_answer and known != made.association.id:
            store.delegations.doubt(current, made.association.id, now=now)
        case State.ENDED if made.is_answer and known != made.association.id:
            store.delegations.note_answer(current, made.association.id)
            store.comparisons.plan(current.team_id, current.grantor_id, now=now)
        case _:
            store.delegations.due.free(current.id)


def _begin(tools: Tools, store: Store, current: Delegation, made: Made, now: datetime) -> None:
    """The clock starts at the attempt at the latest: what is noticed late ends no later."""
    answered, latest = made.delegation.attempted_at, current.attempted_at
    began = min((each for each in (answered, latest) if each is not None), default=now)
    ends_at = _end(store, current, began)
    is_unclear = current.is_unclear or answered != latest
    changes: dict[str, Any] = {
        "association_id": made.association.id,
        "active_at": began,
        "ends_at": ends_at,
        "warn_at": tools.policy.warn_at(ends_at, now),
        "remind_at": None,
        "reminders": 0,
        "is_taken_over": not made.is_answer,
        "is_unclear": is_unclear,
        "arrives_until": current.arrives_until if is_unclear else None,
        "leased_until": None,
    }
    if ends_at is not None and ends_at <= now:
        changes |= {"end_event": Event.EXPIRE, "ended_at": now}
        store.delegations.apply(current, Event.EXPIRE, now=now, **changes)
        return
    store.delegations.apply(current, Event.ACTIVATE, now=now, **changes)
    if not made.is_answer and current.arrives_until is not None:
        # A guess: what was found may be somebody else's, and ours may still come.
        whose = (current.team_id, current.grantor_id)
        store.comparisons.plan_by(*whose, moment=max(current.arrives_until, now))


def _end(store: Store, delegation: Delegation, began: datetime) -> datetime | None:
    """When it ends: at the latest with the standing approval that covers it."""
    ends_at = delegation.end_when_active_from(began)
    if delegation.standing_id is None:
        return ends_at
    standing = store.standing.get(delegation.standing_id)
    if standing is None:
        return ends_at
    return standing.until if ends_at is None else min(ends_at, standing.until)

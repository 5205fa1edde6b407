"""What every step shares: moving a row on, putting it off, and the word for what went wrong."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.clock.backoff import pause_after
from bot.close.errors import CloseError, CloseProblem, OutcomeUnclear, RetryLater
from bot.connections.sessions import NotConnected, OtherAccountConnected
from bot.delegations.people.eligibility import PeopleUnclear
from bot.delegations.tools import Tools
from bot.ports import OutsideError
from bot.store import Store
from models.delegation import Delegation, Event, State, Trouble, default_wake
from models.overdue import UNREACHABLE, is_overdue
from models.reminders import next_reminder

# Close's reads may lag behind its writes: what they do not show of a create, or still show after a
# delete, counts only so long after it.
SETTLE = timedelta(seconds=15)
IDLE = timedelta(minutes=1)  # what was due, and had nothing to do, is not looked at sooner
QUIET_WAITS = 20  # being asked to wait is how a rate limit works; this often it is a trouble
QUIET_ATTEMPTS = 2  # a hiccup shorter than this many attempts is not worth a word on the card

TROUBLES = {
    CloseProblem.RATE_LIMITED: Trouble.CLOSE_BUSY,
    CloseProblem.UNAVAILABLE: Trouble.CLOSE_DOWN,
    CloseProblem.UNREADABLE: Trouble.CLOSE_DOWN,
    CloseProblem.UNREACHABLE: Trouble.CLOSE_DOWN,
    CloseProblem.TIMED_OUT: Trouble.CLOSE_DOWN,
    CloseProblem.INVALID: Trouble.CLOSE_INVALID,
    CloseProblem.EXISTS: Trouble.CLOSE_EXISTS,
    CloseProblem.PLAN_LIMIT: Trouble.CLOSE_PLAN_LIMIT,
    CloseProblem.FORBIDDEN: Trouble.CLOSE_FORBIDDEN,
    CloseProblem.NOT_FOUND: Trouble.CLOSE_NOT_FOUND,
    CloseProblem.GRANT_LOST: Trouble.CONNECTION_LOST,
    CloseProblem.CLIENT_REJECTED: Trouble.CLOSE_APP_REJECTED,
}


async def move(tools: Tools, delegation: Delegation, event: Event, **changes: Any) -> None:
    """Apply ``event`` unless the row has changed since it was claimed, and give the lease back."""
    wanted = [(delegation, {"leased_until": None, **changes})]
    moved = await tools.database.run(lambda store: moved_on(tools, store, wanted, event))
    tools.metrics.events.labels(event).inc(len(moved))


def moved_on(
    tools: Tools,
    store: Store,
    wanted: Sequence[tuple[Delegation, Mapping[str, Any]]],
    event: Event,
) -> Sequence[Delegation]:
    """Apply what was decided from copies that were claimed earlier, in this transaction.

    Any change since the claim calls it off, whoever made it: an extension in the last second wins
    over the expiry, and who was paused does not overrule what another process has done meanwhile.
    The row is then looked at anew.
    """
    locked = store.delegations.lock_all(row.id for row, _ in wanted)
    present = {each.id: each for each in locked}
    ready = []
    for row, changes in wanted:
        current = present.get(row.id)
        if current is not None and current.version == row.version:
            ready.append((current, changes))
            continue
        is_same = current is not None and current.state is row.state
        if not (is_same and row.state in (State.APPROVED, State.ENDING)):
            store.delegations.due.free(row.id)  # else somebody asks Close for it just now
    return store.delegations.apply_all(ready, event, now=tools.now())


async def free(tools: Tools, delegation: Delegation) -> None:
    """Give the lease back; nothing is to be done.

    It is due again when its state says so, or when somebody changes it, but never at once: what
    has no work and stays due would be claimed again and again.
    """
    now = tools.now()
    wake_at = default_wake(delegation, now)
    if wake_at is not None:
        wake_at = max(wake_at, now + IDLE)
    await tools.database.run_single(
        lambda store: store.delegations.due.put_off(delegation, wake_at=wake_at)
    )


async def fail(tools: Tools, delegation: Delegation, trouble: Trouble, **changes: Any) -> None:
    """Close refused, or the rules do, for good."""
    await move(tools, delegation, Event.FAIL, trouble=trouble, ended_at=tools.now(), **changes)


async def each_alone(
    tools: Tools, step: Callable[[Tools, Delegation], Awaitable[None]], group: Sequence[Delegation]
) -> None:
    """Take this step for each of them; what one of them raises does not stop the others."""
    log = structlog.get_logger("bot.delegations.steps.moves")
    outcomes = await asyncio.gather(*(step(tools, each) for each in group), return_exceptions=True)
    for delegation, error in zip(group, outcomes, strict=True):
        if isinstance(error, Exception):
            if not isinstance(error, OutsideError):
                log.error("step failed", row=delegation.id, exc_info=error)
            await put_off(tools, delegation, error)


async def put_off(tools: Tools, delegation: Delegation, error: Exception) -> None:
    """Put it off for as long as Close asked, or a little longer each time."""
    await put_off_together(tools, [delegation], error)


async def put_off_together(tools: Tools, group: Sequence[Delegation], error: Exception) -> None:
    """The same for several, which are due again at the same moment: one call may serve them all."""
    moment = tools.now() + pause_after(error, max((each.attempts for each in group), default=0))
    word = trouble_of(tools, error)
    is_told_when = isinstance(error, RetryLater | PeopleUnclear) and error.wait is not None
    quiet = QUIET_WAITS if is_told_when else QUIET_ATTEMPTS
    is_hiccup = isinstance(error, RetryLater | OutcomeUnclear | PeopleUnclear)
    counts = not was_held_back(error)

    def wait(store: Store) -> None:
        for each in sorted(group, key=lambda each: each.id):
            trouble = each.trouble if is_hiccup and each.attempts < quiet else word
            _wait(tools, store, each, moment, trouble=trouble, counts=counts)

    await tools.database.run(wait)


async def wait_until(
    tools: Tools,
    delegation: Delegation,
    moment: datetime,
    *,
    trouble: Trouble | None,
    counts: bool = True,
) -> None:
    """Look at it again at this moment, unless somebody moves it on before.

    ``counts`` is whether this was one more attempt.
    """
    await tools.database.run(
        lambda store: _wait(tools, store, delegation, moment, trouble=trouble, counts=counts)
    )


def _wait(
    tools: Tools,
    store: Store,
    delegation: Delegation,
    moment: datetime,
    *,
    trouble: Trouble | None,
    counts: bool,
) -> None:
    current = store.delegations.get(delegation.id, lock=True)
    if current is None or current.state is not delegation.state:
        store.delegations.due.free(delegation.id)
        return
    now = tools.now()
    remind_at = None
    if current.state is State.ENDING and trouble in UNREACHABLE:
        since = current.ended_at
        current, remind_at = reminded(store, current, trouble, since=since, now=now)
    late = store.delegations.postpone(
        current, wake_at=moment, trouble=trouble, now=now, counts=counts, remind_at=remind_at
    )
    _note_late(tools, store, late, was=current.trouble)


def reminded(
    store: Store, waiting: Delegation, trouble: Trouble, *, since: datetime | None, now: datetime
) -> tuple[Delegation, datetime]:
    """Remind whoever has to connect, if that is due: the row, and when they are reminded next.

    They are of one team, so the grantor's working hours are taken for the grantee's, too.
    """
    zone = waiting.grantor_zone
    if waiting.trouble is not trouble or waiting.remind_at is None:
        return waiting, next_reminder(asked_at=now, sent=0, zone=zone, now=now)
    if waiting.remind_at > now:
        return waiting, waiting.remind_at
    sent = waiting.reminders + 1
    again = next_reminder(asked_at=since or now, sent=sent, zone=zone, now=now)
    told = store.delegations.apply(
        waiting,
        Event.REMIND,
        now=now,
        trouble=trouble,
        attempts=waiting.attempts,
        reminders=sent,
        remind_at=again,
    )
    return told, again


def _note_late(tools: Tools, store: Store, delegation: Delegation, *, was: Trouble | None) -> None:
    """What should be over and is not: Close is asked whether the grantor is still somebody
    there, and after a while admins hear of it."""
    if delegation.state is not State.ENDING:
        return
    now = tools.now()
    if is_overdue(delegation, now):
        store.notices.tell_overdue(delegation.team_id, tools.policy.admins, now=now)
        if delegation.trouble is not was:
            store.notices.overdue_changed(delegation.team_id, now=now)
    if delegation.trouble is Trouble.CLOSE_FORBIDDEN:
        store.connections.look_by(delegation.team_id, delegation.grantor_id, moment=now)


def trouble_of(tools: Tools, error: Exception) -> Trouble:
    """The word for this error on the card; what Close did is counted in the metrics."""
    match error:
        case NotConnected():
            return Trouble.NOT_CONNECTED
        case OtherAccountConnected():
            return Trouble.OTHER_CLOSE_ACCOUNT
        case PeopleUnclear():
            return Trouble.SLACK_SILENT
        case CloseError():
            tools.metrics.close_failures.labels(error.problem).inc()
            return TROUBLES.get(error.problem, Trouble.CLOSE_UNEXPECTED)
        case _:
            return Trouble.UNKNOWN


def was_held_back(error: Exception) -> bool:
    """Whether our own limiter had no turn left: nothing was sent, so it was no attempt."""
    return isinstance(error, RetryLater) and error.wait is not None and error.status is None

"""A grantor's review by the clock: opened in time, brought to mind twice, told, and acted upon.

While none is open, the row is due once a day: Close is asked when the rights were last used, and
the review opens when it is time, or when one of them has gone unused for too long.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from bot.clock.backoff import pause_after
from bot.delegations.ending import end_all
from bot.delegations.reviews.subjects import answered, under_lock
from bot.delegations.reviews.usage import look_up
from bot.delegations.standing import ended
from bot.delegations.tools import Tools
from bot.ports import OutsideError
from bot.store import Store
from models.delegation import Delegation, Event
from models.event import Deed
from models.notice import NoticeKind
from models.reminders import next_working_moment
from models.review import (
    REMINDERS,
    Cause,
    Move,
    Review,
    cause_to_open,
    end_of,
    next_move,
)
from models.round import DAILY, JITTER
from models.standing import StandingApproval

GIVE_WAY = timedelta(seconds=2)  # rights that are to be taken back go first
BETWEEN = timedelta(seconds=15)  # looks of one grantor, who gave more than one look holds
SPREAD = timedelta(hours=1)  # over which the reviews of one morning are spread

_log = structlog.get_logger("bot.delegations.reviews.opening")


@dataclass(frozen=True, slots=True)
class ReviewStep:
    """The worker's step for one leased row of reviews."""

    tools: Tools
    on_change: Callable[[], None]

    async def take(self, review: Review) -> None:
        """Go on where it was."""
        try:
            await step(self.tools, review)
        finally:
            self.on_change()

    async def put_off(self, review: Review, error: Exception) -> None:
        """For as long as Close asked, or a little longer each time."""
        _log.warning("a review has to wait", grantor=review.grantor_id, error=str(error))
        attempts = review.attempts + 1
        wake_at = self.tools.now() + pause_after(error, attempts)
        await self.tools.database.run(
            lambda store: store.reviews.due.put_off(review, wake_at=wake_at, attempts=attempts)
        )


async def step(tools: Tools, review: Review) -> None:
    """One step of a review; raises what only waiting can mend."""
    if tools.reviews.every is None:
        await tools.database.run(lambda store: _call_off(tools, store, review))
    elif review.opened_at is not None:
        await tools.database.run(lambda store: _go_on(tools, store, review))
    else:
        await _look(tools, review)


def _call_off(tools: Tools, store: Store, review: Review) -> None:
    """Reviews were switched off: nobody waits for an answer any more."""
    current = _locked(store, review)
    if current is not None and current.opened_at is not None:
        _close(tools, store, current)
    else:
        store.reviews.due.rest(review)


async def _look(tools: Tools, review: Review) -> None:
    """Once a day: is there anything to ask about yet?"""
    now, whose = tools.now(), (review.team_id, review.grantor_id)
    items, is_busy = await tools.database.read(
        lambda store: (
            store.reviews.items(*whose, now=now),
            store.receipts.are_ends_due(*whose, None, now=now + GIVE_WAY),
        )
    )
    if items and is_busy:
        await _wait(tools, review, GIVE_WAY)
    elif items and await look_up(tools, review, items):
        await _wait(tools, review, BETWEEN)
    else:
        zone = await _zone(tools, review.grantor_id)
        await tools.database.run(lambda store: _open_in_time(tools, store, review, zone))


async def _wait(tools: Tools, review: Review, pause: timedelta) -> None:
    wake_at = tools.now() + pause
    await tools.database.run(lambda store: store.reviews.due.put_off(review, wake_at=wake_at))


async def _zone(tools: Tools, user_id: str) -> str:
    """Whose morning it is; where Slack does not say that in time, nobody's in particular."""
    try:
        person = await tools.directory.person(user_id)
    except OutsideError:
        return "UTC"
    return "UTC" if person is None else person.time_zone


def _open_in_time(tools: Tools, store: Store, review: Review, zone: str) -> None:
    current, now = _locked(store, review), tools.now()
    if current is None or current.opened_at is not None:
        return  # somebody was faster
    items = store.reviews.items(review.team_id, review.grantor_id, now=now)
    cause = cause_to_open(current, items, tools.reviews, now)
    opens = next_working_moment(now, zone)
    if not items:
        store.reviews.due.rest(review)  # until they give something again
    elif cause is None:
        store.reviews.due.put_off(review, wake_at=now + DAILY + _some(JITTER), attempts=0)
    elif opens > now:
        store.reviews.due.put_off(review, wake_at=opens + _some(SPREAD), attempts=0)
    else:
        _open(tools, store, replace(current, zone=zone), cause)


def _some(time: timedelta) -> timedelta:
    return time * random.random()  # noqa: S311 - spreads load, keeps no secret


def _open(tools: Tools, store: Store, review: Review, cause: Cause) -> None:
    """A new one; or the same again, when nobody answered it for so long that it is time anew."""
    now, is_new = tools.now(), review.opened_at is None
    opened = replace(
        review,
        number=review.number + is_new,
        cause=cause,
        opened_at=now,
        moved_at=now,
        messages=1 if is_new else review.messages + 1,
        reminders=0,
        told_at=None,
        ends_at=None,
        kept=0 if is_new else review.kept,
        ended=0 if is_new else review.ended,
    )
    _tell(tools, store, replace(opened, ends_at=end_of(opened, tools.reviews, now)))
    store.log.note(
        Deed.REVIEW_OPENED,
        team_id=review.team_id,
        now=now,
        subject_id=review.id,
        grantor=review.grantor_id,
    )


def _tell(tools: Tools, store: Store, review: Review) -> None:
    """Write it down as it is now, and have its grantor notified."""
    now = tools.now()
    _, wake_at = next_move(review, tools.reviews)
    store.reviews.write(replace(review, wake_at=wake_at), now=now)
    store.notices.tell(
        NoticeKind.REVIEW,
        team_id=review.team_id,
        recipients=[review.grantor_id],
        subject_id=review.id,
        incident=review.incident,
        now=now,
    )


def _go_on(tools: Tools, store: Store, review: Review) -> None:
    """An open one: what it is about may be over, or nobody has answered for a while."""
    now = tools.now()
    subjects = under_lock(store, store.reviews.asked_about(review, now=now))
    current = _locked(store, review)
    if current is None:
        return  # somebody was faster
    if not tools.reviews.ends:
        current = replace(current, ends_at=None)
    left = {each.id for each in store.reviews.asked_about(current, now=now)}
    if not left:
        _close(tools, store, current)
        return
    move, at = next_move(current, tools.reviews)
    if at > now:
        store.reviews.write(replace(current, wake_at=at), now=now)
    elif move is Move.TELL_ADMINS:
        _tell_admins(tools, store, current)
    elif move is Move.ASK_ANEW:
        _open(tools, store, current, Cause.REGULAR)
    elif move is Move.END and _is_announced(store, current):
        _end(tools, store, current, [each for each in subjects if each.id in left])
    else:
        _remind(tools, store, current)


def _is_announced(store: Store, review: Review) -> bool:
    """Whether the grantor could read twice that it ends: Slack has taken the reminders."""
    reminders = [f"{review.number}.{each}" for each in range(2, review.messages + 1)]
    kind, who = NoticeKind.REVIEW, review.grantor_id
    return store.notices.count_posted(kind, who, review.id, reminders) >= REMINDERS


def _remind(tools: Tools, store: Store, review: Review) -> None:
    reminded = replace(
        review,
        reminders=review.reminders + 1,
        messages=review.messages + 1,
        moved_at=tools.now(),
    )
    ends_at = review.ends_at and end_of(reminded, tools.reviews, tools.now())
    _tell(tools, store, replace(reminded, ends_at=ends_at))


def _tell_admins(tools: Tools, store: Store, review: Review) -> None:
    now = tools.now()
    told = replace(review, told_at=now, moved_at=now)
    _, wake_at = next_move(told, tools.reviews)
    store.reviews.write(replace(told, wake_at=wake_at), now=now)
    store.notices.tell_overdue(review.team_id, tools.policy.admins, now=now)
    if not tools.policy.admins:
        _log.error(
            "a review is not answered, and without ADMINS nobody is told",
            team=review.team_id,
            grantor=review.grantor_id,
        )


def _end(
    tools: Tools,
    store: Store,
    review: Review,
    subjects: Sequence[Delegation | StandingApproval],
) -> None:
    """What nobody confirmed, each in its own way."""
    now = tools.now()
    rights = [each for each in subjects if isinstance(each, Delegation)]
    end_all(store, rights, Event.UNCONFIRMED, None, now=now)
    for each in subjects:
        if isinstance(each, StandingApproval):
            ended(store, each, Event.UNCONFIRMED, None, now=now)
        answered(store, Deed.REVIEW_ENDED, review, each, now=now)
    _close(tools, store, replace(review, ended=review.ended + len(subjects)))


def _close(tools: Tools, store: Store, review: Review) -> None:
    """Nothing of it is left to answer: the next look is tomorrow."""
    now = tools.now()
    store.reviews.write(review.closed(now, wake_at=now + DAILY), now=now)


def _locked(store: Store, review: Review) -> Review | None:
    """As it is now, unless somebody else has moved it on since it was claimed."""
    current = store.reviews.get(review.id, lock=True)
    if current is None or _stage(current) != _stage(review):
        return None
    return current


def _stage(review: Review) -> tuple[object, ...]:
    return review.number, review.opened_at, review.messages, review.told_at

"""A grantor answers a review: everything is kept, or each is kept or ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.delegations.ending import end_all
from bot.delegations.reviews.subjects import Subject, answered, under_lock
from bot.delegations.standing import ended
from bot.desk import Actor, Desk, change, look
from bot.refusals import AlreadyDecided, ListChanged, NotKnown, NotYours, Refused, Thing
from bot.store import Store
from models.delegation import Delegation, Event, State
from models.event import Deed
from models.mark import mark_of_item, mark_of_items
from models.policy import REASON_LIMIT, Refusal
from models.review import MOST_AT_ONCE, Item, Review
from models.round import DAILY
from models.standing import StandingApproval


@dataclass(frozen=True, slots=True)
class Answer:
    """What the grantor says about one: ``seen`` is the mark of what they read, and ``why`` may say
    why it is kept."""

    keeps: bool
    seen: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What came of it: how many were kept, which end, and how many still wait for an answer; of
    those, ``changed`` are others now than was read."""

    kept: int
    ended: int
    left: int
    changed: int = 0


async def asked(desk: Desk, actor: Actor, review_id: str) -> Sequence[Item]:
    """What the actor's open review is about, oldest first. Raises NotKnown, NotYours and
    AlreadyDecided."""

    def read(store: Store) -> Sequence[Item]:
        review = _own(store, actor, review_id)
        items = store.reviews.asked_about(review, now=desk.now())
        if not items:
            raise AlreadyDecided
        return items

    return await look(desk, read)


async def keep_all(desk: Desk, actor: Actor, review_id: str, seen: str) -> Reviewed:
    """Everything that the message listed is still needed; ``seen`` is the mark of just that.

    Raises NotKnown, NotYours, AlreadyDecided and ListChanged.
    """
    now = desk.now()

    def keep(store: Store) -> Reviewed | None:
        review = _own(store, actor, review_id)
        items = store.reviews.asked_about(review, now=now)[:MOST_AT_ONCE]
        if not items:
            raise AlreadyDecided
        subjects = under_lock(store, items)
        current = _own(store, actor, review_id, lock=True)
        shown = store.reviews.asked_about(current, now=now)[:MOST_AT_ONCE]
        if mark_of_items(shown) != seen or {each.id for each in shown} != _ids(subjects):
            store.reviews.write(replace(current, wake_at=now), now=now)
            return None
        for each in subjects:
            _keep(store, current, each, actor, now=now)
        return _settled(store, current, now=now, kept=len(subjects))

    reviewed = await change(desk, keep)
    if reviewed is None:
        raise ListChanged
    return reviewed


async def answer(
    desk: Desk, actor: Actor, review_id: str, answers: Mapping[str, Answer]
) -> Reviewed:
    """Keep or end each of these. What is ended ends whatever has changed since it was read; what is
    kept counts only if it is what was read, or else is asked about again.

    Raises NotKnown, NotYours, AlreadyDecided when nothing of it is left, and Refused.
    """
    if any(len(each.why) > REASON_LIMIT for each in answers.values()):
        raise Refused(Refusal.REASON_TOO_LONG)
    now = desk.now()

    def decide(store: Store) -> Reviewed:
        review = _own(store, actor, review_id, is_open=False)
        items = [
            each
            for each in store.reviews.given(review.team_id, review.grantor_id, now=now)
            if each.id in answers
        ]
        if not items:
            raise AlreadyDecided
        subjects = {each.id: each for each in under_lock(store, items)}
        current = _own(store, actor, review_id, lock=True, is_open=False)
        ending = [each for each in subjects.values() if not answers[each.id].keeps]
        _end(store, current, ending, actor, now=now)
        keeping = [
            subjects[each.id]
            for each in store.reviews.asked_about(current, now=now)
            if each.id in subjects and answers[each.id].keeps
        ]
        kept = [each for each in keeping if mark_of_item(Item(each)) == answers[each.id].seen]
        for each in kept:
            _keep(store, current, each, actor, now=now, why=answers[each.id].why)
        changed = len(keeping) - len(kept)
        done = _settled(store, current, now=now, kept=len(kept), ended=len(ending))
        return replace(done, changed=changed)

    return await change(desk, decide)


def _own(
    store: Store, actor: Actor, review_id: str, *, lock: bool = False, is_open: bool = True
) -> Review:
    review = store.reviews.get(review_id, lock=lock)
    if review is None:
        raise NotKnown(Thing.REVIEW)
    if (review.team_id, review.grantor_id) != (actor.team_id, actor.user_id):
        raise NotYours
    if is_open and review.opened_at is None:
        raise AlreadyDecided
    return review


def _ids(subjects: Sequence[Subject]) -> set[str]:
    return {each.id for each in subjects}


def _keep(
    store: Store,
    review: Review,
    subject: Subject,
    actor: Actor,
    *,
    now: datetime,
    why: str = "",
) -> None:
    store.needs.keep([subject.id], now=now)
    answered(
        store, Deed.REVIEW_KEPT, review, subject, now=now, actor=actor.user_id, why=why.strip()
    )


def _end(
    store: Store, review: Review, ending: Sequence[Subject], actor: Actor, *, now: datetime
) -> None:
    """As if each had been revoked, or ended, by itself."""
    for each in ending:
        if isinstance(each, StandingApproval):
            ended(store, each, Event.WITHDRAW, actor.user_id, now=now)
        answered(store, Deed.REVIEW_ENDED, review, each, now=now, actor=actor.user_id)
    rights = [
        each for each in ending if isinstance(each, Delegation) and each.state is State.ACTIVE
    ]
    end_all(store, rights, Event.REVOKE, actor.user_id, now=now)


def _settled(
    store: Store, review: Review, *, now: datetime, kept: int = 0, ended: int = 0
) -> Reviewed:
    """Note the answers; the review is over once nothing is left."""
    after = replace(review, kept=review.kept + kept, ended=review.ended + ended)
    left = 0
    if review.opened_at is not None:
        left = len(store.reviews.asked_about(review, now=now))
        if not left:
            after = after.closed(now, wake_at=now + DAILY)
        store.reviews.write(after, now=now)
    return Reviewed(kept, ended, left)

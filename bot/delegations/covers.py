"""Cover: while somebody is away, colleagues can send as them; planned, changed and ended as one.

Its rights are ordinary grants. What stands against a grant stands against them as well, and they
begin and end by themselves, as any right.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.delegations import asking, extending
from bot.delegations.asking import Bundle, Terms
from bot.delegations.ending import end_all
from bot.desk import Actor, Desk, change, check_proven, look
from bot.refusals import (
    CoverChanged,
    NotDone,
    NotKnown,
    NotYours,
    OfferOver,
    Outcome,
    Refused,
    Thing,
)
from bot.store import Store
from bot.times.saying import write_span
from bot.times.span import Span
from models.absence import Absence, Offer
from models.base import new_id
from models.cover import MOST_COVERERS, Cover, Covered, end_of, is_of_cover
from models.delegation import Delegation, Event, State
from models.mark import mark_of, mark_of_absence, mark_of_cover
from models.policy import Refusal


@dataclass(frozen=True, slots=True)
class Plan:
    """Who covers, until when and from when (None: at once), and what they are to know."""

    people: Sequence[str]
    until: datetime
    starts_at: datetime | None = None
    note: str = ""

    @classmethod
    def of_span(cls, people: Sequence[str], span: Span, note: str, *, now: datetime) -> "Plan":
        """The same of a time that was typed; raises Refused where it has no end."""
        if span.until is not None:
            return cls(people, span.until, span.starts, note)
        if span.length is None:
            raise Refused(Refusal.COVER_ENDS)
        return cls(people, (span.starts or now) + span.length, span.starts, note)

    @property
    def terms(self) -> Terms:
        """Those of each of its rights."""
        return Terms(Span(until=self.until, starts=self.starts_at), self.note)


@dataclass(frozen=True, slots=True)
class Planned:
    """What came of a plan, for each who was to cover, and which other covers are of the same
    time."""

    outcomes: Sequence[Outcome]
    overlapping: Sequence[Cover] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """The question who covers, as its reader saw it."""

    absence_id: str
    seen: str


async def plan(
    desk: Desk, actor: Actor, wished: Plan, *, answered: Answered | None = None
) -> Planned:
    """Let these people send as the actor in this time, as one cover; each is accepted or refused by
    itself, and where nobody is, there is none.

    Raises Refused, ConfirmFirst and, with ``answered``, NotYours and OfferOver.
    """
    now = desk.now()
    wished = _checked(wished, now)
    wanted = {"do": "cover"} | _written(wished)
    if answered is not None:
        wanted |= {"absence": answered.absence_id, "seen": answered.seen}
    check_proven(desk, actor, wished.terms.span, wanted, now=now)
    cover = Cover(
        id=new_id(),
        team_id=actor.team_id,
        grantor_id=actor.user_id,
        starts_at=wished.starts_at,
        until=wished.until,
        note=wished.note,
        created_at=now,
    )
    asked: list[Absence] = []
    overlapping: list[Cover] = []

    def first(store: Store) -> None:
        asked[:] = [] if answered is None else [_asked(store, actor, answered, now=now)]

    def then(store: Store, begun: Sequence[Delegation]) -> None:
        if not begun:
            return
        overlapping[:] = at_that_time(store, actor, cover.starts_at or now, cover.until, now=now)
        store.covers.add(cover, coverers=len(begun))
        store.notices.tell_bundle(actor.team_id, actor.user_id, cover.id, now=now)
        for each in asked:
            covered = replace(each, offer=Offer.COVERED, wake_at=each.until)
            store.absences.write(covered, now=now)
        store.absences.look_again(actor.team_id, actor.user_id, now=now)

    await asking.look_up(desk, wished.people)
    outcomes = await asking.grant_together(
        desk,
        actor,
        Bundle(cover.id, first, then),
        grantee_ids=wished.people,
        terms=wished.terms,
    )
    return Planned(outcomes, tuple(overlapping))


async def shown(desk: Desk, actor: Actor, cover_id: str) -> tuple[Cover, Covered]:
    """One of the actor's covers, and what is left of it; nothing is changed.

    Raises NotKnown, NotYours and, when it is over, CoverChanged.
    """
    return await look(desk, lambda store: _found(store, actor, cover_id))


async def change_plan(desk: Desk, actor: Actor, cover_id: str, seen: str, wished: Plan) -> Planned:
    """Make another plan of a cover: who is no longer in it loses their right, and who is new gets
    one. What has not begun is given anew where its time or its note is another: all of that, or
    nothing. What runs can last longer. ``seen`` is the mark of what the actor has read.

    Raises as :func:`shown`, Refused and ConfirmFirst.
    """
    now = desk.now()
    cover, there = await shown(desk, actor, cover_id)
    if seen != mark_of_cover(there.rights):
        raise CoverChanged
    if there.began_at <= now:
        wished = replace(wished, starts_at=None)
    wished = _checked(wished, now)
    changes = _changes(there, wished)
    granted = [each for each in wished.people if each not in changes.staying]
    wanted = {"do": "change_cover", "id": cover_id, "seen": seen} | _written(wished)
    if granted or changes.longer:  # of all of it, and before any of it
        began = [each.active_at or each.requested_at for each in changes.longer]
        whole = replace(wished.terms.span, starts=min(began, default=wished.starts_at))
        check_proven(desk, actor, whole, wanted, now=now)

    def first(store: Store) -> None:
        rights = store.delegations.lock_all(each.id for each in there.rights)
        current = store.covers.get(cover_id, lock=True)
        is_same = seen == mark_of_cover(each for each in rights if is_of_cover(each))
        if current is None or current.ended_at is not None or not is_same:
            raise CoverChanged
        ending = [each for each in rights if each.id in changes.ending]
        end_all(store, ending, Event.REVOKE, actor.user_id, now=now)

    def then(store: Store, begun: Sequence[Delegation]) -> None:
        starts_at = cover.starts_at if there.began_at <= now else wished.starts_at
        other = replace(cover, starts_at=starts_at, until=wished.until, note=wished.note)
        store.covers.change(other, coverers=len(begun) + len(changes.staying), now=now)

    await asking.look_up(desk, wished.people)
    outcomes = [
        *await asking.grant_together(
            desk,
            actor,
            Bundle(cover_id, first, then, is_whole=True),
            grantee_ids=granted,
            terms=wished.terms,
        ),
        *[await _prolonged(desk, actor, each, wished.until) for each in changes.longer],
    ]
    return Planned(outcomes)


async def end_cover(desk: Desk, actor: Actor, cover_id: str) -> Sequence[Delegation]:
    """End all of its rights, or call them off; what that was. Raises NotKnown and NotYours."""

    def end(store: Store) -> Sequence[Delegation]:
        now = desk.now()
        rights = store.delegations.lock_all(_left_of(store, cover_id))
        cover = _own(store, actor, cover_id, lock=True)
        added = _left_of(store, cover_id) - {each.id for each in rights}  # by a change meanwhile
        store.covers.end(cover, by=actor.user_id, now=now)
        locked = [*rights, *store.delegations.lock_all(added)]
        left = [each for each in locked if is_of_cover(each)]
        return end_all(store, left, Event.REVOKE, actor.user_id, now=now)

    return await change(desk, end)


def at_that_time(
    store: Store, actor: Actor, starts_at: datetime, until: datetime, *, now: datetime
) -> Sequence[Cover]:
    """The actor's covers of which anything is left and that lie in this stretch."""
    held = store.covers.held_by(actor.team_id, actor.user_id, now=now)
    return [
        each
        for each in held
        if each.overlaps(starts_at, until)
        and any(is_of_cover(right) for right in store.delegations.of_bundle(each.id))
    ]


@dataclass(frozen=True, slots=True)
class _Changes:
    """Of the rights of a cover: the ids of those that end, whose right stays, and which of these
    last longer."""

    ending: frozenset[str]
    staying: frozenset[str]
    longer: Sequence[Delegation]


def _changes(there: Covered, wished: Plan) -> _Changes:
    ending, staying, longer = set(), set(), []
    for each in there.rights:
        if each.grantee_id not in wished.people:
            ending.add(each.id)
        elif each.state is State.ACTIVE or each.attempted_at is not None:
            if wished.until < end_of(each):
                raise Refused(Refusal.COVER_RUNS)
            staying.add(each.grantee_id)
            longer += [each] if wished.until > end_of(each) else []
        elif (each.starts_at, each.until, each.reason) == (
            wished.starts_at,
            wished.until,
            wished.note,
        ):
            staying.add(each.grantee_id)
        else:
            ending.add(each.id)
    return _Changes(frozenset(ending), frozenset(staying), longer)


async def _prolonged(desk: Desk, actor: Actor, right: Delegation, until: datetime) -> Outcome:
    try:
        longer = await extending.extend(
            desk, actor, right.id, mark_of(right), Span(until=until), note=""
        )
    except NotDone as problem:
        return Outcome(right.grantee_id, problem=problem)
    return Outcome(right.grantee_id, longer)


def _checked(wished: Plan, now: datetime) -> Plan:
    """As it is now: what has begun already begins at once. Raises Refused."""
    people = tuple(dict.fromkeys(wished.people))
    if not people:
        raise Refused(Refusal.NOBODY_COVERS)
    if len(people) > MOST_COVERERS:
        raise Refused(Refusal.TOO_MANY_COVER)
    if wished.until <= now:
        raise Refused(Refusal.DATE_PASSED)
    is_now = wished.starts_at is not None and wished.starts_at <= now
    return replace(wished, people=people, starts_at=None if is_now else wished.starts_at)


def _written(wished: Plan) -> dict[str, object]:
    """What is to be confirmed in Close, in JSON."""
    return {
        "grantees": list(wished.people),
        "reason": wished.note,
        "terms": write_span(wished.terms.span),
    }


def _asked(store: Store, actor: Actor, answered: Answered, *, now: datetime) -> Absence:
    """The question under lock, if it is the actor's and what they read; raises NotYours and
    OfferOver."""
    absence = store.absences.get(answered.absence_id, lock=True)
    if absence is None:
        raise OfferOver
    if (absence.team_id, absence.slack_user_id) != (actor.team_id, actor.user_id):
        raise NotYours
    is_past = absence.until is None or absence.until <= now
    if not absence.is_open or is_past or answered.seen != mark_of_absence(absence):
        raise OfferOver
    return absence


def _left_of(store: Store, cover_id: str) -> set[str]:
    """The ids of the rights that are left of it."""
    return {each.id for each in store.delegations.of_bundle(cover_id) if is_of_cover(each)}


def _own(store: Store, actor: Actor, cover_id: str, *, lock: bool = False) -> Cover:
    cover = store.covers.get(cover_id, lock=lock)
    if cover is None:
        raise NotKnown(Thing.COVER)
    if (cover.team_id, cover.grantor_id) != (actor.team_id, actor.user_id):
        raise NotYours
    return cover


def _found(store: Store, actor: Actor, cover_id: str) -> tuple[Cover, Covered]:
    cover = _own(store, actor, cover_id)
    rights = [each for each in store.delegations.of_bundle(cover_id) if is_of_cover(each)]
    if not rights or cover.ended_at is not None:
        raise CoverChanged
    return cover, Covered(cover_id, rights)

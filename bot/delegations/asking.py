"""Asking and granting: how a delegation begins."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.delegations.finding import list_open
from bot.delegations.people.departures import still_here
from bot.desk import (
    Actor,
    Desk,
    before,
    change,
    check_pair_is_free,
    check_person,
    check_proven,
    check_span,
    last_start,
    learn_groups,
    verdict,
)
from bot.refusals import AlreadyOpen, NotDone, Outcome, Refused
from bot.store import Store
from bot.store.delegations import Around, PairTaken
from bot.times.saying import write_span
from bot.times.span import Span
from models.base import new_id
from models.delegation import Delegation, Event, State, default_wake
from models.person import Person
from models.policy import LATELY, Refusal, Rule, Verdict, crowd_refusal
from models.reminders import next_reminder

MOST_AT_ONCE = 100  # people in one wish


@dataclass(frozen=True, slots=True)
class Terms:
    """For how long, and why."""

    span: Span
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Beginning:
    """A delegation that is about to begin, and how."""

    event: Event
    delegation: Delegation

    def in_bundle(self, bundle_id: str | None) -> "Beginning":
        """The same, as one of those that are wished together; None: it is one alone."""
        if bundle_id is None:
            return self
        return replace(self, delegation=replace(self.delegation, bundle_id=bundle_id))


@dataclass(frozen=True, slots=True)
class Bundle:
    """What several begin as, and may begin as one alone. In the transaction in which they do,
    ``first`` is done before, and ``then`` after, with those that began. ``is_whole``: all of it
    begins, or what stands against the first is raised, and nothing is changed."""

    id: str
    first: Callable[[Store], None]
    then: Callable[[Store, Sequence[Delegation]], None]
    is_whole: bool = False


async def request(
    desk: Desk, actor: Actor, *, grantor_id: str, terms: Terms, grantee_id: str | None = None
) -> Delegation:
    """Ask to send as the grantor, for oneself or for ``grantee_id``.

    A standing approval of the grantor answers at once, and whoever asks to be sent as
    themselves has agreed already: that is a grant. Raises Refused and AlreadyOpen.
    """
    return await _begin(desk, actor, await _asked(desk, actor, grantor_id, terms, grantee_id))


async def _asked(
    desk: Desk, actor: Actor, grantor_id: str, terms: Terms, grantee_id: str | None
) -> Beginning:
    grantee_id = grantee_id or actor.user_id
    if grantor_id == grantee_id:
        raise Refused(Refusal.ONESELF, grantor_id)
    if grantor_id == actor.user_id:
        return await _granted(desk, actor, grantee_id, terms)
    await learn_groups(desk)
    ruled = verdict(desk, grantor_id, grantee_id)
    check_reason(ruled, terms.reason)
    check_span(ruled, terms.span, now=desk.now())
    await still_here(desk, actor.team_id, actor.user_id)
    grantor = await still_here(desk, actor.team_id, grantor_id)
    grantee = await still_here(desk, actor.team_id, grantee_id)
    now = desk.now()
    remind_at = next_reminder(asked_at=now, sent=0, zone=grantor.time_zone, now=now)
    wished = _wished(desk, actor, grantor, grantee, terms, now=now, remind_at=remind_at)
    return Beginning(Event.REQUEST, wished)


async def request_from_all(
    desk: Desk,
    actor: Actor,
    *,
    grantor_ids: Sequence[str],
    terms: Terms,
    grantee_id: str | None = None,
) -> Sequence[Outcome]:
    """Ask several grantors at once; each is one request, accepted or refused by itself.

    Raises Refused when these are too many.
    """
    _check_number(grantor_ids)
    wishes: dict[str, Beginning | NotDone] = {}
    for grantor_id in dict.fromkeys(grantor_ids):
        try:
            wishes[grantor_id] = await _asked(desk, actor, grantor_id, terms, grantee_id)
        except NotDone as problem:
            wishes[grantor_id] = problem
    return await _begin_all(desk, actor, wishes)


async def grant(desk: Desk, actor: Actor, *, grantee_id: str, terms: Terms) -> Delegation:
    """Let somebody send as the actor, without being asked; where a rule asks for a second yes, it
    waits for that. Raises Refused and AlreadyOpen."""
    return await _begin(desk, actor, await _granted(desk, actor, grantee_id, terms))


async def grant_all(
    desk: Desk, actor: Actor, *, grantee_ids: Sequence[str], terms: Terms
) -> Sequence[Outcome]:
    """Grant to several people; each is accepted or refused by itself.

    All that is accepted is stored at once, so that Close can be asked for all of it at once.
    Raises Refused when these are too many.
    """
    _check_number(grantee_ids)
    _check_proven(desk, actor, grantee_ids, terms)
    wishes: dict[str, Beginning | NotDone] = {}
    for grantee_id in dict.fromkeys(grantee_ids):
        try:
            wishes[grantee_id] = await _granted(desk, actor, grantee_id, terms)
        except NotDone as problem:
            wishes[grantee_id] = problem
    return await _begin_all(desk, actor, wishes)


def _check_proven(desk: Desk, actor: Actor, grantee_ids: Sequence[str], terms: Terms) -> None:
    """All of them are confirmed at once; raises ConfirmFirst."""
    wanted = {"do": "grant", "grantees": list(grantee_ids), "reason": terms.reason}
    wanted["terms"] = write_span(terms.span)
    check_proven(desk, actor, terms.span, wanted, now=desk.now())


async def look_up(desk: Desk, people: Iterable[str | None]) -> None:
    """Everybody at once, before anything is stored; then the directory's cache answers.

    One after the other would outlast Slack's three seconds, and one that Slack does not
    answer would leave the wish half done. Raises SlackRetryLater.
    """
    wanted = {each for each in people if each}
    if len(wanted) == 1:  # as nearly always; a task of its own would let others go before
        await desk.directory.person(*wanted)
    else:
        await asyncio.gather(*(desk.directory.person(each) for each in wanted))


async def grant_together(
    desk: Desk, actor: Actor, bundle: Bundle, *, grantee_ids: Sequence[str], terms: Terms
) -> Sequence[Outcome]:
    """As :func:`grant_all` for what belongs to something that is stored with it."""
    return await _begin_all(desk, actor, await _grants(desk, actor, grantee_ids, terms), bundle)


async def _grants(
    desk: Desk, actor: Actor, grantee_ids: Sequence[str], terms: Terms
) -> Mapping[str, Beginning | NotDone]:
    wishes: dict[str, Beginning | NotDone] = {}
    for grantee_id in dict.fromkeys(grantee_ids):
        try:
            wishes[grantee_id] = await _granted(desk, actor, grantee_id, terms)
        except NotDone as problem:
            wishes[grantee_id] = problem
    return wishes


async def ungrantable(
    desk: Desk, actor: Actor, grantee_ids: Sequence[str]
) -> Mapping[str, NotDone]:
    """Who of these cannot be granted anything now, and why; nothing is stored.

    They have been looked up before: raises SlackRetryLater otherwise.
    """
    problems: dict[str, NotDone] = {}
    given = {
        each.grantee_id: each
        for each in await list_open(desk, actor)
        if each.grantor_id == actor.user_id
    }
    for grantee_id in grantee_ids:
        try:
            await check_person(desk, actor.team_id, grantee_id)
        except Refused as problem:
            problems[grantee_id] = problem
        else:
            if grantee_id == actor.user_id:
                problems[grantee_id] = Refused(Refusal.ONESELF, grantee_id)
            elif grantee_id in given:
                problems[grantee_id] = AlreadyOpen(given[grantee_id])
    return problems


def check_reason(ruled: Verdict, reason: str) -> None:
    """Whether the rules take this reason; raises Refused."""
    broken = ruled.reason_refusal(reason)
    if broken is not None:
        raise Refused(broken[0], rule=broken[1])


async def _granted(desk: Desk, actor: Actor, grantee_id: str, terms: Terms) -> Beginning:
    if grantee_id == actor.user_id:
        raise Refused(Refusal.ONESELF, grantee_id)
    await learn_groups(desk)
    ruled = verdict(desk, actor.user_id, grantee_id)
    check_span(ruled, terms.span, now=desk.now())
    if len(terms.reason) > 0 or not all(each.is_default for each in ruled.rules):
        check_reason(ruled, terms.reason)  # the policy asks nobody why they give
    grantor = await still_here(desk, actor.team_id, actor.user_id)
    grantee = await still_here(desk, actor.team_id, grantee_id)
    now = desk.now()
    wished = _wished(desk, actor, grantor, grantee, terms, now=now)
    _check_proven(desk, actor, [grantee_id], terms)
    if ruled.second is not None:
        return Beginning(Event.REQUEST, replace(wished, agreed_at=now, **seconds(ruled.second)))
    granted = replace(
        wished,
        state=State.APPROVED,
        decided_at=now,
        lapses_at=last_start(desk, terms.span, now),
    )
    return Beginning(Event.GRANT, granted)


def seconds(rule: Rule) -> dict[str, Any]:
    """Whose yes this rule asks for as well, as a row has it."""
    return {"second": rule.second, "second_name": rule.second_name, "seconded_by": None}


def _wished(
    desk: Desk,
    actor: Actor,
    grantor: Person,
    grantee: Person,
    terms: Terms,
    *,
    now: datetime,
    remind_at: datetime | None = None,
) -> Delegation:
    return Delegation(
        id=new_id(),
        team_id=actor.team_id,
        grantor_id=grantor.id,
        grantor_zone=grantor.time_zone,
        grantee_id=grantee.id,
        grantee_email=grantee.email,
        requester_id=actor.user_id,
        reason=terms.reason,
        starts_at=terms.span.starts,
        length=terms.span.length,
        until=terms.span.until,
        state=State.REQUESTED,
        requested_at=now,
        lapses_at=before(terms.span.until, now + desk.policy.pending_ttl),
        remind_at=remind_at,
    )


async def _begin(desk: Desk, actor: Actor, wish: Beginning) -> Delegation:
    try:
        return await change(desk, lambda store: _begun(desk, store, actor, wish, now=desk.now()))
    except PairTaken:  # the other request committed between our look and our insert
        await desk.database.read(lambda store: check_pair_is_free(store, wish.delegation))
        raise


async def _begin_all(
    desk: Desk,
    actor: Actor,
    wishes: Mapping[str, Beginning | NotDone],
    bundle: Bundle | None = None,
) -> Sequence[Outcome]:
    """What came of each, by the person it is for; all that begins is stored at once."""
    several = new_id() if len(wishes) > 1 else None
    bundle_id = bundle.id if bundle is not None else several

    def begin(store: Store) -> Sequence[Outcome]:
        now = desk.now()  # one moment for all, so that all are due together
        if bundle is not None:
            bundle.first(store)
        outcomes = [
            Outcome(person_id, problem=wish)
            if isinstance(wish, NotDone)
            else _begun_or_not(desk, store, actor, person_id, wish.in_bundle(bundle_id), now=now)
            for person_id, wish in wishes.items()
        ]
        begun = [each.delegation for each in outcomes if each.delegation is not None]
        if bundle is not None:
            _check_whole(bundle, outcomes)
            bundle.then(store, begun)
        elif bundle_id is not None and len(begun) == 1:
            store.delegations.leave_bundle(begun[0])
        elif bundle_id is not None and begun:
            store.notices.tell_bundle(actor.team_id, actor.user_id, bundle_id, now=now)
        return outcomes

    try:
        return await change(desk, begin)
    except PairTaken:  # another one committed between our look and our insert: look again
        return await change(desk, begin)


def _check_whole(bundle: Bundle, outcomes: Sequence[Outcome]) -> None:
    problems = [each.problem for each in outcomes if each.problem is not None]
    if bundle.is_whole and problems:
        raise problems[0]


def _begun_or_not(
    desk: Desk, store: Store, actor: Actor, person_id: str, wish: Beginning, *, now: datetime
) -> Outcome:
    try:
        begun = _begun(desk, store, actor, wish, now=now)
    except (AlreadyOpen, Refused) as problem:
        return Outcome(person_id, problem=problem)
    return Outcome(person_id, begun)


def _begun(desk: Desk, store: Store, actor: Actor, wish: Beginning, *, now: datetime) -> Delegation:
    wished = wish.delegation
    around = _look_around(store, wished, now)
    if any(each.is_pair_open for each in around.values()):
        check_pair_is_free(store, wished)
    _check_crowd(wished, around)
    has_standing = any(each.has_standing for each in around.values())
    new = under_standing_approval(desk, store, wished, now) if has_standing else wished
    new = replace(new, wake_at=default_wake(new, now))
    return store.delegations.add(
        new, event=wish.event, actor=actor.user_id, audit_channel=desk.audit_channel
    )


def under_standing_approval(
    desk: Desk, store: Store, wished: Delegation, now: datetime
) -> Delegation:
    """The same, approved if a standing approval covers it: that holds for whom it names, only for
    what they ask themselves, and where the rules let it."""
    if wished.state is not State.REQUESTED or wished.requester_id != wished.grantee_id:
        return wished
    if verdict(desk, wished.grantor_id, wished.grantee_id).without_standing is not None:
        return wished
    if desk.policy.is_strong(
        length=wished.length, starts_at=wished.starts_at, until=wished.until, now=now
    ):
        return wished  # its grantor has to confirm it
    pair = (wished.team_id, wished.grantor_id, wished.grantee_id)
    standing = store.standing.for_pair(*pair, lock=True)
    if standing is None or not standing.covers(
        length=wished.length, starts_at=wished.starts_at, until=wished.until, now=now
    ):
        return wished
    span = Span(length=wished.length, until=wished.until, starts=wished.starts_at)
    return replace(
        wished,
        state=State.APPROVED,
        standing_id=standing.id,
        decided_at=now,
        remind_at=None,
        lapses_at=min(last_start(desk, span, now), standing.until),
    )


def _look_around(store: Store, wished: Delegation, now: datetime) -> Mapping[str, Around]:
    """What is there already, for each whom the requester asks, or gives something to."""
    others = dict.fromkeys((wished.grantor_id, wished.grantee_id))
    others.pop(wished.requester_id, None)
    return {each: store.delegations.around(wished, each, since=now - LATELY) for each in others}


def _check_crowd(wished: Delegation, around: Mapping[str, Around]) -> None:
    """Nobody can drown a colleague in requests, or in grants; raises Refused."""
    waits = wished.state is State.REQUESTED
    for other, found in around.items():
        refusal = crowd_refusal(
            open_in_all=found.open_in_all if waits else 0,  # a grant leaves nothing open
            open_for_one=found.open_for_one if waits else 0,
            lately_for_one=found.lately_for_one,
        )
        if refusal is not None:
            raise Refused(refusal, other)


def _check_number(people: Sequence[str]) -> None:
    if len(set(people)) > MOST_AT_ONCE:
        raise Refused(Refusal.TOO_MANY)

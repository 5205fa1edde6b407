"""What every use case works with: who acts, what they may touch, one transaction for the change."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from bot.ports import Directory, Now, OutsideError
from bot.refusals import (
    AdminsOnly,
    AlreadyOpen,
    Changed,
    ConfirmFirst,
    NotKnown,
    NotYours,
    Refused,
    Settled,
    Thing,
)
from bot.store import Database, Store
from bot.times.saying import write_span
from bot.times.span import Span
from models.delegation import Delegation, State
from models.mark import Beside, Subject, mark_of
from models.pairing import Pairing
from models.person import Person
from models.policy import Groups, Policy, Refusal, Rule, Rules, Verdict, who_refusal
from models.stray import Stray

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it, as Slack signed it; never taken from a button's value. ``is_proven``: they have
    just shown in Close, too, who they are."""

    team_id: str
    user_id: str
    is_proven: bool = False


def no_rules() -> Sequence[Rule]:
    """Where nothing holds but the policy."""
    return ()


@dataclass(frozen=True, slots=True)
class Desk:
    """What every use case works with. ``wake`` tells the workers that something became due, and
    ``present_rules`` are those of now: they can be exchanged while the bot runs."""

    database: Database
    directory: Directory
    policy: Policy
    now: Now
    wake: Callable[[], None]
    audit_channel: str | None = None
    present_rules: Callable[[], Sequence[Rule]] = no_rules

    @property
    def rules(self) -> Rules:
        """The rules of now, and the policy behind them."""
        return Rules(self.policy, self.present_rules())


async def change(desk: Desk, decide: Callable[[Store], Result]) -> Result:
    """Run ``decide`` as one transaction, then wake the workers; returns what it returned."""
    result = await _shown_anew(desk, desk.database.run(decide))
    desk.wake()
    return result


async def look(desk: Desk, read: Callable[[Store], Result]) -> Result:
    """The same for what changes nothing, and locks nothing."""
    return await _shown_anew(desk, desk.database.read(read))


async def _shown_anew(desk: Desk, wanted: Awaitable[Result]) -> Result:
    """Whoever clicked on something that is no longer what they read is shown it anew."""
    try:
        return await wanted
    except Changed as error:
        subject = error.subject
        await desk.database.run(lambda store: _show_anew(store, subject, now=desk.now()))
        desk.wake()
        raise


def check_seen(subject: Subject, seen: str, beside: Beside = None) -> None:
    """Whether this is still what the reader's button was about; raises Changed.

    To be called under the row's lock, after everything that has better words for what is wrong.
    """
    if seen != mark_of(subject, beside):
        raise Changed(subject, beside, is_unmarked=not seen)


async def zone_of(desk: Desk, actor: Actor) -> str:
    """The time zone that the actor reads and writes times in; raises ``bot.slack.errors``."""
    person = await desk.directory.person(actor.user_id)
    return person.time_zone if person else "UTC"


async def check_person(desk: Desk, team_id: str, user_id: str, *, afresh: bool = False) -> Person:
    """The person, if they can take part in a delegation; raises Refused.

    What Slack said within the last minutes is enough, unless it is to be asked ``afresh``.
    """
    person = await desk.directory.person(user_id, afresh=afresh)
    refusal = who_refusal(person, team_id)
    if person is None or refusal:
        raise Refused(refusal or Refusal.UNKNOWN_PERSON, user_id)
    return person


def check_admin(desk: Desk, actor: Actor) -> None:
    """Whether the settings name the actor as an admin; raises AdminsOnly."""
    if actor.user_id not in desk.policy.admins:
        raise AdminsOnly


def check_known(desk: Desk, team_id: str, *people: str) -> None:
    """Whether, by all that is known here, these can still take part; raises Refused.

    A decision never waits for Slack. Before anything happens in Close the worker asks afresh:
    ``bot.delegations.people.eligibility``.
    """
    for user_id in people:
        known = desk.directory.known(user_id)
        refusal = None if known is None else who_refusal(known.person, team_id)
        if refusal is not None:
            raise Refused(refusal, user_id)


def known_groups(directory: Directory, rules: Rules) -> Groups:
    """Who is in the groups that the rules name, as far as Slack has said so of late."""
    found = {each: directory.known_members(each) for each in rules.groups}
    return {each: members for each, members in found.items() if members is not None}


async def learn_groups(desk: Desk) -> None:
    """Ask Slack who is in those groups of which that is not known. Where it does not say, the
    stricter rule holds."""
    known = known_groups(desk.directory, desk.rules)
    unknown = sorted(desk.rules.groups - known.keys())
    if not unknown:
        return
    asked = (desk.directory.members(each) for each in unknown)
    for answer in await asyncio.gather(*asked, return_exceptions=True):
        if isinstance(answer, BaseException) and not isinstance(answer, OutsideError):
            raise answer


def verdict(desk: Desk, grantor_id: str, grantee_id: str) -> Verdict:
    """What the rules say of these two, by all that is known here; a decision waits for nobody."""
    rules = desk.rules
    return rules.between(grantor_id, grantee_id, known_groups(desk.directory, rules))


def check_span(verdict: Verdict, span: Span, *, now: datetime) -> None:
    """Whether the rules allow this stretch of time; raises Refused."""
    broken = verdict.length_refusal(
        length=span.length, starts_at=span.starts, until=span.until, now=now
    )
    if broken is not None:
        raise Refused(broken[0], rule=broken[1])


def check_still_fits(verdict: Verdict, span: Span, *, now: datetime) -> None:
    """As :func:`check_span` for what was asked for before: it may have become short while it
    waited."""
    try:
        check_span(verdict, span, now=now)
    except Refused as problem:
        if problem.refusal is not Refusal.TOO_SHORT:
            raise


def check_proven(
    desk: Desk, actor: Actor, span: Span, content: Mapping[str, Any], *, now: datetime
) -> None:
    """Whether the actor may lend their name for so long by a click in Slack alone; raises
    ConfirmFirst with what is to be done once they have confirmed it in Close."""
    is_strong = desk.policy.is_strong(
        length=span.length, starts_at=span.starts, until=span.until, now=now
    )
    if is_strong and not actor.is_proven:
        raise ConfirmFirst({"terms": write_span(replace(span, starts=None)), **content})


def last_start(desk: Desk, span: Span, now: datetime) -> datetime:
    """Until when an approved delegation may begin before it lapses."""
    return before(span.until, max(now, span.starts or now) + desk.policy.pending_ttl)


def before(end: datetime | None, moment: datetime) -> datetime:
    """``moment``, or the end where that comes first."""
    return moment if end is None else min(moment, end)


def check_pair_is_free(store: Store, new: Delegation) -> None:
    """Raises AlreadyOpen when the pair has an open delegation."""
    taken = store.delegations.open_for_pair(new.team_id, new.grantor_id, new.grantee_id)
    if taken:
        raise AlreadyOpen(taken)


def locked(store: Store, actor: Actor, delegation_id: str) -> Delegation:
    """The row under lock, if it is of the actor's workspace; raises NotKnown and NotYours."""
    delegation = store.delegations.get(delegation_id, lock=True)
    if delegation is None:
        raise NotKnown(Thing.REQUEST)
    if delegation.team_id != actor.team_id:
        raise NotYours
    return delegation


def as_grantor(store: Store, actor: Actor, delegation_id: str) -> Delegation:
    """The row under lock, if the actor is its grantor; raises NotKnown and NotYours."""
    delegation = locked(store, actor, delegation_id)
    if actor.user_id != delegation.grantor_id:
        raise NotYours
    return delegation


def as_asker(store: Store, actor: Actor, delegation_id: str) -> Delegation:
    """The row under lock, if the actor is its grantee or asked for it; raises NotKnown and
    NotYours."""
    delegation = locked(store, actor, delegation_id)
    if actor.user_id not in (delegation.grantee_id, delegation.requester_id):
        raise NotYours
    return delegation


def only_in(delegation: Delegation, *states: State) -> None:
    """Raises Settled when the delegation is in none of these states (any more)."""
    if delegation.state not in states:
        raise Settled(delegation)


def only_unanswered(delegation: Delegation, now: datetime) -> None:
    """Raises Settled when it waits for no answer (any more), also where nobody has noticed that
    its time is over."""
    only_in(delegation, State.REQUESTED)
    if delegation.lapses_at <= now:
        raise Settled(delegation, State.LAPSED)


def _show_anew(store: Store, subject: Subject, *, now: datetime) -> None:
    """Have every place show it as it is, also those that are believed to."""
    match subject:
        case Delegation():
            store.cards.show_anew(subject.id, now=now)
            people = (subject.grantor_id, subject.grantee_id, subject.requester_id)
            store.homes.touch(subject.team_id, *people, now=now)
            store.notices.mark_stale(subject.id, now=now)
        case Stray():
            store.strays.show_anew(subject.id, now=now)
        case Pairing():
            store.notices.mark_stale(subject.id, now=now)

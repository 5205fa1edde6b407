"""What every use case works with: who acts, what they may touch, one transaction for the change."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from bot.ports import Directory, Now
from bot.refusals import AlreadyOpen, NotYours, Refused, Settled
from bot.store import Database, Store
from bot.times.span import Span
from models.delegation import Delegation, State
from models.person import Person
from models.policy import Policy, Refusal, length_refusal, who_refusal

Changed = TypeVar("Changed")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it, as Slack signed it; never taken from a button's value."""

    team_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What every use case works with. ``wake`` tells the workers that something became due."""

    database: Database
    directory: Directory
    policy: Policy
    now: Now
    wake: Callable[[], None]
    audit_channel: str | None = None


async def change(desk: Desk, decide: Callable[[Store], Changed]) -> Changed:
    """Run ``decide`` as one transaction, then wake the workers; returns what it returned."""
    changed = await desk.database.run(decide)
    desk.wake()
    return changed


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


def check_span(desk: Desk, span: Span, *, now: datetime) -> None:
    """Whether the policy allows this stretch of time; raises Refused."""
    refusal = length_refusal(
        desk.policy, length=span.length, starts_at=span.starts, until=span.until, now=now
    )
    if refusal:
        raise Refused(refusal)


def check_pair_is_free(store: Store, new: Delegation) -> None:
    """Raises AlreadyOpen when the pair has an open delegation."""
    taken = store.delegations.open_for_pair(new.team_id, new.grantor_id, new.grantee_id)
    if taken:
        raise AlreadyOpen(taken)


def locked(store: Store, actor: Actor, delegation_id: str) -> Delegation:
    """The row under lock, if it is of the actor's workspace; raises NotYours."""
    delegation = store.delegations.get(delegation_id, lock=True)
    if delegation is None or delegation.team_id != actor.team_id:
        raise NotYours
    return delegation


def as_grantor(store: Store, actor: Actor, delegation_id: str) -> Delegation:
    """The row under lock, if the actor is its grantor; raises NotYours."""
    delegation = locked(store, actor, delegation_id)
    if actor.user_id != delegation.grantor_id:
        raise NotYours
    return delegation


def as_asker(store: Store, actor: Actor, delegation_id: str) -> Delegation:
    """The row under lock, if the actor is its grantee or asked for it; raises NotYours."""
    delegation = locked(store, actor, delegation_id)
    if actor.user_id not in (delegation.grantee_id, delegation.requester_id):
        raise NotYours
    return delegation


def only_in(delegation: Delegation, *states: State) -> None:
    """Raises Settled when the delegation is in none of these states (any more)."""
    if delegation.state not in states:
        raise Settled(delegation)

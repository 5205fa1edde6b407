"""Somebody may no longer take part: what they gave, have and wait for ends, and others hear why."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import TypeVar

from bot.connections.leaving import give_up
from bot.delegations import stepping_down
from bot.delegations.ending import end_all
from bot.delegations.people.eligibility import Look
from bot.delegations.tools import Tools
from bot.desk import Actor, Desk, change, check_person
from bot.refusals import Refused
from bot.store import Store
from models.base import new_id
from models.delegation import Delegation, Event, State
from models.departure import Departed
from models.person import Departure, Person
from models.policy import DEPARTURES, Policy, Refusal

Changed = TypeVar("Changed")


async def still_here(desk: Desk, team_id: str, user_id: str) -> Person:
    """As :func:`bot.desk.check_person`; whoever is refused is offboarded, if they have any part."""
    try:
        return await check_person(desk, team_id, user_id)
    except Refused as problem:
        await offboard_as_refused(desk, team_id, problem)
        raise


async def offboard(desk: Desk, team_id: str, user_id: str, reason: Departure) -> None:
    """As Slack's event says it, all of it or nothing; of whoever has no part here nothing is
    kept, nor is anything locked for them."""

    def offboard_them(store: Store) -> None:
        now = desk.now()
        carry_out(store, desk.policy, departed(team_id, user_id, reason, now=now), now=now)

    if await desk.database.read(lambda store: store.departures.is_concerned(team_id, user_id)):
        await change(desk, offboard_them)


async def decided(desk: Desk, actor: Actor, decide: Callable[[Store], Changed]) -> Changed:
    """As :func:`bot.desk.change`. When it is refused for what is known of somebody, that is carried
    out first, as if the event had come; raises what ``decide`` raises."""
    try:
        return await change(desk, decide)
    except Refused as problem:
        await offboard_as_refused(desk, actor.team_id, problem)
        raise


async def offboard_as_refused(desk: Desk, team_id: str, problem: Refused) -> None:
    """As if the event had come, when a decision was refused for what is known of somebody.

    An id that Slack does not know is left to the round: an outage may know nobody.
    """
    reason = DEPARTURES.get(problem.refusal)
    if reason is not None and problem.about and problem.refusal is not Refusal.UNKNOWN_PERSON:
        await offboard(desk, team_id, problem.about, reason)


async def come_back(desk: Desk, team_id: str, user_id: str) -> None:
    """Somebody may take part again. What has ended stays ended."""
    await desk.database.run(
        lambda store: store.departures.forget(team_id, [user_id], from_close=False)
    )


async def believe(tools: Tools, team_id: str, look: Look) -> None:
    """Carry out what Slack said when it was asked afresh; whom it does not know, the round asks
    about again, with everybody else."""

    def carry_all_out(store: Store) -> None:
        now = tools.now()
        for user_id, refusal in sorted(look.departed.items()):
            one = departed(team_id, user_id, DEPARTURES[refusal], now=now)
            carry_out(store, tools.policy, one, now=now)
        if look.unknown:
            store.rounds.plan(team_id, now=now, at_once=True)

    if look.refusals:
        await tools.database.run(carry_all_out)


def departed(team_id: str, user_id: str, reason: Departure, *, now: datetime) -> Departed:
    """Somebody of whom this was found out just now."""
    return Departed(
        id=new_id(), team_id=team_id, slack_user_id=user_id, reason=reason, found_at=now
    )


def carry_out(store: Store, policy: Policy, one: Departed, *, now: datetime) -> None:
    """End everything that somebody gives, has or waits for, every standing approval that names
    them, and that they answer for anybody, or anybody for them; then their connection is given up,
    and what nobody can answer any more is told.

    Whoever is gone from Close alone loses what that account gave and had; their connection is the
    watch's business.
    """
    team_id, user_id = one.team_id, one.slack_user_id
    store.departures.carry_out(one, now=now)
    standing = {each.id for each in store.standing.end_all(team_id, user_id, now=now)}
    ending = [
        each
        for each in store.delegations.lock_open(team_id, user_id)
        if _ends_with(each, one) or _not_begun(each, standing)
    ]
    end_all(store, ending, Event.OFFBOARD, user_id, now=now, departure=one.reason)
    if one.reason is not Departure.LEFT_CLOSE:  # to answer nobody needs an account there
        stepping_down.end_all(store, team_id, user_id, one.reason, now=now)
        store.covers.end_all(team_id, user_id, now=now)
        store.absences.look_again(team_id, user_id, now=now)
    asked_again = store.strays.ask_again(team_id, user_id, now=now)
    if one.reason is not Departure.LEFT_CLOSE:
        give_up(store, team_id, user_id, now=now)
    for grantor_id in asked_again:  # a list of many has one less
        comparison = store.comparisons.get(team_id, grantor_id)
        if comparison is not None:
            store.notices.mark_stale(comparison.id, now=now)
    if store.overdue.is_any(team_id, user_id, now=now):
        store.notices.tell_overdue(team_id, policy.admins, now=now)
        store.notices.overdue_changed(team_id, now=now)


def _not_begun(delegation: Delegation, standing: Collection[str]) -> bool:
    """Whether one of these standing approvals covers it, and Close does not hold it yet."""
    return delegation.state is State.APPROVED and delegation.standing_id in standing


def _ends_with(delegation: Delegation, one: Departed) -> bool:
    """Whether a delegation cannot go on without this person. Whoever only asked for others is
    needed until there is an answer; then it is between the two."""
    d, who = delegation, one.slack_user_id
    if d.state is State.ENDING or not d.is_open:
        return False
    if one.reason is Departure.LEFT_CLOSE:
        account = (one.close_user_id, one.organization_id)
        given_by = d.grantor_id == who and (d.grantor_close_id, d.organization_id) == account
        given_to = d.grantee_id == who and (d.grantee_close_id, d.organization_id) == account
        return given_by or given_to
    return who in (d.grantor_id, d.grantee_id) or d.state is State.REQUESTED

"""Finding delegations that concern somebody; nothing is changed."""

from collections.abc import Sequence

from bot.desk import Actor, Desk
from bot.refusals import NoSuchDelegation, NotKnown, NotYours, Thing
from models.delegation import Delegation


async def get(desk: Desk, actor: Actor, delegation_id: str) -> Delegation:
    """A delegation that the actor has a part in; raises NotKnown and NotYours."""
    found = await desk.database.read(lambda store: store.delegations.get(delegation_id))
    if found is None:
        raise NotKnown(Thing.REQUEST)
    if found.team_id != actor.team_id:
        raise NotYours
    if actor.user_id not in (found.grantor_id, found.grantee_id, found.requester_id):
        raise NotYours
    return found


async def between(desk: Desk, actor: Actor, *, grantor_id: str, grantee_id: str) -> Delegation:
    """The open delegation of a pair; raises NoSuchDelegation."""
    found = await desk.database.read(
        lambda store: store.delegations.open_for_pair(actor.team_id, grantor_id, grantee_id)
    )
    if found is None:
        raise NoSuchDelegation
    return found


async def open_with(desk: Desk, actor: Actor, person_id: str) -> Sequence[Delegation]:
    """Everything open that concerns both the actor and that person, whatever their parts.

    Raises NoSuchDelegation when there is nothing.
    """
    found = [
        each
        for each in await list_open(desk, actor)
        if person_id in (each.grantor_id, each.grantee_id, each.requester_id)
    ]
    if not found or person_id == actor.user_id:
        raise NoSuchDelegation
    return found


async def list_open(desk: Desk, actor: Actor) -> Sequence[Delegation]:
    """Everything open that concerns the actor, oldest first."""
    return await desk.database.read(
        lambda store: store.delegations.open_for_person(actor.team_id, actor.user_id)
    )


async def unconfirmed(
    desk: Desk, actor: Actor, delegations: Sequence[Delegation]
) -> frozenset[str]:
    """The Slack ids of those in these whose Close account waits for an admin's word."""
    people = {person for each in delegations for person in (each.grantor_id, each.grantee_id)}
    waiting = await desk.database.read(
        lambda store: store.pairings.unconfirmed(actor.team_id, people)
    )
    return frozenset(each.slack_user_id for each in waiting)

"""What admins do about everybody's rights: look at them, and end them with a word why.

An admin never gives anything: nothing here approves, grants or extends, and nothing here shows what
was sent in anybody's name.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from bot.delegations.deciding import check_note
from bot.delegations.ending import end_all
from bot.delegations.stepping_down import end_in
from bot.desk import Actor, Desk, change, check_admin, locked, look, only_in
from bot.refusals import NothingToEnd, NotKnown, Refused, Thing
from bot.store import Store
from models.base import new_id
from models.delegation import Delegation, Event, State
from models.deputy import Deputy, DeputyEnd
from models.event import Deed
from models.home import Place
from models.notice import NoticeKind
from models.overview import Rights
from models.policy import Refusal, says_something
from models.standing import StandingApproval

NOT_OVER = (State.REQUESTED, State.APPROVED, State.ACTIVE)

_log = structlog.get_logger("bot.delegations.admins")


@dataclass(frozen=True, slots=True)
class Ended:
    """What an admin has ended."""

    delegations: Sequence[Delegation] = ()
    standing: Sequence[StandingApproval] = ()
    deputies: Sequence[Deputy] = ()


async def look_at_everybody(desk: Desk, actor: Actor, page: Place | None = None) -> None:
    """An admin's home shows everybody's rights from this place on. Raises AdminsOnly."""
    check_admin(desk, actor)
    now, whose = desk.now(), (actor.team_id, actor.user_id)
    await change(desk, lambda store: store.homes.look_at_everybody(*whose, page=page, now=now))


async def look_at_own(desk: Desk, actor: Actor) -> None:
    """Their home is their own again."""
    now, whose = desk.now(), (actor.team_id, actor.user_id)
    await change(desk, lambda store: store.homes.look_at_own(*whose, now=now))


async def rights_of(desk: Desk, actor: Actor, person_id: str) -> Rights:
    """Everything open of one person, both ways: for themselves, and for admins. Raises
    AdminsOnly."""
    if person_id != actor.user_id:
        check_admin(desk, actor)
    now = desk.now()
    return await look(
        desk, lambda store: store.everybody.of_person(actor.team_id, person_id, now=now)
    )


async def endable(desk: Desk, actor: Actor, delegation_id: str) -> Delegation:
    """What an admin is about to end; nothing is changed. Raises as :func:`end`."""
    check_admin(desk, actor)

    def find(store: Store) -> Delegation:
        delegation = locked(store, actor, delegation_id)
        only_in(delegation, *NOT_OVER)
        return delegation

    return await look(desk, find)


async def endable_pair(desk: Desk, actor: Actor, *, grantee_id: str, grantor_id: str) -> Delegation:
    """The same by its two people. Raises AdminsOnly, NothingToEnd and Settled."""
    check_admin(desk, actor)
    found = await look(
        desk, lambda store: store.delegations.open_for_pair(actor.team_id, grantor_id, grantee_id)
    )
    if found is None:
        raise NothingToEnd(grantee_id, grantor_id)
    only_in(found, *NOT_OVER)
    return found


async def endable_of(desk: Desk, actor: Actor, person_id: str) -> Rights:
    """What :func:`end_all_of` would end now. Raises AdminsOnly and NothingToEnd."""
    check_admin(desk, actor)
    found, now = await rights_of(desk, actor, person_id), desk.now()
    mine = replace(
        found,
        delegations=[each for each in found.delegations if _ends_with(each, person_id)],
        deputies=await look(
            desk, lambda store: store.deputies.of_person(actor.team_id, person_id, now=now)
        ),
    )
    if not (mine.delegations or mine.standing or mine.deputies):
        raise NothingToEnd(person_id)
    return mine


async def end(desk: Desk, actor: Actor, delegation_id: str, reason: str) -> Delegation:
    """An admin ends a right or a request, whatever it is by now, and the standing approval of the
    two as well: by that the same right would be back at once. Both read who and why.

    Raises AdminsOnly, Refused, NotKnown, NotYours and Settled.
    """
    check_admin(desk, actor)
    _check_reason(reason)

    def decide(store: Store) -> Delegation:
        found = store.delegations.get(delegation_id)
        if found is None:
            raise NotKnown(Thing.REQUEST)
        standing = store.standing.for_pair(*_pair(found), lock=True)
        delegation = locked(store, actor, delegation_id)
        only_in(delegation, *NOT_OVER)
        given = [standing] if standing is not None else []
        return _end(desk, store, actor, [delegation], given, reason).delegations[0]

    ended = await change(desk, decide)
    _log.info("an admin ended a right", admin=actor.user_id, right=ended.id)
    return ended


async def end_pair(
    desk: Desk, actor: Actor, *, grantee_id: str, grantor_id: str, reason: str
) -> Delegation:
    """The same by its two people. Raises AdminsOnly, Refused, NothingToEnd and Settled."""
    found = await endable_pair(desk, actor, grantee_id=grantee_id, grantor_id=grantor_id)
    return await end(desk, actor, found.id, reason)


async def end_all_of(desk: Desk, actor: Actor, person_id: str, reason: str) -> Ended:
    """An admin ends everything that one person gives, has or waits for, every standing approval
    that names them, and that they answer for anybody, or anybody for them.

    Raises AdminsOnly, Refused and NothingToEnd.
    """
    check_admin(desk, actor)
    _check_reason(reason)

    def decide(store: Store) -> Ended:
        team_id, now = actor.team_id, desk.now()
        standing = store.standing.for_person(team_id, person_id, now=now)
        rows = store.delegations.lock_open(team_id, person_id)
        wanted = [each for each in rows if _ends_with(each, person_id)]
        held = [each.id for each in store.deputies.of_person(team_id, person_id, now=now)]
        if not (wanted or standing or held):
            raise NothingToEnd(person_id)
        ended = _end(desk, store, actor, wanted, standing, reason)
        deputies = end_in(store, held, DeputyEnd.ADMIN, actor.user_id, now=now)
        store.log.note(
            Deed.ADMIN_END,
            team_id=team_id,
            now=now,
            amount=len(ended.delegations) + len(ended.standing) + len(deputies),
            actor=actor.user_id,
            grantor=person_id,
            text=reason,
        )
        return replace(ended, deputies=deputies)

    ended = await change(desk, decide)
    _log.info(
        "an admin ended everything of somebody",
        admin=actor.user_id,
        person=person_id,
        rights=[each.id for each in ended.delegations],
        standing=[each.id for each in ended.standing],
    )
    return ended


def _end(
    desk: Desk,
    store: Store,
    actor: Actor,
    delegations: Sequence[Delegation],
    standing: Sequence[StandingApproval],
    reason: str,
) -> Ended:
    now, admin = desk.now(), actor.user_id
    ended_with = new_id()
    given = store.standing.end_as_admin(
        standing, by=admin, ended_with=ended_with, note=reason, now=now
    )
    ended = end_all(store, delegations, Event.END, admin, now=now, note=reason)
    store.homes.acted(actor.team_id, admin, now=now)
    people = {person for each in given for person in (each.grantor_id, each.grantee_id)}
    store.notices.tell(
        NoticeKind.STANDING_ENDED,
        team_id=actor.team_id,
        recipients=sorted(people - {admin}),
        subject_id=ended_with,
        incident="ended",
        now=now,
    )
    return Ended(ended, given)


def _ends_with(delegation: Delegation, person_id: str) -> bool:
    """Whether it ends with all of one person's: whoever only asked for others is in it until there
    is an answer."""
    if delegation.state not in NOT_OVER:
        return False
    pair = (delegation.grantor_id, delegation.grantee_id)
    return person_id in pair or delegation.state is State.REQUESTED


def _pair(delegation: Delegation) -> tuple[str, str, str]:
    return delegation.team_id, delegation.grantor_id, delegation.grantee_id


def _check_reason(reason: str) -> None:
    """Whether there is one, and a card holds it; raises Refused."""
    if not says_something(reason):
        raise Refused(Refusal.REASON_MISSING)
    check_note(reason)

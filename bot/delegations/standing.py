"""Standing approvals: a grantor's word that somebody's requests need no click, within limits."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from bot.delegations.deciding import approve
from bot.delegations.finding import get
from bot.delegations.people.departures import still_here
from bot.desk import Actor, Desk, change, check_span
from bot.refusals import NotYours, Refused, Settled
from bot.store import Store
from bot.times.span import Span
from models.base import new_id
from models.delegation import State
from models.policy import Refusal
from models.standing import StandingApproval


async def always_approve(
    desk: Desk, actor: Actor, *, grantee_id: str, max_length: timedelta, until: datetime
) -> StandingApproval:
    """Approve this person's requests of up to ``max_length`` until a date. Raises Refused.

    An earlier standing approval for the same person is replaced.
    """
    if grantee_id == actor.user_id:
        raise Refused(Refusal.ONESELF, grantee_id)
    now = desk.now()
    check_span(desk, Span(length=max_length), now=now)
    if until <= now:
        raise Refused(Refusal.DATE_PASSED)
    for person_id in (actor.user_id, grantee_id):
        await still_here(desk, actor.team_id, person_id)
    standing = StandingApproval(
        id=new_id(),
        team_id=actor.team_id,
        grantor_id=actor.user_id,
        grantee_id=grantee_id,
        max_length=max_length,
        until=until,
        created_at=now,
    )
    await change(desk, lambda store: store.standing.put(standing))
    return standing


async def always_approve_like(
    desk: Desk, actor: Actor, request_id: str, *, max_length: timedelta, until: datetime
) -> StandingApproval:
    """Always approve whoever made this request, and this request too if that covers it.

    Raises NotYours and Refused.
    """
    request = await get(desk, actor, request_id)
    if request.grantor_id != actor.user_id:
        raise NotYours
    standing = await always_approve(
        desk, actor, grantee_id=request.grantee_id, max_length=max_length, until=until
    )
    if request.state is State.REQUESTED and standing.covers(
        length=request.length, starts_at=request.starts_at, until=request.until, now=desk.now()
    ):
        with suppress(Settled):  # answered meanwhile
            await approve(desk, actor, request_id)
    return standing


async def end_standing(desk: Desk, actor: Actor, standing_id: str) -> StandingApproval:
    """No longer. What runs under it goes on. Raises NotYours."""

    def end(store: Store) -> StandingApproval:
        standing = store.standing.get(standing_id, lock=True)
        mine = (actor.team_id, actor.user_id)
        if standing is None or (standing.team_id, standing.grantor_id) != mine:
            raise NotYours
        return store.standing.end(standing, now=desk.now())

    return await change(desk, end)


async def list_standing(desk: Desk, actor: Actor) -> Sequence[StandingApproval]:
    """The actor's standing approvals that hold now, given and received."""
    return await desk.database.run(
        lambda store: store.standing.for_person(actor.team_id, actor.user_id, now=desk.now())
    )

"""Standing approvals: a grantor's word that somebody's requests need no click, within limits."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.delegations.deciding import approved, asked
from bot.delegations.ending import end_all
from bot.delegations.finding import get
from bot.delegations.people.departures import decided, still_here
from bot.desk import Actor, Desk, change, check_proven, check_span, learn_groups, verdict
from bot.refusals import NotKnown, NotYours, Refused, Settled, StandingOver, Thing
from bot.store import Store
from bot.times.span import Span
from models.base import new_id
from models.delegation import Event
from models.policy import Refusal
from models.standing import StandingApproval


async def always_approve_like(
    desk: Desk, actor: Actor, request_id: str, seen: str, *, longest: Span, until: datetime
) -> StandingApproval:
    """Approve requests like this one, of up to ``longest`` until a date: this one too, if it still
    waits for an answer and is covered.

    An earlier standing approval for the same person is replaced. Raises NotKnown, NotYours,
    ConfirmFirst, Refused and, when the request is not what the actor has seen, Changed.
    """
    request = await get(desk, actor, request_id)
    if request.grantor_id != actor.user_id:
        raise NotYours
    now = desk.now()
    max_length = _length_alone(longest)
    await learn_groups(desk)
    ruled = verdict(desk, actor.user_id, request.grantee_id)
    if ruled.without_standing is not None:
        raise Refused(Refusal.STANDING, rule=ruled.without_standing)
    check_span(ruled, longest, now=now)
    if until <= now:
        raise Refused(Refusal.DATE_PASSED)
    wanted = {"id": request_id, "seen": seen, "grantees": [request.grantee_id]}
    terms = {"longest": max_length.total_seconds(), "until": until.isoformat()}
    confirms = {"do": "always_approve", **wanted, **terms}
    check_proven(desk, actor, Span(until=until), confirms, now=now)
    for person_id in (actor.user_id, request.grantee_id):
        await still_here(desk, actor.team_id, person_id)
    standing = StandingApproval(
        id=new_id(),
        team_id=actor.team_id,
        grantor_id=actor.user_id,
        grantee_id=request.grantee_id,
        max_length=max_length,
        until=until,
        created_at=now,
    )

    def keep(store: Store) -> StandingApproval:
        _put(store, standing)
        _answer(desk, store, actor, request_id, seen, standing)
        return standing

    return await decided(desk, actor, keep)


def _answer(
    desk: Desk, store: Store, actor: Actor, request_id: str, seen: str, standing: StandingApproval
) -> None:
    try:
        request = asked(desk, store, actor, request_id, seen)
    except Settled:
        return  # answered meanwhile
    if standing.covers(
        length=request.length, starts_at=request.starts_at, until=request.until, now=desk.now()
    ):
        approved(desk, store, actor, request)


def _length_alone(span: Span) -> timedelta:
    """A standing approval knows a longest length; nothing else that was typed is dropped."""
    if span.length is None or span.starts is not None or span.is_at_once:
        raise Refused(Refusal.LENGTH_ONLY)
    return span.length


async def end_standing(desk: Desk, actor: Actor, standing_id: str) -> StandingApproval:
    """No longer: what has not begun under it is cancelled, and what runs goes on.

    Raises NotKnown, NotYours and StandingOver. Its terms never change: other terms are another
    one, with another id.
    """

    def end(store: Store) -> StandingApproval:
        standing = store.standing.get(standing_id, lock=True)
        if standing is None:
            raise NotKnown(Thing.STANDING)
        if (standing.team_id, standing.grantor_id) != (actor.team_id, actor.user_id):
            raise NotYours
        if standing.ended_at is not None:
            pair = (standing.team_id, standing.grantor_id, standing.grantee_id)
            raise StandingOver(store.standing.for_pair(*pair))
        return ended(store, standing, Event.WITHDRAW, actor.user_id, now=desk.now())

    return await change(desk, end)


def ended(
    store: Store, standing: StandingApproval, cause: Event, by: str | None, *, now: datetime
) -> StandingApproval:
    """One that is locked holds no longer, and what has not begun under it is taken back."""
    waiting = store.delegations.not_begun_under(standing)
    end_all(store, waiting, cause, by, now=now)
    return store.standing.end(standing, now=now, by=by)


def _put(store: Store, standing: StandingApproval) -> None:
    """What has not begun under the pair's earlier one goes on under this one, where that covers
    it."""
    now, earlier = standing.created_at, store.standing.put(standing)
    if earlier is None:
        return
    beyond = []
    for each in store.delegations.not_begun_under(earlier):
        if standing.covers(length=each.length, starts_at=each.starts_at, until=each.until, now=now):
            store.delegations.bring_under(each, standing)
        else:
            beyond.append(each)
    end_all(store, beyond, Event.WITHDRAW, standing.grantor_id, now=now)


async def list_standing(desk: Desk, actor: Actor) -> Sequence[StandingApproval]:
    """The actor's standing approvals that hold now, given and received."""
    return await desk.database.read(
        lambda store: store.standing.for_person(actor.team_id, actor.user_id, now=desk.now())
    )

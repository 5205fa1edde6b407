"""Deputies: a grantor names who answers requests in their place, and until when; either ends it."""

from collections.abc import Sequence
from datetime import datetime

from bot.delegations.deciding import check_note
from bot.delegations.people.departures import still_here
from bot.delegations.stepping_down import end_in
from bot.desk import Actor, Desk, change, known_groups, learn_groups, look
from bot.refusals import NoDeputy, NotKnown, NotYours, Refused, Thing
from bot.store import Store
from bot.times.span import Span
from models.base import new_id
from models.deputy import LONGEST, Deputy, DeputyEnd
from models.policy import LATELY, MOST_WISHES, Refusal


async def name(desk: Desk, actor: Actor, deputy_id: str, span: Span, note: str = "") -> Deputy:
    """Let somebody answer in the actor's place, from now on until a moment; whoever did before does
    no longer. What waits already is shown to them as well. Raises Refused."""
    check_note(note)
    until = _until(span, desk.now())
    if deputy_id == actor.user_id:
        raise Refused(Refusal.DEPUTY_ONESELF, deputy_id)
    await learn_groups(desk)
    rule = desk.rules.without_deputy(actor.user_id, known_groups(desk.directory, desk.rules))
    if rule is not None:
        raise Refused(Refusal.DEPUTY, rule=rule)
    for person_id in (actor.user_id, deputy_id):
        await still_here(desk, actor.team_id, person_id)

    def put(store: Store) -> Deputy:
        now = desk.now()
        named = store.deputies.count_named(actor.team_id, actor.user_id, since=now - LATELY)
        if named >= MOST_WISHES:  # each is a message to somebody
            raise Refused(Refusal.DEPUTY_OFTEN, deputy_id)
        new = Deputy(
            id=new_id(),
            team_id=actor.team_id,
            grantor_id=actor.user_id,
            deputy_id=deputy_id,
            until=until,
            note=note,
            created_at=now,
            wake_at=now,
        )
        before = store.deputies.of_grantor(actor.team_id, actor.user_id)
        if before is not None:
            cause = before.gives_way_to(deputy_id)
            end_in(store, [before.id], cause, actor.user_id, now=now)
        store.deputies.put(new, audit_channel=desk.audit_channel)
        return new

    return await change(desk, put)


async def end(desk: Desk, actor: Actor, deputy_row_id: str) -> Deputy:
    """The grantor ends it, or the deputy steps down. Raises NotKnown, NotYours and NoDeputy."""

    def decide(store: Store) -> Deputy:
        found = store.deputies.get(deputy_row_id)
        if found is None:
            raise NotKnown(Thing.DEPUTY)
        if found.team_id != actor.team_id:
            raise NotYours
        if actor.user_id not in (found.grantor_id, found.deputy_id):
            raise NotYours
        cause = DeputyEnd.GRANTOR if actor.user_id == found.grantor_id else DeputyEnd.DEPUTY
        ended = end_in(store, [found.id], cause, actor.user_id, now=desk.now())
        if not ended:
            raise NoDeputy
        return ended[0]

    return await change(desk, decide)


async def end_with(desk: Desk, actor: Actor, person_id: str | None) -> Deputy:
    """The same, by who the other one is; None: whoever answers for the actor. Raises NoDeputy."""
    for each in await list_deputies(desk, actor):
        others = (each.grantor_id, each.deputy_id)
        if person_id in others or (person_id is None and each.grantor_id == actor.user_id):
            return await end(desk, actor, each.id)
    raise NoDeputy


async def list_deputies(desk: Desk, actor: Actor) -> Sequence[Deputy]:
    """Who answers for the actor now, and for whom they answer."""
    return await look(
        desk,
        lambda store: store.deputies.of_person(actor.team_id, actor.user_id, now=desk.now()),
    )


def _until(span: Span, now: datetime) -> datetime:
    """The moment at which it ends; raises Refused."""
    if span.starts is not None:
        raise Refused(Refusal.DEPUTY_STARTS)
    until = span.until if span.length is None else now + span.length
    if until is None:
        raise Refused(Refusal.DEPUTY_LENGTH)
    if until <= now:
        raise Refused(Refusal.DATE_PASSED)
    if until - now > LONGEST:
        raise Refused(Refusal.DEPUTY_LENGTH)
    return until

"""Who answers a request, or a wish for more time: its grantor, or somebody in their place.

A deputy answers within all that holds for the grantor, and within more: never what they would get
or asked for, nothing that the grantor has to confirm in Close, nothing beyond their own time.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from bot.delegations.people.departures import decided
from bot.desk import Actor, Desk, change, check_known, learn_groups, locked
from bot.refusals import DeputyNoMore, ForGrantors, NotForDeputies, NotYours, Refused
from bot.store import Store
from bot.times.span import Span
from models.delegation import Delegation
from models.deputy import Deputy
from models.policy import Refusal, Verdict

Decide = Callable[[Store], Delegation]


class Answering(NamedTuple):
    """The row under lock, and as whose deputy the actor answers; None where it is theirs."""

    delegation: Delegation
    deputy: Deputy | None


def answering(desk: Desk, store: Store, actor: Actor, delegation_id: str) -> Answering:
    """What the actor may answer; raises NotKnown, NotYours and DeputyNoMore.

    The deputy is locked after the delegation: they do not end before this transaction does.
    """
    d = locked(store, actor, delegation_id)
    if actor.user_id == d.grantor_id:
        return Answering(d, None)
    deputy = store.deputies.of_grantor(d.team_id, d.grantor_id, lock=True)
    is_theirs = deputy is not None and deputy.deputy_id == actor.user_id
    if deputy is not None and is_theirs and deputy.may_answer(d, desk.now()):
        return Answering(d, deputy)
    if store.deputies.last_of(d.team_id, d.grantor_id, actor.user_id) is None:
        raise NotYours
    is_own = actor.user_id in (d.grantee_id, d.requester_id)
    raise NotYours if is_own else DeputyNoMore(d.grantor_id)


def check_rules(desk: Desk, ruled: Verdict, deputy: Deputy | None) -> None:
    """Whether the rules let anybody answer in the grantor's place; raises Refused."""
    rule = ruled.without_deputy
    if deputy is not None and rule is not None:
        raise Refused(Refusal.DEPUTY, rule=rule)
    if deputy is not None:
        check_known(desk, deputy.team_id, deputy.deputy_id)


def check_within(
    desk: Desk, ruled: Verdict, deputy: Deputy, span: Span, *, since: datetime | None, now: datetime
) -> None:
    """Whether a deputy may agree to this; raises NotForDeputies. ``since`` is when a right that
    runs began: all of it counts."""
    is_strong = desk.policy.is_strong(
        length=span.length, starts_at=since or span.starts, until=span.until, now=now
    )
    if is_strong:
        raise NotForDeputies(ForGrantors.STRONG, deputy)
    if ruled.second is not None and ruled.second.second == deputy.deputy_id:
        raise NotForDeputies(ForGrantors.SECOND, deputy)
    if not deputy.covers(length=span.length, starts_at=span.starts, until=span.until, now=now):
        raise NotForDeputies(ForGrantors.TOO_LATE, deputy)


def in_place(
    store: Store, delegation: Delegation, deputy: Deputy | None, *, now: datetime
) -> dict[str, Any]:
    """Whose word an answer is, as the row has it; a deputy's is written down as such."""
    if deputy is None:
        return {"deputys_word": None}
    store.deputies.answered(deputy, delegation, now=now)
    return {"deputys_word": deputy.word(now)}


async def agreed(desk: Desk, actor: Actor, delegation_id: str, decide: Decide) -> Delegation:
    """Carry out an answer. Where a deputy gives a yes that only the grantor can, because it has to
    be confirmed in Close, the grantor is told; where a rule lets no deputy answer, perhaps only
    because it is not known who is in a group, Slack is asked. Raises what ``decide`` raises."""
    try:
        return await decided(desk, actor, decide)
    except Refused as problem:
        if problem.refusal is not Refusal.DEPUTY:
            raise
        await learn_groups(desk)
        return await decided(desk, actor, decide)
    except NotForDeputies as problem:
        if problem.why is ForGrantors.STRONG:
            deputy = problem.deputy
            await change(desk, lambda store: _tell(store, deputy, delegation_id, now=desk.now()))
        raise


def _tell(store: Store, deputy: Deputy, delegation_id: str, *, now: datetime) -> None:
    waiting = store.delegations.get(delegation_id)
    if waiting is not None and waiting.waits_for_grantor:
        store.deputies.needs_grantor(deputy, waiting, now=now)

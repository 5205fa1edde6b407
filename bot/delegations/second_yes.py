"""The second yes that a rule asks for: after the grantor's, from somebody whom it is not about.

Whoever gives or refuses it answers what their ``seen`` is the mark of (``models.mark``).
"""

from collections.abc import Callable

from bot.delegations.people.departures import decided
from bot.delegations.prolonging import extended, new_end
from bot.desk import (
    Actor,
    Desk,
    check_known,
    check_seen,
    check_still_fits,
    last_start,
    locked,
    look,
    verdict,
)
from bot.refusals import NothingToAnswer, NotYours, Settled
from bot.store import Store
from bot.times.span import Span
from models.delegation import Delegation, Event, State
from models.policy import is_group


async def agree_too(desk: Desk, actor: Actor, delegation_id: str, seen: str) -> Delegation:
    """The second yes: the right is set up now, or lasts longer.

    Raises NotKnown, NotYours, Settled, NothingToAnswer, Changed, Refused and, where Slack has to
    say who may answer and does not, ``bot.slack.errors``.
    """

    def decide(store: Store) -> Delegation:
        d = _asked(desk, store, actor, delegation_id, seen)
        check_known(desk, d.team_id, d.grantor_id, d.grantee_id, d.requester_id, actor.user_id)
        if d.state is State.REQUESTED:
            return _approved(desk, store, actor, d)
        return _extended(desk, store, actor, d)

    return await _decided(desk, actor, delegation_id, decide)


async def disagree(desk: Desk, actor: Actor, delegation_id: str, seen: str) -> Delegation:
    """No second yes: nothing is set up, or the end stays as it is. Raises as :func:`agree_too`, but
    Refused."""

    def decide(store: Store) -> Delegation:
        d = _asked(desk, store, actor, delegation_id, seen)
        now = desk.now()
        me = actor.user_id
        if d.state is State.REQUESTED:
            return store.delegations.apply(
                d, Event.DENY, now=now, actor=me, closed_by=me, ended_at=now
            )
        return store.delegations.apply(
            d,
            Event.DECLINE_EXTENSION,
            now=now,
            actor=me,
            extension=None,
            extension_declined_at=now,
            agreed_at=None,
            remind_at=None,
            note="",
            deputys_word=None,  # it was about more time, not about the right
        )

    return await _decided(desk, actor, delegation_id, decide)


async def _decided(
    desk: Desk, actor: Actor, delegation_id: str, decide: Callable[[Store], Delegation]
) -> Delegation:
    await _learn_who_may(desk, delegation_id)
    return await decided(desk, actor, decide)


async def _learn_who_may(desk: Desk, delegation_id: str) -> None:
    """Who is in the group whose yes is needed; this process may have begun just now."""
    d = await look(desk, lambda store: store.delegations.get(delegation_id))
    if d is None or d.second is None or not is_group(d.second):
        return
    if desk.directory.known_members(d.second) is None:
        await desk.directory.members(d.second)


def _asked(desk: Desk, store: Store, actor: Actor, delegation_id: str, seen: str) -> Delegation:
    """The row under lock, if it waits for this person's second yes."""
    d = locked(store, actor, delegation_id)
    if not _may_second(desk, d, actor.user_id):
        raise NotYours
    if not d.waits_for_second:
        if d.state is State.ACTIVE:
            raise NothingToAnswer
        raise Settled(d)
    if d.state is State.REQUESTED and d.lapses_at <= desk.now():
        raise Settled(d, State.LAPSED)
    if d.has_run_out(desk.now()):
        raise Settled(d, State.ENDING)
    check_seen(d, seen)
    return d


def _may_second(desk: Desk, d: Delegation, person_id: str) -> bool:
    """Nobody may whom it is about, who asked for it, or who gave the first yes as a deputy,
    whatever group they are in."""
    if d.second is None or person_id in no_second(d):
        return False
    if not is_group(d.second):
        return person_id == d.second
    return person_id in (desk.directory.known_members(d.second) or ())


def no_second(d: Delegation) -> frozenset[str]:
    """Those who cannot give the second yes: the three, and a deputy who gave the first."""
    people = {d.grantor_id, d.grantee_id, d.requester_id}
    return frozenset(people | ({d.deputys_word.deputy_id} if d.deputys_word else set()))


def _approved(desk: Desk, store: Store, actor: Actor, d: Delegation) -> Delegation:
    now = desk.now()
    agreed = Span(length=d.length, until=d.until, starts=d.starts_at)
    check_still_fits(verdict(desk, d.grantor_id, d.grantee_id), agreed, now=now)
    return store.delegations.apply(
        d,
        Event.APPROVE,
        now=now,
        actor=actor.user_id,
        decided_at=now,
        agreed_at=None,
        seconded_by=actor.user_id,
        remind_at=None,
        reminders=0,
        lapses_at=last_start(desk, agreed, now),
    )


def _extended(desk: Desk, store: Store, actor: Actor, d: Delegation) -> Delegation:
    now = desk.now()
    if d.extension is None:
        raise NothingToAnswer
    ends_at = new_end(d, Span(length=d.extension.length, until=d.extension.until), now)
    ruled = verdict(desk, d.grantor_id, d.grantee_id)
    check_still_fits(ruled, Span(until=ends_at, forever=ends_at is None), now=now)
    return extended(
        *(desk, store, actor, d, ends_at),
        now=now,
        decided_at=now,
        seconded_by=actor.user_id,
        deputys_word=d.deputys_word,
    )

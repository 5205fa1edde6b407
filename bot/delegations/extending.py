"""Longer than agreed: asked and answered like a request, with no gap in the association."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.delegations.asking import seconds
from bot.delegations.deciding import check_note
from bot.delegations.people.departures import decided
from bot.delegations.prolonging import by_grantor, extended, new_end
from bot.delegations.who_answers import (
    Answering,
    agreed,
    answering,
    check_rules,
    check_within,
    in_place,
)
from bot.desk import (
    Actor,
    Desk,
    check_known,
    check_proven,
    check_seen,
    check_span,
    check_still_fits,
    locked,
    look,
    only_in,
    verdict,
)
from bot.refusals import NothingToAnswer, NotYours, Refused, Settled
from bot.store import Store
from bot.times.saying import write_span
from bot.times.span import Span
from models.delegation import Delegation, DeputysWord, Event, ExtensionWish, State
from models.mark import mark_of
from models.policy import LATELY, MOST_WISHES, Refusal, Rule
from models.standing import StandingApproval


async def extendable(desk: Desk, actor: Actor, delegation_id: str) -> Delegation:
    """A delegation whose end the actor can have moved; nothing is changed.

    Raises NotKnown, NotYours and Settled.
    """
    return await look(desk, lambda store: _extendable(store, actor, delegation_id, desk.now()))


async def extend(
    desk: Desk, actor: Actor, delegation_id: str, seen: str, span: Span, note: str = ""
) -> Delegation:
    """More time: at once from the grantor or under their standing approval, else as a wish. Where a
    rule asks for a second yes, it waits for that. The other one reads the ``note``.

    A length is added to the present end, and an end must be later than that: ending it
    earlier has words of its own. Slack is asked at once whether both may still take part, and a
    right that goes on beyond its end without them is ended. Raises as :func:`extendable`, Changed
    and Refused.
    """
    check_note(note)

    def decide(store: Store) -> Delegation:
        now = desk.now()
        standing = _standing_of(store, delegation_id)
        delegation = _extendable(store, actor, delegation_id, now)
        check_seen(delegation, seen)
        check_known(
            desk,
            delegation.team_id,
            actor.user_id,
            delegation.grantor_id,
            delegation.grantee_id,
        )
        _check_names_no_start(span)
        ends_at = new_end(delegation, span, now)
        ruled = verdict(desk, delegation.grantor_id, delegation.grantee_id)
        check_span(ruled, Span(until=ends_at, forever=ends_at is None), now=now)
        _check_longer(delegation, ends_at)
        wish = ExtensionWish(now, length=span.length, until=span.until)
        if actor.user_id == delegation.grantor_id:
            how = {"do": "extend", "span": write_span(span), "note": note}
            _check_proven(desk, actor, delegation, ends_at, how, now=now)
            if ruled.second is not None:
                return _agreed(store, actor, delegation, wish, ruled.second, note=note)
            return extended(desk, store, actor, delegation, ends_at, now=now, note=note)
        began = delegation.active_at or delegation.requested_at
        is_strong = desk.policy.is_strong(length=None, starts_at=began, until=ends_at, now=now)
        is_spared = standing is not None and ruled.without_standing is None and not is_strong
        if standing and is_spared and _is_covered(standing, actor, delegation, ends_at, now):
            return extended(
                *(desk, store, actor, delegation, ends_at),
                now=now,
                standing_id=standing.id,
                decided_at=now,
            )
        _check_wishes(store, delegation, now)
        return store.delegations.apply(
            delegation,
            Event.ASK_EXTENSION,
            now=now,
            actor=actor.user_id,
            extension=wish,
            extension_declined_at=None,
            agreed_at=None,
            remind_at=None,
            note=note,
            **_without_no(delegation),
        )

    return await decided(desk, actor, decide)


async def approve_extension(desk: Desk, actor: Actor, delegation_id: str, seen: str) -> Delegation:
    """The grantor agrees, or somebody in their place. Raises NotKnown, NotYours, DeputyNoMore,
    Settled, NothingToAnswer, Changed, Refused and NotForDeputies."""

    def decide(store: Store) -> Delegation:
        now = desk.now()
        (d, deputy), wish = _asked(desk, store, actor, delegation_id, seen)
        check_known(desk, d.team_id, d.grantor_id, d.grantee_id)
        ends_at = new_end(d, Span(length=wish.length, until=wish.until), now)
        ruled = verdict(desk, d.grantor_id, d.grantee_id)
        check_rules(desk, ruled, deputy)
        whole = Span(until=ends_at, forever=ends_at is None)
        check_still_fits(ruled, whole, now=now)
        if deputy is None:
            _check_proven(desk, actor, d, ends_at, {"do": "approve_extension"}, now=now)
        else:
            since = d.active_at or d.requested_at
            check_within(desk, ruled, deputy, whole, since=since, now=now)
        word = in_place(store, d, deputy, now=now)
        if ruled.second is not None:
            return _agreed(store, actor, d, wish, ruled.second, at=now, **word)
        return extended(desk, store, actor, d, ends_at, now=now, **word)

    return await agreed(desk, actor, delegation_id, decide)


async def decline_extension(desk: Desk, actor: Actor, delegation_id: str, seen: str) -> Delegation:
    """The end stays as it is; raises as :func:`approve_extension`."""

    def decide(store: Store) -> Delegation:
        now = desk.now()
        (d, deputy), _ = _asked(desk, store, actor, delegation_id, seen)
        check_rules(desk, verdict(desk, d.grantor_id, d.grantee_id), deputy)
        return store.delegations.apply(
            d,
            Event.DECLINE_EXTENSION,
            now=now,
            actor=actor.user_id,
            extension_declined_at=now,
            extension=None,
            note="",
            **by_grantor(d) | in_place(store, d, deputy, now=now),
        )

    return await agreed(desk, actor, delegation_id, decide)


def _extendable(store: Store, actor: Actor, delegation_id: str, now: datetime) -> Delegation:
    delegation = locked(store, actor, delegation_id)
    parties = (delegation.grantor_id, delegation.grantee_id, delegation.requester_id)
    if actor.user_id not in parties:
        raise NotYours
    _only_running(delegation, now)
    if delegation.ends_at is None:  # there is no end that could be later
        raise Settled(delegation)
    return delegation


def _asked(
    desk: Desk, store: Store, actor: Actor, delegation_id: str, seen: str
) -> tuple[Answering, ExtensionWish]:
    found = answering(desk, store, actor, delegation_id)
    delegation, deputy = found
    _only_running(delegation, desk.now())
    if delegation.extension is None or delegation.agreed_at is not None:
        raise NothingToAnswer
    check_seen(delegation, seen, deputy)
    return found, delegation.extension


def _only_running(delegation: Delegation, now: datetime) -> None:
    """Until the last second: what is due to end has ended, even if nobody has looked yet."""
    only_in(delegation, State.ACTIVE)
    if delegation.has_run_out(now):
        raise Settled(delegation, State.ENDING)


def _check_names_no_start(span: Span) -> None:
    """What runs already cannot start later, and a length is added to its end; raises Refused."""
    if span.starts is not None or (span.is_at_once and span.until is None):
        raise Refused(Refusal.RUNS_ALREADY)


def _standing_of(store: Store, delegation_id: str) -> StandingApproval | None:
    """The standing approval of the two people, under lock, and before the delegation is, as
    everywhere: its end, which somebody may be about to commit, comes before this or after it."""
    row = store.delegations.get(delegation_id)
    if row is None:
        return None
    return store.standing.for_pair(row.team_id, row.grantor_id, row.grantee_id, lock=True)


def _is_covered(
    standing: StandingApproval,
    actor: Actor,
    delegation: Delegation,
    ends_at: datetime | None,
    now: datetime,
) -> bool:
    """Whether it covers the whole stretch, from its first moment on.

    Measured from now, many small extensions would add up to more than was agreed. Only the
    grantee can use it, since it is about them.
    """
    if actor.user_id != delegation.grantee_id or ends_at is None:
        return False
    began = delegation.active_at or delegation.requested_at
    return standing.covers(length=None, starts_at=began, until=ends_at, now=now)


def _check_proven(
    desk: Desk,
    actor: Actor,
    delegation: Delegation,
    ends_at: datetime | None,
    how: Mapping[str, Any],
    *,
    now: datetime,
) -> None:
    """Counted is all of it, from its first moment on: many small extensions are a long right."""
    began = delegation.active_at or delegation.requested_at
    whole = Span(until=ends_at, forever=ends_at is None, starts=began)
    wanted = {"id": delegation.id, "seen": mark_of(delegation), **how}
    check_proven(desk, actor, whole, {"grantees": [delegation.grantee_id], **wanted}, now=now)


def _agreed(
    store: Store,
    actor: Actor,
    delegation: Delegation,
    wish: ExtensionWish,
    rule: Rule,
    *,
    at: datetime | None = None,
    note: str = "",
    deputys_word: DeputysWord | None = None,
) -> Delegation:
    """The grantor agrees to more time, or a deputy; a second person has to, as well."""
    now = at or wish.asked_at
    return store.delegations.apply(
        delegation,
        Event.AGREE,
        now=now,
        actor=actor.user_id,
        extension=wish,
        extension_declined_at=None,
        agreed_at=now,
        remind_at=None,
        reminders=0,
        note=note or delegation.note,
        deputys_word=deputys_word,
        **seconds(rule),
    )


def _without_no(delegation: Delegation) -> dict[str, Any]:
    """A deputy's no to the wish before goes with it: it would be taken for a yes to the right."""
    word, declined_at = delegation.deputys_word, delegation.extension_declined_at
    is_no = word is not None and word.said_at == declined_at
    return {"deputys_word": None} if is_no else {}


def _check_wishes(store: Store, delegation: Delegation, now: datetime) -> None:
    """Each wish is a message to the grantor; raises Refused."""
    asked = store.delegations.count_events(delegation.id, Event.ASK_EXTENSION, since=now - LATELY)
    if asked >= MOST_WISHES:
        raise Refused(Refusal.TOO_OFTEN, delegation.grantor_id)


def _check_longer(delegation: Delegation, ends_at: datetime | None) -> None:
    if delegation.ends_at is None or (ends_at is not None and ends_at <= delegation.ends_at):
        raise Refused(Refusal.NOT_LONGER)

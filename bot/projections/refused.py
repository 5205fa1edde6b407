"""What Slack keeps refusing: said once to somebody who can act, taken back when it arrives."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.cards import alarms
from bot.projections.showing import REFUSED_FOR, subject
from bot.slack.message import Message
from bot.store import Store
from models.card import Audience, Card
from models.delegation import Delegation, State
from models.notice import Notice, NoticeKind

PATIENCE = timedelta(minutes=10)  # a refusal that is over by then was none


def note(
    store: Store, card: Card, code: str, admins: Iterable[str], *, now: datetime
) -> tuple[timedelta, datetime | None]:
    """Slack refused this card and says why: ``code``.

    Returns for how long it has done so, and until when it is tried again: for ever (None) as long
    as the delegation is open.
    """
    delegation, since = subject(store, card), card.refused_at or now
    store.cards.note(card, refused_at=since, refusal=code[:64])
    if now - since >= PATIENCE:
        if card.audience is Audience.AUDIT:
            _tell_admins(store, card, delegation.team_id, admins, now)
        else:
            _tell_who_waits(store, card, delegation, since, now)
    return now - since, None if delegation.is_open else since + REFUSED_FOR


def is_over(store: Store, before: Card, after: Card, *, now: datetime, is_any_left: bool) -> None:
    """Nothing is left to be shown of a card that Slack may have refused before; ``is_any_left``:
    something else for its reader was refused, too."""
    if before.refused_at is not None:
        is_line = before.audience is Audience.AUDIT
        store.notices.mark_stale(before.recipient if is_line else before.id, now=now)
    was_taken = (before.message_ts, before.told) != (after.message_ts, after.told)
    if was_taken and is_any_left:
        store.cards.go_on(before.recipient, now=now)


def said(store: Store, notice: Notice, *, is_seen: bool) -> Message | None:
    """What was told about it, as it is now; None when nobody needs to read it any more."""
    if notice.kind is NoticeKind.AUDIT_SILENT:
        silent = store.cards.refused(notice.subject_id)
        if silent is None:
            return alarms.audit_speaks(notice.subject_id) if is_seen else None
        return alarms.audit_silent(silent)
    card = store.cards.get(notice.subject_id)
    if card is None:
        return None
    delegation = subject(store, card)
    if card.refused_at is None or not delegation.is_open:
        return alarms.reached(delegation, card, notice.recipient) if is_seen else None
    return alarms.unreachable(delegation, card, notice.recipient)


def _tell_who_waits(
    store: Store, card: Card, delegation: Delegation, since: datetime, now: datetime
) -> None:
    store.notices.mark_stale(card.id, now=now)  # what was said before may be over
    if delegation.is_open:
        store.notices.tell(
            NoticeKind.UNREACHABLE,
            team_id=delegation.team_id,
            recipients=_waiting_for(delegation, card.audience),
            subject_id=card.id,
            incident=str(since),
            now=now,
        )


def _tell_admins(
    store: Store, card: Card, team_id: str, admins: Iterable[str], now: datetime
) -> None:
    """Once an outage: it has begun with the card that has been waiting longest."""
    first = store.cards.refused(card.recipient)
    store.notices.tell(
        NoticeKind.AUDIT_SILENT,
        team_id=team_id,
        recipients=sorted(admins),
        subject_id=card.recipient,
        incident="" if first is None else str(first.refused_at),
        now=now,
    )


def _waiting_for(d: Delegation, audience: Audience) -> list[str]:
    """Who can tell the reader of this card what Slack does not."""
    match audience:
        case Audience.GRANTOR:
            people = {d.requester_id, d.grantee_id} - {d.grantor_id}
        case Audience.GRANTEE if d.state is State.REQUESTED:
            people = {d.requester_id} - {d.grantee_id}
        case Audience.GRANTEE:
            people = {d.requester_id, d.grantor_id} - {d.grantee_id}
        case _:
            people = {d.grantee_id}
    return sorted(people)

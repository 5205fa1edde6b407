"""What a grantor reads of their review, and what admins read of those that nobody answers."""

from datetime import datetime

from bot.cards import reviews as cards
from bot.projections.together import Said
from bot.store import Store
from models.notice import Notice, NoticeKind


def said(store: Store, notice: Notice, *, now: datetime) -> Said:
    """What this notice says now."""
    if notice.kind is NoticeKind.REVIEW:
        return _asked(store, notice, now)
    return _unanswered(store, notice, now)


def _asked(store: Store, notice: Notice, now: datetime) -> Said:
    """The message of an earlier review stays as it is; of the same one the latest takes the place
    of those before."""
    review = store.reviews.get(notice.subject_id)
    if review is None or not notice.incident.startswith(f"{review.number}."):
        return Said(None)
    if notice.incident != review.incident:
        return Said(cards.followed(), is_past=True)
    items = store.reviews.asked_about(review, now=now)
    if items:
        return Said(cards.card(review, items, now))
    return Said(cards.over(review) if notice.message_ts is not None else None)


def _unanswered(store: Store, notice: Notice, now: datetime) -> Said:
    if store.notices.is_followed(notice):
        return Said(cards.all_answered(), is_past=True)
    count = store.reviews.count_unanswered(notice.team_id)
    if count:
        first = store.reviews.unanswered(notice.team_id, limit=cards.MOST_UNANSWERED)
        return Said(cards.unanswered(first, count, now, notice.recipient))
    return Said(cards.all_answered() if notice.message_ts is not None else None)

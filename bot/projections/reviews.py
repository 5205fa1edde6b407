"""What a grantor reads of their review."""

from datetime import datetime

from bot.cards import reviews as cards
from bot.projections.together import Said
from bot.store import Store
from models.notice import Notice


def said(store: Store, notice: Notice, *, now: datetime) -> Said:
    """What this notice says now. The message of an earlier review stays as it is; of the same one
    the latest takes the place of those before."""
    review = store.reviews.get(notice.subject_id)
    if review is None or not notice.incident.startswith(f"{review.number}."):
        return Said(None)
    if notice.incident != review.incident:
        return Said(cards.followed(), is_past=True)
    items = store.reviews.asked_about(review, now=now)
    if items:
        return Said(cards.card(review, items, now))
    return Said(cards.over(review) if notice.message_ts is not None else None)

"""Many at once in one message: when it is shown, and what it says by then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.cards import aftermath, bundles, covers
from bot.connections.links import Links
from bot.slack.message import Message
from bot.store import Store
from models.aftermath import Aftermath, Course
from models.delegation import State
from models.notice import Notice, NoticeKind

PATIENCE = timedelta(minutes=1)  # so long the message about ends waits until all of them are over


@dataclass(frozen=True, slots=True)
class Said:
    """``message`` is None as long as there is nothing to read; it is looked at again at
    ``wake_at``, or with the next change. ``is_past``: there is a newer one, so this one goes."""

    message: Message | None
    wake_at: datetime | None = None
    is_past: bool = False


def said(store: Store, notice: Notice, links: Links, *, now: datetime) -> Said:
    """What this notice says about those that were wished, or ended, together."""
    if notice.kind is NoticeKind.BUNDLE:
        return _wished(store, notice, links)
    return _ended(store, notice, links, now)


def goes_on(
    rows: Sequence[Aftermath], notice: Notice, names: Mapping[str, str], *, now: datetime
) -> Said:
    """What this notice says about what goes on after rights that ended together: once all of them
    were looked at, or after a while."""
    ready_at = notice.created_at + PATIENCE
    is_looked_at = all(each.course is not Course.LOOKING for each in rows)
    if notice.message_ts is None and not is_looked_at and now < ready_at:
        return Said(None, wake_at=ready_at)
    return Said(aftermath.card(rows, names))


def _wished(store: Store, notice: Notice, links: Links) -> Said:
    bundle = store.delegations.of_bundle(notice.subject_id)
    if not bundle:
        return Said(None)
    if store.notices.is_followed(notice):
        return Said(bundles.wished_before(bundle), is_past=True)
    apart = store.cards.with_message([each.id for each in bundle], notice.recipient)
    url = links.connect(notice.team_id, notice.recipient)
    is_cover = store.covers.get(notice.subject_id) is not None
    draw = covers.message if is_cover else bundles.wished
    return Said(draw(bundle, apart, connect_url=url))


def _ended(store: Store, notice: Notice, links: Links, now: datetime) -> Said:
    together = store.delegations.ended_together(notice.subject_id)
    if not together:
        return Said(None)
    if store.notices.is_followed(notice):
        return Said(bundles.ended_before(together), is_past=True)
    ready_at = notice.created_at + PATIENCE
    is_complete = all(each.state is State.ENDED and not each.is_receipt_due for each in together)
    if notice.message_ts is None and not is_complete and now < ready_at:
        return Said(None, wake_at=ready_at)
    url = links.connect(notice.team_id, notice.recipient)
    goes_on = store.aftermaths.of(notice.subject_id)
    return Said(bundles.ended(together, connect_url=url, goes_on=goes_on))

"""The audit channel: a thread for each delegation, a line for each decision and each end."""

from collections.abc import Sequence
from dataclasses import asdict, replace

from bot.cards import audit as texts
from bot.projections.showing import Showing
from bot.slack.chat import Envelope
from bot.slack.message import Message
from bot.store import Store
from bot.store.cards import StaleCard
from models.delegation import Delegation
from models.event import EventRecord


async def write(
    showing: Showing, card: StaleCard, began: float
) -> tuple[StaleCard, StaleCard, Delegation]:
    """What the channel was not told yet, once and in order; each line is noted before the next.

    Returns what is noted, what stands there now, which may be one line more, and the delegation as
    it was told. Raises Overtaken; ``began`` is when it was claimed, in monotonic seconds.
    """
    delegation, history = await showing.database.read(lambda store: _life(store, card))
    noted = card
    for record in texts.untold(history, card.told):
        if card is not noted:
            noted = await _noted(showing, card)
        if card.message_ts is None:
            message = texts.opening(delegation, record)
        else:
            is_superseded = texts.is_superseded(history, record)
            message = texts.line(delegation, record, is_superseded=is_superseded)
        card = await _written(showing, card, message, record, began)
    return noted, card, delegation


def _life(store: Store, card: StaleCard) -> tuple[Delegation, Sequence[EventRecord]]:
    """Both of the same moment, so that the last extension's end is the row's; nothing is left to
    be written where somebody else has gone on since the card was claimed.

    The row is read first: what happens between the two has the card shown once more.
    """
    delegation, is_mine = store.cards.subject(card)
    return delegation, store.delegations.history(delegation.id) if is_mine else ()


async def _written(
    showing: Showing, card: StaleCard, message: Message, record: EventRecord, began: float
) -> StaleCard:
    # Its number alone may be another event's after a restore.
    mark = f"{card.id}:{record.id}:{record.at.timestamp():.0f}"
    thread_ts = card.message_ts
    to = Envelope(card.recipient, mark, card.attempts, thread_ts)
    place = await showing.messages.lost(to)
    until = await showing.check_mine(lambda store: store.cards.due, card, began)
    if place is None:
        place = await showing.messages.write(message, replace(to, attempt=1, until=until))
    opens_thread = asdict(place) if thread_ts is None else {}
    return replace(card, told=str(record.id), **opens_thread)


async def _noted(showing: Showing, card: StaleCard) -> StaleCard:
    stands = {name: getattr(card, name) for name in ("told", "channel_id", "message_ts")}
    await showing.database.run_single(lambda store: store.cards.note(card, **stands))
    return card

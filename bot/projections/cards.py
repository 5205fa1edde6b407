"""Cards catch up: one stale card shows the present row, and its reader hears what is news to them.

However much happened while Slack was away, one update is sent.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from bot.cards import delegations as blocks
from bot.cards import milestones
from bot.cards.receipts import listed, scheduled
from bot.delegations.receipts import Receipts
from bot.projections import audit
from bot.projections.showing import Showing, place_of, subject
from bot.slack.chat import Envelope, Place
from bot.slack.message import Message
from models.card import Audience, Card
from models.delegation import Delegation, State


@dataclass(frozen=True, slots=True)
class CardStep:
    """The worker's step for one leased card."""

    showing: Showing
    receipts: Receipts

    async def take(self, card: Card) -> None:
        """Make the message show what is true now, and tell what its reader was not told yet."""
        if card.audience is Audience.AUDIT:
            card, delegation = await audit.write(self.showing, card)
        else:
            delegation = await self.showing.database.run(lambda store: subject(store, card))
            card = await self._shown(card, delegation)
        await self.showing.database.run(
            lambda store: store.cards.save(
                card,
                shown_version=delegation.version,
                channel_id=card.channel_id,
                message_ts=card.message_ts,
                told=card.told,
                attempts=0,
                leased_until=None,
            )
        )

    async def put_off(self, card: Card, error: Exception) -> None:
        """Try again when Slack may take it."""
        await self.showing.put_off(lambda store: store.cards.due, card, error)

    async def _shown(self, card: Card, delegation: Delegation) -> Card:
        news = milestones.news(delegation, card.audience, card.told)
        place = place_of(card.channel_id, card.message_ts)
        if place is None and delegation.state is State.CANCELLED:
            return card  # never seen, and nothing to see any more
        if place is not None and news is not None and news.moves_card:
            return await self._moved(card, delegation, place, news.key)
        if place is None or card.shown_version != delegation.version:
            place, is_new = await self.showing.messages.show(
                self._card(card, delegation), _to(card, f"card:{card.message_ts or ''}"), place
            )
            card = replace(card, **asdict(place))
            if news is not None and is_new:
                return replace(card, told=news.key)  # a new message notifies by itself
        if news is None:
            return card
        notice = await self._notice(card, delegation)
        await self.showing.messages.show(notice, _to(card, news.key))
        return replace(card, told=news.key)

    async def _moved(self, card: Card, delegation: Delegation, old: Place, key: str) -> Card:
        """The card again, as a new message that notifies; the old one loses its buttons."""
        message, left = self._card(card, delegation), blocks.moved(delegation, card.audience)
        new = await self.showing.messages.move(message, _to(card, key), old, left)
        await self._warn(card, delegation, key)
        return replace(card, told=key, **asdict(new))

    async def _warn(self, card: Card, delegation: Delegation, key: str) -> None:
        """With the warning before the end goes what Close would still try to send."""
        if card.audience is not Audience.GRANTEE or not key.startswith(milestones.WARNED):
            return
        warning = scheduled(await self.receipts.waiting(delegation))
        if warning is not None:
            await self.showing.messages.show(warning, _to(card, f"{key}:scheduled"))

    async def _notice(self, card: Card, delegation: Delegation) -> Message:
        details: Sequence[str] = ()
        if card.audience is Audience.GRANTOR and delegation.state is State.ENDED:
            # Told once and stored nowhere: the grantor reads what was sent in their name.
            details = listed(await self.receipts.last_few(delegation))
        url = self.showing.links.connect(delegation.team_id, card.recipient)
        return blocks.notice(delegation, card.audience, connect_url=url, details=details)

    def _card(self, card: Card, delegation: Delegation) -> Message:
        url = self.showing.links.connect(delegation.team_id, card.recipient)
        return blocks.card(delegation, card.audience, connect_url=url)


def _to(card: Card, what: str) -> Envelope:
    return Envelope(card.recipient, f"{card.id}:{what}", card.attempts)

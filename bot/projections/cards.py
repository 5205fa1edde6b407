"""Cards catch up: one stale card shows the present row, and its reader hears what is news to them.

However much happened while Slack was away, one update is sent.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from bot.cards import delegations as blocks
from bot.cards import milestones
from bot.cards.receipts import listed, scheduled
from bot.delegations.receipts import Receipts
from bot.projections import audit, refused
from bot.projections.showing import Showing, place_of, subject
from bot.slack.chat import Envelope, Place
from bot.slack.errors import SlackRefused
from bot.slack.message import Message
from bot.store import Store
from models.card import Audience, Card
from models.delegation import Delegation, State


@dataclass(frozen=True, slots=True)
class CardStep:
    """The worker's step for one leased card; ``admins`` hear when the audit channel is closed."""

    showing: Showing
    receipts: Receipts
    admins: frozenset[str] = frozenset()

    async def take(self, card: Card) -> None:
        """Make the message show what is true now, and tell what its reader was not told yet."""
        claimed = before = card
        if card.audience is Audience.AUDIT:
            card, delegation = await audit.write(self.showing, card)
            claimed = card  # noted line by line
        else:
            delegation, is_mine = await self.showing.database.run(
                lambda store: (subject(store, card), store.cards.is_as_claimed(card))
            )
            if is_mine:
                card = await self._shown(card, delegation)
        now = self.showing.now()

        def save(store: Store) -> None:
            store.cards.save(
                claimed,
                shown_version=delegation.version,
                channel_id=card.channel_id,
                message_ts=card.message_ts,
                told=card.told,
                refused_at=None,
                refusal=None,
                attempts=0,
                leased_until=None,
            )
            refused.is_over(store, before, card, now=now)

        await self.showing.database.run(save)

    async def put_off(self, card: Card, error: Exception) -> None:
        """Try again when Slack may take it; what it keeps refusing is said to somebody."""
        now, waited, until = self.showing.now(), None, None
        if isinstance(error, SlackRefused):
            code = error.code
            waited, until = await self.showing.database.run(
                lambda store: refused.note(store, card, code, self.admins, now=now)
            )
        await self.showing.put_off(
            lambda store: store.cards, card, error, until=until, waited=waited
        )

    async def _shown(self, card: Card, delegation: Delegation) -> Card:
        news = milestones.news(delegation, card.audience, card.told)
        mark = _mark(card, news.key if news is not None else card.message_ts or "")
        card, is_told = await self._found(card, delegation, mark)
        place = place_of(card.channel_id, card.message_ts)
        if place is None and delegation.state is State.CANCELLED:
            return card  # never seen, and nothing to see any more
        if place is not None and news is not None and news.moves_card and not is_told:
            place = await self._moved(card, delegation, place, mark)
            card, is_told = replace(card, **asdict(place)), True
        elif place is None or card.shown_version != delegation.version:
            place, is_new = await self.showing.messages.show(
                self._card(card, delegation), Envelope(card.recipient, mark), place
            )
            # A new message notifies by itself.
            card, is_told = replace(card, **asdict(place)), is_told or is_new
        if news is None:
            return card
        if is_told:
            await self._warn(card, delegation, news.key)
        else:
            notice = await self._notice(card, delegation)
            await self.showing.messages.show(notice, _to(card, news.key))
        return replace(card, told=news.key)

    async def _found(self, card: Card, delegation: Delegation, mark: str) -> tuple[Card, bool]:
        """The card with what earlier attempts posted and could not note, whatever it showed then.

        The newest of its messages is its place now; all others lose their buttons. Also whether
        that newest one was posted under ``mark``, so that its reader was notified already.
        """
        if card.attempts <= 1:
            return card, False
        found = await self.showing.messages.find(card.recipient, _mark(card, ""))
        place = place_of(card.channel_id, card.message_ts)
        newest = found[0] if found else None
        is_lost = newest is not None and (
            place is None or newest.place.message_ts > place.message_ts
        )
        current = newest.place if newest is not None and is_lost else place
        old = {each.place for each in found if each.has_buttons} | ({place} if place else set())
        for each in old - {current}:
            if each is not None:
                await self.showing.messages.update(each, blocks.moved(delegation, card.audience))
        if newest is None or not is_lost:
            return card, False
        return replace(card, shown_version=0, **asdict(newest.place)), newest.mark == mark

    async def _moved(self, card: Card, delegation: Delegation, old: Place, mark: str) -> Place:
        """The card again, as a new message that notifies; the old one loses its buttons."""
        message, left = self._card(card, delegation), blocks.moved(delegation, card.audience)
        to = Envelope(card.recipient, mark)  # an earlier attempt was looked for already
        return await self.showing.messages.move(message, to, old, left)

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


def _mark(card: Card, what: str) -> str:
    """What marks a message as the card itself, not a notice beside it."""
    return f"{card.id}:card:{what}"


def _to(card: Card, what: str) -> Envelope:
    return Envelope(card.recipient, f"{card.id}:{what}", card.attempts)

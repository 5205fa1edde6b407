"""Cards catch up: one stale card is rendered from the present row, and posted or updated.

However much happened while Slack was away, one update is sent. A post whose answer was lost is
looked for before it is sent again.
"""

from dataclasses import replace
from datetime import timedelta

import structlog

from bot.backoff import after, backoff
from bot.cards import blocks
from bot.cards.message import Message
from bot.links import Links
from bot.ports import Now
from bot.slack.errors import MessageGone, SlackError, SlackRefused, SlackRetryLater
from bot.slack.messages import Messages, Place
from bot.store import Database, Store
from bot.telemetry import Metrics
from models.card import Card
from models.delegation import Delegation, State


class Sync:
    """The worker's step for one leased card."""

    def __init__(
        self, database: Database, messages: Messages, links: Links, now: Now, metrics: Metrics
    ) -> None:
        self._database = database
        self._messages = messages
        self._links = links
        self._now = now
        self._metrics = metrics
        self._log = structlog.get_logger("bot.sync")

    async def __call__(self, card: Card) -> None:
        """Make the message show what is true now, and tell what its reader was not told yet."""
        delegation = await self._database.run(
            lambda store: store.delegations.get(card.delegation_id)
        )
        if delegation is None:  # cannot be: a foreign key holds them together
            raise LookupError(card.delegation_id)
        try:
            shown = await self._told(await self._shown(card, delegation), delegation)
        except SlackError as error:
            await self._put_off(card, error)
        else:
            await self._save(shown, delegation)

    async def failed(self, card: Card, error: Exception) -> None:
        """A step ended in a way that nobody foresaw: try again later."""
        self._log.error("card could not be shown", card=card.id, exc_info=error)
        await self._retry(card, backoff(card.attempts))

    async def _shown(self, card: Card, delegation: Delegation) -> Card:
        message = self._card(card, delegation)
        milestone = blocks.milestone(delegation, card.audience)
        key = milestone.key if milestone else card.told
        if card.channel_id and card.message_ts:
            place = Place(card.channel_id, card.message_ts)
            if milestone and milestone.moves_card and milestone.key != card.told:
                return await self._moved(card, delegation, place, milestone.key)
            if card.shown_version == delegation.version:
                return card
            if await self._updated(card, place, message):
                return card
        elif delegation.state is State.CANCELLED:
            return card  # never seen, and nothing to see any more
        mark = f"{card.id}:card:{card.message_ts or ''}"
        posted = await self._post_once(card, message, mark)
        return _at(card, posted, told=key)

    async def _moved(self, card: Card, delegation: Delegation, old: Place, key: str) -> Card:
        """The card again, as a new message that notifies; the old one loses its buttons."""
        message = self._card(card, delegation)
        posted = await self._post_once(card, message, f"{card.id}:{key}")
        await self._updated(card, old, blocks.moved(delegation, card.audience))
        return _at(card, posted, told=key)

    async def _updated(self, card: Card, place: Place, message: Message) -> bool:
        try:
            await self._messages.update(place, message)
        except MessageGone:
            self._log.info("card was deleted", card=card.id)
            return False
        return True

    async def _told(self, card: Card, delegation: Delegation) -> Card:
        milestone = blocks.milestone(delegation, card.audience)
        if milestone is None or milestone.key == card.told or card.message_ts is None:
            return card
        url = self._links.connect(delegation.team_id, card.recipient)
        notice = blocks.notice(delegation, card.audience, connect_url=url)
        await self._post_once(card, notice, f"{card.id}:{milestone.key}")
        return replace(card, told=milestone.key)

    def _card(self, card: Card, delegation: Delegation) -> Message:
        url = self._links.connect(delegation.team_id, card.recipient)
        return blocks.card(delegation, card.audience, connect_url=url)

    async def _post_once(self, card: Card, message: Message, mark: str) -> Place:
        if card.attempts > 1:  # the attempt before this one did not end well: was it posted?
            found = await self._messages.find(card.recipient, mark=mark)
            if found is not None:
                return found
        return await self._messages.post(card.recipient, message, mark=mark)

    async def _save(self, card: Card, delegation: Delegation) -> None:
        def save(store: Store) -> None:
            store.cards.save(
                card,
                shown_version=delegation.version,
                channel_id=card.channel_id,
                message_ts=card.message_ts,
                told=card.told,
                attempts=0,
                leased_until=None,
            )

        await self._database.run(save)

    async def _put_off(self, card: Card, error: SlackError) -> None:
        self._metrics.slack_failures.labels(error.code[:40]).inc()
        self._log.warning("Slack did not take a message", card=card.id, code=error.code)
        if isinstance(error, SlackRefused):
            # Nobody to show it to, or a block Slack does not take: the next change tries again.
            await self._retry(card, None)
        elif isinstance(error, SlackRetryLater) and error.wait is not None:
            await self._retry(card, after(error.wait))
        else:
            await self._retry(card, backoff(card.attempts))

    async def _retry(self, card: Card, pause: timedelta | None) -> None:
        wake_at = None if pause is None else self._now() + pause
        await self._database.run(lambda store: store.cards.retry(card.id, wake_at=wake_at))


def _at(card: Card, place: Place, *, told: str | None) -> Card:
    return replace(card, channel_id=place.channel_id, message_ts=place.message_ts, told=told)

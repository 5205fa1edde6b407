"""Cards catch up: one stale card is rendered from the present row, and posted or updated.

However much happened while Slack was away, one update is sent. A post whose answer was lost is
looked for before it is sent again.
"""

from collections.abc import Sequence
from dataclasses import replace

import structlog

from bot.cards import audit, milestones
from bot.cards import delegations as blocks
from bot.cards.receipts import listed, scheduled
from bot.clock.backoff import pause_after
from bot.connections.links import Links
from bot.delegations.receipts import Receipts
from bot.ports import Now
from bot.slack.chat import Messages, Place
from bot.slack.errors import MessageGone, SlackError, SlackRefused
from bot.slack.message import Message
from bot.store import Database, Store
from bot.telemetry import Metrics
from models.card import Audience, Card
from models.delegation import Delegation, State
from models.event import EventRecord


class Sync:
    """The worker's step for one leased card."""

    def __init__(
        self,
        database: Database,
        messages: Messages,
        links: Links,
        receipts: Receipts,
        now: Now,
        metrics: Metrics,
    ) -> None:
        self._receipts = receipts
        self._database = database
        self._messages = messages
        self._links = links
        self._now = now
        self._metrics = metrics
        self._log = structlog.get_logger("bot.projections.cards")

    async def take(self, card: Card) -> None:
        """Make the message show what is true now, and tell what its reader was not told yet."""
        delegation = await self._database.run(
            lambda store: store.delegations.get(card.delegation_id)
        )
        if delegation is None:  # cannot be: a foreign key holds them together
            raise LookupError(card.delegation_id)
        if card.audience is Audience.AUDIT:
            shown = await self._audited(card, delegation)
        else:
            shown = await self._told(await self._shown(card, delegation), delegation)
        await self._save(shown, delegation)

    async def _audited(self, card: Card, delegation: Delegation) -> Card:
        """Each decision and each end, once and in order; every line is saved before the next."""
        delegation, history = await self._history(delegation.id)
        for record in audit.untold(history, card.told):
            if card.message_ts is None:
                place = await self._written(card, audit.opening(delegation, record), record)
                card = _at(card, place, told=str(record.id))
            else:
                is_superseded = audit.is_superseded(history, record)
                message = audit.line(delegation, record, is_superseded=is_superseded)
                await self._written(card, message, record)
                card = replace(card, told=str(record.id))
            await self._save(card, delegation, is_done=False)
        return card

    async def _written(self, card: Card, message: Message, record: EventRecord) -> Place:
        """A line of the audit channel, unless an attempt that got no answer has posted it."""
        mark, thread_ts = f"{card.id}:{record.id}", card.message_ts
        if card.attempts > 1:
            found = await self._messages.find(card.recipient, mark=mark, thread_ts=thread_ts)
            if found is not None:
                return found
        return await self._messages.post(card.recipient, message, mark=mark, thread_ts=thread_ts)

    async def _history(self, delegation_id: str) -> tuple[Delegation, Sequence[EventRecord]]:
        """Both of the same moment, so that the last extension's end is the row's."""

        def read(store: Store) -> tuple[Delegation, Sequence[EventRecord]]:
            delegation = store.delegations.get(delegation_id)
            if delegation is None:  # cannot be: a foreign key holds them together
                raise LookupError(delegation_id)
            return delegation, store.delegations.history(delegation_id)

        return await self._database.run(read)

    async def _shown(self, card: Card, delegation: Delegation) -> Card:
        message = self._card(card, delegation)
        milestone = milestones.milestone(delegation, card.audience)
        key = milestone.key if milestone else card.told
        if card.channel_id and card.message_ts:
            place = Place(card.channel_id, card.message_ts)
            if milestone and milestone.moves_card and not milestone.is_told(card.told):
                return await self._moved(card, delegation, place, milestone.key)
            if card.shown_version == delegation.version:
                return card
            if await self._updated(card, place, message):
                return card
        elif delegation.state is State.CANCELLED:
            return card  # never seen, and nothing to see any more
        mark = f"{card.id}:card:{card.message_ts or ''}"
        found = await self._posted_before(card, message, mark)
        if found is not None:
            return _at(card, found, told=card.told)
        posted = await self._messages.post(card.recipient, message, mark=mark)
        return _at(card, posted, told=key)

    async def _moved(self, card: Card, delegation: Delegation, old: Place, key: str) -> Card:
        """The card again, as a new message that notifies; the old one loses its buttons."""
        message = self._card(card, delegation)
        posted = await self._post_once(card, message, f"{card.id}:{key}")
        await self._updated(card, old, blocks.moved(delegation, card.audience))
        await self._warn(card, delegation, key)
        return _at(card, posted, told=key)

    async def _warn(self, card: Card, delegation: Delegation, key: str) -> None:
        """With the warning before the end goes what Close would still try to send."""
        if card.audience is not Audience.GRANTEE or not key.startswith(milestones.WARNED):
            return
        warning = scheduled(await self._receipts.waiting(delegation))
        if warning is not None:
            await self._post_once(card, warning, f"{card.id}:{key}:scheduled")

    async def _updated(self, card: Card, place: Place, message: Message) -> bool:
        try:
            await self._messages.update(place, message)
        except MessageGone:
            self._log.info("card was deleted", card=card.id)
            return False
        return True

    async def _told(self, card: Card, delegation: Delegation) -> Card:
        milestone = milestones.milestone(delegation, card.audience)
        if milestone is None or card.message_ts is None or milestone.is_told(card.told):
            return card
        url = self._links.connect(delegation.team_id, card.recipient)
        details = await self._details(card, delegation)
        notice = blocks.notice(delegation, card.audience, connect_url=url, details=details)
        await self._post_once(card, notice, f"{card.id}:{milestone.key}")
        return replace(card, told=milestone.key)

    async def _details(self, card: Card, delegation: Delegation) -> Sequence[str]:
        """What is told once and stored nowhere: the grantor reads what was sent in their name."""
        if card.audience is not Audience.GRANTOR or delegation.state is not State.ENDED:
            return ()
        return listed(await self._receipts.last_few(delegation))

    def _card(self, card: Card, delegation: Delegation) -> Message:
        url = self._links.connect(delegation.team_id, card.recipient)
        return blocks.card(delegation, card.audience, connect_url=url)

    async def _post_once(self, card: Card, message: Message, mark: str) -> Place:
        found = await self._posted_before(card, message, mark)
        return found or await self._messages.post(card.recipient, message, mark=mark)

    async def _posted_before(self, card: Card, message: Message, mark: str) -> Place | None:
        """A message whose post got no answer, now showing ``message``; None when there is none."""
        if card.attempts <= 1:
            return None  # the attempt before this one ended well
        found = await self._messages.find(card.recipient, mark=mark)
        if found is None or not await self._updated(card, found, message):
            return None
        return found

    async def _save(self, card: Card, delegation: Delegation, *, is_done: bool = True) -> None:
        place = {"channel_id": card.channel_id, "message_ts": card.message_ts, "told": card.told}

        def save(store: Store) -> None:
            if is_done:
                done = {"attempts": 0, "leased_until": None}
                store.cards.save(card, shown_version=delegation.version, **place, **done)
            else:
                store.cards.note(card, **place)

        await self._database.run(save)

    async def put_off(self, card: Card, error: Exception) -> None:
        """Try again when Slack may take it; what Slack refuses waits for the next change."""
        if isinstance(error, SlackError):
            self._metrics.slack_failures.labels(error.code[:40]).inc()
            self._log.warning("Slack did not take a card", card=card.id, code=error.code)
        is_final = isinstance(error, SlackRefused)
        wake_at = None if is_final else self._now() + pause_after(error, card.attempts)
        await self._database.run(lambda store: store.cards.due.put_off(card, wake_at=wake_at))


def _at(card: Card, place: Place, *, told: str | None) -> Card:
    return replace(card, channel_id=place.channel_id, message_ts=place.message_ts, told=told)

"""Notices go out: one stale notice is rendered from the present rows, and posted or updated."""

import structlog

from bot.cards import notices as texts
from bot.clock.backoff import pause_after
from bot.connections.links import Links
from bot.ports import Now
from bot.slack.chat import Messages, Place
from bot.slack.errors import MessageGone, SlackError, SlackRefused
from bot.slack.message import Message
from bot.store import Database, Store
from bot.telemetry import Metrics
from models.notice import Notice, NoticeKind


class NoticeStep:
    """The worker's step for one leased notice."""

    def __init__(
        self, database: Database, messages: Messages, links: Links, now: Now, metrics: Metrics
    ) -> None:
        self._database = database
        self._messages = messages
        self._links = links
        self._now = now
        self._metrics = metrics
        self._log = structlog.get_logger("bot.projections.notices")

    async def take(self, notice: Notice) -> None:
        """Show what is true now."""
        message = await self._database.run(lambda store: self._message(store, notice))
        place = await self._shown(notice, message) if message is not None else None
        await self._database.run(
            lambda store: store.notices.due.rest(
                notice,
                channel_id=place.channel_id if place else notice.channel_id,
                message_ts=place.message_ts if place else notice.message_ts,
            )
        )

    def _message(self, store: Store, notice: Notice) -> Message | None:
        """None when it has become pointless before anybody saw it."""
        is_seen = notice.message_ts is not None
        match notice.kind:
            case NoticeKind.CONNECTION_LOST:
                return self._connection_lost(store, notice, is_seen=is_seen)
            case NoticeKind.OVERDUE:
                delegation = store.delegations.get(notice.subject_id)
                if delegation is None or (not delegation.is_open and not is_seen):
                    return None
                return texts.overdue(delegation)
            case NoticeKind.PAIRING | NoticeKind.PAIRING_DECIDED:
                pairing = store.pairings.get(notice.subject_id)
                if pairing is None:
                    return None
                if notice.kind is NoticeKind.PAIRING:
                    return texts.pairing(pairing)
                url = self._links.connect(notice.team_id, notice.recipient)
                return texts.pairing_decided(pairing, connect_url=url)
            case NoticeKind.DISCONNECTED | NoticeKind.KEY_FORGOTTEN:
                return texts.disconnected(was_key=notice.kind is NoticeKind.KEY_FORGOTTEN)
            case NoticeKind.TOKENS_FORGOTTEN:
                return texts.tokens_forgotten()

    def _connection_lost(self, store: Store, notice: Notice, *, is_seen: bool) -> Message | None:
        connection = store.connections.find(notice.subject_id)
        if connection is None or connection.is_alive:
            return texts.connection_works() if is_seen else None
        served = store.delegations.served_by(connection.team_id, connection.slack_user_id)
        url = self._links.connect(notice.team_id, notice.recipient)
        return texts.connection_lost(connection, served, connect_url=url)

    async def _shown(self, notice: Notice, message: Message) -> Place:
        if notice.channel_id and notice.message_ts:
            place = Place(notice.channel_id, notice.message_ts)
            try:
                await self._messages.update(place, message)
            except MessageGone:
                self._log.info("a notice was deleted by its reader", notice=notice.id)
            return place
        mark = f"notice:{notice.id}"
        if notice.attempts > 1:  # the attempt before this one did not end well: was it posted?
            found = await self._messages.find(notice.recipient, mark=mark)
            if found is not None:
                return found
        return await self._messages.post(notice.recipient, message, mark=mark)

    async def put_off(self, notice: Notice, error: Exception) -> None:
        """Try again when Slack may take it; what Slack refuses waits for the next change."""
        if isinstance(error, SlackError):
            self._metrics.slack_failures.labels(error.code[:40]).inc()
            self._log.warning("Slack did not take a notice", notice=notice.id, code=error.code)
        is_final = isinstance(error, SlackRefused)
        wake_at = None if is_final else self._now() + pause_after(error, notice.attempts)
        await self._database.run(lambda store: store.notices.due.put_off(notice, wake_at=wake_at))

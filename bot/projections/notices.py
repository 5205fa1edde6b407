"""Notices go out: one stale notice is rendered from the present rows, and posted or updated."""

from dataclasses import asdict, dataclass

from bot.cards import notices as texts
from bot.projections.showing import Showing, place_of
from bot.slack.chat import Envelope, Place
from bot.slack.message import Message
from bot.store import Store
from models.notice import Notice, NoticeKind


@dataclass(frozen=True, slots=True)
class NoticeStep:
    """The worker's step for one leased notice."""

    showing: Showing

    async def take(self, notice: Notice) -> None:
        """Show what is true now."""
        message = await self.showing.database.run(lambda store: self._message(store, notice))
        place = {} if message is None else asdict(await self._shown(notice, message))
        await self.showing.database.run(lambda store: store.notices.due.rest(notice, **place))

    async def put_off(self, notice: Notice, error: Exception) -> None:
        """Try again when Slack may take it."""
        await self.showing.put_off(lambda store: store.notices.due, notice, error)

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
                url = self.showing.links.connect(notice.team_id, notice.recipient)
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
        url = self.showing.links.connect(notice.team_id, notice.recipient)
        return texts.connection_lost(connection, served, connect_url=url)

    async def _shown(self, notice: Notice, message: Message) -> Place:
        place = place_of(notice.channel_id, notice.message_ts)
        if place is not None:
            await self.showing.messages.update(place, message)  # what its reader deleted stays so
            return place
        to = Envelope(notice.recipient, f"notice:{notice.id}", notice.attempts)
        place, _ = await self.showing.messages.show(message, to)
        return place

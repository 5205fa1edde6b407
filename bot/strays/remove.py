"""The clock's side of a stray: its message catches up, and a removal is tried until it is done."""

from datetime import timedelta

import structlog

from bot.cards.strays import card
from bot.clock.backoff import pause_after
from bot.close.errors import CloseError, ReconnectNeeded, RefusedByClose
from bot.connections.sessions import CloseSession, NotConnected, OtherAccountConnected
from bot.delegations.steps import held
from bot.delegations.tools import Tools
from bot.slack.chat import Messages, Place
from bot.slack.errors import MessageGone, SlackRefused
from bot.store import Store
from models.stray import Obstacle, Stray, StrayState

OBSTACLE_PAUSE = timedelta(minutes=15)  # connecting again ends it at once


class Straying:
    """The worker's step for one stray."""

    def __init__(self, tools: Tools, messages: Messages) -> None:
        self._tools = tools
        self._messages = messages
        self._log = structlog.get_logger("bot.strays.remove")

    async def take(self, stray: Stray) -> None:
        """Remove it if that was wanted, then show what is true now.

        Slack comes second: a removal does not wait for it.
        """
        if stray.state is StrayState.REMOVING and await self._removed(stray):
            return  # its new state is due at once
        await self._show(stray)

    async def _removed(self, stray: Stray) -> bool:
        """Whether Close has confirmed it; shows "removing" first when that takes a while."""
        try:
            session = await self._tools.connections.open(stray.team_id, stray.grantor_id)
            _check_account(session, stray)
            await self._delete(session, stray)
        except (NotConnected, OtherAccountConnected, CloseError) as error:
            obstacle = _obstacle(error)
            if stray.shown is not StrayState.REMOVING or obstacle is not None:
                await self._show(stray, obstacle)
            raise
        now = self._tools.now()

        def removed(store: Store) -> None:
            store.strays.decide(stray, StrayState.REMOVED, now=now, leased_until=None)
            store.connections.look_by(  # a disconnection may have waited for this
                stray.team_id, stray.grantor_id, moment=now, only_troubled=True
            )

        await self._tools.database.run(removed)
        return True

    async def _delete(self, session: CloseSession, stray: Stray) -> None:
        close = self._tools.close
        try:
            await session.call(close.delete_association, stray.association_id)
        except RefusedByClose:
            # A refusal can be Close's word for "gone already" (close.md §3): ask for it.
            if not await held.is_gone(self._tools, session, stray.association_id):
                raise

    async def _show(self, stray: Stray, obstacle: Obstacle | None = None) -> None:
        message = card(stray, obstacle)
        place = None
        if stray.channel_id and stray.message_ts:
            place = Place(stray.channel_id, stray.message_ts)
            try:
                await self._messages.update(place, message)
            except MessageGone:
                place = None
        if place is None:
            mark = f"{stray.id}:{stray.message_ts or ''}"
            if stray.attempts > 1:  # the attempt before did not end well: was it posted?
                place = await self._messages.find(stray.grantor_id, mark=mark)
            place = place or await self._messages.post(stray.grantor_id, message, mark=mark)
        shown = place
        await self._tools.database.run(
            lambda store: store.strays.shown(
                stray, channel_id=shown.channel_id, message_ts=shown.message_ts
            )
        )

    async def put_off(self, stray: Stray, error: Exception) -> None:
        """Try again later; a message that Slack refuses waits for the next change."""
        blocked = _obstacle(error) is not None
        pause = OBSTACLE_PAUSE if blocked else pause_after(error, stray.attempts)
        is_final = isinstance(error, SlackRefused) and stray.state is not StrayState.REMOVING
        wake_at = None if is_final else self._tools.now() + pause
        await self._tools.database.run(
            lambda store: store.strays.due.put_off(stray, wake_at=wake_at)
        )


def _check_account(session: CloseSession, stray: Stray) -> None:
    if not stray.belongs_to(*session.account.membership):
        raise OtherAccountConnected


def _obstacle(error: Exception) -> Obstacle | None:
    if isinstance(error, OtherAccountConnected):
        return Obstacle.OTHER_ACCOUNT
    return Obstacle.NOT_CONNECTED if isinstance(error, NotConnected | ReconnectNeeded) else None

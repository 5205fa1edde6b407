"""The clock's side of a stray: its message catches up, and a removal is tried until it is done."""

import structlog

from bot.backoff import after, backoff
from bot.cards.strays import card
from bot.close.errors import CloseError, NotFound, RefusedByClose
from bot.connections import CloseSession, NotConnected
from bot.slack.errors import MessageGone, SlackError, SlackRefused
from bot.slack.messages import Messages, Place
from bot.steps import Steps
from bot.store import Store
from models.stray import Stray, StrayState


class Straying:
    """The worker's step for one stray."""

    def __init__(self, steps: Steps, messages: Messages) -> None:
        self._steps = steps
        self._messages = messages
        self._log = structlog.get_logger("bot.straying")

    async def __call__(self, stray: Stray) -> None:
        """Remove it if that was wanted, then show what is true now.

        Slack comes second: a removal does not wait for it.
        """
        try:
            if stray.state is StrayState.REMOVING and await self._removed(stray):
                return  # its new state is due at once
            await self._show(stray)
        except (NotConnected, CloseError, SlackError) as error:
            await self._put_off(stray, error)

    async def failed(self, stray: Stray, error: Exception) -> None:
        """A step ended in a way that nobody foresaw: try again later."""
        self._log.error("stray failed", stray=stray.id, exc_info=error)
        await self._put_off(stray, error)

    async def _removed(self, stray: Stray) -> bool:
        """Whether Close has confirmed it; shows "removing" first when that takes a while."""
        try:
            session = await self._steps.connections.open(stray.team_id, stray.grantor_id)
            await self._delete(session, stray)
        except (NotConnected, CloseError):
            if stray.shown is not StrayState.REMOVING:
                await self._show(stray)
            raise
        now = self._steps.now()

        def removed(store: Store) -> None:
            store.strays.decide(stray, StrayState.REMOVED, now=now, leased_until=None)

        await self._steps.database.run(removed)
        return True

    async def _delete(self, session: CloseSession, stray: Stray) -> None:
        close = self._steps.close
        try:
            await session.call(
                lambda credential: close.delete_association(credential, stray.association_id)
            )
        except RefusedByClose:
            # A refusal can be Close's word for "gone already" (close.md §3): ask for it.
            try:
                await session.call(
                    lambda credential: close.association(credential, stray.association_id)
                )
            except NotFound:
                return
            raise

    async def _show(self, stray: Stray) -> None:
        message = card(stray)
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
        await self._steps.database.run(
            lambda store: store.strays.shown(
                stray, channel_id=shown.channel_id, message_ts=shown.message_ts
            )
        )

    async def _put_off(self, stray: Stray, error: Exception) -> None:
        wait = getattr(error, "wait", None)
        pause = after(wait) if wait else backoff(stray.attempts)
        is_final = isinstance(error, SlackRefused) and stray.state is not StrayState.REMOVING
        wake_at = None if is_final else self._steps.now() + pause
        await self._steps.database.run(lambda store: store.strays.retry(stray.id, wake_at=wake_at))

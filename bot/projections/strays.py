"""Strays catch up: each one's message asks its grantor, or says what became of it."""

import time
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from bot.cards.strays import card
from bot.clock.backoff import pause_after
from bot.delegations.tools import Tools
from bot.ports import OutsideError
from bot.projections.showing import REFUSED_FOR, Overtaken, Showing, place_of
from bot.slack.chat import Envelope
from bot.strays import remove
from models.stray import Obstacle, Stray, StrayState

LEAVERS_PAUSE = timedelta(days=1)
OBSTACLE_PAUSE = timedelta(minutes=15)  # connecting again ends it at once


@dataclass(frozen=True, slots=True)
class StrayStep:
    """The worker's step for one leased stray."""

    showing: Showing
    tools: Tools

    async def take(self, stray: Stray) -> None:
        """Remove it if that is wanted, and show what is true now.

        Slack comes second: a removal does not wait for it.
        """
        try:
            await self._take(stray, time.monotonic())
        except Overtaken:
            return  # whoever has it now shows it

    async def _take(self, stray: Stray, began: float) -> None:
        if stray.is_listed:  # it is asked about in a list (bot/projections/notices.py)
            await self.showing.database.run(
                lambda store: store.strays.due.rest(stray, shown=stray.state)
            )
            return
        if stray.state is not StrayState.REMOVING:
            await self._show(stray, began)
            return
        try:
            await remove.step(self.tools, stray)  # its new state is due at once
        except OutsideError as error:
            obstacle = remove.obstacle(error)
            if obstacle is not None or stray.shown is not StrayState.REMOVING:
                await self._show(stray, began, obstacle)
            raise

    async def put_off(self, stray: Stray, error: Exception) -> None:
        """Try again later; a removal is never given up, nor is a question."""
        since = stray.decided_at or stray.found_at
        await self.showing.put_off(
            lambda store: store.strays.due,
            stray,
            error,
            until=None if stray.state is StrayState.FOUND else since + REFUSED_FOR,
            pause=await self._pause(stray, error),
        )

    async def _show(self, stray: Stray, began: float, obstacle: Obstacle | None = None) -> None:
        departure = await self.showing.database.read(
            lambda store: store.departures.reason(stray.team_id, stray.grantee_id)
        )
        to = Envelope(stray.grantor_id, f"{stray.id}:{stray.message_ts or ''}", stray.attempts)
        place = place_of(stray.channel_id, stray.message_ts)
        if place is None:
            place = await self.showing.messages.lost(to)
            until = await self.showing.check_mine(lambda store: store.strays.due, stray, began)
            to = replace(to, attempt=1, until=until)
        place, _ = await self.showing.messages.show(
            card(stray, obstacle, departure=departure), to, place
        )
        await self.showing.database.run(lambda store: store.strays.shown(stray, **asdict(place)))

    async def _pause(self, stray: Stray, error: Exception) -> timedelta | None:
        """A removal never waits for Slack. Whoever has left will not connect again; admins have it
        on their list every day."""
        if stray.state is not StrayState.REMOVING:
            return None
        if remove.obstacle(error) is None:
            return pause_after(error, stray.attempts)
        gone = await self.showing.database.read(
            lambda store: store.departures.reasons(stray.team_id, [stray.grantor_id])
        )
        return LEAVERS_PAUSE if gone else OBSTACLE_PAUSE

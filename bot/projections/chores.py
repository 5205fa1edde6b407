"""The worker's step for a chore: what the bot does again and again for the whole database."""

import structlog

from bot.projections.sealing import pause, post_head, seal
from bot.projections.showing import Showing
from models.chore import Chore, ChoreKind


class ChoreStep:
    """Does one chore, and says when it is to be done again."""

    def __init__(self, showing: Showing, audit_channel: str | None) -> None:
        self._showing = showing
        self._audit_channel = audit_channel

    async def take(self, chore: Chore) -> None:
        """Do it; whatever this raises has it tried again."""
        match chore.kind:
            case ChoreKind.SEAL:
                await seal(self._showing, chore)
            case ChoreKind.HEAD:
                await post_head(self._showing, chore, self._audit_channel)

    async def put_off(self, chore: Chore, error: Exception) -> None:
        """Try again a little later, slower and slower."""
        structlog.get_logger("bot.projections.chores").warning(
            "a chore has to wait", chore=chore.kind, error=type(error).__name__
        )
        wake_at = self._showing.now() + pause(error, chore.attempts)
        await self._showing.database.run(
            lambda store: store.chores.due.put_off(chore, wake_at=wake_at)
        )

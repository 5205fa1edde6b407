"""The worker's step for a chore: what the bot does again and again for the whole database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.connections.vault import Vault
from bot.delegations.people.retention import erase_old
from bot.projections.notary import DAY, pause, post_head, seal
from bot.projections.retiring import retire
from bot.projections.showing import Showing
from bot.slack.bolt import Workspace
from models.chore import Chore, ChoreKind


@dataclass(frozen=True, slots=True)
class ChoreStep:
    """Does one chore, and says when it is to be done again. ``leave`` has this process stop."""

    showing: Showing
    workspace: Workspace
    vault: Vault
    leave: Callable[[], None]
    audit_channel: str | None = None
    retention: timedelta | None = None

    async def take(self, chore: Chore) -> None:
        """Do it; whatever this raises has it tried again."""
        match chore.kind:
            case ChoreKind.SEAL:
                await seal(self.showing, chore)
            case ChoreKind.HEAD:
                await post_head(self.showing, chore, self.audit_channel)
            case ChoreKind.RETENTION:
                await self._erase(chore)
            case ChoreKind.UNINSTALL:
                await retire(self.showing, chore, self.workspace, self.leave)

    async def _erase(self, chore: Chore) -> None:
        """Without a retention nothing is erased until there is one."""
        now, database = self.showing.now(), self.showing.database
        if self.retention is not None:
            await erase_old(database, self.vault, before=now - self.retention, now=now)
        wake_at = None if self.retention is None else now + DAY
        await database.run(lambda store: store.chores.done(chore, now=now, wake_at=wake_at))

    async def put_off(self, chore: Chore, error: Exception) -> None:
        """Try again a little later, slower and slower."""
        structlog.get_logger("bot.projections.chores").warning(
            "a chore has to wait", chore=chore.kind, error=type(error).__name__
        )
        wake_at = self.showing.now() + pause(error, chore.attempts)
        await self.showing.database.run(
            lambda store: store.chores.due.put_off(chore, wake_at=wake_at)
        )

"""The clock's side of a delegation's life: one due delegation, one step further.

Intent is committed before Close is called, and what Close did is committed before anybody hears
of it. Every step starts from the stored row, so a process that dies anywhere in between leaves
work that the next one simply finds.
"""

from collections.abc import Callable

from bot.associate import Associate
from bot.dissociate import Dissociate
from bot.identities import Identities
from bot.steps import Steps
from models.delegation import Delegation, Event, State


class Advance:
    """Takes one leased delegation a step further; gives the lease back with the new state."""

    def __init__(self, steps: Steps, identities: Identities) -> None:
        self._steps = steps
        self._associate = Associate(steps, identities)
        self._dissociate = Dissociate(steps)
        self.on_change: Callable[[], None] = lambda: None

    async def __call__(self, delegation: Delegation) -> None:
        """Do what is due for this delegation now, and let its cards catch up."""
        try:
            await self._step(delegation)
        finally:
            self.on_change()

    async def failed(self, delegation: Delegation, error: Exception) -> None:
        """A step ended in a way that nobody foresaw: try again later."""
        await self._steps.failed(delegation, error)
        self.on_change()

    async def _step(self, delegation: Delegation) -> None:
        match delegation.state:
            case State.REQUESTED:
                await self._steps.move(delegation, Event.LAPSE, ended_at=self._steps.now())
            case State.APPROVED:
                await self._associate(delegation)
            case State.ACTIVE:
                await self._dissociate.expire(delegation)
            case State.ENDING:
                await self._dissociate(delegation)
            case _:
                await self._steps.free(delegation)

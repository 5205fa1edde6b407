"""The clock's side of a delegation's life: one due delegation, one step further.

Intent is committed before Close is called, and what Close did is committed before anybody hears
of it. Every step starts from the stored row, so a process that dies anywhere in between leaves
work that the next one simply finds.
"""

from collections.abc import Callable, Hashable, Sequence

from bot.delegations.accounts import Identities
from bot.delegations.receipts import Receipts
from bot.delegations.steps.bulk import Bulk
from bot.delegations.steps.create import Associate
from bot.delegations.steps.identify import Identify
from bot.delegations.steps.moves import Steps
from bot.delegations.steps.remove import Dissociate
from models.delegation import Delegation, Event, State
from models.reminders import next_reminder


class Advance:
    """Takes one leased delegation a step further; gives the lease back with the new state."""

    def __init__(
        self,
        steps: Steps,
        identities: Identities,
        receipts: Receipts,
        on_change: Callable[[], None],
    ) -> None:
        self._steps = steps
        self._receipts = receipts
        self._identify = Identify(steps, identities)
        self._associate = Associate(steps, identities)
        self._dissociate = Dissociate(steps)
        self._bulk = Bulk(steps, identities, self._associate, self._dissociate)
        self._on_change = on_change

    async def take(self, delegation: Delegation) -> None:
        """Do what is due for this delegation now, and let its cards catch up."""
        try:
            await self._step(delegation)
        finally:
            self._on_change()

    def key(self, delegation: Delegation) -> Hashable | None:
        """Delegations with the same key can be taken a step further with one call to Close."""
        return self._bulk.key(delegation)

    async def take_together(self, delegations: Sequence[Delegation]) -> None:
        """Do what is due for all of these, which have the same key."""
        try:
            await self._bulk(delegations)
        finally:
            self._on_change()

    async def put_off(self, delegation: Delegation, error: Exception) -> None:
        """Try again later."""
        await self._steps.put_off(delegation, error)
        self._on_change()

    async def _step(self, delegation: Delegation) -> None:
        match delegation.state:
            case State.REQUESTED:
                await self._unanswered(delegation)
            case State.APPROVED:
                await self._associate(delegation)
            case State.ACTIVE:
                await self._running_out(delegation)
            case State.ENDING:
                await self._dissociate(delegation)
            case State.ENDED:
                await self._receipts(delegation)
            case _:
                await self._steps.free(delegation)

    async def _unanswered(self, delegation: Delegation) -> None:
        now = self._steps.now()
        if delegation.lapses_at <= now:
            await self._steps.move(delegation, Event.LAPSE, was_due=True, ended_at=now)
        elif delegation.identified_at is None:
            await self._identify(delegation)
        elif delegation.remind_at is not None and delegation.remind_at <= now:
            sent = delegation.reminders + 1
            at = next_reminder(
                asked_at=delegation.requested_at, sent=sent, zone=delegation.grantor_zone, now=now
            )
            await self._steps.move(
                delegation, Event.REMIND, was_due=True, reminders=sent, remind_at=at
            )
        else:
            await self._steps.free(delegation)

    async def _running_out(self, delegation: Delegation) -> None:
        now = self._steps.now()
        if delegation.ends_at is not None and delegation.ends_at <= now:
            await self._dissociate.expire(delegation)
        elif delegation.warn_at is not None and delegation.warn_at <= now:
            await self._steps.move(
                delegation,
                Event.WARN,
                was_due=True,
                warn_at=None,
                is_warned=True,
                extension_declined_at=None,  # told long ago; now the end is the news
            )
        else:
            await self._steps.free(delegation)

"""The clock's side of a delegation's life: one due delegation, one step further.

Intent is committed before Close is called, and what Close did is committed before anybody hears
of it. Every step starts from the stored row, so a process that dies anywhere in between leaves
work that the next one simply finds.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from bot.delegations.receipts import Receipts
from bot.delegations.steps import (
    bulk,
    count,
    create,
    identify,
    moves,
    recheck,
    remove,
    second_yes,
    settle,
)
from bot.delegations.tools import Tools
from bot.store import Store
from models.aftermath import Course
from models.delegation import Delegation, Event, State
from models.reminders import next_reminder


@dataclass(frozen=True, slots=True)
class Advance:
    """Takes leased delegations a step further; gives the lease back with the new state."""

    tools: Tools
    receipts: Receipts
    on_change: Callable[[], None]

    async def take(self, delegation: Delegation) -> None:
        """Do what is due for this delegation now, and let its cards catch up."""
        try:
            await step(self.tools, self.receipts, delegation)
        finally:
            self.on_change()

    def key(self, delegation: Delegation) -> Hashable | None:
        """Delegations with the same key can be taken a step further with one call to Close."""
        return bulk.key(delegation, self.tools.now())

    async def take_together(self, delegations: Sequence[Delegation]) -> None:
        """Do what is due for all of these, which have the same key."""
        try:
            await bulk.step(self.tools, delegations)
        finally:
            self.on_change()

    async def put_off(self, delegation: Delegation, error: Exception) -> None:
        """Try again later."""
        await moves.put_off(self.tools, delegation, error)
        self.on_change()


async def step(tools: Tools, receipts: Receipts, delegation: Delegation) -> None:
    """What the clock does in each state; raises what only waiting can mend."""
    match delegation.state:
        case State.REQUESTED:
            await unanswered(tools, delegation)
        case State.APPROVED:
            await create.step(tools, delegation)
        case State.ACTIVE:
            await running_out(tools, delegation)
        case State.ENDING:
            await remove.step(tools, delegation)
        case State.ENDED:
            await count.step(tools, receipts, delegation)
        case _:
            await moves.free(tools, delegation)


async def unanswered(tools: Tools, delegation: Delegation) -> None:
    """A request lapses, or its account is looked up, or its grantor is reminded."""
    now = tools.now()
    if delegation.lapses_at <= now:
        lapsed_at = delegation.lapses_at
        await moves.move(tools, delegation, Event.LAPSE, ended_at=lapsed_at)
    elif delegation.identified_at is None:
        await identify.step(tools, delegation)
    elif delegation.waits_for_second:
        await second(tools, delegation)
    elif delegation.remind_at is not None and delegation.remind_at <= now:
        sent = delegation.reminders + 1
        at = next_reminder(
            asked_at=delegation.requested_at, sent=sent, zone=delegation.grantor_zone, now=now
        )
        await moves.move(tools, delegation, Event.REMIND, reminders=sent, remind_at=at)
    else:
        await moves.free(tools, delegation)


async def second(tools: Tools, delegation: Delegation) -> None:
    """The grantor agrees: whose second yes is needed is asked for it, or reminded."""
    if second_yes.is_due(delegation, tools.now()):
        await second_yes.step(tools, delegation)
    else:
        await moves.free(tools, delegation)


async def running_out(tools: Tools, delegation: Delegation) -> None:
    """An active right ends, its people are warned that it will, or what is unsure is looked up."""
    now = tools.now()
    if delegation.has_run_out(now):
        await remove.step(tools, delegation)
    elif delegation.warn_at is not None and delegation.warn_at <= now:
        await warn(tools, delegation)
    elif delegation.is_unchecked:
        await recheck.step(tools, delegation)
    elif second_yes.is_due(delegation, now):
        await second_yes.step(tools, delegation)
    elif settle.is_due(delegation, now):
        await settle.step(tools, delegation)
    else:
        await moves.free(tools, delegation)


async def warn(tools: Tools, delegation: Delegation) -> None:
    """The end is near; Close is asked what its grantee has started that would go on after it."""
    now = tools.now()
    changes = {
        "leased_until": None,
        "warn_at": None,
        "is_warned": True,
        "extension_declined_at": None,  # told long ago; now the end is the news
    }

    def note(store: Store) -> Sequence[Delegation]:
        warned = moves.moved_on(tools, store, [(delegation, changes)], Event.WARN)
        for each in warned:
            store.aftermaths.begin(each, Course.BEFORE, now=now, wake_at=now)
        return warned

    warned = await tools.database.run(note)
    tools.metrics.events.labels(Event.WARN).inc(len(warned))

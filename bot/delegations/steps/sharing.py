"""What waits for a grantor is shared with whoever answers in their place, for their time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clock.backoff import pause_after
from bot.delegations.stepping_down import end_in
from bot.delegations.tools import Tools
from bot.desk import known_groups
from bot.store import Store
from models.delegation import Delegation, State
from models.deputy import Deputy, DeputyEnd
from models.policy import Verdict

IDENTIFYING = timedelta(seconds=2)  # so long a card waits for the account that it is about
GROUPS = timedelta(minutes=1)  # until another look at who is in a group


@dataclass(frozen=True, slots=True)
class SharingStep:
    """The worker's step for one leased deputy."""

    tools: Tools
    on_change: Callable[[], None]

    async def take(self, deputy: Deputy) -> None:
        """Show them what waits, or end it when its date has come."""
        try:
            await self.tools.database.run(lambda store: _step(self.tools, store, deputy))
        finally:
            self.on_change()

    async def put_off(self, deputy: Deputy, error: Exception) -> None:
        """A little later each time."""
        attempts = deputy.attempts + 1
        wake_at = self.tools.now() + pause_after(error, attempts)
        await self.tools.database.run(
            lambda store: store.deputies.due.put_off(deputy, wake_at=wake_at, attempts=attempts)
        )


def _step(tools: Tools, store: Store, claimed: Deputy) -> None:
    now = tools.now()
    if claimed.ended_at is None and claimed.until <= now:
        end_in(store, [claimed.id], DeputyEnd.DATE, None, now=now)
        store.deputies.due.rest(claimed)
        return
    waiting = store.delegations.lock_all(store.deputies.waiting_ids(claimed))
    deputy = store.deputies.get(claimed.id, lock=True)
    if deputy is None or deputy.ended_at is not None:
        store.deputies.due.rest(claimed)
        return
    again = [deputy.until]
    for each in waiting:
        if not each.waits_for_grantor or not deputy.may_answer(each, now):
            continue
        later = _not_yet(each, now)
        ruled = _verdict(tools, each)
        if later is not None:
            again.append(later)
        elif ruled.without_deputy is None:
            _share(store, deputy, each, now=now)
        elif not ruled.is_certain:
            again.append(now + GROUPS)
    store.deputies.due.put_off(claimed, wake_at=min(again), attempts=0)


def _share(store: Store, deputy: Deputy, delegation: Delegation, *, now: datetime) -> None:
    store.deputies.share(deputy, delegation, now=now)
    if delegation.shared_with != deputy.deputy_id:
        store.delegations.share(delegation, deputy.deputy_id, now=now)


def _not_yet(d: Delegation, now: datetime) -> datetime | None:
    """Until when the account is looked up that they read on it; None where they need not wait."""
    if d.state is not State.REQUESTED or d.identified_at is not None:
        return None
    until = d.requested_at + IDENTIFYING
    return until if until > now else None


def _verdict(tools: Tools, d: Delegation) -> Verdict:
    rules = tools.rules
    return rules.between(d.grantor_id, d.grantee_id, known_groups(tools.directory, rules))

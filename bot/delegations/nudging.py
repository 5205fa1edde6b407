"""Who waits for a grantor to connect has them reminded, once a working day."""

from bot.desk import Actor, Desk, as_asker, change, only_in
from bot.refusals import RemindedAlready, Settled
from bot.store import Store
from models.delegation import WAITS_FOR_GRANTOR, Delegation, Event, State
from models.reminders import next_workday, next_working_moment


async def nudge(desk: Desk, actor: Actor, delegation_id: str) -> Delegation:
    """Remind the grantor of what they approved, within their working hours.

    Raises NotKnown, NotYours, Settled, and RemindedAlready on the same working day.
    """

    def decide(store: Store) -> Delegation:
        waiting = as_asker(store, actor, delegation_id)
        only_in(waiting, State.APPROVED)
        if waiting.trouble not in WAITS_FOR_GRANTOR:
            raise Settled(waiting)
        now, zone = desk.now(), waiting.grantor_zone
        if waiting.nudged_at is not None and now < next_workday(waiting.nudged_at, zone):
            raise RemindedAlready(waiting)
        remind_at = next_working_moment(now, zone)
        return store.delegations.apply(
            waiting,
            Event.NUDGE,
            now=now,
            actor=actor.user_id,
            trouble=waiting.trouble,
            nudged_at=now,
            remind_at=remind_at,
            wake_at=remind_at,
        )

    return await change(desk, decide)

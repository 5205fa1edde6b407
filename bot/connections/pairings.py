"""Pairings: an admin says whether a Close account with another address is that person's.

The buttons carry the pairing's id and the mark of what was read (``models.mark``). What is not
confirmed is revoked at Close (``bot.connections.revoking``).
"""

from collections.abc import Callable
from datetime import datetime

from bot.clock.backoff import pause_after
from bot.connections.admission import deciders, put, show_waiting, wake_what_waited
from bot.connections.revoking import not_kept, turn_down
from bot.desk import Actor, Desk, change, check_known, check_seen
from bot.ports import Now
from bot.refusals import AlreadyDecided, NotKnown, NotYours, Thing
from bot.store import Database, Store
from models.base import new_id
from models.connection import Connection
from models.notice import NoticeKind
from models.pairing import Pairing, Verdict


async def confirm(desk: Desk, actor: Actor, pairing_id: str, seen: str) -> Pairing:
    """It is that person's account. Raises as :func:`reject`, Refused, OtherAccountInUse."""

    def decide(store: Store) -> Pairing:
        now = desk.now()
        pairing = _undecided(desk, store, actor, pairing_id, seen, now)
        check_known(desk, pairing.team_id, pairing.slack_user_id)
        connection = Connection(
            id=new_id(),
            team_id=pairing.team_id,
            slack_user_id=pairing.slack_user_id,
            account=pairing.account,
            connected_at=now,
            wake_at=now,
        )
        store.pairings.decide(pairing, Verdict.CONFIRMED, by=actor.user_id, now=now)
        put(store, connection, now=now)
        tell(store, pairing, now=now)
        return pairing

    pairing = await change(desk, decide)
    await wake_what_waited(desk, pairing.team_id, pairing.slack_user_id)
    return pairing


async def reject(desk: Desk, actor: Actor, pairing_id: str, seen: str) -> Pairing:
    """It is not. Raises NotKnown, NotYours, AlreadyDecided and Changed."""

    def decide(store: Store) -> Pairing:
        now = desk.now()
        pairing = _undecided(desk, store, actor, pairing_id, seen, now)
        turn_down(store, pairing, Verdict.REJECTED, by=actor.user_id, now=now)
        tell(store, pairing, now=now)
        return pairing

    return await change(desk, decide)


def _undecided(
    desk: Desk, store: Store, actor: Actor, pairing_id: str, seen: str, now: datetime
) -> Pairing:
    pairing = store.pairings.get(pairing_id, lock=True)
    if pairing is None:
        raise NotKnown(Thing.PAIRING)
    if pairing.team_id != actor.team_id or actor.user_id not in deciders(desk, pairing):
        raise NotYours
    if pairing.verdict is not Verdict.WAITING or pairing.wake_at is None or pairing.wake_at <= now:
        raise AlreadyDecided
    held = store.connections.get(pairing.team_id, pairing.slack_user_id)
    check_seen(pairing, seen, held.account if held else None)
    return pairing


def tell(store: Store, pairing: Pairing, *, now: datetime) -> None:
    """Have the admins' question answered, and the person told what became of their account."""
    store.notices.mark_stale(pairing.id, now=now)
    show_waiting(store, pairing, now=now)
    store.notices.tell(
        NoticeKind.PAIRING_DECIDED,
        team_id=pairing.team_id,
        recipients=[pairing.slack_user_id],
        subject_id=pairing.id,
        incident="decided",
        now=now,
    )


class PairingStep:
    """The worker's step: a pairing that nobody decided in time."""

    def __init__(self, database: Database, now: Now, on_change: Callable[[], None]) -> None:
        self._database = database
        self._now = now
        self._on_change = on_change

    async def take(self, pairing: Pairing) -> None:
        """Let it expire."""
        await self._database.run(lambda store: self._expire(store, pairing))
        self._on_change()

    async def put_off(self, pairing: Pairing, error: Exception) -> None:
        """Let it expire later."""
        wake_at = self._now() + pause_after(error, pairing.attempts)
        await self._database.run(lambda store: store.pairings.due.put_off(pairing, wake_at=wake_at))

    def _expire(self, store: Store, pairing: Pairing) -> None:
        current, now = store.pairings.get(pairing.id, lock=True), self._now()
        if current is None or current.wake_at is None:
            return
        if current.verdict is not Verdict.WAITING:  # decided by a release that revoked it here
            not_kept(store, current.team_id, current.slack_user_id, current.account, now=now)
            store.pairings.forget(current.id)
            return
        turn_down(store, current, Verdict.EXPIRED, by=None, now=now)
        tell(store, pairing, now=now)

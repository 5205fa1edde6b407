"""The app was taken out of Slack, or its token was revoked: nobody can be told anything any more,
so that everything ends, and the bot does once Close has confirmed it."""

from datetime import datetime

from bot.connections.revoking import turn_down
from bot.delegations.ending import end_all
from bot.desk import Desk
from bot.store import Store
from models.chore import ChoreKind
from models.delegation import Event, State
from models.deputy import DeputyEnd
from models.event import Deed
from models.pairing import Verdict


async def uninstall(desk: Desk, team_id: str, how: str) -> None:
    """End every right, every standing approval and every connection; a second word changes nothing.

    ``how`` is Slack's name of what happened.
    """
    await desk.database.run_patiently(lambda store: _uninstall(store, team_id, how, now=desk.now()))
    desk.wake()


def _uninstall(store: Store, team_id: str, how: str, *, now: datetime) -> None:
    if store.chores.get(ChoreKind.UNINSTALL) is not None:
        return
    store.chores.plan(ChoreKind.UNINSTALL, wake_at=now)
    store.log.note(Deed.UNINSTALLED, team_id=team_id, now=now, subject_id=how)
    store.standing.end_everybodys(now=now)
    store.covers.end_everybodys(now=now)
    store.absences.stop()
    for each in store.pairings.with_tokens():
        if each.verdict is Verdict.WAITING:
            turn_down(store, each, Verdict.REJECTED, by=None, now=now)
    ids = store.delegations.every_open_id()
    is_running = (State.REQUESTED, State.APPROVED, State.ACTIVE)
    ending = [each for each in store.delegations.lock_all(ids) if each.state in is_running]
    end_all(store, ending, Event.UNINSTALL, None, now=now)
    store.deputies.end_everybodys(DeputyEnd.UNINSTALLED, now=now)
    for connection in store.connections.all():
        if connection.leaving_at is None:
            store.connections.leave(connection, now=now)


def is_all_over(store: Store) -> bool:
    """Whether Close has confirmed every end, and every grant is revoked."""
    return not (
        store.delegations.every_open_id() or store.connections.all() or store.revocations.all()
    )

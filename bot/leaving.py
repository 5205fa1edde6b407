"""Giving up a connection: noted here, done by the watch once nothing depends on it any more."""

from datetime import datetime

from bot.store import Store
from models.connection import Connection
from models.pairing import Verdict


def leave(store: Store, connection: Connection, *, now: datetime) -> None:
    """Have the connection revoked at Close and forgotten when its last end is confirmed."""
    store.connections.leave(connection, now=now)
    store.homes.touch(connection.team_id, connection.slack_user_id, now=now)


def give_up(store: Store, team_id: str, slack_user_id: str, *, now: datetime) -> None:
    """For somebody who has left: their connection goes, and no account of theirs waits for an
    admin any longer."""
    for pairing in store.pairings.waiting_for(team_id, slack_user_id):
        store.pairings.decide(pairing, Verdict.REJECTED, by=None, wake_at=now)
        store.notices.mark_stale(pairing.id, now=now)
    connection = store.connections.get(team_id, slack_user_id, lock=True)
    if connection is not None and connection.leaving_at is None:
        leave(store, connection, now=now)

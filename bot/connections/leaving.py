"""Disconnecting: what somebody lent is ended first, then Close is told, then it is forgotten.

The first half happens here, in one transaction; the watch does the rest once Close has confirmed
every end (``bot.connections.watch``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.desk import Actor
from bot.ports import Now
from bot.refusals import NotConnectedYet
from bot.store import Database, Store
from models.connection import Connection
from models.delegation import Delegation
from models.pairing import Pairing, Verdict


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody is connected, what waits for an admin, and what depends on the connection."""

    connection: Connection | None
    pairing: Pairing | None
    dependents: Sequence[Delegation]


class Disconnecting:
    """What people can do about their own connection."""

    def __init__(self, database: Database, now: Now, wake: Callable[[], None]) -> None:
        self._database = database
        self._now = now
        self._wake = wake

    async def standing(self, actor: Actor) -> Standing:
        """How the actor is connected."""
        return await self._database.run(lambda store: _standing(store, actor))

    async def leave_if_free(self, actor: Actor) -> Standing:
        """Disconnect at once if nothing depends on it; look at ``dependents`` to know.

        Raises NotConnectedYet.
        """

        def decide(store: Store) -> Standing:
            standing = _standing(store, actor)
            if standing.connection is None:
                raise NotConnectedYet
            if not standing.dependents:
                leave(store, standing.connection, now=self._now())
            return standing

        return await self._done(decide)

    async def leave(self, actor: Actor) -> Standing:
        """End everything that depends on the actor's connection, and disconnect.

        Raises NotConnectedYet.
        """

        def decide(store: Store) -> Standing:
            now = self._now()
            store.delegations.end_with_connection(actor.team_id, actor.user_id, now=now)
            standing = _standing(store, actor)
            if standing.connection is None:
                raise NotConnectedYet
            leave(store, standing.connection, now=now)
            return standing

        return await self._done(decide)

    async def _done(self, decide: Callable[[Store], Standing]) -> Standing:
        standing = await self._database.run(decide)
        self._wake()
        return standing


def _standing(store: Store, actor: Actor) -> Standing:
    waiting = store.pairings.waiting_for(actor.team_id, actor.user_id)
    return Standing(
        connection=store.connections.get(actor.team_id, actor.user_id),
        pairing=waiting[-1] if waiting else None,
        dependents=store.delegations.served_by(actor.team_id, actor.user_id),
    )


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

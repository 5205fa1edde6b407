"""Disconnecting: what somebody lent is ended first, then Close is told, then it is forgotten.

The first half happens here, in one transaction; the watch does the rest once Close has confirmed
every end (``bot.watch``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.delegations import Actor
from bot.leaving import leave
from bot.ports import Now
from bot.refusals import NotConnectedYet
from bot.store import Database, Store
from models.connection import Connection
from models.delegation import Delegation
from models.pairing import Pairing


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

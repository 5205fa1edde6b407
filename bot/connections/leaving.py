"""Disconnecting: what somebody lent is ended first, then Close is told, then it is forgotten.

The first half happens here, in one transaction; the watch does the rest once Close has confirmed
every end (``bot.connections.watch``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.connections.revoking import turn_down
from bot.desk import Actor, Desk, change
from bot.refusals import LeavingChanged, NotConnectedYet
from bot.store import Store
from models.connection import Connection
from models.delegation import Delegation
from models.mark import mark_of_leaving
from models.pairing import Pairing, Verdict


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody is connected, what waits for an admin, and what depends on the connection."""

    connection: Connection | None
    pairing: Pairing | None
    dependents: Sequence[Delegation]


async def standing_of(desk: Desk, actor: Actor) -> Standing:
    """How the actor is connected."""
    return await desk.database.run(lambda store: _asked(store, actor))


async def leave_if_free(desk: Desk, actor: Actor) -> Standing:
    """Disconnect at once if nothing depends on it; look at ``dependents`` to know.

    Raises NotConnectedYet.
    """

    def decide(store: Store) -> Standing:
        standing = _asked(store, actor)
        if standing.connection is None:
            raise NotConnectedYet
        if not standing.dependents:
            store.connections.leave(standing.connection, now=desk.now(), by=actor.user_id)
        return standing

    return await change(desk, decide)


async def leave(desk: Desk, actor: Actor, seen: str) -> Standing:
    """End everything that depends on the actor's connection, and disconnect.

    ``seen`` is the mark of what they have read. Raises NotConnectedYet and LeavingChanged.
    """

    def decide(store: Store) -> Standing:
        now = desk.now()
        ended = store.delegations.end_with_connection(actor.team_id, actor.user_id, now=now)
        standing = _standing(store, actor, [each for each in ended if each.is_open])
        if standing.connection is None:
            raise NotConnectedYet
        _check_seen(standing.connection, ended, seen)
        store.covers.end_emptied(actor.team_id, actor.user_id, now=now)
        store.connections.leave(standing.connection, now=now, by=actor.user_id)
        return standing

    return await change(desk, decide)


def _check_seen(connection: Connection, dependents: Sequence[Delegation], seen: str) -> None:
    """When all of it is over by now, nothing ends that was not read."""
    if dependents and seen != mark_of_leaving(connection.account, dependents):
        raise LeavingChanged


def give_up(store: Store, team_id: str, slack_user_id: str, *, now: datetime) -> None:
    """For somebody who has left: their connection goes, and no account of theirs waits for an
    admin any longer."""
    for pairing in store.pairings.waiting_for(team_id, slack_user_id):
        turn_down(store, pairing, Verdict.REJECTED, by=None, now=now)
    store.connections.leave_with(team_id, slack_user_id, now=now)


def _asked(store: Store, actor: Actor) -> Standing:
    served = store.delegations.served_by(actor.team_id, actor.user_id)
    return _standing(store, actor, served)


def _standing(store: Store, actor: Actor, dependents: Sequence[Delegation]) -> Standing:
    waiting = store.pairings.waiting_for(actor.team_id, actor.user_id)
    return Standing(
        connection=store.connections.get(actor.team_id, actor.user_id),
        pairing=waiting[-1] if waiting else None,
        dependents=dependents,
    )

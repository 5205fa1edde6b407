"""Connections to Close, and the one-time states of people who are about to connect, in SQL."""

from dataclasses import asdict, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import delete, insert, or_, select, update

from models.connection import Connection, ConnectState, connect_states, connections

_columns = connections.c


class Connections:
    """Reads and changes connection rows."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def get(self, team_id: str, slack_user_id: str, *, lock: bool = False) -> Connection | None:
        """The connection of one person, if they ever connected."""
        statement = select(connections).where(
            _columns.team_id == team_id, _columns.slack_user_id == slack_user_id
        )
        if lock:
            statement = statement.with_for_update(key_share=True)
        row = self._connection.execute(statement).mappings().one_or_none()
        return Connection(**row) if row else None

    def put(self, connection: Connection) -> None:
        """Store a person's connection, in place of an earlier one."""
        before = self.get(connection.team_id, connection.slack_user_id, lock=True)
        if before is None:
            self._connection.execute(insert(connections).values(asdict(connection)))
            return
        values = asdict(replace(connection, id=before.id, version=before.version + 1))
        self._connection.execute(update(connections).where(_columns.id == before.id).values(values))

    def lease(self, connection: Connection, *, now: datetime, lease: timedelta) -> bool:
        """Take the right to refresh this version of the tokens; False when somebody else has it."""
        statement = (
            update(connections)
            .where(
                _columns.id == connection.id,
                _columns.version == connection.version,
                or_(_columns.leased_until.is_(None), _columns.leased_until <= now),
            )
            .values(leased_until=now + lease)
        )
        return self._connection.execute(statement).rowcount == 1

    def renew(
        self, connection: Connection, *, secret: bytes, access_expires_at: datetime
    ) -> Connection | None:
        """Store new tokens over this version; None when the person reconnected meanwhile."""
        return self._change(
            connection, secret=secret, access_expires_at=access_expires_at, is_alive=True
        )

    def mark_dead(self, connection: Connection) -> Connection | None:
        """Note that only the person can mend this connection."""
        return self._change(connection, is_alive=False)

    def unlease(self, connection: Connection) -> None:
        """Give back the right to refresh, with nothing changed."""
        self._connection.execute(
            update(connections)
            .where(_columns.id == connection.id, _columns.version == connection.version)
            .values(leased_until=None)
        )

    def remove(self, connection: Connection) -> None:
        """Forget a connection and its tokens."""
        self._connection.execute(delete(connections).where(_columns.id == connection.id))

    def _change(self, connection: Connection, **values: object) -> Connection | None:
        statement = (
            update(connections)
            .where(_columns.id == connection.id, _columns.version == connection.version)
            .values(version=connection.version + 1, leased_until=None, **values)
            .returning(*_columns)
        )
        row = self._connection.execute(statement).mappings().one_or_none()
        return Connection(**row) if row else None


class ConnectStates:
    """One-time states of the OAuth flow; the database holds only their hashes."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def add(self, state: ConnectState, *, now: datetime) -> None:
        """Store a new state, and sweep out the ones whose time is over."""
        columns = connect_states.c
        self._connection.execute(delete(connect_states).where(columns.expires_at <= now))
        self._connection.execute(insert(connect_states).values(asdict(state)))

    def take(self, state_hash: str) -> ConnectState | None:
        """Use a state up. Of two at the same moment, one gets it and the other gets None."""
        row = (
            self._connection.execute(
                delete(connect_states)
                .where(connect_states.c.state_hash == state_hash)
                .returning(*connect_states.c)
            )
            .mappings()
            .one_or_none()
        )
        return ConnectState(**row) if row else None

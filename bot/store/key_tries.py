"""Tries of API keys in SQL."""

from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from models.key_try import KeyTry, key_tries
from models.rows import to_row

_columns = key_tries.c


class KeyTries:
    """Counts how many keys were tried for one person."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: KeyTry) -> None:
        """Count one more."""
        self._connection.execute(insert(key_tries).values(to_row(row)))

    def count(self, team_id: str, slack_user_id: str) -> int:
        """How many are remembered of this person."""
        statement = select(func.count()).where(
            _columns.team_id == team_id, _columns.slack_user_id == slack_user_id
        )
        return int(self._connection.execute(statement).scalar_one())

    def forget(self, team_id: str, slack_user_id: str) -> None:
        """Begin anew for this person: one of their keys was good."""
        self._connection.execute(
            delete(key_tries).where(
                _columns.team_id == team_id, _columns.slack_user_id == slack_user_id
            )
        )

    def sweep(self, *, before: datetime) -> None:
        """Forget everybody's that are older."""
        self._connection.execute(delete(key_tries).where(_columns.tried_at <= before))

"""Revocations in SQL: tokens that Close is still to end."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from bot.store.due import Due
from models.base import new_id
from models.revocation import Revocation, revocations
from models.rows import to_row

_columns = revocations.c


class Revocations:
    """Reads and changes revocation rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.due = Due(connection, revocations, Revocation, counts_claims=True)

    def add(
        self,
        team_id: str,
        slack_user_id: str,
        *,
        close_user_id: str,
        secret: bytes,
        now: datetime,
        wake_at: datetime | None = None,
    ) -> Revocation:
        """Have Close end what is sealed in ``secret``, at once or at ``wake_at``."""
        row = Revocation(
            id=new_id(),
            team_id=team_id,
            slack_user_id=slack_user_id,
            close_user_id=close_user_id,
            secret=secret,
            created_at=now,
            wake_at=wake_at or now,
        )
        self._connection.execute(insert(revocations).values(to_row(row)))
        return row

    def call_off(self, revocation_id: str) -> bool:
        """These tokens are kept after all; False when they are being ended, or are by now."""
        statement = delete(revocations).where(
            _columns.id == revocation_id, _columns.leased_until.is_(None)
        )
        return self._connection.execute(statement).rowcount == 1

    def forget(self, revocation_id: str) -> None:
        """Close has ended them."""
        self._connection.execute(delete(revocations).where(_columns.id == revocation_id))

    def wake(self, revocation_id: str, *, now: datetime) -> None:
        """Nobody wants to keep these any more."""
        self._connection.execute(
            update(revocations).where(_columns.id == revocation_id).values(wake_at=now)
        )

    def wake_for_account(self, close_user_id: str, *, now: datetime) -> None:
        """Nobody is connected with this Close account any more: what waited for that goes on."""
        self._connection.execute(
            update(revocations)
            .where(_columns.close_user_id == close_user_id)
            .values(wake_at=now, attempts=0)
        )

    def secrets(self) -> Sequence[tuple[str, bytes]]:
        """The id of every row, with what is sealed in it."""
        rows = self._connection.execute(select(_columns.id, _columns.secret))
        return [(row.id, row.secret) for row in rows]

    def reseal(self, revocation_id: str, *, secret: bytes, before: bytes) -> None:
        """Store the same tokens under another key, unless they are gone by now."""
        self._connection.execute(
            update(revocations)
            .where(_columns.id == revocation_id, _columns.secret == before)
            .values(secret=secret)
        )

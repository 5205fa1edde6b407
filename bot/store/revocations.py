"""Revocations in SQL: tokens that Close is still to end."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from bot.store.due import Due
from bot.store.rows import by_id, many
from models.revocation import UNDECIDED, Revocation, revocations
from models.rows import to_row

_columns = revocations.c


class Revocations:
    """Reads and changes revocation rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.due = Due(connection, revocations, Revocation, counts_claims=True)

    def add(self, revocation: Revocation, *, wake_at: datetime) -> None:
        """Have Close end what is sealed in it, at ``wake_at``; once, however often it is asked."""
        if by_id(self._connection, Revocation, revocations, revocation.id) is None:
            row = to_row(replace(revocation, wake_at=wake_at))
            self._connection.execute(insert(revocations).values(row))

    def add_undecided(self, revocation: Revocation, *, now: datetime) -> None:
        """The same, unless it is called off in time."""
        self.add(replace(revocation, created_at=now), wake_at=now + UNDECIDED)

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
        """Nobody is connected with this Close account any more: what waited for that goes on. What
        may yet be kept did not wait for it."""
        waiting = [each.id for each in self._of(close_user_id) if not each.is_undecided]
        self._connection.execute(
            update(revocations).where(_columns.id.in_(waiting)).values(wake_at=now, attempts=0)
        )

    def is_undecided(self, close_user_id: str) -> bool:
        """Whether somebody is just connecting with this Close account."""
        return any(each.is_undecided for each in self._of(close_user_id))

    def _of(self, close_user_id: str) -> Sequence[Revocation]:
        statement = select(revocations).where(_columns.close_user_id == close_user_id)
        return many(self._connection, Revocation, statement)

    def all(self) -> Sequence[Revocation]:
        """Everything that Close has not ended yet."""
        return many(self._connection, Revocation, select(revocations))

    def reseal(self, revocation_id: str, *, secret: bytes, before: bytes) -> None:
        """Store the same tokens under another key, unless they are gone by now."""
        self._connection.execute(
            update(revocations)
            .where(_columns.id == revocation_id, _columns.secret == before)
            .values(secret=secret)
        )

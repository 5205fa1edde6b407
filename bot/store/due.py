"""What is due in one table: claimed, kept, put off, and done.

A claim is one statement, so that no two workers ever get the same row: PostgreSQL skips rows that
another transaction holds; SQLite has one writer at a time and ignores the clause. The lease lets a
row become claimable again when its worker died.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Column, Connection, Table, case, or_, select, update

from bot.store.rows import many


class Row(Protocol):
    """Anything with a ``wake_at`` in the database."""

    @property
    def id(self) -> str:
        """Its primary key."""

    @property
    def wake_at(self) -> datetime | None:
        """When it is due; None while nothing is."""


Item = TypeVar("Item", bound=Row)


class Due(Generic[Item]):
    """The rows of one table that have a ``wake_at``.

    ``seen`` is the column that tells whether a row was changed since it was claimed. With
    ``counts_claims`` its ``attempts`` are counted at each claim, so that an attempt that died
    half-way is noticed by the next. Rows that are due at the same moment come in the order of
    ``then_by``.
    """

    def __init__(
        self,
        connection: Connection,
        table: Table,
        kind: type[Item],
        *,
        seen: str = "wake_at",
        counts_claims: bool = False,
        then_by: Sequence[Column[Any]] = (),
    ) -> None:
        self._connection = connection
        self._table = table
        self._kind = kind
        self._seen = seen
        self._counted = {"attempts": table.c.attempts + 1} if counts_claims else {}
        self._then_by = then_by

    def claim(self, *, now: datetime, lease: timedelta, limit: int) -> Sequence[Item]:
        """Lease up to ``limit`` rows whose ``wake_at`` has come, earliest first."""
        columns = self._table.c
        due = (
            select(columns.id)
            .where(
                columns.wake_at <= now,
                or_(columns.leased_until.is_(None), columns.leased_until <= now),
            )
            .order_by(columns.wake_at, *self._then_by)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("due")
        )
        statement = (
            update(self._table)
            .where(columns.id.in_(select(due.c.id)))
            .values(leased_until=now + lease, **self._counted)
            .returning(*columns)
        )
        return many(self._connection, self._kind, statement)

    def prolong(self, ids: Sequence[str], *, until: datetime) -> None:
        """Keep the leases of rows that are still being worked on.

        A row that is just being written is left out until the next time: waiting for several rows
        while somebody else waits for one of them would be a deadlock.
        """
        columns = self._table.c
        free = (
            select(columns.id)
            .where(columns.id.in_(ids), columns.leased_until.is_not(None))
            .with_for_update(skip_locked=True)
            .cte("free")
        )
        self._connection.execute(
            update(self._table).where(columns.id.in_(select(free.c.id))).values(leased_until=until)
        )

    def next_wake(self) -> datetime | None:
        """The earliest moment at which an unleased row is due; None when nothing waits."""
        columns = self._table.c
        statement = (
            select(columns.wake_at)
            .where(columns.wake_at.is_not(None), columns.leased_until.is_(None))
            .order_by(columns.wake_at)
            .limit(1)
        )
        moment: datetime | None = self._connection.execute(statement).scalar()
        return moment

    def free(self, item_id: str) -> None:
        """Give a lease back without changing anything else."""
        self._connection.execute(
            update(self._table).where(self._table.c.id == item_id).values(leased_until=None)
        )

    def put_off(self, item: Item, *, wake_at: datetime | None, **values: Any) -> None:
        """Give the lease back and try again at ``wake_at``; None waits for the next change.

        A change that came since ``item`` was claimed stays due at once.
        """
        columns = self._table.c
        seen = columns[self._seen]
        is_unchanged = seen.is_not_distinct_from(getattr(item, self._seen))
        self._connection.execute(
            update(self._table)
            .where(columns.id == item.id)
            .values(
                wake_at=case((is_unchanged, wake_at), else_=columns.wake_at),
                leased_until=None,
                **values,
            )
        )

    def rest(self, item: Item, **values: Any) -> None:
        """All is done until the next change; one that came since the claim counts as the next."""
        self.put_off(item, wake_at=None, attempts=0, **values)

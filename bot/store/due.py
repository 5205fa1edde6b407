"""Claiming what is due: one statement, so that no two workers ever get the same row.

PostgreSQL skips rows that another transaction holds; SQLite has one writer at a time and ignores
the clause. The lease lets a row become claimable again when its worker died.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, RowMapping, Table, or_, select, update


def claim(
    connection: Connection,
    table: Table,
    *,
    now: datetime,
    lease: timedelta,
    limit: int,
    then_by: Sequence[Column[Any]] = (),
    **values: Any,
) -> Sequence[RowMapping]:
    """Lease up to ``limit`` rows whose ``wake_at`` has come, earliest first.

    Of those that are due at the same moment, the ones that ``then_by`` puts together stay so.
    """
    columns = table.c
    due = (
        select(columns.id)
        .where(
            columns.wake_at <= now,
            or_(columns.leased_until.is_(None), columns.leased_until <= now),
        )
        .order_by(columns.wake_at, *then_by)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    statement = (
        update(table)
        .where(columns.id.in_(select(due.c.id)))
        .values(leased_until=now + lease, **values)
        .returning(*columns)
    )
    return connection.execute(statement).mappings().all()


def prolong(connection: Connection, table: Table, ids: Sequence[str], *, until: datetime) -> None:
    """Keep the leases of rows that are still being worked on.

    A row that is just being written is left out until the next time: waiting for several rows
    while somebody else waits for one of them would be a deadlock.
    """
    columns = table.c
    free = (
        select(columns.id)
        .where(columns.id.in_(ids), columns.leased_until.is_not(None))
        .with_for_update(skip_locked=True)
        .cte("free")
    )
    connection.execute(
        update(table).where(columns.id.in_(select(free.c.id))).values(leased_until=until)
    )


def next_wake(connection: Connection, table: Table) -> datetime | None:
    """The earliest moment at which an unleased row is due; None when nothing waits."""
    columns = table.c
    statement = (
        select(columns.wake_at)
        .where(columns.wake_at.is_not(None), columns.leased_until.is_(None))
        .order_by(columns.wake_at)
        .limit(1)
    )
    moment: datetime | None = connection.execute(statement).scalar()
    return moment

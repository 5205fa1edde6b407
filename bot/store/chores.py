"""Chores in SQL: what is done again and again for the whole database."""

from datetime import datetime

from sqlalchemy import Connection, delete, exists, or_, select, update

from bot.store.due import Due
from bot.store.rows import by_id
from bot.store.upserts import insert_into
from models.chore import Chore, ChoreKind, chores
from models.rows import to_row
from models.seal import sealings

_columns = chores.c


class DueChores(Due[Chore]):
    """While nothing is new in the log there is nothing to seal, and nobody is woken for it."""

    only = or_(
        _columns.kind != ChoreKind.SEAL,
        exists(
            select(sealings.c.event_id).where(sealings.c.seal.is_(None), sealings.c.event_id > 0)
        ),
    )


class Chores:
    """Reads and changes the chores; there is at most one of each kind."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.due = DueChores(connection, chores, Chore, counts_claims=True)

    def get(self, kind: ChoreKind) -> Chore | None:
        """The chore of this kind, if there is one."""
        return by_id(self._connection, Chore, chores, kind.value)

    def plan(self, kind: ChoreKind, *, wake_at: datetime) -> None:
        """Have it done at ``wake_at`` for the first time; one that is planned already stays so."""
        row = Chore(id=kind.value, kind=kind, wake_at=wake_at)
        insert = insert_into(chores, self._connection.dialect.name).values(to_row(row))
        self._connection.execute(insert.on_conflict_do_nothing())
        self._connection.execute(
            update(chores)
            .where(_columns.id == kind.value, _columns.wake_at.is_(None))
            .values(wake_at=wake_at, attempts=0)
        )

    def done(self, chore: Chore, *, now: datetime, wake_at: datetime | None) -> None:
        """It is done, and is done again at ``wake_at``; without it not before it is planned."""
        self.due.put_off(chore, wake_at=wake_at, attempts=0, done_at=now)

    def drop(self, kind: ChoreKind) -> None:
        """There is nothing of this kind to be done any more."""
        self._connection.execute(delete(chores).where(_columns.id == kind.value))

"""Aftermaths in SQL: what goes on in a grantor's name, and what its grantor said about it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, literal_column, select, update

from bot.store.cards import Cards
from bot.store.due import Due
from bot.store.executing import execute, prepared
from bot.store.notices import Notices
from bot.store.rows import by_id, ids_in_order, is_any, many
from bot.store.upserts import insert_into
from models.aftermath import AT_WORK, Aftermath, Course, aftermaths
from models.delegation import Delegation
from models.rows import to_row

_columns = aftermaths.c
_IS_AT_WORK: ColumnElement[bool] = literal_column(AT_WORK)
UNTOLD = (Course.BEFORE, Course.LOOKING, Course.NOTHING, Course.UNKNOWN)


class Aftermaths:
    """Reads and changes aftermaths; there is at most one for each right."""

    def __init__(self, connection: Connection, cards: Cards, notices: Notices) -> None:
        self._connection = connection
        self._cards = cards
        self._notices = notices
        self.due = Due(
            connection,
            aftermaths,
            Aftermath,
            then_by=(_columns.team_id, _columns.grantor_id),  # one look at Close serves them all
        )

    def get(self, delegation_id: str, *, lock: bool = False) -> Aftermath | None:
        """That of one right; with ``lock`` nobody else changes it in this transaction's time."""
        return by_id(self._connection, Aftermath, aftermaths, delegation_id, lock=lock)

    def of(self, together: str, *, lock: bool = False) -> Sequence[Aftermath]:
        """All that one message is about, oldest first."""
        statement = (
            select(aftermaths)
            .where(_columns.together == together)
            .order_by(_columns.created_at, _columns.id)
        )
        if lock:
            ids = ids_in_order(aftermaths, _columns.together == together)
            self._connection.execute(ids)
        return many(self._connection, Aftermath, statement)

    def begin(
        self, delegation: Delegation, course: Course, *, now: datetime, wake_at: datetime
    ) -> None:
        """Have Close asked what this right's grantee has started; what was decided stays so."""
        d = delegation
        row = Aftermath(
            id=d.id,
            team_id=d.team_id,
            grantor_id=d.grantor_id,
            grantee_id=d.grantee_id,
            together=d.ended_with or d.id,
            course=course,
            created_at=now,
            wake_at=wake_at,
        )
        execute(self._connection, _beginning(self._connection.dialect.name), to_row(row))

    def write(self, row: Aftermath, **changes: Any) -> None:
        """Store what has changed of this one, of which the row is locked, and give its lease
        back."""
        self._connection.execute(
            update(aftermaths).where(_columns.id == row.id).values(leased_until=None, **changes)
        )

    def show(self, row: Aftermath, *, now: datetime) -> None:
        """Have everything that says how it is shown anew."""
        self._cards.show_anew(row.id, now=now)
        self._notices.mark_stale(row.together, now=now)

    def wake_for_person(self, team_id: str, grantor_id: str, *, now: datetime) -> None:
        """Let what waits for this grantor's connection go on at once."""
        ids = ids_in_order(
            aftermaths,
            _columns.team_id == team_id,
            _columns.grantor_id == grantor_id,
            _IS_AT_WORK,
        )
        self._connection.execute(
            update(aftermaths).where(_columns.id.in_(ids)).values(wake_at=now, attempts=0)
        )

    def are_at_work(self, team_id: str, grantor_id: str) -> bool:
        """Whether Close has still to be asked something in this grantor's name."""
        return is_any(
            self._connection,
            _columns.team_id == team_id,
            _columns.grantor_id == grantor_id,
            _IS_AT_WORK,
        )


@prepared
def _beginning(dialect: str) -> Any:
    statement = insert_into(aftermaths, dialect)
    anew = {
        name: statement.excluded[name]
        for name in ("together", "course", "wake_at", "attempts", "created_at")
    }
    return statement.on_conflict_do_update(
        index_elements=["id"], set_=anew, where=_columns.course.in_(UNTOLD)
    )

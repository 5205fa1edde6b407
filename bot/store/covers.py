"""Covers in SQL: what somebody planned for the time when they are away."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, insert, literal_column, select, update

from bot.store.homes import Homes
from bot.store.log import Log
from bot.store.notices import Notices
from bot.store.rows import by_id, many
from bot.store.whose import IS_OPEN
from models.cover import Cover, covers
from models.delegation import State, delegations
from models.event import Deed
from models.rows import to_row

_columns, _rights = covers.c, delegations.c
HOLDS: ColumnElement[bool] = literal_column("(covers.ended_at IS NULL)")


class Covers:
    """Reads and changes covers; their rights are read and changed as what they are, delegations."""

    def __init__(self, connection: Connection, homes: Homes, notices: Notices, log: Log) -> None:
        self._connection = connection
        self._homes = homes
        self._notices = notices
        self._log = log

    def get(self, cover_id: str, *, lock: bool = False) -> Cover | None:
        """One cover; with ``lock`` nobody else changes it in this transaction's time."""
        return by_id(self._connection, Cover, covers, cover_id, lock=lock)

    def held_by(self, team_id: str, grantor_id: str, *, now: datetime) -> Sequence[Cover]:
        """All that somebody planned and has not taken back, and that is not over, the next one
        first."""
        statement = (
            select(covers)
            .where(
                _columns.team_id == team_id,
                _columns.grantor_id == grantor_id,
                HOLDS,
                _columns.until > now,
            )
            .order_by(_columns.until, _columns.id)
        )
        return many(self._connection, Cover, statement)

    def add(self, cover: Cover, *, coverers: int) -> None:
        """Store a new one; how many people cover."""
        self._connection.execute(insert(covers).values(to_row(cover)))
        self._note(Deed.COVER_PLANNED, cover, now=cover.created_at, amount=coverers)

    def change(self, cover: Cover, *, coverers: int, now: datetime) -> None:
        """Store this one, of which the row is locked, and have every place show it."""
        row = to_row(cover)
        self._connection.execute(update(covers).where(_columns.id == cover.id).values(row))
        self._note(Deed.COVER_CHANGED, cover, now=now, amount=coverers)

    def end(self, cover: Cover, *, by: str, now: datetime) -> None:
        """It is taken back before its time, unless that was so already."""
        if cover.ended_at is None:
            self._end([cover], by, now)

    def end_all(self, team_id: str, grantor_id: str, *, now: datetime) -> None:
        """None of this person, who has left, holds any longer."""
        self._end(self.held_by(team_id, grantor_id, now=now), grantor_id, now)

    def end_emptied(self, team_id: str, grantor_id: str, *, now: datetime) -> None:
        """Of this person, who takes back all that they give, none holds of which nothing is
        left."""
        lasting = select(_rights.bundle_id).where(
            _rights.team_id == team_id,
            _rights.grantor_id == grantor_id,
            IS_OPEN,
            _rights.state != State.ENDING,
        )
        left = set(self._connection.execute(lasting).scalars())
        held = self.held_by(team_id, grantor_id, now=now)
        self._end([each for each in held if each.id not in left], grantor_id, now)

    def end_everybodys(self, *, now: datetime) -> None:
        """None holds any longer."""
        held = select(covers).where(_columns.ended_at.is_(None), _columns.until > now)
        self._end(many(self._connection, Cover, held), None, now)

    def _end(self, these: Sequence[Cover], by: str | None, now: datetime) -> None:
        for each in these:
            self._connection.execute(
                update(covers).where(_columns.id == each.id).values(ended_at=now)
            )
            self._note(Deed.COVER_ENDED, replace(each, ended_at=now), now=now, by=by)

    def _note(
        self,
        deed: Deed,
        cover: Cover,
        *,
        now: datetime,
        amount: int | None = None,
        by: str | None = "",
    ) -> None:
        """Write it down, and show it; who planned it did it, unless somebody else is named."""
        self._log.note(
            deed,
            team_id=cover.team_id,
            now=now,
            subject_id=cover.id,
            amount=amount,
            actor=cover.grantor_id if by == "" else by,
            grantor=cover.grantor_id,
            ends_at=cover.until,
            text=cover.note if deed is not Deed.COVER_ENDED else "",
        )
        self._notices.mark_stale(cover.id, now=now)
        self._homes.touch(cover.team_id, cover.grantor_id, now=now)

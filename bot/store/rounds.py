"""Rounds in SQL: how far the daily pass over everybody has come in a workspace."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, case, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from bot.store.due import Due
from bot.store.rows import one
from models.base import new_id
from models.round import Round, Stage, rounds
from models.rows import to_row

_columns = rounds.c
NOT_WITHIN = timedelta(hours=1)  # whoever asks for a round gets at most one in this time


class Rounds:
    """Reads and changes the rounds; there is one for each workspace."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.due = Due(connection, rounds, Round)

    def get(self, team_id: str, *, lock: bool = False) -> Round | None:
        """A workspace's round."""
        statement = select(rounds).where(_columns.team_id == team_id)
        if lock:
            statement = statement.with_for_update(key_share=True)
        return one(self._connection, Round, statement)

    def asking(self, question: str) -> Round | None:
        """The round that asks this of the admins, if it still does."""
        return one(self._connection, Round, select(rounds).where(_columns.question == question))

    def plan(
        self,
        team_id: str,
        *,
        now: datetime,
        wait: timedelta = timedelta(),
        at_once: bool = False,
    ) -> None:
        """Begin one after ``wait``, unless one is under way or, without ``at_once``, was made just
        now; the first time also for a workspace that has none yet."""
        wake_at = now + wait
        if self.get(team_id) is None:
            self._add(Round(id=new_id(), team_id=team_id, installed_at=now, wake_at=wake_at))
            return
        self._connection.execute(
            update(rounds)
            .where(_columns.team_id == team_id, _columns.installed_at.is_(None))
            .values(installed_at=now)
        )
        rested = or_(_columns.finished_at.is_(None), _columns.finished_at <= now - NOT_WITHIN)
        conditions = [_columns.team_id == team_id, _columns.stage == Stage.REST]
        later = or_(_columns.wake_at.is_(None), _columns.wake_at > wake_at)
        self._connection.execute(
            update(rounds)
            .where(*conditions if at_once else (*conditions, rested))
            .values(wake_at=case((later, wake_at), else_=_columns.wake_at))
        )

    def go_on(self, before: Round, **values: Any) -> bool:
        """Move it on and give the lease back; False when somebody was faster."""
        changed = self._connection.execute(
            update(rounds)
            .where(
                _columns.id == before.id,
                _columns.stage == before.stage,
                _columns.cursor == before.cursor,
                _columns.started_at.is_not_distinct_from(before.started_at),
                _columns.answer.is_not_distinct_from(before.answer),
            )
            .values({"leased_until": None, "attempts": 0, **values})
        )
        return changed.rowcount == 1

    def _add(self, row: Round) -> None:
        try:
            with self._connection.begin_nested():
                self._connection.execute(insert(rounds).values(to_row(row)))
        except IntegrityError:
            return  # another process started at the same moment

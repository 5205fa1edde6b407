"""Comparisons in SQL: which grantor's associations are looked at next."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, delete, false, insert, or_, select, union, update
from sqlalchemy.exc import IntegrityError

from bot.store.due import Due
from bot.store.rows import many, one
from bot.store.whose import IS_OPEN, IS_UNSEEN
from models.base import new_id
from models.comparison import Comparison, comparisons
from models.delegation import Delegation, State, delegations
from models.rows import to_row

_columns = comparisons.c


class Comparisons:
    """Reads and changes comparison rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.due = Due(connection, comparisons, Comparison)

    def get(self, team_id: str, grantor_id: str) -> Comparison | None:
        """The comparison of one grantor; there is one from their first connection on."""
        statement = select(comparisons).where(
            _columns.team_id == team_id, _columns.grantor_id == grantor_id
        )
        return one(self._connection, Comparison, statement)

    def plan(
        self, team_id: str, grantor_id: str, *, now: datetime, asked_at: datetime | None = None
    ) -> None:
        """Compare at once; with ``asked_at`` the grantor is told how it came out."""
        before = self.get(team_id, grantor_id)
        if before is None:
            new = Comparison(
                id=new_id(),
                team_id=team_id,
                grantor_id=grantor_id,
                asked_at=asked_at,
                wake_at=now,
            )
            try:
                with self._connection.begin_nested():
                    self._connection.execute(insert(comparisons).values(to_row(new)))
            except IntegrityError:  # somebody else planned the first one just now
                self.plan(team_id, grantor_id, now=now, asked_at=asked_at)
            return
        values: dict[str, Any] = {"wake_at": now, "attempts": 0}
        if asked_at is not None:
            values["asked_at"] = asked_at
        self._connection.execute(update(comparisons).where(_columns.id == before.id).values(values))

    def plan_by(self, team_id: str, grantor_id: str, *, moment: datetime) -> None:
        """Compare at this moment at the latest, if the grantor is connected."""
        is_later = or_(_columns.wake_at.is_(None), _columns.wake_at > moment)
        self._connection.execute(
            update(comparisons)
            .where(_columns.team_id == team_id, _columns.grantor_id == grantor_id, is_later)
            .values(wake_at=moment)
        )

    def delegations(
        self, team_id: str, grantor_id: str, *, association_ids: Sequence[str]
    ) -> Sequence[Delegation]:
        """This grantor's delegations that Close was asked about: all open ones, and those ended
        ones that had one of these associations, or that may have made one unseen."""
        columns = delegations.c
        given = select(delegations).where(
            columns.team_id == team_id,
            columns.grantor_id == grantor_id,
            columns.grantee_close_id.is_not(None),
        )
        ended = given.where(columns.state == State.ENDED)
        statement = union(
            given.where(IS_OPEN),
            ended.where(columns.association_id.in_(association_ids)),
            ended.where(IS_UNSEEN),
        )
        return many(self._connection, Delegation, statement)

    def done(self, comparison: Comparison, *, wake_at: datetime, is_answered: bool = True) -> None:
        """Note a comparison that was made; one planned or asked for meanwhile stays due. Until it
        ``is_answered``, its grantor goes on waiting."""
        same_question = _columns.asked_at.is_not_distinct_from(comparison.asked_at)
        is_unchanged = and_(same_question, _columns.wake_at == comparison.wake_at)
        is_settled = same_question if is_answered else false()
        self._connection.execute(
            update(comparisons)
            .where(_columns.id == comparison.id)
            .values(
                attempts=0,
                leased_until=None,
                asked_at=case((is_settled, None), else_=_columns.asked_at),
                wake_at=case((is_unchanged, wake_at), else_=_columns.wake_at),
            )
        )

    def remove(self, comparison: Comparison) -> None:
        """Compare no more: the grantor is not connected. One planned meanwhile stays due."""
        is_unchanged = _columns.wake_at == comparison.wake_at
        self._connection.execute(
            delete(comparisons).where(_columns.id == comparison.id, is_unchanged)
        )
        self.due.free(comparison.id)

"""What one person's App Home shows, in SQL. Every list is cut in the database, not afterwards."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    and_,
    func,
    not_,
    or_,
    select,
    text,
    union_all,
)

from bot.store.rows import many
from models.delegation import Delegation, State, Trouble, delegations
from models.overview import Excerpt, Leaf
from models.standing import StandingApproval, standing_approvals

_columns = delegations.c

# Written out, as in the partial index: SQLite uses that index only for the very same words.
_IS_OPEN = text("delegations.state IN ('requested', 'approved', 'active', 'ending')")
_IS_OVER = text("delegations.state NOT IN ('requested', 'approved', 'active', 'ending')")
_MENDED_BY_CONNECTING = (
    Trouble.NOT_CONNECTED,
    Trouble.CONNECTION_LOST,
    Trouble.OTHER_CLOSE_ACCOUNT,
)
_ENDED = func.coalesce(_columns.ended_at, _columns.requested_at)
_NEEDS_GRANTOR = or_(
    _columns.state == State.REQUESTED,
    and_(_columns.state == State.ACTIVE, _columns.extension_asked_at.is_not(None)),
    and_(
        _columns.state.in_((State.APPROVED, State.ENDING)),
        _columns.trouble.is_not(None),
        _columns.trouble.in_(_MENDED_BY_CONNECTING),
    ),
)


class Overviews:
    """Reads delegations from one person's point of view."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def at_one_moment(self) -> None:
        """Have all that this transaction reads be of the same moment; the first thing it does.

        On SQLite that is so by itself.
        """
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))

    def waiting(self, team_id: str, person_id: str, leaf: Leaf) -> Excerpt[Delegation]:
        """What this grantor has to answer or to mend, oldest first."""
        return self._excerpt(team_id, leaf, _columns.grantor_id == person_id, _NEEDS_GRANTOR)

    def asked(self, team_id: str, person_id: str, leaf: Leaf) -> Excerpt[Delegation]:
        """What was asked by this person, or for them, and nobody has answered yet."""
        return self._excerpt(
            team_id,
            leaf,
            or_(_columns.requester_id == person_id, _columns.grantee_id == person_id),
            _columns.grantor_id != person_id,
            _columns.state == State.REQUESTED,
        )

    def given(self, team_id: str, person_id: str, leaf: Leaf) -> Excerpt[Delegation]:
        """What else is open and lends this person's name."""
        return self._excerpt(team_id, leaf, _columns.grantor_id == person_id, not_(_NEEDS_GRANTOR))

    def received(self, team_id: str, person_id: str, leaf: Leaf) -> Excerpt[Delegation]:
        """What is agreed and lets this person send as somebody else."""
        return self._excerpt(
            team_id, leaf, _columns.grantee_id == person_id, _columns.state != State.REQUESTED
        )

    def for_others(self, team_id: str, person_id: str, leaf: Leaf) -> Excerpt[Delegation]:
        """What is agreed and was asked by this person for somebody else."""
        return self._excerpt(
            team_id,
            leaf,
            _columns.requester_id == person_id,
            _columns.grantor_id != person_id,
            _columns.grantee_id != person_id,
            _columns.state != State.REQUESTED,
        )

    def trusted(
        self, team_id: str, person_id: str, leaf: Leaf, *, now: datetime
    ) -> Excerpt[StandingApproval]:
        """The standing approvals that this person gave and that hold now, newest first."""
        columns = standing_approvals.c
        return self._standing(team_id, columns.grantor_id, columns.grantee_id, person_id, leaf, now)

    def trusting(
        self, team_id: str, person_id: str, leaf: Leaf, *, now: datetime
    ) -> Excerpt[StandingApproval]:
        """Those that this person got."""
        columns = standing_approvals.c
        return self._standing(team_id, columns.grantee_id, columns.grantor_id, person_id, leaf, now)

    def history(
        self, team_id: str, person_id: str, leaf: Leaf
    ) -> tuple[Sequence[Delegation], bool]:
        """One page of what is over between this person and others, newest first, and whether there
        is an older one."""
        size = leaf.size
        over = union_all(
            _over(team_id, _columns.grantor_id, person_id, leaf),
            _over(team_id, _columns.grantee_id, person_id, leaf),
        ).subquery()
        ids = (
            select(over.c.id)
            .order_by(over.c.ended.desc(), over.c.id)
            .offset(leaf.page * size)
            .limit(size + 1)
        )
        rows = self._rows(ids, (_ENDED.desc(), _columns.id))
        return rows[:size], len(rows) > size

    def _excerpt(
        self, team_id: str, leaf: Leaf, *conditions: ColumnElement[bool]
    ) -> Excerpt[Delegation]:
        oldest_first = (_columns.requested_at, _columns.id)
        wanted: tuple[Any, ...] = (
            _columns.team_id == team_id,
            _IS_OPEN,
            *conditions,
            *_with(leaf.person_id),
        )
        total = self._connection.scalar(select(func.count(_columns.id)).where(*wanted)) or 0
        if not total:
            return Excerpt()
        before = _before(leaf, total)
        ids = (
            select(_columns.id)
            .where(*wanted)
            .order_by(*oldest_first)
            .offset(before)
            .limit(leaf.size)
        )
        return Excerpt(self._rows(ids, oldest_first), total, before)

    def _standing(
        self,
        team_id: str,
        role: Column[str],
        other: Column[str],
        person_id: str,
        leaf: Leaf,
        now: datetime,
    ) -> Excerpt[StandingApproval]:
        columns = standing_approvals.c
        wanted = [
            columns.team_id == team_id,
            role == person_id,
            columns.ended_at.is_(None),
            columns.until > now,
        ]
        if leaf.person_id is not None:
            wanted.append(other == leaf.person_id)
        total = self._connection.scalar(select(func.count(columns.id)).where(*wanted)) or 0
        before = _before(leaf, total)
        statement = (
            select(standing_approvals)
            .where(*wanted)
            .order_by(columns.created_at.desc(), columns.id)
            .offset(before)
            .limit(leaf.size)
        )
        rows = many(self._connection, StandingApproval, statement)
        return Excerpt(rows, total, before)

    def _rows(
        self, ids: Select[tuple[str]], order: Sequence[ColumnElement[Any]]
    ) -> Sequence[Delegation]:
        """The rows with these ids: what is sorted and cut away before is never read in full."""
        statement = (
            select(delegations).where(_columns.id.in_(ids.scalar_subquery())).order_by(*order)
        )
        return many(self._connection, Delegation, statement)


def _over(team_id: str, role: Column[str], person_id: str, leaf: Leaf) -> Select[Any]:
    """What is over and has this person in this role. One index serves each role; who asked for
    others has the cards about it."""
    return select(_columns.id, _ENDED.label("ended")).where(
        _columns.team_id == team_id, role == person_id, _IS_OVER, *_with(leaf.person_id)
    )


def _with(person_id: str | None) -> list[ColumnElement[bool]]:
    """Only what this person has a part in, if it is about somebody."""
    if person_id is None:
        return []
    roles = (_columns.grantor_id, _columns.grantee_id, _columns.requester_id)
    return [or_(*(role == person_id for role in roles))]


def _before(leaf: Leaf, total: int) -> int:
    """How many rows stand before this page; the last page when there are fewer by now."""
    last = max(total - 1, 0) // leaf.size
    return min(leaf.page, last) * leaf.size

"""What one person's App Home shows, in SQL. Every list is cut in the database, not afterwards."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, func, not_, or_, select

from models.delegation import OPEN_STATES, Delegation, State, Trouble, delegations
from models.overview import Excerpt

_columns = delegations.c

_IS_OPEN = _columns.state.in_(OPEN_STATES)
_NEEDS_GRANTOR = or_(
    _columns.state == State.REQUESTED,
    and_(_columns.state == State.ACTIVE, _columns.extension_asked_at.is_not(None)),
    and_(
        _columns.state.in_((State.APPROVED, State.ENDING)),
        _columns.trouble.is_not(None),
        _columns.trouble.in_((Trouble.NOT_CONNECTED, Trouble.CONNECTION_LOST)),
    ),
)


class Overviews:
    """Reads delegations from one person's point of view."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def waiting(self, team_id: str, person_id: str, *, limit: int) -> Excerpt:
        """What this grantor has to answer or to mend, oldest first."""
        return self._excerpt(team_id, limit, _columns.grantor_id == person_id, _NEEDS_GRANTOR)

    def given(self, team_id: str, person_id: str, *, limit: int) -> Excerpt:
        """What else is open and lends this person's name."""
        return self._excerpt(team_id, limit, _columns.grantor_id == person_id, not_(_NEEDS_GRANTOR))

    def received(self, team_id: str, person_id: str, *, limit: int) -> Excerpt:
        """What is open and lets this person send as somebody else."""
        return self._excerpt(team_id, limit, _columns.grantee_id == person_id)

    def for_others(self, team_id: str, person_id: str, *, limit: int) -> Excerpt:
        """What is open and was asked by this person for somebody else."""
        return self._excerpt(
            team_id,
            limit,
            _columns.requester_id == person_id,
            _columns.grantor_id != person_id,
            _columns.grantee_id != person_id,
        )

    def history(
        self, team_id: str, person_id: str, *, page: int, size: int
    ) -> tuple[Sequence[Delegation], bool]:
        """One page of what is over, newest first, and whether there is an older one."""
        statement = (
            select(delegations)
            .where(_columns.team_id == team_id, not_(_IS_OPEN), _concerns(person_id))
            .order_by(func.coalesce(_columns.ended_at, _columns.requested_at).desc(), _columns.id)
            .offset(page * size)
            .limit(size + 1)
        )
        rows = [Delegation(**row) for row in self._connection.execute(statement).mappings()]
        return rows[:size], len(rows) > size

    def _excerpt(self, team_id: str, limit: int, *conditions: ColumnElement[bool]) -> Excerpt:
        statement = (
            select(delegations, func.count().over().label("total"))
            .where(_columns.team_id == team_id, _IS_OPEN, *conditions)
            .order_by(_columns.requested_at, _columns.id)
            .limit(limit)
        )
        found = [dict(row) for row in self._connection.execute(statement).mappings()]
        total = found[0]["total"] if found else 0
        for row in found:
            del row["total"]
        return Excerpt([Delegation(**row) for row in found], total)


def _concerns(person_id: str) -> ColumnElement[bool]:
    return or_(
        _columns.grantor_id == person_id,
        _columns.grantee_id == person_id,
        _columns.requester_id == person_id,
    )

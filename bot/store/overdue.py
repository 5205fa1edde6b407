"""What Close may still hold although it should not, in SQL: the admins' list."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select

from bot.store.rows import many
from bot.store.whose import IS_HELD, IS_OPEN
from models.delegation import Delegation, State, delegations
from models.departure import departures
from models.overdue import GRACE, UNREACHABLE, Leftover, over_since
from models.stray import UNSETTLED, Stray, StrayState, strays

_UNANSWERED = (StrayState.FOUND, StrayState.KEPT)


class Overdue:
    """Reads what is left over in one workspace, and changes nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(
        self, team_id: str, *, now: datetime, grantor_id: str | None = None
    ) -> Sequence[Leftover]:
        """Everything, or what one grantor gave; what has waited longest comes first."""
        found = [*self._delegations(team_id, grantor_id, now), *self._strays(team_id, grantor_id)]
        return sorted(found, key=lambda each: (each.over_since or now, each.id))

    def is_any(self, team_id: str, grantor_id: str, *, now: datetime) -> bool:
        """Whether there is anything that this grantor gave."""
        columns = delegations.c
        theirs = (columns.team_id == team_id, columns.grantor_id == grantor_id)
        is_right = exists().where(*theirs, IS_OPEN, _is_overdue(now))
        is_stray = exists().where(*_is_orphaned(team_id), strays.c.grantor_id == grantor_id)
        return bool(self._connection.execute(select(or_(is_right, is_stray))).scalar())

    def _delegations(
        self, team_id: str, grantor_id: str | None, now: datetime
    ) -> Sequence[Leftover]:
        columns = delegations.c
        statement = select(delegations).where(IS_HELD, _is_overdue(now))
        if grantor_id is not None:
            statement = statement.where(columns.grantor_id == grantor_id)
        return [
            Leftover(
                id=each.id,
                grantor_id=each.grantor_id,
                grantee_id=each.grantee_id,
                over_since=over_since(each, now),
                trouble=each.trouble,
            )
            for each in many(self._connection, Delegation, statement)
            if each.team_id == team_id  # few, whosoever; SQLite would look for all of the workspace
        ]

    def _strays(self, team_id: str, grantor_id: str | None) -> Sequence[Leftover]:
        """What nobody can answer or take away any more: its grantor has left."""
        statement = select(strays).where(*_is_orphaned(team_id))
        if grantor_id is not None:
            statement = statement.where(strays.c.grantor_id == grantor_id)
        return [_leftover(each) for each in many(self._connection, Stray, statement)]


def _is_overdue(now: datetime) -> ColumnElement[bool]:
    """As :func:`models.overdue.is_overdue` has it."""
    columns = delegations.c
    waited = or_(
        columns.trouble.in_(UNREACHABLE),
        columns.ended_at <= now - GRACE,
        columns.ends_at <= now - GRACE,  # noticed late: it counts since the end promised
    )
    return and_(columns.state == State.ENDING, waited)


def _is_orphaned(team_id: str) -> tuple[ColumnElement[bool], ...]:
    columns, gone = strays.c, departures.c
    have_left = select(gone.slack_user_id).where(
        gone.team_id == team_id, gone.carried_out_at.is_not(None)
    )
    return (
        columns.team_id == team_id,
        columns.grantor_id.in_(have_left),
        columns.state.in_(UNSETTLED),
    )


def _leftover(stray: Stray) -> Leftover:
    return Leftover(
        id=stray.id,
        grantor_id=stray.grantor_id,
        grantee_id=stray.grantee_id,
        grantee_name=stray.grantee_name or stray.grantee_email,
        over_since=None if stray.state in _UNANSWERED else stray.decided_at,
        is_stray=True,
    )

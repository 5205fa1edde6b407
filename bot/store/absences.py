"""Absences in SQL: who is asked who covers for them, and what has become of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    exists,
    or_,
    select,
    update,
)

from bot.store.due import Due
from bot.store.executing import prepared
from bot.store.homes import Homes
from bot.store.notices import Notices
from bot.store.rows import by_id, is_any, one
from bot.store.upserts import insert_into
from bot.store.whose import IS_OPEN, IS_OVER
from models.absence import Absence, Offer, absences
from models.base import new_id
from models.connection import connections
from models.delegation import State, delegations
from models.departure import departures
from models.person import Departure
from models.rows import to_row

_columns, _rights = absences.c, delegations.c
LATEST = 20  # of what is over
_CURRENT = (Offer.OPEN, Offer.COVERED)


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of somebody whose record in Slack has changed: whether they had left, and
    whether it has to be looked at if they are away."""

    had_left: bool
    matters: bool


class Absences:
    """Reads and changes absences; there is one row for whoever was ever asked."""

    def __init__(self, connection: Connection, homes: Homes, notices: Notices) -> None:
        self._connection = connection
        self._homes = homes
        self._notices = notices
        self.due = Due(connection, absences, Absence, seen="changes")

    def heard_of(self, team_id: str, slack_user_id: str, *, is_away: bool) -> Heard:
        """With one question, as this is asked all the time. Whoever seems to be away matters if
        they are connected, or ever gave a right; and so does who was asked, as long as that may be
        over."""
        whose = {"of_team": team_id, "this_one": slack_user_id}
        row = self._connection.execute(_heard_of(is_away=is_away), whose).one()
        return Heard(bool(row.had_left), bool(row.matters))

    def get(self, absence_id: str, *, lock: bool = False) -> Absence | None:
        """One row; with ``lock`` nobody else changes it in this transaction's time."""
        return by_id(self._connection, Absence, absences, absence_id, lock=lock)

    def of(self, team_id: str, slack_user_id: str) -> Absence | None:
        """This person's."""
        statement = select(absences).where(
            _columns.team_id == team_id, _columns.slack_user_id == slack_user_id
        )
        return one(self._connection, Absence, statement)

    def is_quiet(self, team_id: str, slack_user_id: str) -> bool:
        """Whether this person does not want to be asked."""
        return is_any(
            self._connection,
            _columns.team_id == team_id,
            _columns.slack_user_id == slack_user_id,
            _columns.is_quiet,
        )

    def look_at(self, team_id: str, slack_user_id: str, *, now: datetime) -> None:
        """Their status may be another one: it is due."""
        row = Absence(id=new_id(), team_id=team_id, slack_user_id=slack_user_id, wake_at=now)
        statement = insert_into(absences, self._connection.dialect.name).values(to_row(row))
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["team_id", "slack_user_id"],
                set_={"wake_at": now, "attempts": 0, "changes": _columns.changes + 1},
            )
        )

    def look_again(self, team_id: str, slack_user_id: str, *, now: datetime) -> None:
        """If they were asked who covers, that may be answered now: it is due."""
        self._connection.execute(
            update(absences)
            .where(
                _columns.team_id == team_id,
                _columns.slack_user_id == slack_user_id,
                _columns.offer == Offer.OPEN,
            )
            .values(wake_at=now, attempts=0, changes=_columns.changes + 1)
        )

    def write(self, absence: Absence, *, now: datetime) -> None:
        """Store this one, of which the row is locked, and have every place show it."""
        values = to_row(absence) | {"attempts": 0, "leased_until": None}
        values["changes"] = _columns.changes + 1
        self._connection.execute(update(absences).where(_columns.id == absence.id).values(values))
        self._notices.mark_stale(absence.id, now=now)
        self._homes.touch(absence.team_id, absence.slack_user_id, now=now)

    def stop(self) -> None:
        """Nobody is looked at any more."""
        self._connection.execute(
            update(absences).where(_columns.wake_at.is_not(None)).values(wake_at=None)
        )


@prepared
def _heard_of(*, is_away: bool) -> Select[Any]:
    team: BindParameter[str] = bindparam("of_team")
    person: BindParameter[str] = bindparam("this_one")
    had_left = exists().where(
        departures.c.team_id == team,
        departures.c.slack_user_id == person,
        departures.c.reason != Departure.LEFT_CLOSE,
    )
    matters: ColumnElement[bool] = exists().where(
        _columns.team_id == team,
        _columns.slack_user_id == person,
        _columns.offer.in_(_CURRENT),
    )
    if is_away:
        mine = (_rights.team_id == team, _rights.grantor_id == person)
        gives = exists().where(*mine, IS_OPEN, _rights.state != State.REQUESTED)
        latest = (  # whoever gave anything has a right among these
            select(_rights.active_at)
            .where(*mine, IS_OVER)
            .order_by(_rights.ended_at.desc())
            .limit(LATEST)
            .subquery()
        )
        gave = exists().where(latest.c.active_at.is_not(None))
        is_connected = exists().where(
            connections.c.team_id == team,
            connections.c.slack_user_id == person,
            connections.c.leaving_at.is_(None),
        )
        matters = or_(matters, is_connected, gives, gave)
    columns: list[ColumnElement[Any]] = [had_left.label("had_left"), matters.label("matters")]
    found: Select[Any] = select(*columns)
    return found

"""App Homes in SQL: who has one open, and which of them are stale."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Update, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.due import Due
from bot.store.rows import by_team, ids_in_order, is_any, one, prepared
from models.base import new_id
from models.home import Home, HomeList, homes
from models.rows import to_row

SHOWN_FOR = timedelta(days=1)  # after its last opening a home is no longer kept fresh

_columns = homes.c
_insert: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class Homes:
    """Reads and changes home rows.

    Whose home has become stale is collected while the transaction runs and written at its end, in
    one statement that locks the rows in a fixed order: transactions that touch the same people can
    neither block each other for long nor lock each other out.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.due = Due(connection, homes, Home, seen="changes", counts_claims=True)
        self._touched: set[tuple[str, str]] = set()
        self._now: datetime | None = None

    def open(self, team_id: str, slack_user_id: str, *, now: datetime) -> None:
        """Somebody looks at their home: it is due, at the first page of each list."""
        row = Home(
            id=new_id(), team_id=team_id, slack_user_id=slack_user_id, opened_at=now, wake_at=now
        )
        statement = _insert[self._connection.dialect.name](homes).values(to_row(row))
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["team_id", "slack_user_id"],
                set_={
                    "opened_at": now,
                    "wake_at": now,
                    "page": 0,
                    "pages": None,
                    "with_person": None,
                    "attempts": 0,
                    "changes": _columns.changes + 1,
                },
            )
        )

    def is_opened(self, team_id: str, slack_user_id: str, *, lock: bool = False) -> bool:
        """Whether this person has ever looked at their home; with ``lock`` one of their clicks
        waits for another."""
        if lock:
            return self._get(team_id, slack_user_id) is not None
        whose = (_columns.team_id == team_id, _columns.slack_user_id == slack_user_id)
        return is_any(self._connection, *whose)

    def turn(
        self,
        team_id: str,
        slack_user_id: str,
        *,
        page: int,
        now: datetime,
        name: HomeList | None = None,
    ) -> None:
        """Show this page of the history next, or of another list."""
        home = self._get(team_id, slack_user_id)
        if home is None:
            return
        values = {"page": page} if name is None else {"pages": home.turned(name, page)}
        self._show(home, now, **values)

    def look_for(
        self, team_id: str, slack_user_id: str, *, person_id: str | None, now: datetime
    ) -> None:
        """Show only what concerns this person as well, from the first pages on; None: all."""
        home = self._get(team_id, slack_user_id)
        if home is not None:
            self._show(home, now, with_person=person_id, page=0, pages=None)

    def _get(self, team_id: str, slack_user_id: str) -> Home | None:
        """Under lock, so that two pages that are turned at once are both turned."""
        statement = (
            select(homes)
            .where(_columns.team_id == team_id, _columns.slack_user_id == slack_user_id)
            .with_for_update(key_share=True)
        )
        return one(self._connection, Home, statement)

    def _show(self, home: Home, now: datetime, **values: Any) -> None:
        self._connection.execute(
            update(homes)
            .where(_columns.id == home.id)
            .values(opened_at=now, wake_at=now, changes=_columns.changes + 1, **values)
        )

    def touch(self, team_id: str, *people: str, now: datetime) -> None:
        """Something that these people's homes show has changed."""
        self._touched.update((team_id, person) for person in people)
        self._now = now

    def mark_touched(self) -> None:
        """Have the touched homes shown anew; the last thing that a transaction does."""
        if self._now is None:
            return
        for team_id, people in by_team(self._touched):
            whose = {"of_team": team_id, "of_these": people}
            moments = {"opened_since": self._now - SHOWN_FOR, "due_at": self._now}
            self._connection.execute(_stale(), whose | moments)


@prepared
def _stale() -> Update:
    found = ids_in_order(
        homes,
        _columns.team_id == bindparam("of_team"),
        _columns.slack_user_id.in_(bindparam("of_these", expanding=True)),
        _columns.opened_at > bindparam("opened_since"),
        by=_columns.slack_user_id,
    )
    return (
        update(homes)
        .where(_columns.id.in_(found))
        .values(wake_at=bindparam("due_at"), changes=_columns.changes + 1)
    )

"""App Homes in SQL: who has one open, and which of them are stale."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Update,
    and_,
    bindparam,
    literal_column,
    or_,
    select,
    update,
)

from bot.store.due import Due
from bot.store.executing import execute, prepared
from bot.store.rows import by_team, ids_in_order, is_any, one
from bot.store.upserts import insert_into
from models.base import new_id
from models.home import EVERYBODY, Home, HomeList, Place, homes
from models.rows import to_row

SHOWN_FOR = timedelta(days=1)  # after its last opening a home is no longer kept fresh
WATCHED_FOR = timedelta(minutes=15)  # the same of everybody's rights, which change all the time
GAP = timedelta(seconds=5)  # from a change to the redraw of everybody's rights, with all since,
SPREAD = timedelta(seconds=0.6)  # and between those of several admins (slack.md §7: 100 a minute)

_columns = homes.c
_IS_WATCHING: ColumnElement[bool] = literal_column(f"(homes.{EVERYBODY})")


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
        self._acted: set[tuple[str, str]] = set()
        self._now: datetime | None = None

    def open(self, team_id: str, slack_user_id: str, *, now: datetime) -> None:
        """Somebody looks at their home: it is due, at the first page of each list."""
        row = Home(
            id=new_id(), team_id=team_id, slack_user_id=slack_user_id, opened_at=now, wake_at=now
        )
        statement = insert_into(homes, self._connection.dialect.name).values(to_row(row))
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["team_id", "slack_user_id"],
                set_={
                    "opened_at": now,
                    "wake_at": now,
                    "page": 0,
                    "pages": None,
                    "with_person": None,
                    "everybody_at": None,
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
            first = None if home.everybody_at is None else ""
            self._show(home, now, with_person=person_id, page=0, pages=None, everybody_at=first)

    def look_at_everybody(
        self, team_id: str, slack_user_id: str, *, page: Place | None, now: datetime
    ) -> None:
        """Show everybody's rights from this place on; None: from the beginning."""
        home = self._get(team_id, slack_user_id)
        if home is not None:
            self._show(home, now, everybody_at="" if page is None else page.said)

    def look_at_own(self, team_id: str, slack_user_id: str, *, now: datetime) -> None:
        """Show their own home again, from its first pages on."""
        home = self._get(team_id, slack_user_id)
        if home is not None:
            self._show(home, now, everybody_at=None, with_person=None, page=0, pages=None)

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

    def acted(self, team_id: str, admin_id: str, *, now: datetime) -> None:
        """This admin has changed something themselves, and sees it at once."""
        self._acted.add((team_id, admin_id))
        self.touch(team_id, admin_id, now=now)

    def mark_touched(self) -> None:
        """Have the touched homes shown anew; the last thing that a transaction does.

        Most of the time nobody looks at any of them, which one question says. Those that show
        everybody's rights come last, so that no two transactions wait for each other; a home is
        only ever of one kind.
        """
        if self._now is None:
            return
        watched = set()
        for team_id, people in by_team(self._touched):
            wanted = {
                "of_team": team_id,
                "of_these": people,
                "opened_since": self._now - SHOWN_FOR,
                "watched_since": self._now - WATCHED_FOR,
            }
            found = execute(self._connection, _looked_at(), wanted).rows
            if own := [home_id for home_id, everybody_at in found if everybody_at is None]:
                execute(self._connection, _stale(), {"these": own, "due_at": self._now})
            if len(own) < len(found):
                watched.add(team_id)
        for team_id in sorted(watched):
            self._redraw(team_id, self._now)

    def _redraw(self, team_id: str, now: datetime) -> None:
        """Of everybody's rights one redraw is planned, and has all that changes until then; what
        is being shown just now has to be shown again."""
        acted = sorted(person for team, person in self._acted if team == team_id)
        moments = {"opened_since": now - WATCHED_FOR, "due_at": now}
        asked = {"of_team": team_id, "acted": acted}
        watching = self._connection.execute(_watching(), asked | moments).all()
        planned = [
            {
                "this_one": row.id,
                "then": now if row.slack_user_id in acted else _then(row, now + number * SPREAD),
            }
            for number, row in enumerate(watching)
        ]
        if planned:
            self._connection.execute(_planned(), planned)


@prepared
def _looked_at() -> Select[Any]:
    """The homes of these people that are still kept fresh, and all that show everybody's rights."""
    is_of_team = _columns.team_id == bindparam("of_team")
    is_theirs = and_(
        is_of_team,
        _columns.slack_user_id.in_(bindparam("of_these", expanding=True)),
        _columns.opened_at > bindparam("opened_since"),
        _columns.everybody_at.is_(None),
    )
    is_watched = and_(is_of_team, _IS_WATCHING, _columns.opened_at > bindparam("watched_since"))
    return select(_columns.id, _columns.everybody_at).where(or_(is_theirs, is_watched))


@prepared
def _stale() -> Update:
    is_any = _columns.id.in_(bindparam("these", expanding=True))
    return (
        update(homes)
        .where(_columns.id.in_(ids_in_order(homes, is_any, by=_columns.slack_user_id)))
        .values(wake_at=bindparam("due_at"), changes=_columns.changes + 1)
    )


def _then(row: Row[Any], now: datetime) -> datetime:
    """When a home is redrawn: one that is due already stays so."""
    due: datetime | None = row.wake_at if row.leased_until is None else None
    return due or now + GAP


@prepared
def _watching() -> Select[Any]:
    """The homes that show everybody's rights and have no redraw before them that would have this
    change: nothing is locked for what is planned already."""
    return (
        select(_columns.id, _columns.slack_user_id, _columns.wake_at, _columns.leased_until)
        .where(
            _columns.team_id == bindparam("of_team"),
            _IS_WATCHING,
            _columns.opened_at > bindparam("opened_since"),
            or_(
                _columns.wake_at.is_(None),
                _columns.wake_at <= bindparam("due_at"),
                _columns.slack_user_id.in_(bindparam("acted", expanding=True)),
            ),
        )
        .order_by(_columns.slack_user_id)
        .with_for_update()
    )


@prepared
def _planned() -> Update:
    return (
        update(homes)
        .where(_columns.id == bindparam("this_one"))
        .values(wake_at=bindparam("then"), changes=_columns.changes + 1)
    )

"""The log in SQL: what is written down of everything that decides something, and its particulars.

Rows are only ever added; triggers of the database see to that, and give each its place in the next
seal (``models.seal``).
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypedDict, Unpack

from sqlalchemy import (
    JSON,
    Connection,
    Dialect,
    Insert,
    Integer,
    Select,
    Text,
    bindparam,
    cast,
    column,
    func,
    insert,
    literal_column,
    or_,
    select,
)
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.types import TypeDecorator

from bot.store.executing import Asked, execute, execute_each, execute_together, prepared
from bot.store.rows import filled, many
from models.delegation import Delegation, Event
from models.event import Deed, EventRecord, events
from models.particulars import PERSONAL, apart, particulars

TERMS = ("delegation_id", "association_id", "ends_at", "length")

OWN = [each.name for each in events.c if each.name not in ("id", "actor")]
BESIDE = [each.name for each in particulars.c if each.name not in ("event_id", "erased_at")]

NEXT_ID = literal_column("nextval('events_id_seq')", Integer).label("id")

Noted = tuple[dict[str, Any], Mapping[str, Any]]  # an entry, and who and what stands beside it
Rows = Sequence[dict[str, Any]]

_columns = events.c


class _Listed(TypeDecorator[Rows]):
    """Rows in JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Rows | None, dialect: Dialect) -> str:
        """To the database."""
        return json.dumps(value, default=_in_json)


class About(TypedDict, total=False):
    """Which right a deed is about and on what terms, who is concerned, and what they typed."""

    delegation_id: str | None
    association_id: str | None
    ends_at: datetime | None
    length: timedelta | None
    actor: str | None
    grantor: str | None
    grantee: str | None
    text: str


class Log:
    """Writes entries with their particulars, and reads them again.

    What is written down is collected while the transaction runs, and written at its end together.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._noted: list[Noted] = []

    def note(
        self,
        deed: Deed,
        *,
        team_id: str,
        now: datetime,
        subject_id: str = "",
        amount: int | None = None,
        **about: Unpack[About],
    ) -> None:
        """Write down a deed. People and text stand beside the entry, and can be erased; whose
        connection or account it is about is the ``grantor``."""
        self.note_all(deed, [(subject_id, about)], team_id=team_id, now=now, amount=amount)

    def note_all(
        self,
        deed: Deed,
        subjects: Sequence[tuple[str, About]],
        *,
        team_id: str,
        now: datetime,
        amount: int | None = None,
    ) -> None:
        """The same of many, with few statements."""
        said = {"team_id": team_id or None, "at": now, "deed": deed, "amount": amount}
        noted = []
        for subject_id, about in subjects:
            terms = {name: about.get(name) for name in TERMS}
            entry = said | {"subject_id": subject_id or None, **terms}
            noted.append((entry, {name: about.get(name) for name in PERSONAL}))
        self._noted += noted

    def record(
        self,
        moved: Sequence[tuple[Delegation | None, Delegation]],
        event: Event,
        *,
        now: datetime,
        actor: str | None,
    ) -> None:
        """Write down what happened to delegations: each as it was, if it was there, and as it is.

        What was typed with it is kept: the reason where it is new, or else the note.
        """
        self._noted += [
            (_entry(after, event, now), _concerned(before, after, actor)) for before, after in moved
        ]

    def history(self, delegation_id: str) -> Sequence[EventRecord]:
        """What happened to one delegation, oldest first."""
        self.write()
        return many(self._connection, EventRecord, _history(), of_delegation=delegation_id)

    def last_of(self, deed: Deed) -> Mapping[str, datetime]:
        """When this was written down for the last time, of each that it was about."""
        self.write()
        statement = (
            select(_columns.subject_id, func.max(_columns.at))
            .where(_columns.deed == deed, _columns.subject_id.is_not(None))
            .group_by(_columns.subject_id)
        )
        return dict(tuple(row) for row in self._connection.execute(statement))

    def write(self) -> None:
        """Write what was collected, in its order."""
        noted, self._noted = self._noted, []
        if not noted:
            return
        rows, beside = _laid(noted)
        if self._connection.dialect.name == "postgresql":
            execute(self._connection, *_in_one(rows, beside))
            return
        # They are numbered in their order, in which they need not come back.
        ids = sorted(row[0] for row in execute_each(self._connection, _adding(), rows))
        own = [
            {"event_id": event_id, **kept}
            for event_id, kept in zip(ids, beside, strict=True)
            if any(kept.values())
        ]
        if own:
            execute_each(self._connection, _adding_beside(), own)

    def write_after(self, *writes: Asked) -> None:
        """Carry out what the newest entries are about. PostgreSQL writes these in the same go; on
        SQLite, where nothing is saved by it, they wait for the others."""
        last: Sequence[Asked] = ()
        if self._connection.dialect.name == "postgresql":
            noted, self._noted = self._noted, []
            last = [_in_one(*_laid(noted))] if noted else ()
        execute_together(self._connection, *writes, *last)


@prepared
def _adding() -> ReturningInsert[Any]:
    return insert(events).returning(_columns.id)


@prepared
def _adding_beside() -> Insert:
    return insert(particulars)


@prepared
def _adding_both() -> Insert:
    """What is ``noted`` is a list in JSON. (For arrays asyncpg asks each new connection what their
    types are, and that question takes as long as all else that is done for an end.)"""
    own = [column(name, _columns[name].type) for name in OWN]
    theirs = [column(name, particulars.c[name].type) for name in BESIDE]
    listed = func.json_to_recordset(cast(bindparam("noted", type_=_Listed), JSON))
    noted = listed.table_valued(*own, *theirs).render_derived("noted", with_types=True)
    numbered = noted.select().add_columns(NEXT_ID).cte("numbered")
    names = ["id", *OWN]
    adding = insert(events).from_select(names, select(*(numbered.c[name] for name in names)))
    kept = [numbered.c[name] for name in BESIDE]
    is_any = or_(*(each.is_not(None) for each in kept))
    return (
        insert(particulars)
        .from_select(["event_id", *BESIDE], select(numbered.c.id, *kept).where(is_any))
        .add_cte(adding.cte("added"))
    )


@prepared
def _history() -> Select[Any]:
    """Rows of a release before have their actor themselves."""
    actor = func.coalesce(particulars.c.actor, _columns.actor).label("actor")
    own = [each for each in _columns if each.name != "actor"]
    return (
        select(*own, actor)
        .outerjoin(particulars, particulars.c.event_id == _columns.id)
        .where(_columns.delegation_id == bindparam("of_delegation"), _columns.event.is_not(None))
        .order_by(_columns.id)
    )


def _laid(noted: Sequence[Noted]) -> tuple[Rows, Rows]:
    """The entries as rows with the digests of what stands beside them, and that.

    All have the same columns, for they are written together: a deed has other ones than what
    happened to a right.
    """
    columns = dict.fromkeys(name for entry, _ in noted for name in entry)
    laid = [(columns | entry, *apart(**personal)) for entry, personal in noted]
    rows = filled([entry | digests for entry, digests, _ in laid])
    return rows, filled([kept for *_, kept in laid])


def _in_one(rows: Rows, beside: Rows) -> Asked:
    """What writes both tables; SQLite has no such statement."""
    noted = [{**row, **kept} for row, kept in zip(rows, beside, strict=True)]
    return Asked(_adding_both(), {"noted": noted})


def _in_json(value: object) -> str | int:
    """As PostgreSQL reads it, and as ``models.base`` has it: a length is whole seconds, and a time
    without a zone raises ValueError."""
    match value:
        case bytes():
            return f"\\x{value.hex()}"
        case datetime() if value.tzinfo is not None:
            return value.isoformat()
        case timedelta():
            return int(value.total_seconds())
        case _:
            raise ValueError("a time without a zone cannot be stored")


def _entry(delegation: Delegation, event: Event, now: datetime) -> dict[str, Any]:
    return {
        "team_id": delegation.team_id,
        "delegation_id": delegation.id,
        "at": now,
        "event": event,
        "state": delegation.state,
        "trouble": delegation.trouble,
        "ends_at": delegation.ends_at or delegation.until,
        "length": delegation.length,
        "association_id": delegation.association_id,
    }


def _concerned(
    before: Delegation | None, after: Delegation, actor: str | None
) -> dict[str, str | None]:
    was = ("", "") if before is None else (before.reason, before.note)
    text = after.reason if after.reason != was[0] else after.note if after.note != was[1] else ""
    return {
        "actor": actor,
        "grantor": after.grantor_id,
        "grantee": after.grantee_id,
        "text": text,
    }

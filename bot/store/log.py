"""The log in SQL: what is written down of everything that decides something, and its particulars.

Rows are only ever added; triggers of the database see to that, and give each its place in the next
seal (``models.seal``).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypedDict, Unpack

from sqlalchemy import Connection, Select, bindparam, func, insert, select
from sqlalchemy.sql.dml import ReturningInsert

from bot.store.rows import many, prepared
from models.delegation import Delegation, Event
from models.event import Deed, EventRecord, events
from models.particulars import PERSONAL, apart, particulars

TERMS = ("delegation_id", "association_id", "ends_at", "length")

_columns = events.c


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
    """Writes entries with their particulars, and reads them again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

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
        if noted:
            self._write(noted)

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
        self._write(
            [
                (_entry(after, event, now), _concerned(before, after, actor))
                for before, after in moved
            ]
        )

    def history(self, delegation_id: str) -> Sequence[EventRecord]:
        """What happened to one delegation, oldest first."""
        return many(self._connection, EventRecord, _history(), of_delegation=delegation_id)

    def _write(self, noted: Sequence[tuple[dict[str, Any], Mapping[str, Any]]]) -> None:
        laid = [(entry, *apart(**personal)) for entry, personal in noted]
        rows = [entry | digests for entry, digests, _ in laid]
        # Each has salts of its own: by its digests it is known which row is whose.
        ids = {tuple(row[1:]): row[0] for row in self._connection.execute(_adding(), rows)}
        beside = [
            {"event_id": ids[tuple(digests.values())], **kept}
            for _, digests, kept in laid
            if any(digests.values())
        ]
        if beside:
            self._connection.execute(insert(particulars), beside)


@prepared
def _adding() -> ReturningInsert[Any]:
    return insert(events).returning(_columns.id, *(_columns[f"{name}_digest"] for name in PERSONAL))


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

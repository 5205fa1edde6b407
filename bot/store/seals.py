"""Seals in SQL: what waits for one, what each covers, and the log as it is read from end to end.

A row that waits was written down by the database with its entry (migration 0013). So an entry whose
transaction commits late waits like any other, however many with higher ids are sealed by then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    LargeBinary,
    RowMapping,
    Select,
    Update,
    bindparam,
    func,
    insert,
    select,
    tuple_,
    update,
)

from bot.store.executing import prepared
from bot.store.rows import batched, many, one
from models.event import Deed, Entry, events
from models.particulars import Particulars, apart, particulars
from models.rows import from_row, to_row
from models.seal import Seal, Sealing, digest_of, sealed, sealings, seals

# The fields of what stands beside an entry and of its place in a seal, each with how its column is
# called in a row of the whole log.
_BESIDE = {each.name: f"beside_{each.name}" for each in fields(Particulars)}
_PLACE = {each.name: f"sealing_{each.name}" for each in fields(Sealing)}

# The second condition is always true: by it both databases look into the index of what is open.
_IS_OPEN = (sealings.c.seal.is_(None), sealings.c.event_id > 0)


@dataclass(frozen=True, slots=True)
class Line:
    """An entry with what stands beside it, and with its place in a seal; without a place it got
    into the log behind the database's back."""

    entry: Entry
    beside: Particulars | None
    sealing: Sealing | None


class Seals:
    """Reads what waits for a seal, and seals it; reads the log and its seals a page at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def last(self) -> Seal | None:
        """The head of the chain; None while nothing was sealed."""
        statement = select(seals).order_by(seals.c.number.desc()).limit(1)
        return one(self._connection, Seal, statement)

    def waiting(self, *, limit: int) -> Sequence[Line]:
        """The next that no seal covers, by their ids."""
        open_ = select(sealings.c.event_id).where(*_IS_OPEN).order_by(sealings.c.event_id)
        return self._lines(lines_of(open_.limit(limit)))

    def waiting_since(self) -> datetime | None:
        """When the oldest entry was made that no seal covers; None where there is none."""
        statement = (
            select(events.c.at)
            .join(sealings, sealings.c.event_id == events.c.id)
            .where(*_IS_OPEN)
            .order_by(sealings.c.event_id)
            .limit(1)
        )
        moment: datetime | None = self._connection.execute(statement).scalar()
        return moment

    def seal(self, lines: Sequence[Line], *, now: datetime) -> Seal | None:
        """Seal these, which wait; None where there are none.

        What an older release wrote has its actor laid beside first. Of two that seal at the same
        moment one waits for the other, and leaves out what has its seal by then.
        """
        open_ = self._locked([each.entry.id for each in lines])
        entries = [self._laid_beside(each.entry) for each in lines if each.entry.id in open_]
        if not entries:
            return None
        digests = [(each.id, digest_of(each)) for each in entries]
        seal = sealed(self.last(), digests, at=now)
        self._connection.execute(insert(seals).values(to_row(seal)))
        covered = [
            {"of_event": event_id, "by_seal": seal.number, "with_digest": digest}
            for event_id, digest in digests
        ]
        self._connection.execute(_covering(), covered)
        return seal

    def page(self, *, after: int, limit: int) -> Sequence[Line]:
        """The next entries of the whole log, by their ids."""
        next_ = select(events.c.id).where(events.c.id > after).order_by(events.c.id)
        return self._lines(lines_of(next_.limit(limit)))

    def chain(self, *, after: int, limit: int) -> Sequence[Seal]:
        """The next seals, by their numbers."""
        statement = select(seals).where(seals.c.number > after)
        return many(self._connection, Seal, statement.order_by(seals.c.number).limit(limit))

    def covered(self, *, after: tuple[int, int], limit: int) -> Sequence[tuple[Sealing, bool]]:
        """The next that are sealed, by their seals and ids, each with whether it is still in the
        log; ``after`` is a seal and an id."""
        columns = sealings.c
        statement = (
            select(sealings, events.c.id.is_not(None).label("is_there"))
            .outerjoin(events, events.c.id == columns.event_id)
            .where(columns.seal.is_not(None), tuple_(columns.seal, columns.event_id) > after)
            .order_by(columns.seal, columns.event_id)
            .limit(limit)
        )
        found = self._connection.execute(statement).mappings()
        return [(from_row(Sealing, row), bool(row["is_there"])) for row in found]

    def erased(self) -> int:
        """How many details were erased, as the log says."""
        statement = select(func.coalesce(func.sum(events.c.amount), 0)).where(
            events.c.deed == Deed.ERASED
        )
        return int(self._connection.execute(statement).scalar_one())

    def _lines(self, statement: Select[Any]) -> Sequence[Line]:
        return [as_line(row) for row in self._connection.execute(statement).mappings()]

    def _locked(self, event_ids: Sequence[int]) -> set[int]:
        """Which of these still wait; nobody else seals them in this transaction's time."""
        found: set[int] = set()
        for few in batched(sorted(event_ids)):
            still = select(sealings.c.event_id).where(*_IS_OPEN, sealings.c.event_id.in_(few))
            locked = still.order_by(sealings.c.event_id).with_for_update()
            found.update(self._connection.execute(locked).scalars())
        return found

    def _laid_beside(self, entry: Entry) -> Entry:
        if entry.actor is None or entry.actor_digest is not None:
            return entry
        digests, beside = apart(actor=entry.actor)
        self._connection.execute(insert(particulars).values(event_id=entry.id, **beside))
        laid = {"actor": None, "actor_digest": digests["actor_digest"]}
        self._connection.execute(update(events).where(events.c.id == entry.id).values(laid))
        return replace(entry, actor=None, actor_digest=digests["actor_digest"])


@prepared
def whole_lines() -> Select[tuple[object, ...]]:
    """Entries with all that stands beside them, by their ids."""
    beside = [particulars.c[name].label(label) for name, label in _BESIDE.items()]
    place = [sealings.c[name].label(label) for name, label in _PLACE.items()]
    return (
        select(events, *beside, *place)
        .outerjoin(particulars, particulars.c.event_id == events.c.id)
        .outerjoin(sealings, sealings.c.event_id == events.c.id)
        .order_by(events.c.id)
    )


def lines_of(ids: Select[tuple[int]]) -> Select[Any]:
    """The entries with these ids, of which there are a few: asked for all of it behind some place,
    PostgreSQL goes through everything that stands beside what is before, for each page anew."""
    return whole_lines().where(events.c.id.in_(select(ids.cte("few").c[0])))


def as_line(row: RowMapping) -> Line:
    """One row of :func:`whole_lines`."""
    beside = {name: row[label] for name, label in _BESIDE.items()}
    place = {name: row[label] for name, label in _PLACE.items()}
    return Line(
        from_row(Entry, row),
        None if beside["event_id"] is None else Particulars(**beside),
        None if place["event_id"] is None else Sealing(**place),
    )


@prepared
def _covering() -> Update:
    return (
        update(sealings)
        .where(sealings.c.event_id == bindparam("of_event", type_=Integer))
        .values(
            seal=bindparam("by_seal", type_=Integer),
            digest=bindparam("with_digest", type_=LargeBinary),
        )
    )

"""The log as an auditor reads it: in its order, or right by right. Everything a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, tuple_

from bot.store.rows import many
from bot.store.seals import Line, as_line, lines_of
from models.delegation import delegations
from models.event import Deed, EventRecord, events
from models.particulars import particulars

_columns = events.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What an auditor may ask for: from one moment on, until before another; certain deeds only."""

    since: datetime | None = None
    until: datetime | None = None
    deeds: Sequence[Deed] = ()


@dataclass(frozen=True, kw_only=True)
class Step(EventRecord):
    """A transition of a delegation, with who is concerned and what was typed; an older release did
    not write these down, so that they are the delegation's own."""

    grantor: str
    grantee: str
    text: str | None
    ends_at: datetime | None
    association_id: str | None


class Ledger:
    """Reads the log."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def entries(self, wanted: Stretch, *, after: int, limit: int) -> Sequence[Line]:
        """The next entries of this stretch, by their ids."""
        statement = select(_columns.id).where(_columns.id > after).order_by(_columns.id)
        if wanted.since is not None:
            statement = statement.where(_columns.at >= wanted.since)
        if wanted.until is not None:
            statement = statement.where(_columns.at < wanted.until)
        if wanted.deeds:
            statement = statement.where(_columns.deed.in_(wanted.deeds))
        found = self._connection.execute(lines_of(statement.limit(limit))).mappings()
        return [as_line(row) for row in found]

    def steps(self, *, after: tuple[str, int], limit: int) -> Sequence[Step]:
        """The next transitions of all delegations, one delegation after the other; ``after`` is the
        id of a delegation and that of an entry."""
        page = (
            select(_columns.id)
            .where(tuple_(_columns.delegation_id, _columns.id) > after, _columns.event.is_not(None))
            .order_by(_columns.delegation_id, _columns.id)
            .limit(limit)
            .cte("page")
        )
        d, p = delegations.c, particulars.c
        plain = ("id", "delegation_id", "at", "event", "state", "trouble", "association_id")
        statement = (
            select(
                *(_columns[name] for name in plain),
                func.coalesce(p.actor, _columns.actor).label("actor"),
                func.coalesce(p.grantor, d.grantor_id).label("grantor"),
                func.coalesce(p.grantee, d.grantee_id).label("grantee"),
                p.text,
                _columns.ends_at,
            )
            .join(delegations, d.id == _columns.delegation_id)
            .outerjoin(particulars, p.event_id == _columns.id)
            .where(_columns.id.in_(select(page.c.id)))
            .order_by(_columns.delegation_id, _columns.id)
        )
        return many(self._connection, Step, statement)

"""What is due in one table: claimed, kept, put off, and done.

A claim is one statement, so that no two workers ever get the same row: PostgreSQL skips rows that
another transaction holds; SQLite has one writer at a time and ignores the clause. The lease lets a
row become claimable again when its worker died.

``wake_at`` is a moment of the bot's clock. A lease is between processes, so that it is measured by
the one clock that they share (:func:`lease_clock`).
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Enum,
    Integer,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    case,
    false,
    func,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from bot.store.executing import execute, prepared
from bot.store.rows import FIRST, MOST_PARAMETERS, batched, by_id, many
from models.base import UtcTime

AT_ONCE = 20  # rows that are hurried to the same moment,
SLOT = timedelta(seconds=0.5)  # the time until the next,
SLOTS = 20  # and how many such moments there are at most


EVERY: ColumnElement[bool] = true()
AT_NOW: ColumnElement[datetime] = bindparam("at_now", type_=UtcTime)  # when it is claimed
# Always true, and its transaction does not wait for the disk. A lease that is lost when the server
# falls was never given: what must not be done twice has a mark of its own, which is durable before.
LIGHTLY = text("set_config('synchronous_commit', 'off', true) = 'off'")


class Row(Protocol):
    """Anything with a ``wake_at`` in the database."""

    @property
    def id(self) -> str:
        """Its primary key."""

    @property
    def wake_at(self) -> datetime | None:
        """When it is due; None while nothing is."""

    @property
    def leased_until(self) -> datetime | None:
        """How long somebody has it, by the clock of the database."""


Item = TypeVar("Item", bound=Row)


def lease_clock(connection: Connection, *, ahead: timedelta = timedelta()) -> ColumnElement[Any]:
    """The present of the database when the statement runs, ``ahead`` of it.

    All that share a SQLite file are on one machine and have one clock; SQLite has none itself.
    """
    return _clock(connection.dialect.name, ahead)


@cache
def _clock(dialect: str, ahead: timedelta) -> ColumnElement[Any]:
    if dialect == "sqlite":
        return bindparam("present", callable_=partial(_present, ahead), type_=UtcTime, unique=True)
    return func.statement_timestamp(type_=DateTime(timezone=True)) + ahead


def _present(ahead: timedelta) -> datetime:
    return datetime.now(UTC) + ahead


@cache
def readable(table: Table) -> ColumnElement[bool]:
    """The rows that hold only words which this release knows: a newer one may have written others
    before it was taken back (docs/decisions/0011)."""
    known = []
    for column in table.columns:
        if isinstance(column.type, Enum):  # written out: a hundred parameters would take longer
            words = ", ".join(f"'{word}'" for word in column.type.enums)
            name = f"{table.name}.{column.name}"
            known.append(text(f"({name} IS NULL OR {name} IN ({words}))"))
    return and_(true(), *known)


class Due(Generic[Item]):
    """The rows of one table that have a ``wake_at``.

    ``seen`` is the column that tells whether a row was changed since it was claimed. With
    ``counts_claims`` its ``attempts`` are counted at each claim, so that an attempt that died
    half-way is noticed by the next. Rows that are due at the same moment come in the order of
    ``then_by``, which is a team and a person; which of theirs can share a step says ``shared``, at
    the moment :data:`AT_NOW`. ``retried`` says which rows wait for another attempt when they have
    ``attempts``.
    """

    only = EVERY  # which rows are due at all

    def __init__(
        self,
        connection: Connection,
        table: Table,
        kind: type[Item],
        *,
        seen: str = "wake_at",
        counts_claims: bool = False,
        then_by: Sequence[Column[Any]] = (),
        shared: ColumnElement[bool] = EVERY,
        retried: ColumnElement[bool] | None = None,
    ) -> None:
        self._connection = connection
        self._table = table
        self._kind = kind
        self._seen = seen
        self._counts_claims = counts_claims
        self._then_by = tuple(then_by)
        self._dialect = connection.dialect.name
        self._shared = shared
        self._retried = retried

    def claim(self, *, now: datetime, lease: timedelta, limit: int) -> Sequence[Item]:
        """Lease up to ``limit`` rows whose ``wake_at`` has come, earliest first. What this release
        cannot read is left to a newer one, and keeps nothing else waiting."""
        return self._leased(self._asked(_claiming, lease), at_now=now, at_most=limit)

    def claim_with(
        self, claimed: Sequence[Item], *, now: datetime, lease: timedelta
    ) -> Sequence[Item]:
        """Lease whatever else is due and can share a step with one of these."""
        people: defaultdict[str, set[str]] = defaultdict(set)
        team_id, person_id = self._then_by
        for each in claimed:
            people[getattr(each, team_id.name)].add(getattr(each, person_id.name))
        statement = self._asked(_claiming_with, lease, shared=self._shared)
        found: list[Item] = []
        for team, theirs in sorted(people.items()):
            found += self._leased(statement, at_now=now, its_team=team, its_people=sorted(theirs))
        return found

    def _asked(
        self, claiming: Callable[..., ReturningUpdate[Any]], lease: timedelta, **more: Any
    ) -> ReturningUpdate[Any]:
        """The prepared statement for these rows."""
        counts, whose = self._counts_claims, self._then_by
        of = {"counts_claims": counts, "only": self.only, **more}
        return claiming(self._dialect, self._table, whose, lease, **of)

    def _leased(self, statement: ReturningUpdate[Any], **wanted: object) -> Sequence[Item]:
        """The rows as their steps take them."""
        return many(self._connection, self._kind, statement, **wanted)

    def is_still_claimed(self, item: Item) -> bool:
        """Whether nobody else has claimed it, or shown it, since: where claims are counted."""
        present = self._present(item.id)
        return present is not None and _shown(present) == _shown(item)

    def _present(self, item_id: str) -> Row | None:
        return by_id(self._connection, self._kind, self._table, item_id)

    def hurry(self, *, now: datetime, within: timedelta) -> None:
        """Have what would be tried again ``within`` this time tried now, a few at a time.

        For a start: whatever it was that did not answer may be back.
        """
        columns = self._table.c
        waiting = (
            select(columns.id)
            .where(
                columns.wake_at > now,
                columns.wake_at <= now + within,
                columns.attempts > 0,
                columns.leased_until.is_(None),
                true() if self._retried is None else _only_filters(self._retried),
            )
            .order_by(columns.wake_at)
            .with_for_update(skip_locked=True)
        )
        ids = self._connection.execute(waiting).scalars().all()
        size = min(max(AT_ONCE, -(-len(ids) // SLOTS)), MOST_PARAMETERS)
        for slot, few in enumerate(batched(ids, size)):
            self._connection.execute(
                update(self._table).where(columns.id.in_(few)).values(wake_at=now + slot * SLOT)
            )

    def doubt(self, *conditions: ColumnElement[bool]) -> None:
        """What waits for its first attempt, of all or of these, may have been shown already, and
        nobody knows it any more: it is looked for first."""
        columns = self._table.c
        self._connection.execute(
            update(self._table)
            .where(columns.wake_at.is_not(None), columns.attempts == 0, *conditions)
            .values(attempts=1)
        )

    def prolong(self, ids: Sequence[str], *, lease: timedelta) -> None:
        """Keep rows that are still being worked on for another ``lease``.

        A row that is just being written is left out until the next time: waiting for several rows
        while somebody else waits for one of them would be a deadlock.
        """
        columns = self._table.c
        for few in batched(ids):
            free = (
                select(columns.id)
                .where(columns.id.in_(few), columns.leased_until.is_not(None))
                .with_for_update(skip_locked=True)
                .cte("free")
            )
            self._connection.execute(
                update(self._table)
                .where(columns.id.in_(select(free.c.id)))
                .values(leased_until=lease_clock(self._connection, ahead=lease))
            )

    def next_wake(self) -> Select[tuple[datetime]]:
        """Finds the earliest moment at which a row that nobody has leased is due."""
        return _next_wake(self._dialect, self._table, self.only)

    def first_wake(self) -> Select[tuple[datetime]]:
        """Finds the earliest moment at which a row is due, also one that is worked on, or that only
        a newer release can read: it waits all the same."""
        return _first_wake(self._table)

    def free(self, item_id: str) -> None:
        """Give a lease back without changing anything else."""
        self._connection.execute(
            update(self._table).where(self._table.c.id == item_id).values(leased_until=None)
        )

    def give_back(self, item: Item) -> None:
        """Give back the lease with which this was claimed; one that was given since stays."""
        self._connection.execute(
            _giving_back(self._table), {"this": item.id, "its_lease": item.leased_until}
        )

    def put_off(self, item: Item, *, wake_at: datetime | None, **values: Any) -> None:
        """Give the lease back and try again at ``wake_at``; None waits for the next change.

        A change that came since ``item`` was claimed stays due at once. Where changes are counted
        it is due again even if somebody else has dealt with it: who was overtaken may have had the
        last word.
        """
        statement = _putting_off(self._table, self._seen, tuple(values))
        seen = {"this": item.id, "seen": getattr(item, self._seen), "was_due_at": item.wake_at}
        new = {f"new_{name}": value for name, value in values.items()}
        execute(self._connection, statement, seen | new | {"due_at": wake_at})

    def rest(self, item: Item, **values: Any) -> None:
        """All is done until the next change; one that came since the claim counts as the next."""
        self.put_off(item, wake_at=None, attempts=0, **values)


@prepared
def _claiming(
    dialect: str,
    table: Table,
    then_by: tuple[Column[Any], ...],
    lease: timedelta,
    *,
    counts_claims: bool,
    only: ColumnElement[bool],
) -> ReturningUpdate[Any]:
    """Leases up to ``at_most`` rows that are due ``at_now``, earliest first."""
    earliest = _due(dialect, table, only).order_by(table.c.wake_at, *then_by)
    wanted = earliest.limit(bindparam("at_most", type_=Integer))
    return _leasing(dialect, table, wanted, lease, counts_claims=counts_claims)


@prepared
def _claiming_with(
    dialect: str,
    table: Table,
    whose: tuple[Column[Any], ...],
    lease: timedelta,
    *,
    counts_claims: bool,
    only: ColumnElement[bool],
    shared: ColumnElement[bool],
) -> ReturningUpdate[Any]:
    """Leases what is due ``at_now`` and is of ``its_people``: of all that is over, not of all that
    was ever theirs."""
    team_id, person_id = whose
    are_theirs = person_id.in_(bindparam("its_people", expanding=True))
    is_theirs = _only_filters(and_(team_id == bindparam("its_team"), are_theirs))
    wanted = _due(dialect, table, only).where(shared, is_theirs)
    return _leasing(dialect, table, wanted, lease, counts_claims=counts_claims)


@prepared
def _giving_back(table: Table) -> Update:
    columns = table.c
    lease = bindparam("its_lease", type_=columns.leased_until.type)
    is_unchanged = and_(columns.id == bindparam("this"), columns.leased_until == lease)
    return update(table).where(is_unchanged).values(leased_until=None)


@prepared
def _putting_off(table: Table, seen: str, changed: tuple[str, ...]) -> Update:
    columns = table.c
    is_unchanged = columns[seen].is_not_distinct_from(bindparam("seen", type_=columns[seen].type))
    wake_at, is_counted = columns.wake_at, seen != columns.wake_at.name
    was_due_at = bindparam("was_due_at", type_=UtcTime)
    due_at = func.coalesce(wake_at, was_due_at) if is_counted else wake_at
    return (
        update(table)
        .where(columns.id == bindparam("this"))
        .values(
            wake_at=case((is_unchanged, bindparam("due_at", type_=UtcTime)), else_=due_at),
            leased_until=None,
            **{name: bindparam(f"new_{name}") for name in changed},
        )
    )


def _leasing(
    dialect: str,
    table: Table,
    wanted: Select[tuple[str]],
    lease: timedelta,
    *,
    counts_claims: bool,
) -> ReturningUpdate[Any]:
    counted = {"attempts": table.c.attempts + 1} if counts_claims else {}
    due = wanted.with_for_update(skip_locked=True).cte("due")
    is_light = dialect == "postgresql" and not counts_claims
    return (
        update(table)
        .where(table.c.id.in_(select(due.c.id)), *([LIGHTLY] if is_light else []))
        .values(leased_until=_clock(dialect, lease), **counted)
        .returning(*table.c)
    )


def _due(dialect: str, table: Table, only: ColumnElement[bool]) -> Select[tuple[str]]:
    is_due = table.c.wake_at <= AT_NOW
    return select(table.c.id).where(is_due, _is_free(dialect, table), readable(table), only)


@prepared
def _next_wake(dialect: str, table: Table, only: ColumnElement[bool]) -> Select[tuple[datetime]]:
    return (
        select(table.c.wake_at)
        .where(table.c.wake_at.is_not(None), _is_free(dialect, table), readable(table), only)
        .order_by(table.c.wake_at)
        .limit(FIRST)
    )


@prepared
def _first_wake(table: Table) -> Select[tuple[datetime]]:
    wake_at = table.c.wake_at
    return select(wake_at).where(wake_at.is_not(None)).order_by(wake_at).limit(FIRST)


def _is_free(dialect: str, table: Table) -> ColumnElement[bool]:
    leased_until = table.c.leased_until
    return or_(leased_until.is_(None), leased_until <= _clock(dialect, timedelta()))


def _only_filters(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The same, in a form that leads to no index. Where its statistics are poor, PostgreSQL would
    go through all of a partial index of which the condition reminds it."""
    return case((condition, true()), else_=false())


def _shown(item: Row) -> tuple[object, ...]:
    return tuple(getattr(item, name, None) for name in ("attempts", "message_ts", "told"))

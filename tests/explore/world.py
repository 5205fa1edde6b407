"""One state of everything, as a value; and what makes two states the same."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import LargeBinary

from models.base import UtcTime, metadata
from models.delegation import Delegation, Event
from models.policy import Policy, Rule
from tests.explore.close import Close
from tests.explore.effects import Effect
from tests.explore.people import ADA, Aim
from tests.explore.rows import Snapshot
from tests.explore.slack import EMPTY, Slack

OPEN = ("requested", "approved", "active", "ending")
LONG_AGO = 1_000.0  # seconds; nothing that is decided here asks further back,
DONE_WITH = 121.0  # and of what is closed no further than this
FAR = 600.0  # seconds; what is further ahead counts in steps of so many
MOST_ATTEMPTS = 11  # with more the pause is the longest there is
UTC_TEXT = "%Y-%m-%d %H:%M:%S.%f"


@dataclass(frozen=True, slots=True)
class Origin:
    """How a coroutine began: a worker's group of claimed rows, or somebody's act."""

    label: str
    worker: str = ""
    group: tuple[Any, ...] = ()
    act: str = ""
    aim: Aim | None = None
    is_cancelled_by: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """A coroutine under way: what it was told so far (``log``), and what it waits for."""

    origin: Origin
    log: int
    pending: Effect

    @property
    def row_ids(self) -> tuple[str, ...]:
        """The rows that it works on."""
        return tuple(each.id for each in self.origin.group)


@dataclass(frozen=True, slots=True)
class Budget:
    """How often each thing may still happen on a path."""

    acts: tuple[int, ...]
    faults: int
    crashes: int
    pauses: int
    by_hand: int


@dataclass(frozen=True, slots=True)
class World:
    """One state. ``facts`` is what people were promised and what was done by hand."""

    rows: Snapshot
    now: datetime
    close: Close
    budget: Budget
    slack: Slack = EMPTY
    tasks: tuple[Task, ...] = ()
    gone: frozenset[str] = frozenset()
    facts: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Scenario:
    """What may happen on a path, and how often."""

    name: str
    acts: Mapping[str, int]
    faults: int = 0
    crashes: int = 0
    pauses: int = 0
    by_hand: int = 0
    processes: int = 2
    is_connected: bool = True
    has_twins: bool = False
    workers: Sequence[str] = ("delegations",)
    first: Sequence[str] = ()
    rules: Sequence[Rule] = ()
    policy: Policy = field(
        default_factory=lambda: Policy(
            pending_ttl=timedelta(minutes=30), remind_before=timedelta(minutes=2)
        )
    )

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that decide anything here; what is written elsewhere is let go."""
        shown = ("cards",) if "cards" in self.workers else ()
        return (*TABLES, *shown)


TABLES = ("delegations", "connections", "standing_approvals", "strays", "comparisons", "departures")


def as_text(moment: datetime) -> str:
    """A moment as SQLite holds it."""
    return moment.replace(tzinfo=None).strftime(UTC_TEXT)


@cache
def as_moment(text: str) -> datetime:
    """And back."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@cache
def columns(table: str) -> Mapping[str, int]:
    """Where each column is in a row."""
    return {each.name: place for place, each in enumerate(metadata.tables[table].columns)}


@cache
def _times(table: str) -> frozenset[int]:
    every = metadata.tables[table].columns
    return frozenset(place for place, each in enumerate(every) if isinstance(each.type, UtcTime))


@cache
def _secrets(table: str) -> frozenset[int]:
    every = metadata.tables[table].columns
    kinds = (LargeBinary,)
    return frozenset(place for place, each in enumerate(every) if isinstance(each.type, kinds))


def distance(moment: datetime, now: datetime, *, oldest: float = LONG_AGO) -> float:
    """How far a moment is from now, as exactly as it matters."""
    seconds = (moment - now).total_seconds()
    if seconds > FAR:
        return FAR * round(seconds / FAR)
    return round(max(seconds, -oldest), 1)


def rows_as_value(tables: Sequence[str], rows: Snapshot, now: datetime) -> tuple[Any, ...]:
    """The rows without what makes no difference: exact moments, counted versions."""
    versions = versions_of(rows)
    return tuple(
        tuple(_row_as_value(table, row, now, versions) for row in each)
        for table, each in zip(tables, rows, strict=True)
    )


def versions_of(rows: Snapshot) -> dict[str, int]:
    """The version of each delegation."""
    where = columns("delegations")
    return {row[where["id"]]: row[where["version"]] for row in rows[0]}


def _row_as_value(
    table: str, row: tuple[Any, ...], now: datetime, versions: Mapping[str, int]
) -> tuple[Any, ...]:
    where, times = columns(table), _times(table)
    is_closed = table == "delegations" and row[where["state"]] not in OPEN
    oldest = DONE_WITH if is_closed and row[where["wake_at"]] is None else LONG_AGO
    found = [
        distance(as_moment(value), now, oldest=oldest)
        if place in times and value is not None
        else value
        for place, value in enumerate(row)
    ]
    if "attempts" in where:
        found[where["attempts"]] = min(row[where["attempts"]], MOST_ATTEMPTS)
    if table == "cards":
        told = versions.get(row[where["delegation_id"]], 0)
        found[where["shown_version"]] = told - row[where["shown_version"]]
    elif "version" in where:
        found[where["version"]] = 0
    return tuple(found)


_PLAIN = (str, int, float, type(None), bytes, timedelta, frozenset)


def as_value(value: Any, now: datetime, versions: Mapping[str, int]) -> Any:
    """The same for what a coroutine was told."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, datetime):
        return distance(value, now)
    if isinstance(value, list | tuple):
        return tuple([as_value(each, now, versions) for each in value])
    if isinstance(value, Mapping):
        return as_value(list(value.items()), now, versions)
    if isinstance(value, Exception):
        return type(value).__name__, str(value)
    if isinstance(value, Delegation):
        newer = value.version - versions.get(value.id, 0)
        parts = [as_value(getattr(value, name), now, versions) for name in _BUT_VERSION]
        return newer, *parts
    if is_dataclass(value):
        return tuple([as_value(each, now, versions) for each in _parts(value)])
    return value


def exactly(value: Any) -> Any:
    """What a coroutine was told, as a key."""
    try:
        hash(value)
    except TypeError:
        if isinstance(value, Mapping):
            value = list(value.items())
        parts = value if isinstance(value, list | tuple) else _parts(value)
        return tuple([exactly(each) for each in parts])
    return value


def _parts(value: Any) -> Sequence[Any]:
    return [getattr(value, each) for each in _names(value)]


def _names(value: Any) -> Sequence[str]:
    return _names_of(cast("Hashable", type(value)))


@cache
def _names_of(kind: Hashable) -> Sequence[str]:
    return [each.name for each in fields(cast("Any", kind))]


_BUT_VERSION = [each.name for each in fields(Delegation) if each.name != "version"]


def close_as_value(close: Close, now: datetime) -> tuple[Any, ...]:
    """Close without what makes no difference."""
    behind = close.is_behind(now) and close.behind_until is not None
    return (
        close.held,
        close.made,
        close.before if behind else (),
        distance(close.behind_until, now) if behind and close.behind_until else None,
        tuple(
            (each.effect_name, each.ask, each.makers, distance(each.until, now))
            for each in close.late
        ),
        close.dead,
    )


@dataclass(frozen=True, slots=True)
class Right:
    """What the invariants need of one row."""

    id: str
    grantor_id: str
    grantee_id: str
    state: str
    association_id: str | None
    is_unclear: bool
    is_taken_over: bool
    attempted_at: str | None
    ends_at: str | None
    ended_at: str | None
    end_event: str | None
    grantee_close_id: str | None
    wake_at: str | None
    leased_until: str | None
    lapses_at: str
    trouble: str | None
    has_twin: bool | None
    version: int

    @property
    def is_open(self) -> bool:
        """Whether something can still happen."""
        return self.state in OPEN

    @property
    def is_unanswered(self) -> bool:
        """Whether Close may have made something for it that nobody has seen."""
        return bool(self.is_unclear or (self.attempted_at and not self.association_id))

    def is_over(self, now: str) -> bool:
        """Whether Close should hold it no longer."""
        has_run_out = self.state == "active" and self.ends_at is not None and self.ends_at <= now
        return self.state == "ending" or has_run_out


_RIGHT = tuple(each.name for each in fields(Right))


def rights(rows: Snapshot) -> list[Right]:
    """All delegations, as they came."""
    return [_right(row) for row in rows[0]]


@cache
def _right(row: tuple[Any, ...]) -> Right:
    where = columns("delegations")
    return Right(*(row[where[name]] for name in _RIGHT))


def newest(rows: Snapshot, grantee: str) -> Right | None:
    """The newest delegation of Ada's to this one."""
    found = [each for each in rights(rows) if (each.grantor_id, each.grantee_id) == (ADA, grantee)]
    return found[-1] if found else None


def is_connected(world: World, *, since: str) -> bool:
    """Whether Ada's connection works, and did before that moment, as far as the bot knows."""
    where = columns("connections")
    return any(
        row[where["is_alive"]]
        and not row[where["leaving_at"]]
        and row[where["connected_at"]] < since
        for row in world.rows[1]
    )


EXPIRE = Event.EXPIRE.value

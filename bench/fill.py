"""Years of use (``bench.past``), written straight into the database, as it lies there when they are
over: nothing is due, all is sealed, and everything is on the disk."""

import asyncio
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    cast,
    create_engine,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.sql.selectable import CTE

from bench.ground import Ground
from bench.house import written
from bench.past import DIGEST, Past, Stretch, past
from models.aftermath import Course, aftermaths
from models.base import new_id
from models.card import Audience, cards
from models.chore import Chore, ChoreKind, chores
from models.delegation import Event, State, delegations
from models.event import events
from models.particulars import particulars
from models.round import DAILY, Round, rounds
from models.rows import to_row
from models.seal import sealings, seals
from sandbox.people import TEAM_ID

FILLED = (delegations, cards, aftermaths, events, particulars, sealings)
BARE = ("journal_mode=OFF", "synchronous=OFF", "cache_size=-400000", "temp_store=MEMORY")

crowd = Table(
    "bench_crowd",
    MetaData(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("user_id", String),
    Column("close_id", String),
    Column("email", String),
    Column("salt", LargeBinary),
    Column("digest", LargeBinary),
    prefixes=["TEMPORARY"],
)
_grantor, _grantee = crowd.alias("grantor"), crowd.alias("grantee")


async def filled(ground: Ground, kind: str, size: int) -> str:
    """The address of a database of its own with so many delegations in it."""

    async def made() -> str:
        url = await ground.migrated(kind)
        await fill(url, size)
        return url

    return await ground.copied(("filled", kind, str(size)), made)


async def fill(database_url: str, size: int) -> None:
    """So many delegations with their cards, and an entry of the log for each, which is sealed; into
    a database that is empty, and that no bot uses."""
    lies = await asyncio.to_thread(past, size)
    if database_url.startswith("sqlite"):
        await asyncio.to_thread(_into_sqlite, database_url, lies)
    else:
        await written(database_url, lambda connection: _into_postgresql(connection, lies))
        await _settled(database_url)


def _into_sqlite(url: str, lies: Past) -> None:
    """Without a journal: a file that is lost on the way is made anew."""
    engine = create_engine(url)
    with engine.connect() as connection:
        for pragma in BARE:
            connection.exec_driver_sql(f"PRAGMA {pragma}")
        sql = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = 'events_insert'"
        trigger = connection.exec_driver_sql(sql).scalar_one()
        connection.exec_driver_sql("DROP TRIGGER events_insert")
        _fill(connection, lies)
        connection.exec_driver_sql(trigger)
        connection.commit()
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    engine.dispose()
    # Else it is written while somebody's commit waits for the disk.
    with Path(url.removeprefix("sqlite:///")).open("rb+") as file:
        os.fsync(file)


def _into_postgresql(connection: Connection, lies: Past) -> None:
    for setting in ("session_replication_role = replica", "maintenance_work_mem = '256MB'"):
        connection.exec_driver_sql(f"SET LOCAL {setting}")
    _fill(connection, lies)
    next_id = select(func.setval(func.pg_get_serial_sequence("events", "id"), len(lies)))
    connection.execute(next_id)


async def _settled(url: str) -> None:
    """What PostgreSQL does after such a change by itself, at some moment."""
    connection = await asyncpg.connect(url)
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")
    await connection.close()


def _fill(connection: Connection, lies: Past) -> None:
    crowd.create(connection)
    connection.execute(insert(crowd), [_row(each) for each in lies.people])
    with _indexed_afterwards(connection):
        for stretch in lies.stretches:
            if stretch.count:
                _insert(connection, lies, stretch)
        _insert_cards(connection)
        _insert_aftermaths(connection)
    connection.execute(insert(seals), [to_row(each) for each in lies.seals])
    _insert_routine(connection)


def _insert_routine(connection: Connection) -> None:
    """What is done once a day was done just now."""
    now = datetime.now(UTC)
    walk = Round(
        id=new_id(),
        team_id=TEAM_ID,
        installed_at=now - timedelta(days=365),
        finished_at=now,
        wake_at=now + DAILY,
    )
    connection.execute(insert(rounds).values(to_row(walk)))
    for kind in (ChoreKind.HEAD, ChoreKind.RETENTION):
        done = Chore(id=kind.value, kind=kind, done_at=now, wake_at=now + DAILY)
        connection.execute(insert(chores).values(to_row(done)))


def _row(somebody: Any) -> dict[str, Any]:
    return {column.name: getattr(somebody, column.name) for column in crowd.columns}


@contextmanager
def _indexed_afterwards(connection: Connection) -> Iterator[None]:
    """An index is sooner made of what is there than kept up meanwhile.

    They come in their old order: of two that seem as good to it, SQLite takes the later one.
    """
    indexes = {index.name: index for table in FILLED for index in table.indexes}
    if connection.dialect.name == "sqlite":
        made = "SELECT name FROM sqlite_master WHERE type = 'index' ORDER BY rowid"
        names = connection.exec_driver_sql(made).scalars().all()
        indexes = {name: indexes[name] for name in names if name in indexes}
    for index in indexes.values():
        index.drop(connection)
    yield
    for index in indexes.values():
        index.create(connection)


def _insert(connection: Connection, lies: Past, stretch: Stretch) -> None:
    """Its delegations, each of another pair, and what the log has of them."""
    people, numbers = len(lies.people), _numbers(stretch.count)
    place = numbers.c.number
    number = place + stretch.begin
    if stretch.apart is None:
        apart: ColumnElement[int] = number // people % (people - 1) + 1
        grantor = number % people
    else:
        apart, grantor = literal(stretch.apart), place % people
    both = (
        numbers.join(_grantor, _grantor.c.number == grantor)
        .join(_grantee, _grantee.c.number == (grantor + apart) % people)
    )  # fmt: skip
    delegation_id = literal(f"{stretch.name}-") + cast(number, String)
    _copy(connection, delegations, _delegation(stretch, delegation_id), both)
    _copy(connection, events, _entry(stretch, number + 1, delegation_id), both)
    _copy(connection, particulars, _beside(number + 1), both)
    digests = literal(lies.digests_of(stretch), LargeBinary)
    place_in_seal = {
        "event_id": number + 1,
        "seal": number // lies.seals[0].amount + 1,
        "digest": func.substr(digests, place * DIGEST + 1, DIGEST),
    }
    _copy(connection, sealings, place_in_seal, numbers)


def _numbers(count: int) -> CTE:
    """From 0 on."""
    numbers = select(literal(0).label("number")).cte("numbers", recursive=True)
    more = select(numbers.c.number + 1).where(numbers.c.number < count - 1)
    return numbers.union_all(more)


Values = Mapping[str, ColumnElement[Any]]


def _delegation(stretch: Stretch, delegation_id: ColumnElement[str]) -> Values:
    alike = {
        column: literal(value, delegations.c[column].type)
        for column, value in to_row(stretch.template).items()
    }
    return alike | {
        "id": delegation_id,
        "grantor_id": _grantor.c.user_id,
        "grantee_id": _grantee.c.user_id,
        "requester_id": _grantee.c.user_id,
        "grantee_email": _grantee.c.email,
        "addresses": _grantor.c.email,
        "association_id": literal("sdas_") + delegation_id,
        "grantor_close_id": _grantor.c.close_id,
        "grantee_close_id": _grantee.c.close_id,
    }


def _entry(
    stretch: Stretch, event_id: ColumnElement[int], delegation_id: ColumnElement[str]
) -> Values:
    return {
        "id": event_id,
        "delegation_id": delegation_id,
        "at": literal(stretch.template.requested_at, events.c.at.type),
        "event": literal(Event.REQUEST, events.c.event.type),
        "state": literal(State.REQUESTED, events.c.state.type),
        "team_id": literal(TEAM_ID),
        "length": literal(stretch.template.length, events.c.length.type),
        "actor_digest": _grantee.c.digest,
        "grantor_digest": _grantor.c.digest,
        "grantee_digest": _grantee.c.digest,
    }


def _beside(event_id: ColumnElement[int]) -> Values:
    who = {"actor": _grantee, "grantor": _grantor, "grantee": _grantee}
    names: Values = {name: each.c.user_id for name, each in who.items()}
    salts: Values = {f"{name}_salt": each.c.salt for name, each in who.items()}
    return {"event_id": event_id, **names, **salts}


def _insert_cards(connection: Connection) -> None:
    for audience, reader in (
        (Audience.GRANTOR, delegations.c.grantor_id),
        (Audience.GRANTEE, delegations.c.grantee_id),
    ):
        values = {
            "id": delegations.c.id + literal(f"-{audience.value}"),
            "delegation_id": delegations.c.id,
            "audience": literal(audience, cards.c.audience.type),
            "recipient": reader,
            "channel_id": literal("D") + func.substr(reader, 2),
            "message_ts": literal("1790000000.000100"),
            "shown_version": delegations.c.version,
            "attempts": literal(0),
        }
        _copy(connection, cards, values)


def _insert_aftermaths(connection: Connection) -> None:
    """Close was asked what goes on, and it was nothing."""
    d = delegations.c
    none = dict.fromkeys(
        ("subscriptions", "enrolments", "waiting", "unpaused", "undrafted", "attempts"), literal(0)
    )
    values = {
        "id": d.id,
        "team_id": d.team_id,
        "grantor_id": d.grantor_id,
        "grantee_id": d.grantee_id,
        "together": d.id,
        "course": literal(Course.NOTHING, aftermaths.c.course.type),
        "created_at": d.ended_at,
        "looked_at": d.ended_at,
        **none,
    }
    over = select(*values.values()).where(d.ended_at.is_not(None))
    connection.execute(insert(aftermaths).from_select(list(values), over))


def _copy(connection: Connection, table: Table, values: Values, of: Any = None) -> None:
    rows: Select[Any] = select(*values.values())
    rows = rows if of is None else rows.select_from(of)
    connection.execute(insert(table).from_select(list(values), rows))

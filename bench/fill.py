"""Years of use, written straight into the database: most of it over, a little of it open."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, Table, cast, func, insert, literal, select
from sqlalchemy.sql.selectable import CTE

from bench.house import written
from bench.rights import active
from bench.stage import person
from models.card import Audience, cards
from models.delegation import Delegation, Event, State, delegations
from models.event import events
from models.rows import to_row

MOST_PEOPLE = 5_000
FEWEST_EACH = 20  # rights that somebody has given; as many, to have
OPEN_EACH = 2  # of these, at every size: what a person sees does not grow with what is stored
STRETCHES = 50  # moments at which what is over began
DAYS = 14  # between two of them
FIRST = (8, 15)  # from a grantor to the grantees of what is open


async def fill(database_url: str, size: int) -> None:
    """So many delegations, with their cards and an event each."""
    await written(database_url, lambda connection: _fill(connection, size))


def _fill(connection: Connection, size: int) -> None:
    people, now = min(MOST_PEOPLE, size // FEWEST_EACH), datetime.now(UTC)
    for place in range(OPEN_EACH):
        _insert(connection, _template(now + timedelta(days=20)), f"open{place}", people, people)
    over = size - OPEN_EACH * people
    for stretch in range(STRETCHES):
        end = now - timedelta(days=DAYS * stretch + 1)
        count = over // STRETCHES + (stretch < over % STRETCHES)
        _insert(connection, _over(end), f"over{stretch}", count, people, skip=stretch * count)
    _insert_cards(connection)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ANALYZE")  # as its autovacuum does after such a change


def _template(ends_at: datetime) -> Delegation:
    somebody = person(0)
    association = {
        name: f"{name}_of_somebody"
        for name in ("id", "organization_id", "allowing_user_id", "allowed_user_id")
    }
    return active((somebody, somebody), ends_at, association)


def _over(ended_at: datetime) -> Delegation:
    return replace(
        _template(ended_at),
        state=State.ENDED,
        ended_at=ended_at,
        end_event=Event.EXPIRE,
        wake_at=None,
    )


def _insert(
    connection: Connection,
    template: Delegation,
    name: str,
    count: int,
    people: int,
    skip: int = 0,
) -> None:
    """So many rows like this one, each of another pair."""
    numbers = _numbers(count)
    number = numbers.c.number + skip
    apart = number // people % (people - 1) + 1
    if name.startswith("open"):
        apart = literal(FIRST[int(name.removeprefix("open"))])
    grantor, grantee = number % people, (number + apart) % people
    alike = {
        column: literal(value, delegations.c[column].type)
        for column, value in to_row(template).items()
    }
    values: dict[str, ColumnElement[Any]] = alike | {
        "id": literal(f"{name}-") + cast(numbers.c.number, String),
        "grantor_id": _user(grantor),
        "grantee_id": _user(grantee),
        "requester_id": _user(grantee),
    }
    connection.execute(insert(delegations).from_select(list(values), select(*values.values())))


def _numbers(count: int) -> CTE:
    """From 0 on."""
    numbers = select(literal(0).label("number")).cte("numbers", recursive=True)
    more = select(numbers.c.number + 1).where(numbers.c.number < count - 1)
    return numbers.union_all(more)


def _user(number: ColumnElement[int]) -> ColumnElement[str]:
    """The id of this one of the crowd."""
    return literal("U0REP") + func.substr(cast(1_000_000 + number, String), 2)


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
    _insert_events(connection)


def _insert_events(connection: Connection) -> None:
    values = {
        "delegation_id": delegations.c.id,
        "at": delegations.c.requested_at,
        "event": literal(Event.REQUEST, events.c.event.type),
        "state": literal(State.REQUESTED, events.c.state.type),
        "actor": delegations.c.requester_id,
    }
    _copy(connection, events, values)


def _copy(connection: Connection, table: Table, values: Mapping[str, ColumnElement[Any]]) -> None:
    connection.execute(insert(table).from_select(list(values), select(*values.values())))

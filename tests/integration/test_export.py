"""Exports: any number of entries in little memory, cells that no spreadsheet calculates, and who
had which right on a day."""

import json
import tracemalloc
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.connections.vault import Vault
from bot.delegations.people.retention import hashing
from bot.projections import export
from bot.projections.export import Format, Writer, entries, gap, held, names_of
from bot.projections.rights import Right, rights
from bot.store import Database, Store
from bot.store.ledger import Stretch
from models.delegation import Delegation, Event, State
from models.event import Deed
from tests.integration.rows import NOON, TEAM, add, delegation
from tests.integration.test_commands import KEY

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MANY = (
    "INSERT INTO events (at, deed, subject_id) WITH RECURSIVE n(i) AS"
    " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number})"
    " SELECT '2026-11-23 12:00:00', 'connected', 'x' FROM n"
)


async def peak(database: Database) -> tuple[int, int]:
    """How many records there are, and how many bytes were needed at once."""
    number = 0
    writer = Writer(Format.CSV, names_of(is_of_day=False))
    tracemalloc.start()
    try:
        async for record in entries(database, Stretch()):
            writer.line(record)
            number += 1
        return number, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def test_memory_does_not_grow(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times as many entries need no more memory, two pages of them or twenty."""
    monkeypatch.setattr(export, "PAGE", 500)

    def fill(number: int, connection: Connection) -> None:
        connection.exec_driver_sql(MANY.format(number=number))

    await database.run_connection(lambda each: fill(1_000, each), is_patient=True)
    few, little = await peak(database)
    await database.run_connection(lambda each: fill(9_000, each), is_patient=True)
    many, much = await peak(database)
    assert (few, many) == (1_000, 10_000)
    assert much < 1.5 * little


async def test_a_stretch(database: Database) -> None:
    """From a moment on, until before another, and certain deeds only."""

    def note(store: Store) -> None:
        for number, deed in enumerate((Deed.CONNECTED, Deed.REVIEW_KEPT, Deed.CONNECTED)):
            store.log.note(deed, team_id=TEAM, now=NOON + number * DAY, actor="U0ADA", text="=1+1")

    await database.run(note)

    async def found(wanted: Stretch) -> list[Any]:
        return [record["what"] async for record in entries(database, wanted)]

    assert await found(Stretch()) == ["connected", "review_kept", "connected"]
    assert await found(Stretch(since=NOON + DAY)) == ["review_kept", "connected"]
    assert await found(Stretch(until=NOON + DAY)) == ["connected"]
    assert await found(Stretch(deeds=(Deed.REVIEW_KEPT,))) == ["review_kept"]
    record = await anext(aiter(entries(database, Stretch())))
    assert "'=1+1" in Writer(Format.CSV, names_of(is_of_day=False)).line(record)
    assert json.loads(Writer(Format.JSONL, ()).line(record))["text"] == "=1+1"


async def lived(database: Database, row: Delegation, *, hours: float | None) -> None:
    """Approved at noon, asked of Close an hour later, and revoked so many hours after that."""
    await add(database, row)

    def live(store: Store) -> None:
        now = NOON + HOUR
        moved = store.delegations.apply(row, Event.APPROVE, now=NOON, actor=row.grantor_id)
        moved = store.delegations.apply(moved, Event.ATTEMPT, now=now, attempted_at=now)
        known: dict[str, Any] = {"association_id": "sdas_1", "active_at": now}
        moved = store.delegations.apply(moved, Event.ACTIVATE, now=now + HOUR / 60, **known)
        if hours is not None:
            now += hours * HOUR
            moved = store.delegations.apply(moved, Event.REVOKE, now=now, actor=row.grantor_id)
            store.delegations.apply(moved, Event.CONFIRM, now=now + HOUR)

    await database.run(live)


async def on(database: Database, moment: datetime) -> list[Right]:
    """The rights of the day that begins then."""
    return [each async for each in rights(database, moment, moment + DAY)]


async def test_the_rights_of_a_day(database: Database) -> None:
    """A right counts from when Close was asked for it until Close confirmed that it is gone; what
    was never active is none."""
    over, lasting = delegation(reason="Over"), delegation(reason="Lasting")
    await lived(database, over, hours=30)
    await lived(database, lasting, hours=None)
    await add(database, delegation(state=State.REQUESTED))
    midnight = NOON - 12 * HOUR
    assert await on(database, midnight - DAY) == []
    today = {each.reason: each for each in await on(database, midnight)}
    assert today.keys() == {"Over", "Lasting"}
    assert today["Over"].since == NOON + HOUR
    assert today["Over"].until == NOON + 32 * HOUR
    assert today["Over"].ended_how is Event.REVOKE
    assert today["Over"].allowed_by == today["Over"].ended_by == over.grantor_id
    assert today["Over"].allowed_at == NOON
    assert today["Lasting"].until is None
    assert today["Lasting"].association_id == "sdas_1"
    assert {each.reason for each in await on(database, midnight + DAY)} == {"Over", "Lasting"}
    assert {each.reason for each in await on(database, midnight + 2 * DAY)} == {"Lasting"}
    records = [each async for each in held(database, midnight, midnight + DAY)]
    assert {each["since"] for each in records} == {"2026-11-23T13:00:00Z"}


async def test_a_second_yes_is_not_who_allowed_it(database: Database) -> None:
    """The grantor allowed it, when they agreed, also where a second yes came after; more time that
    somebody agrees to changes nothing of that."""
    row = delegation(second="U0CAT")
    await add(database, row)

    def live(store: Store) -> None:
        agreed = store.delegations.apply(
            row, Event.AGREE, now=NOON, actor=row.grantor_id, agreed_at=NOON
        )
        later = NOON + HOUR
        moved = store.delegations.apply(agreed, Event.APPROVE, now=later, actor="U0CAT")
        moved = store.delegations.apply(moved, Event.ATTEMPT, now=later, attempted_at=later)
        moved = store.delegations.apply(moved, Event.ACTIVATE, now=later, active_at=later)
        store.delegations.apply(moved, Event.AGREE, now=later + HOUR, actor=row.grantor_id)

    await database.run(live)
    [right] = await on(database, NOON - 12 * HOUR)
    assert (right.allowed_by, right.allowed_at) == (row.grantor_id, NOON)
    assert right.seconded_by == "U0CAT"
    [record] = [each async for each in held(database, NOON, NOON + DAY)]
    assert record["seconded_by"] == "U0CAT"


@pytest.mark.parametrize(
    ("connected", "members", "said"),
    [(12, 15, "12 of 15 members connected"), (3, None, "how many members there are could not be")],
)
def test_what_cannot_be_known(connected: int, members: int | None, said: str) -> None:
    """The export names its own gap."""
    assert said in gap(connected, members)


async def test_the_key_of_the_hashes(database: Database) -> None:
    """It stays the same when the encryption keys change; a lost one is replaced."""
    other = "b" * 43 + "="
    first = (await hashing(database, Vault([KEY])))("U0ADA")
    assert (await hashing(database, Vault([other, KEY])))("U0ADA") == first
    assert (await hashing(database, Vault([other])))("U0ADA") == first
    assert (await hashing(database, Vault([KEY])))("U0ADA") != first

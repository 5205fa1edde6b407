"""Whoever owns the database can change what they like, but not unnoticed: whatever is altered in
the log, the proof names the first entry that does not fit."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from bot.process.commands import audit
from bot.projections import proof as proof_of_log
from bot.projections.proof import Proof, prove
from bot.store import Database, Store
from models.event import Deed
from models.seal import Seal, Sealing
from tests.integration.rows import NOON, TEAM
from tests.integration.test_commands import settings_for

TABLES = ("events", "particulars", "seals", "sealings")
SECOND = timedelta(seconds=1)


async def filled(database: Database) -> Sequence[Seal]:
    """Nine entries in three seals, and one that waits."""

    def note(store: Store, number: int) -> None:
        store.log.note(
            Deed.CONNECTED,
            team_id=TEAM,
            now=NOON + number * SECOND,
            actor=f"U0{number}",
            grantor=f"U0{number}",
            text=f"{number}@example.com",
        )

    def write(store: Store) -> list[Seal]:
        found = []
        for number in range(10):
            note(store, number)
            if number in (2, 5, 8):
                store.log.write()  # else only at the end of the transaction
                lines = store.seals.waiting(limit=100)
                seal = store.seals.seal(lines, now=NOON + number * SECOND)
                assert seal is not None
                found.append(seal)
        return found

    return await database.run(write)


async def altered(database: Database, *statements: str) -> None:
    """As whoever owns the database does it, who can switch its triggers off."""

    def change(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            named = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            for (name,) in connection.exec_driver_sql(named).all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for statement in statements:
            connection.exec_driver_sql(statement)

    await database.run_connection(change)


async def proved(database: Database, head: str | None = None) -> Proof:
    """What the proof says."""
    return await prove(database, head=head)


async def test_an_empty_log_holds(database: Database) -> None:
    """Where nothing was written nothing was altered."""
    proof = await proved(database)
    assert proof.holds
    assert (proof.entries, proof.head) == (0, None)


async def test_what_nobody_touched_holds(database: Database) -> None:
    """All of it is counted, and every head that was ever seen is in it."""
    seals = await filled(database)
    proof = await proved(database)
    assert proof.holds
    assert (proof.entries, proof.waiting, proof.erased) == (10, 1, 0)
    assert proof.head == seals[-1]
    for seal in seals:
        assert (await proved(database, seal.digest.hex())).holds
    assert not (await proved(database, "0" * 63 + "1")).holds


ALTERED = {
    "another moment": (5, ("UPDATE events SET at = '2026-11-24 12:00:00' WHERE id = 5",)),
    "another deed": (5, ("UPDATE events SET deed = 'disconnected' WHERE id = 5",)),
    "another subject": (5, ("UPDATE events SET subject_id = 'other' WHERE id = 5",)),
    "another actor": (5, ("UPDATE particulars SET actor = 'U0EVE' WHERE event_id = 5",)),
    "another text": (5, ("UPDATE particulars SET text = 'eve' WHERE event_id = 5",)),
    "a text that was not there": (
        5,
        ("UPDATE particulars SET grantee = 'U0EVE' WHERE event_id = 5",),
    ),
    "an actor who is said to be erased": (
        0,
        ("UPDATE particulars SET actor = '~1', actor_salt = NULL WHERE event_id = 5",),
    ),
    "a text in the place of an erased one": (
        5,
        ("UPDATE particulars SET text = 'eve', text_salt = NULL WHERE event_id = 5",),
    ),
    "somebody in the place of who was erased": (
        5,
        ("UPDATE particulars SET actor = 'U0EVE', actor_salt = NULL WHERE event_id = 5",),
    ),
    "nothing beside": (5, ("DELETE FROM particulars WHERE event_id = 5",)),
    "an entry is gone": (
        5,
        ("DELETE FROM particulars WHERE event_id = 5", "DELETE FROM events WHERE id = 5"),
    ),
    "an entry and its place are gone": (
        4,
        (
            "DELETE FROM particulars WHERE event_id = 5",
            "DELETE FROM events WHERE id = 5",
            "DELETE FROM sealings WHERE event_id = 5",
        ),
    ),
    "the place of an entry is gone": (4, ("DELETE FROM sealings WHERE event_id = 5",)),
    "a place in another seal": (1, ("UPDATE sealings SET seal = 1 WHERE event_id = 5",)),
    "a seal is gone": (4, ("DELETE FROM seals WHERE number = 2",)),
    "the last seal is gone": (7, ("DELETE FROM seals WHERE number = 3",)),
    "another count": (7, ("UPDATE seals SET entries = 8 WHERE number = 3",)),
    "a new entry behind its back": (
        11,
        ("INSERT INTO events (id, at, deed) VALUES (11, '2026-11-23 12:00:00', 'connected')",),
    ),
}


@pytest.mark.parametrize("how", ALTERED)
async def test_what_was_altered_is_named(database: Database, how: str) -> None:
    """The first entry that does not fit is named."""
    await filled(database)
    event_id, statements = ALTERED[how]
    await altered(database, *statements)
    proof = await proved(database)
    assert not proof.holds
    assert proof.misfit is not None
    assert proof.misfit.event_id == event_id, proof.misfit


async def test_what_is_sealed_meanwhile(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A seal that is set while the log is being proved is left to the next proof."""
    await filled(database)
    covered = proof_of_log._covered

    def seal(store: Store) -> None:
        store.seals.seal(store.seals.waiting(limit=100), now=NOON + 10 * SECOND)

    async def read_then_seal(found: Database) -> AsyncIterator[tuple[Sealing, bool]]:
        async for each in covered(found):
            yield each
        await found.run(seal)

    monkeypatch.setattr(proof_of_log, "_covered", read_then_seal)
    proof = await proved(database)
    assert proof.misfit is None
    assert proof.head is not None
    assert proof.head.number == 3
    monkeypatch.undo()
    proof = await proved(database)
    assert proof.holds
    assert proof.head is not None
    assert proof.head.number == 4


async def test_a_rewritten_chain_has_another_head(database: Database) -> None:
    """Who rewrites the whole log, seals included, has a log that holds in itself, without the head
    that the audit channel was told."""
    [*_, last] = await filled(database)
    whole = [f"DELETE FROM {each}" for each in ("sealings", "seals", "particulars", "events")]
    await altered(database, *whole)
    if database.kind == "sqlite":
        await altered(
            database,
            "CREATE TRIGGER events_insert AFTER INSERT ON events"
            " BEGIN INSERT INTO sealings (event_id) VALUES (NEW.id); END",
        )
    await filled(database)
    assert (await proved(database)).holds
    proof = await proved(database, last.digest.hex())
    assert proof.misfit is None
    assert not proof.holds


async def test_what_the_command_says(
    database: Database, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence and a status: 0 where it holds, 1 where it does not."""
    seals = await filled(database)
    settings, head = settings_for(database_url), seals[0].digest.hex()
    assert await audit._verify(settings, None) == 0
    said = capsys.readouterr().out
    assert said.startswith("The log holds: 10 entries, of which 1 wait")
    assert f"Head {seals[-1].digest.hex()}, seal 3, 2026-11-23T12:00:08Z." in said
    assert await audit._verify(settings, f" `{head.upper()}`") == 0
    capsys.readouterr()
    assert await audit._verify(settings, "ab" * 32) == 1
    assert "the head that was given is not in it" in capsys.readouterr().out
    await altered(database, *ALTERED["another moment"][1])
    assert await audit._verify(settings, None) == 1
    assert capsys.readouterr().out == "Entry 5 does not fit: it is not as it was sealed.\n"

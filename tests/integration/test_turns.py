"""Transactions that share a commit on SQLite: what each hears, and what the others hear."""

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from bot.store import Database
from bot.store.sqlite import SqliteBackend
from bot.store.turns import Turn, together
from models.seen_request import seen_requests

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class TooLate(Exception):
    """What a transaction says of what it found."""


def write(name: str) -> Any:
    """A transaction that writes one row."""

    def work(connection: Connection) -> str:
        row = {"signature": name, "arrival": name, "signed_at": NOON}
        connection.execute(seen_requests.insert(), row)
        return name

    return work


def refuse(connection: Connection) -> str:
    """A transaction that finds what another has written, and writes something before it fails."""
    write("mine")(connection)
    raise TooLate(", ".join(found(connection)))


def found(connection: Connection) -> Sequence[str]:
    """The rows that are there."""
    return sorted(connection.execute(seen_requests.select()).scalars())


@pytest.fixture
async def engine(sqlite_url: str) -> Any:
    """The engine of a database's writer."""
    database = Database(sqlite_url)
    assert isinstance(database._backend, SqliteBackend)
    yield database._backend._engine
    await database.dispose()


async def heard(engine: Engine, *works: Any) -> list[Any]:
    """What each of these hears once they have shared a commit."""
    turns = [Turn(work) for work in works]
    waiting = deque(turns[1:])
    together(engine, taken := turns[:1], lambda: waiting.popleft() if waiting else None)
    assert taken == turns
    for turn in turns:
        turn.tell()
    answers: list[Any] = []
    for turn in turns:
        try:
            answers.append(await turn.wait())
        except Exception as error:  # noqa: BLE001 - that is what it hears
            answers.append(error)
    return answers


async def test_one_that_fails(engine: Engine) -> None:
    """It leaves nothing, and takes nothing else along."""
    first, failed, last = await heard(engine, write("first"), refuse, write("last"))
    assert (first, str(failed), last) == ("first", "first, mine", "last")
    with engine.begin() as connection:
        assert found(connection) == ["first", "last"]


async def test_a_commit_that_fails(engine: Engine) -> None:
    """Nobody hears anything else, not even who was refused: what they saw is not so."""

    def full(_connection: Connection) -> None:
        raise OSError("no space is left")

    event.listen(engine, "commit", full)
    answers = await heard(engine, write("first"), refuse, write("last"))
    assert [type(each) for each in answers] == [OSError] * 3
    event.remove(engine, "commit", full)
    with engine.begin() as connection:
        assert found(connection) == []

"""Transactions that share a commit on SQLite: what each hears, and what the others hear."""

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from bot.store import Database, turns
from bot.store.pace import Pace
from bot.store.sqlite import SqliteBackend
from bot.store.turns import Kept, Turn, Turns, alone, tell, together
from models.seen_request import Arrival, arriving, seen_requests
from tests.patience import PATIENCE

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
AT_ONCE = 2  # that go on in one round of the loop


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


@pytest.fixture(autouse=True)
def however_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that stands still for a moment has nobody wait for another commit."""
    monkeypatch.setattr(turns, "LONGEST_TOGETHER", PATIENCE)
    monkeypatch.setattr(turns, "LONGEST_BEHIND", PATIENCE)


@pytest.fixture
async def engine(sqlite_url: str) -> Any:
    """The engine of a database's writer."""
    database = Database(sqlite_url)
    assert isinstance(database._backend, SqliteBackend)
    yield database._backend._engine
    await database.dispose()


async def heard(engine: Engine, *works: Any) -> list[Any]:
    """What each of these hears once they have shared a commit."""
    pace = Pace(1)
    all_of_them = [Turn(work, pace) for work in works]
    waiting = deque(all_of_them[1:])
    together(
        Kept(engine), taken := all_of_them[:1], lambda _: waiting.popleft() if waiting else None
    )
    assert taken == all_of_them
    tell(all_of_them)
    answers: list[Any] = []
    for turn in all_of_them:
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


async def committed(engine: Engine) -> list[str]:
    """In which order these are written while the thread is busy and then free, and where a commit
    comes: two that nobody waits for, and then an ask."""
    done, begun, busy, pace = [], threading.Event(), threading.Event(), Pace(1)
    taken = Turns(Kept(engine), lambda: None)
    event.listen(engine, "commit", lambda _: done.append("commit"))

    def wait(_connection: Connection) -> None:
        begun.set()
        busy.wait()

    def noted(name: str) -> Any:
        def work(connection: Connection) -> None:
            done.append(name)
            write(name)(connection)

        return work

    works = [asyncio.ensure_future(taken.take(Turn(wait, pace)))]
    await asyncio.to_thread(begun.wait)
    works += [
        asyncio.ensure_future(taken.take(Turn(noted(name), pace))) for name in ("card", "home")
    ]
    with arriving(Arrival("ask", signed_at=NOON, received_at=NOON)):
        works.append(asyncio.ensure_future(taken.take(Turn(noted("ask"), pace))))
    await asyncio.sleep(0)
    busy.set()
    await asyncio.gather(*works)
    return done[done.index("commit") + 1 :]


async def test_somebody_waits_for_it(engine: Engine) -> None:
    """What was asked in Slack goes before what came earlier, and is committed by itself."""
    assert await committed(engine) == ["ask", "commit", "card", "home", "commit"]


async def test_others_went_first_for_long(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody waits for has its turn nevertheless, once enough others have gone before it."""
    monkeypatch.setattr(turns, "LONGEST_BEHIND", 0.0)
    assert await committed(engine) == ["card", "ask", "commit", "home", "commit"]


async def test_many_whose_turn_is_over_at_once(engine: Engine) -> None:
    """A few of them hear in each round of the loop, who was clicked by somebody first of all."""
    heard_in: list[list[str]] = [[]]

    async def wait(name: str, turn: Turn) -> None:
        await turn.wait()
        heard_in[-1].append(name)

    names, pace = [f"card {number}" for number in range(3 * AT_ONCE)], Pace(AT_ONCE)
    over = [(name, Turn(write(name), pace)) for name in names]
    with arriving(Arrival("ask", signed_at=NOON, received_at=NOON)):
        over.append(("ask", Turn(write("ask"), pace)))
    waiting = [asyncio.create_task(wait(*each)) for each in over]
    await asyncio.sleep(0)
    for _, turn in over:
        alone(engine, turn)
    tell([turn for _, turn in over])
    while not all(each.done() for each in waiting):
        await asyncio.sleep(0)
        heard_in.append([])
    assert [name for each in heard_in for name in each] == ["ask", *names]
    assert max(len(each) for each in heard_in if "ask" not in each) == AT_ONCE

"""What the model is fed with, and what it is compared with: the real bot between both sandboxes.

Processor time is read from ``/proc``, so this runs on Linux only. What the sandboxes use, which are
in this process, is not counted.
"""

import asyncio
import os
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from pathlib import Path

from cryptography.fernet import Fernet
from sqlalchemy import Connection, text

from bench.many import write_overdue
from bench.rights import Pair
from bench.stage import askers, crowd
from bot.connections.vault import Vault
from bot.store import Database
from sandbox.people import BEN
from sandbox.running import House, open_house
from sandbox.slack.workspace import AUDIT, Message

LIVES = 150
AT_ONCE = 16
QUIET = 3.0  # seconds without a call to Slack or Close; then all is done
SECONDS = 120.0
LOOK = 0.002  # seconds between two looks at what Close still holds
TICKS = os.sysconf("SC_CLK_TCK")  # a second, in which /proc counts
LOOK_INSIDE = """
    SELECT pg_backend_pid(), pg_current_wal_lsn() - '0/0', xact_commit
    FROM pg_stat_database WHERE datname = current_database()
"""
NAMES = re.compile(r"(?<=/)[a-z]+_\w+(?=/)(?<!send_as)")


@dataclass(frozen=True, slots=True)
class Used:
    """What was used since the beginning: processors' seconds, transactions, bytes, calls."""

    bot: float
    database: float
    transactions: int
    log: int
    calls: Counter[str]

    def since(self, before: "Used") -> "Used":
        """What was used in between."""
        return Used(
            self.bot - before.bot,
            self.database - before.database,
            self.transactions - before.transactions,
            self.log - before.log,
            self.calls - before.calls,
        )

    def each(self, lives: int) -> dict[str, float]:
        """For each life; milliseconds, and bytes of PostgreSQL's log."""
        return {
            "bot_ms": round(self.bot / lives * 1000, 1),
            "database_ms": round(self.database / lives * 1000, 1),
            "transactions": round(self.transactions / lives, 1),
            "log_bytes": round(self.log / lives),
            **{name: round(number / lives, 2) for name, number in sorted(self.calls.items())},
        }


async def costs(database_url: str) -> dict[str, dict[str, float]]:
    """What an ask, an approval and an end cost, with all that people see of them.

    Every life has a grantor of its own, so that nothing is done together.
    """
    people = crowd(2 * LIVES)
    pairs = list(zip(askers(people)[:LIVES], askers(people)[LIVES:], strict=True))
    key = Fernet.generate_key().decode()
    async with open_house(database_url=database_url, people=people, ENCRYPTION_KEYS=key) as house:
        await house.bot.stop()
        over = [(grantor, BEN) for grantor, _ in pairs]  # by which every grantor is connected
        await write_overdue(database_url, Vault([key]), house.close, over, house.clock())
        await house.bot.start()
        await _quiet(house)

        async def ask(pair: Pair) -> None:
            await house.slack.command(pair[1], "/sendas", f"@{pair[0].handle} 2h")

        async def approve(pair: Pair) -> None:
            await house.slack.click(pair[0], _asked(house, pair)[0], "Approve")

        found, before = {}, await _used(house, database_url)

        async def note(step: str) -> None:
            nonlocal before
            await _quiet(house)
            now = await _used(house, database_url)
            found[step], before = now.since(before).each(LIVES), now

        await _all(pairs, ask)
        await _until(lambda: all(_asked(house, pair) for pair in pairs))
        await note("ask")
        await _all(pairs, approve)
        await _until(lambda: len(house.close.associations) == LIVES)
        await note("approve")
        house.clock.push(timedelta(hours=3))
        await _until(lambda: not house.close.associations)
        await note("end")
    return found


async def ends(
    database_url: str, grantors: int, grantees: int, a_second: float | None
) -> tuple[Sequence[float], Used]:
    """When each of these rights was gone, in seconds after the first call; and what that took.

    Everybody gave each grantee a right, they end while the bot is down, and Close allows so many
    requests a second.
    """
    people = crowd(grantors + grantees)
    some = askers(people)
    pairs = list(product(some[:grantors], some[grantors:]))
    key = Fernet.generate_key().decode()
    async with open_house(database_url=database_url, people=people, ENCRYPTION_KEYS=key) as house:
        await house.bot.stop()
        await write_overdue(database_url, Vault([key]), house.close, pairs, house.clock())
        house.close.trouble.limit_per_second(a_second)
        house.close.calls.clear()
        before = await _used(house, database_url)
        starting = asyncio.create_task(house.bot.start())
        gone: list[float] = []
        while len(gone) < len(pairs):
            await asyncio.sleep(LOOK)
            fewer = len(pairs) - len(gone) - len(house.close.associations)
            gone += [time.time()] * fewer
        await starting
        ahead = house.clock.ahead.total_seconds()
        began = house.close.calls[0].when.timestamp() - ahead
        return [each - began for each in gone], (await _used(house, database_url)).since(before)


async def _all(pairs: Sequence[Pair], act: Callable[[Pair], Awaitable[None]]) -> None:
    waiting = list(pairs)

    async def work() -> None:
        while waiting:
            await act(waiting.pop())

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


def _asked(house: House, pair: Pair) -> Sequence[Message]:
    return [each for each in house.slack.messages(pair[0]) if "Approve" in each.buttons()]


async def _until(is_done: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not is_done():  # noqa: ASYNC110 - what is looked at is in two places
            await asyncio.sleep(0.2)


async def _quiet(house: House) -> None:
    """Until nothing has been asked of Slack and Close for a while."""
    until = time.monotonic() + SECONDS
    before = -1
    while before != (now := len(house.slack.calls) + len(house.close.calls)):
        if time.monotonic() > until:
            raise TimeoutError("it does not become quiet")
        before = now
        await asyncio.sleep(QUIET)


def _calls(house: House) -> Counter[str]:
    close = (f"{each.method} {NAMES.sub('…', each.path)}" for each in house.close.calls)
    slack = (
        f"{each.method}{' audit' if each.arguments.get('channel') == AUDIT else ''}"
        for each in house.slack.calls
    )
    return Counter(close) + Counter(slack)


async def _used(house: House, database_url: str) -> Used:
    bot = _seconds(house.bot.process_id)
    if database_url.startswith("sqlite"):
        return Used(bot, 0.0, 0, 0, _calls(house))
    database = Database(database_url)

    def look(connection: Connection) -> tuple[int, int, int]:
        row = connection.execute(text(LOOK_INSIDE)).one()
        return int(row[0]), int(row[1]), int(row[2])

    try:
        backend, log, transactions = await database.run_connection(look)
        server = int(_fields(backend)[1])
        seconds = sum(_seconds(each) for each in (server, *_children(server)))
    finally:
        await database.dispose()
    return Used(bot, seconds, transactions, log, _calls(house))


def _fields(process_id: int | None) -> list[str]:
    """What ``/proc`` says of a process after its name: state, parent, …; zeros once it ended."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ["0"] * 15


def _seconds(process_id: int | None) -> float:
    """Its processor time, and that of its children that have ended."""
    return sum(int(each) for each in _fields(process_id)[11:15]) / TICKS


def _children(parent: int) -> Sequence[int]:
    everybody = (int(each.name) for each in Path("/proc").glob("[0-9]*"))
    return [each for each in everybody if _fields(each)[1] == str(parent)]

"""The hand that steps two processes: it says who goes on, and sees who waits for whose lock."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from bot.store import Database
from tests.machine.runner import Order
from tests.patience import MOMENT, PATIENCE

ROOT = Path(__file__).parents[2]
BLOCKED = text("SELECT 1 WHERE cardinality(pg_blocking_pids(:pid)) > 0")


@dataclass(frozen=True, slots=True)
class Report:
    """How an order came out."""

    refused: str | None
    failed: str | None


@dataclass
class Stepped:
    """One process as the hand sees it: where it is, or that it waits for a lock, or is done."""

    process: asyncio.subprocess.Process
    viewer: Database
    at: str | None = None
    is_blocked: bool = False
    report: Report | None = None
    _pid: int = 0
    _line: "asyncio.Task[dict[str, Any]] | None" = None

    def _tell(self, order: Mapping[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{json.dumps(order)}\n".encode())

    async def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        assert line, "the process has ended"
        said: dict[str, Any] = json.loads(line)
        return said

    async def start(self, order: Order, now: datetime, *, is_free: bool) -> None:
        """Begin to follow an order, as far as the first stop; ``is_free`` without any."""
        self.at, self.report = None, None
        self._tell({**order, "now": now.isoformat(), "is_free": is_free})
        await self.come_to_a_stop()

    async def go_on(self, now: datetime) -> None:
        """From this stop to the next."""
        self.at = None
        self._tell({"word": "go", "now": now.isoformat()})
        await self.come_to_a_stop()

    async def come_to_a_stop(self) -> None:
        """Until it stops, is done, or waits for a lock that somebody else holds."""
        self.is_blocked = False
        async with asyncio.timeout(PATIENCE):
            while not (self.at or self.report or self.is_blocked):
                self._line = self._line or asyncio.create_task(self._read())
                await asyncio.wait([self._line], timeout=MOMENT)
                if self._line.done():
                    said, self._line = self._line.result(), None
                    self._take(said)
                else:
                    self.is_blocked = await self._waits_for_a_lock()

    def _take(self, said: Mapping[str, Any]) -> None:
        self._pid = said.get("pid", self._pid)
        self.at = said.get("at")
        if said.get("done"):
            self.report = Report(said.get("refused"), said.get("failed"))

    async def _waits_for_a_lock(self) -> bool:
        pid = self._pid

        def look(connection: Connection) -> bool:
            return connection.scalar(BLOCKED, {"pid": pid}) is not None

        is_waiting: bool = await self.viewer.run_connection(look)
        return is_waiting


@dataclass(frozen=True, slots=True)
class Ran:
    """One schedule as it went: the stops of both in order, the reports, and whether the last
    switch came only after whoever was to be interrupted had come to its end."""

    trace: Sequence[str]
    reports: Sequence[Report]
    is_past_the_end: bool


@dataclass(frozen=True, slots=True)
class Task:
    """What one of them is to do, and what time it is there."""

    order: Order
    tell: Callable[[], datetime]


async def run(
    both: Sequence[Stepped],
    tasks: Sequence[Task],
    first: int,
    switches: Sequence[int],
    at_a_switch: Callable[[], Awaitable[None]] | None = None,
) -> Ran:
    """The first goes on for so many stops, then the other, and so forth; then each to its end.

    Whoever waits for a lock is left until the other has let go of it.
    """
    trace: list[str] = []
    for each in both:
        each.report = None
    begun = [False, False]
    turn, is_past_the_end = first, False
    for count in switches:
        is_past_the_end = await _turn(both, tasks, begun, turn, count, trace)
        turn = 1 - turn
        if at_a_switch is not None:
            await at_a_switch()
    for number in (turn, 1 - turn):
        await _turn(both, tasks, begun, number, sys.maxsize, trace)
    while left := [number for number in (0, 1) if both[number].report is None]:
        free = [number for number in left if not both[number].is_blocked]
        await _turn(both, tasks, begun, (free or left)[0], sys.maxsize, trace)
    reports = [each.report for each in both if each.report is not None]
    return Ran(trace, reports, is_past_the_end)


async def _turn(
    both: Sequence[Stepped],
    tasks: Sequence[Task],
    begun: list[bool],
    turn: int,
    count: int,
    trace: list[str],
) -> bool:
    """So many stops of one; whether it was at its end before."""
    one, other = both[turn], both[1 - turn]
    for _ in range(count):
        if begun[turn] and one.report is not None:
            return True
        if one.is_blocked:
            await _unblocked(both)
            if one.is_blocked:
                return False
        elif not begun[turn]:
            begun[turn] = True
            await one.start(tasks[turn].order, tasks[turn].tell(), is_free=False)
        else:
            trace.append(f"{'AB'[turn]} {one.at}")
            await one.go_on(tasks[turn].tell())
        if other.is_blocked:
            await other.come_to_a_stop()
    return False


async def _unblocked(both: Sequence[Stepped]) -> None:
    """Whoever waited for a lock looks again whether it has it."""
    for each in both:
        if each.is_blocked:
            await each.come_to_a_stop()


@asynccontextmanager
async def open_processes(
    environment: Mapping[str, str], viewer: Database
) -> AsyncIterator[Sequence[Stepped]]:
    """Two of them; they end with the context."""
    async with AsyncExitStack() as stack:
        both = []
        for _ in range(2):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.machine.runner"),
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            stack.push_async_callback(_end, process)
            both.append(Stepped(process, viewer))
        for each in both:
            assert await each._read() == {"ready": True}
        yield both


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()

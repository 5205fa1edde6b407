"""The bot's processes, each with a clock of its own, and the one address that Slack knows."""

import asyncio
import contextlib
import itertools
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from sandbox.running import RunningBot, SandboxClock, free_port

STARTS_WITHIN = 180.0  # seconds; several start at once, while others work
RUNS, PAUSED, DOWN = "runs", "paused", "down"


class Member:
    """One process: whether it runs, and how wrong its clock is."""

    def __init__(self, port: int, environment: Mapping[str, str], folder: Path) -> None:
        folder.mkdir()
        self.port = port
        self.clock = SandboxClock(folder / "clock")
        more = {"PORT": str(port), "CLOCK_FILE": str(self.clock.path)}
        self.bot = RunningBot(port, {**environment, **more}, folder)
        self.state = DOWN
        self.skew = timedelta()

    def set_skew(self, skew: timedelta) -> None:
        """Have its clock go wrong by this much."""
        self.clock.push(skew - self.skew)
        self.skew = skew

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        await self.bot.start(STARTS_WITHIN)
        self.state = RUNS

    async def kill(self) -> None:
        """``kill -9``."""
        self.state = DOWN
        await self.bot.kill()

    async def stop(self) -> None:
        """SIGTERM, and wait until it has gone."""
        self.state = DOWN
        await self.bot.stop()

    def pause(self) -> None:
        """SIGSTOP: it is there and does nothing."""
        self._signal(signal.SIGSTOP)
        self.state = PAUSED

    def go_on(self) -> None:
        """SIGCONT."""
        if self.state == PAUSED:
            self._signal(signal.SIGCONT)
            self.state = RUNS

    def _signal(self, number: signal.Signals) -> None:
        if self.bot.process_id is not None:
            os.kill(self.bot.process_id, number)


class Front:
    """One address for all processes: each new connection goes to the next one that takes it.

    What breaks there breaks here, which is what Slack would see.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self._turns = itertools.cycle(range(len(ports)))
        self._ports = ports
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Join a new connection to a process; without one it is closed."""
        for port in self._in_turn():
            try:
                there, back = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            self._join(reader, back)
            self._join(there, writer)
            return
        writer.close()

    def _in_turn(self) -> Sequence[int]:
        first = next(self._turns)
        return [*self._ports[first:], *self._ports[:first]]

    def _join(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_pump(source, sink))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Let everybody go."""
        for task in self._tasks:
            task.cancel()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                sink.write(data)
                await sink.drain()
    finally:
        sink.close()


class Fleet:
    """All processes behind their front."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members

    def running(self) -> Sequence[Member]:
        """Those that can do something."""
        return [each for each in self.members if each.state == RUNS]

    def push(self, how_far: timedelta) -> None:
        """Push all their clocks ahead."""
        for each in self.members:
            each.clock.push(how_far)

    async def recover(self) -> None:
        """Everybody runs, with the right time."""
        for each in self.members:
            each.go_on()
            each.set_skew(timedelta())
        await asyncio.gather(*(each.start() for each in self.members if not each.bot.is_running))

    async def stop(self) -> None:
        """Stop all of them."""
        for each in self.members:
            each.go_on()
        await asyncio.gather(*(each.stop() for each in self.members))


@contextlib.asynccontextmanager
async def open_fleet(
    size: int, environment: Mapping[str, str], folder: Path, front_port: int
) -> AsyncIterator[Fleet]:
    """So many processes behind one address; none of them is started yet."""
    async with contextlib.AsyncExitStack() as stack:
        ports = [stack.enter_context(free_port()) for _ in range(size)]
        members = [
            Member(port, environment, folder / f"bot{number}") for number, port in enumerate(ports)
        ]
        front = Front(ports)
        server = await asyncio.start_server(front.serve, "127.0.0.1", front_port)
        stack.callback(front.close)
        stack.callback(server.close)
        fleet = Fleet(members)
        stack.push_async_callback(fleet.stop)
        yield fleet

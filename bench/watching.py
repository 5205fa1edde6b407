"""A bot that is watched, as seen from here."""

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from bench.house import House
from bench.running import Running
from bench.watched import Seen

TELLS_WITHIN = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Watched:
    """The process, and where it writes what it has seen."""

    process: Running
    path: Path

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.process.url

    async def seen(self) -> Seen:
        """What it has seen since it was asked last."""
        await asyncio.to_thread(self.path.unlink, missing_ok=True)
        self.process.signal(signal.SIGUSR1)
        return await asyncio.to_thread(_read, self.path)


@contextlib.asynccontextmanager
async def watched(house: House, database_url: str) -> AsyncIterator[Watched]:
    """The bot on this database, watched."""
    path = house.folder / f"seen-{time.monotonic_ns()}.json"
    async with house.bot(database_url, "bench.watched", BENCH_SEEN=str(path)) as process:
        yield Watched(process, path)


def _read(path: Path) -> Seen:
    deadline = time.monotonic() + TELLS_WITHIN
    while not path.exists():
        if time.monotonic() > deadline:
            raise TimeoutError("it does not say what it has seen")
        time.sleep(0.01)
    return Seen(**json.loads(path.read_text()))

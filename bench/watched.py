"""The bot itself, with somebody who counts: ``python -m bench.watched serve``.

At SIGUSR1 it writes what it has seen since the last time to the file that ``BENCH_SEEN`` names.
Counting costs a little, so times are taken from a bot that nobody watches, unless a line says so.
"""

import asyncio
import gc
import json
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from bot import __main__ as bot
from bot.process.commands import service
from bot.process.settings import Settings
from bot.store.only_reads import EXECUTING, only_reads

TICK = 0.002  # seconds
WAITED = Path("/proc/thread-self/schedstat")
WRITES = ("INSERT", "UPDATE", "DELETE")


@dataclass(slots=True)
class Seen:
    """What happened since the last time: statements and write locks in all, the statements and
    seconds of the largest transaction, for how many seconds the event loop stood still at most,
    without those in which it could have gone on and other programs had the processors, and with
    them; for how many of processor time it was at work in one go, and how long Python looked for
    garbage in one go."""

    statements: int = 0
    write_locks: int = 0
    largest: int = 0
    largest_seconds: float = 0.0
    stall: float = 0.0
    stall_in_all: float = 0.0
    work: float = 0.0
    collection: float = 0.0


class Watcher:
    """Listens to every engine of this process, and to its event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = Seen()
        self._collects = 0.0

    def listen(self) -> None:
        """From now on, count."""
        event.listen(Engine, "begin", self._begun)
        # Whoever listens to what SQLAlchemy does besides has statements go a longer way.
        for each in EXECUTING:
            event.listen(Engine, each, self._executes)
        event.listen(Engine, "commit", self._committed)
        gc.callbacks.append(self._collecting)

    def tell(self) -> None:
        """Write down what was seen, and begin anew."""
        fresh = self._path.with_suffix(".fresh")
        fresh.write_text(json.dumps(asdict(self._seen)))
        fresh.replace(self._path)
        self._seen = Seen()

    async def watch_loop(self) -> None:
        """See when it stands still."""
        while True:
            due, worked, waited = time.monotonic() + TICK, time.thread_time(), _waited()
            await asyncio.sleep(TICK)
            late = time.monotonic() - due
            self._seen.stall_in_all = max(self._seen.stall_in_all, late)
            self._seen.stall = max(self._seen.stall, late - (_waited() - waited))
            self._seen.work = max(self._seen.work, time.thread_time() - worked)

    def _collecting(self, phase: str, _details: object) -> None:
        if phase == "start":
            self._collects = time.perf_counter()
        else:
            took = time.perf_counter() - self._collects
            self._seen.collection = max(self._seen.collection, took)

    def _begun(self, connection: Connection) -> None:
        connection.info["seen_began"] = (time.monotonic(), 0)
        # On SQLite the lock is taken once, at the beginning.
        is_taken = connection.dialect.name == "sqlite" and not only_reads(connection)
        self._seen.write_locks += is_taken

    def _executes(self, _cursor: object, statement: str, _parameters: object, context: Any) -> None:
        connection = context.root_connection
        self._seen.statements += 1
        if statement.startswith(WRITES) or "FOR UPDATE" in statement:
            self._seen.write_locks += connection.dialect.name != "sqlite"
        if connection.in_transaction():  # else SQLAlchemy still sets it up
            began, count = connection.info.get("seen_began", (time.monotonic(), 0))
            connection.info["seen_began"] = (began, count + 1)

    def _committed(self, connection: Connection) -> None:
        began, count = connection.info.get("seen_began", (time.monotonic(), 0))
        if count > self._seen.largest:
            self._seen.largest = count
            self._seen.largest_seconds = time.monotonic() - began


def _waited() -> float:
    """For how many seconds this thread has waited for a processor (docs.kernel.org/scheduler/
    sched-stats.html); 0 where the system does not say."""
    try:
        return int(WAITED.read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


def main() -> int:
    """Run the bot's command line, watched."""
    watcher, serve = Watcher(Path(os.environ["BENCH_SEEN"])), service.until_told
    watcher.listen()

    async def watched(settings: Settings) -> int:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, watcher.tell)
        watching = asyncio.create_task(watcher.watch_loop())
        try:
            return await serve(settings)
        finally:
            watching.cancel()

    service.until_told = watched
    return bot.main()


if __name__ == "__main__":
    sys.exit(main())

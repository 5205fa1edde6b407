"""Whether this process still does its work. Once it does not, it never will again: it has to end.

A database, a Slack or a Close that is away is no such reason: starting anew would not mend it.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog

from bot.clock.scheduler import Clock
from bot.clock.worker import Worker
from bot.store import Database

LOOK_EVERY = 1.0  # seconds
STRIKES = 20  # looks in a row: a process that was paused gets the time to come round


class Health:
    """What ``/healthz`` says, and what ends the process."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self._is_lost = asyncio.Event()
        self._strikes = 0

    async def watch(self, workers: Sequence[Worker[Any]], clock: Clock, database: Database) -> None:
        """Look now and then, for as long as they are at work."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if ended := [worker.name for worker in workers if worker.has_ended]:
                self._lose(f"worker {ended[0]} has ended")
            self._doubt(_doubt(workers, clock, database))

    def _doubt(self, problem: str | None) -> None:
        self._strikes = 0 if problem is None else self._strikes + 1
        if problem is not None and self._strikes >= STRIKES:
            self._lose(problem)

    def _lose(self, problem: str) -> None:
        if self.problem is None:
            structlog.get_logger("bot.process.health").critical("lost", problem=problem)
            self.problem = problem
            self._is_lost.set()

    async def until_lost(self) -> None:
        """Wait until the process has to end."""
        await self._is_lost.wait()


def _doubt(workers: Sequence[Worker[Any]], clock: Clock, database: Database) -> str | None:
    for worker in workers:
        if worker.is_stuck:
            return f"worker {worker.name} is stuck"
    if not clock.is_ticking:
        return "the clock has stopped"
    if database.is_stuck:
        return "a transaction does not end"
    return None

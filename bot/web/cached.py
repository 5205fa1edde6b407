"""A look that costs nothing when hammered: one a second, and nobody waits long for it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")

KEPT_FOR = 1.0  # seconds
LIMIT = 0.6  # seconds that whoever asks waits: an answer within one second whatever happens


class Cached(Generic[Value]):
    """Answers with what ``look`` found within the last second.

    One look at a time; while it takes longer than anybody waits, all hear at once that it does.
    """

    def __init__(self, look: Callable[[], Awaitable[Value]]) -> None:
        self._look = look
        self._looking: asyncio.Task[Value] | None = None
        self._began = 0.0

    async def answer(self) -> Value | None:
        """What was found; None when it takes too long. Raises what ``look`` raises."""
        now = time.monotonic()
        if self._looking is None or (self._looking.done() and now - self._began > KEPT_FOR):
            self._began = now
            self._looking = asyncio.create_task(self._run())
        await asyncio.wait([self._looking], timeout=max(0.0, self._began + LIMIT - now))
        return self._looking.result() if self._looking.done() else None

    async def _run(self) -> Value:
        return await self._look()

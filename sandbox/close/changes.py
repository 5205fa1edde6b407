"""Telling those who wait that something changed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

Value = TypeVar("Value")


class Changes:
    """Wakes waiting tests at each change and feeds the subscribers of a live page."""

    def __init__(self) -> None:
        self._next = asyncio.Event()
        self._subscribers: list[asyncio.Queue[str]] = []

    def tell(self, what: str) -> None:
        """Say that something changed; ``what`` is one word or line for the subscribers."""
        self._next.set()
        self._next = asyncio.Event()
        for queue in self._subscribers:
            queue.put_nowait(what)

    async def wait_for(
        self,
        predicate: Callable[[], Value],
        *,
        timeout: float,
        describe: Callable[[], str],
    ) -> Value:
        """Return the first true value of ``predicate``, looked at now and after each change.

        Raises ``AssertionError`` with ``describe()`` after ``timeout`` seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                while not (value := predicate()):
                    await self._next.wait()
                return value
        except TimeoutError:
            raise AssertionError(describe()) from None

    @contextlib.asynccontextmanager
    async def subscribed(self) -> AsyncIterator[asyncio.Queue[str]]:
        """Yield a queue of everything told while the block runs."""
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._subscribers.append(queue)
        try:
            yield queue
        finally:
            self._subscribers.remove(queue)

"""Who goes first: what nobody waits for has few places, so that somebody in Slack who waits for an
answer has few others beside them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from models.seen_request import current_arrival

PLACES = 3  # for the transactions of workers
LONGEST_BEHIND = 0.1  # seconds; then one begins without a place


class Precedence:
    """Lets the transactions of requests go before those of the workers."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(PLACES)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """The time of one transaction, once it is its turn."""
        has_place = current_arrival() is None and await self._entered()
        try:
            yield
        finally:
            if has_place:
                self._places.release()

    async def _entered(self) -> bool:
        try:
            async with asyncio.timeout(LONGEST_BEHIND):
                return await self._places.acquire()
        except TimeoutError:
            return False

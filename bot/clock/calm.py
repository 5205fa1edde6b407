"""People go first: while one after another is answered, what nobody waits for waits a moment.

What is over never waits for them, and nothing else for long: ``bot.clock.scheduler``.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

QUICK = 0.005  # seconds from an answer to the next request, so that these come one after another
OUT = 0.02  # seconds that anything waits for the answers that are under way,
LONGEST = 0.25  # and for those that follow them


class Calm:
    """Who is being answered now, and whether others follow."""

    def __init__(self) -> None:
        self._under_way = 0
        self._is_busy = False  # one came while another was answered, or right after
        self._answered: float | None = None  # monotonic, the last of them
        self._all_out = asyncio.Event()
        self._all_out.set()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Inside, somebody is being answered."""
        self._is_busy = self._under_way > 0 or self._left > 0
        self._under_way += 1
        self._all_out.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            self._answered = time.monotonic()
            if self._under_way == 0:
                self._all_out.set()

    @property
    def is_there(self) -> bool:
        """Whether nobody comes right after another; one alone is no reason to wait."""
        return not self._is_busy or (self._under_way == 0 and self._left <= 0)

    async def answers_out(self) -> None:
        """Until all that are under way are answered: what they began comes after that."""
        with suppress(TimeoutError):
            async with asyncio.timeout(OUT):
                await self._all_out.wait()

    async def come(self) -> None:
        """Until it :attr:`is_there`, or for :data:`LONGEST`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST):
                while not self.is_there:
                    await self._all_out.wait()
                    await asyncio.sleep(max(self._left, 0))

    @property
    def _left(self) -> float:
        """Seconds until nobody has followed the last answer."""
        if self._answered is None:
            return 0
        return self._answered + QUICK - time.monotonic()

"""The end of a process that was told to stop: everybody who finishes something shares one time.

What is under way is finished side by side, from the moment of the word on; what is then left over
is done one after the other, and gets what is left.
"""

import asyncio

WITHIN = 20.0  # seconds in all; hosts kill after 30, many of them
STORING = 4.0  # of those, for what exists nowhere else and has to be stored,
CLOSING = 2.0  # and for closing what is open


class Farewell:
    """Whether it has begun, and how long there still is."""

    def __init__(self) -> None:
        self.told = asyncio.Event()
        self._until: float | None = None

    def begin(self) -> None:
        """From now on the time runs; a second word changes nothing."""
        if self._until is None:
            self._until = asyncio.get_running_loop().time() + WITHIN
        self.told.set()

    def left(self, most: float, *, keeping: float) -> float:
        """How many seconds somebody has who wants this many; ``keeping`` is for those after."""
        self.begin()
        now = asyncio.get_running_loop().time()
        return max(min(most, (self._until or now) - keeping - now), 0.0)

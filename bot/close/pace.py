"""Many answers that come at once are gone on with a few at a time.

What each of them leads to takes a fraction of a millisecond of the loop. Sixty in a row would hold
up whoever has just clicked.
"""

import asyncio
from collections import deque

AT_ONCE = 4  # that go on in one round of the loop


class Pace:
    """Whoever comes goes on at once, or a few rounds of the loop later; in their order."""

    def __init__(self) -> None:
        self._gone_on = 0  # in this round
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def turn(self) -> None:
        """Wait until it is this caller's turn."""
        if self._gone_on == 0:
            self._look_again()
        if self._gone_on < AT_ONCE:
            self._gone_on += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    def _look_again(self) -> None:
        asyncio.get_running_loop().call_soon(self._next_round)

    def _next_round(self) -> None:
        self._gone_on = 0
        while self._waiting and self._gone_on < AT_ONCE:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                self._gone_on += 1
        if self._gone_on:
            self._look_again()

"""Many answers that come at once are gone on with a few at a time.

What each of them leads to takes a fraction of a millisecond of the loop, or some. Sixty in a row
would hold up whoever has just clicked.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class Pace:
    """Whoever comes goes on at once, or a few rounds of the loop later; in their order. ``at_once``
    is how many go on in one round."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._gone_on = 0  # in this round
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def turn(self) -> None:
        """Wait until it is this caller's turn."""
        if (turn := self._waits_for()) is not None:
            await turn

    @coroutine
    def each_turn(self, work: Coroutine[Any, Any, Result]) -> Generator[Any, Any, Result]:
        """Do ``work``, with a turn each time that it goes on with what it waited for."""
        try:
            awaited = work.send(None)
            while True:
                try:
                    yield awaited
                    if (turn := self._waits_for()) is not None:
                        yield from turn
                except BaseException as error:  # noqa: BLE001 - it is the work's own to deal with
                    awaited = work.throw(error)
                else:
                    awaited = work.send(None)
        except StopIteration as done:
            result: Result = done.value
            return result

    def _waits_for(self) -> "asyncio.Future[None] | None":
        """None for whoever goes on at once, as nearly all do."""
        if self._gone_on == 0:
            self._look_again()
        if self._gone_on < self._at_once:
            self._gone_on += 1
            return None
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        return turn

    def _look_again(self) -> None:
        asyncio.get_running_loop().call_soon(self._next_round)

    def _next_round(self) -> None:
        self._gone_on = 0
        while self._waiting and self._gone_on < self._at_once:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                self._gone_on += 1
        if self._gone_on:
            self._look_again()

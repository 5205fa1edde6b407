"""What is random, timed or parallel in the code under test, made to repeat itself exactly.

Nothing here changes what the code decides: it only takes away the machine's clock, its dice and
its event loop.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any, Self
from unittest.mock import patch

import structlog

import bot.clock.backoff
import bot.clock.worker
import bot.connections.watch
import bot.delegations.people.eligibility
import bot.delegations.receipts
import bot.delegations.steps.count
import bot.delegations.steps.create
import bot.delegations.steps.moves
import bot.delegations.steps.recheck
import bot.delegations.steps.second_yes
import bot.store.due
import bot.strays.comparisons
import models.base

PARALLEL = (
    bot.clock.worker,
    bot.delegations.people.eligibility,
    bot.delegations.receipts,
    bot.delegations.steps.count,
    bot.delegations.steps.create,
    bot.delegations.steps.moves,
    bot.delegations.steps.recheck,
    bot.delegations.steps.second_yes,
)
RANDOM = (bot.clock.backoff, bot.connections.watch, bot.strays.comparisons)


class Alarm(Exception):
    """The code under test logged an error: something that it does not foresee."""


class Clock:
    """The present moment, for the bot and for the leases in its database."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        """As :class:`bot.ports.Now`."""
        return self.moment

    def now(self, _zone: object) -> datetime:
        """As ``datetime.now``, which :func:`bot.store.due.lease_clock` asks on SQLite."""
        return self.moment


class Names:
    """As ``secrets``: new ids, which depend only on who makes them."""

    def __init__(self) -> None:
        self._owner, self._made = "", 0

    def begin(self, owner: str) -> None:
        """The next ids are this one's."""
        self._owner, self._made = owner, 0

    def token_urlsafe(self, _length: int) -> str:
        """As ``secrets.token_urlsafe``."""
        self._made += 1
        return f"{self._owner}.{self._made}"


class _Dice:
    @staticmethod
    def uniform(_low: float, high: float) -> float:
        return high

    @staticmethod
    def random() -> float:
        return 0.0


class _Unlimited:
    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Nothing is cut off."""

    @staticmethod
    def expired() -> bool:
        return False


class _OneByOne:
    """As ``asyncio``, without a loop."""

    Event, Lock, Task = asyncio.Event, asyncio.Lock, asyncio.Task

    @staticmethod
    async def gather(
        *asked: Coroutine[Any, Any, Any], return_exceptions: bool = False
    ) -> list[Any]:
        answers: list[Any] = []
        try:
            for each in asked:
                try:
                    answers.append(await each)
                except Exception as error:
                    if not return_exceptions:
                        raise
                    answers.append(error)
        finally:
            for each in asked:
                each.close()
        return answers

    @staticmethod
    def timeout(_seconds: float) -> _Unlimited:
        return _Unlimited()


class Quiet:
    """As a bound logger: only errors are of interest, and end the search."""

    def bind(self, **_values: object) -> "Quiet":
        """The same."""
        return self

    def info(self, event: str, **_values: object) -> None:
        """Nothing."""

    debug = warning = info

    def error(self, event: str, exc_info: object = None, **_values: object) -> None:
        """What nobody foresees."""
        raise Alarm(event) from (exc_info if isinstance(exc_info, BaseException) else None)

    exception = error


@contextmanager
def scripted(clock: Clock, names: Names) -> Iterator[None]:
    """Everything repeats itself exactly within this."""
    with ExitStack() as stack:
        for module in PARALLEL:
            stack.enter_context(patch.object(module, "asyncio", _OneByOne))
        for module in RANDOM:
            stack.enter_context(patch.object(module, "random", _Dice))
        stack.enter_context(patch.object(models.base, "secrets", names))
        stack.enter_context(patch.object(bot.store.due, "datetime", clock))
        stack.enter_context(patch.object(structlog, "get_logger", lambda *_: Quiet()))
        yield

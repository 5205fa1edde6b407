"""The limiter: slows down before Close's limit, stops after a 429, lets revocations go first.

Close counts per endpoint group, per credential and per organization, and its header shows only the
limit that is closest to being hit (close.md §6). So each request passes two gates: the one of its
credential and the one that all credentials of an organization share.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.close.errors import CloseProblem, RetryLater
from bot.close.gates import Gate
from bot.close.headers import allowance, wait_named
from bot.close.transport import Answer

MAX_WAIT = timedelta(seconds=2)
MOST_GATES = 1000

Sleep = Callable[[float], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Group:
    """Requests that share a limit; ``credential`` is a lasting name for it, never the secret.

    Without a credential it is what all of the organization share.
    """

    endpoint: str
    credential: str = ""
    organization: str = ""


class Limiter:
    """All gates of one process; constructor arguments exist so that tests own the time."""

    def __init__(
        self,
        *,
        max_wait: timedelta = MAX_WAIT,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._max_wait = max_wait.total_seconds()
        self._monotonic = monotonic
        self._sleep = sleep
        self._gates: dict[Group, Gate] = {}

    @contextlib.asynccontextmanager
    async def turn(
        self, group: Group, *, urgent: bool = False
    ) -> AsyncIterator[Callable[[Answer], None]]:
        """Wait for a turn, at most ``max_wait``; yields a function that is to be told the answer.

        Raises ``RetryLater`` with the time that is left when the wait would be longer. Urgent
        callers go before everybody else who waits.
        """
        own = self._gate(group)
        if not group.credential:
            async with self._passed(own, urgent=urgent):
                yield lambda answer: self._learn(own, answer)
            return
        shared = self._gate(replace(group, credential=""))
        async with self._passed(own, urgent=urgent), self._passed(shared, urgent=urgent):
            yield lambda answer: self._learn_both(own, shared, answer)

    def _gate(self, group: Group) -> Gate:
        if group not in self._gates and len(self._gates) >= MOST_GATES:
            now = self._monotonic()
            self._gates = {key: gate for key, gate in self._gates.items() if not gate.is_idle(now)}
        return self._gates.setdefault(group, Gate())

    @contextlib.asynccontextmanager
    async def _passed(self, gate: Gate, *, urgent: bool) -> AsyncIterator[None]:
        await self._enter(gate, urgent=urgent)
        try:
            yield
        finally:
            gate.in_flight -= 1
            gate.changed.set()

    async def _enter(self, gate: Gate, *, urgent: bool) -> None:
        give_up_at = self._monotonic() + self._max_wait
        try:
            async with asyncio.timeout(self._max_wait):
                await gate.turnstile.take(urgent=urgent)
        except TimeoutError as exc:
            raise self._too_long(gate.delay(self._monotonic())) from exc
        try:
            while (delay := gate.delay(self._monotonic())) > 0:
                left = give_up_at - self._monotonic()
                if left <= 0 or (delay > left and gate.is_shut(self._monotonic())):
                    raise self._too_long(delay)
                await self._pause(gate, min(delay, left))
            gate.in_flight += 1
        finally:
            gate.turnstile.give()

    @staticmethod
    def _too_long(delay: float) -> RetryLater:
        return RetryLater(CloseProblem.RATE_LIMITED, wait=timedelta(seconds=max(delay, 0.1)))

    async def _pause(self, gate: Gate, seconds: float) -> None:
        """Wait until time has passed or somebody has come back, whichever is first."""
        gate.changed.clear()
        waits = [
            asyncio.ensure_future(self._sleep(seconds)),
            asyncio.ensure_future(gate.changed.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    def _learn_both(self, own: Gate, shared: Gate, answer: Answer) -> None:
        """Tell both gates; Close does not say whose limit it was, so the shared one errs briefly.

        A single credential's long wait must not stop everybody else's revocations for minutes.
        """
        self._learn(own, answer)
        self._learn(shared, answer, longest=self._max_wait)

    def _learn(self, gate: Gate, answer: Answer, *, longest: float = math.inf) -> None:
        now, seen = self._monotonic(), allowance(answer.headers)
        if seen is None:
            gate.grow()
        else:
            gate.learn(replace(seen, reset=min(seen.reset, longest)), now)
        if answer.status == 429:
            wait = wait_named(answer.headers, answer.body).total_seconds()
            gate.close(now + min(wait, longest))

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
from typing import Any
from weakref import WeakValueDictionary

from bot.close.errors import CloseProblem, RetryLater
from bot.close.gates import Gate, Traffic
from bot.close.headers import Allowance, allowance, wait_named
from bot.close.transport import Answer

MAX_WAIT = timedelta(seconds=2)
MOST_GATES = 1000
LONGEST_WINDOW = 10.0  # seconds; what is to be waited for longer is no usual limit

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
        self._traffic: WeakValueDictionary[Group, Traffic] = WeakValueDictionary()

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
                yield lambda answer: self._learn(own, answer, allowance(answer.headers))
            return
        shared = self._gate(replace(group, credential=""))
        async with self._passed(own, urgent=urgent), self._passed(shared, urgent=urgent):
            yield lambda answer: self._learn_both(own, shared, answer)

    def _gate(self, group: Group) -> Gate:
        if group not in self._gates and len(self._gates) >= MOST_GATES:
            now = self._monotonic()
            self._gates = {key: gate for key, gate in self._gates.items() if not gate.is_idle(now)}
        if group not in self._gates:
            whose = replace(group, endpoint="") if group.credential or group.organization else group
            traffic = self._traffic.setdefault(whose, Traffic())
            self._gates[group] = Gate(traffic)
        return self._gates[group]

    @contextlib.asynccontextmanager
    async def _passed(self, gate: Gate, *, urgent: bool) -> AsyncIterator[None]:
        await self._enter(gate, urgent=urgent)
        try:
            yield
        finally:
            gate.traffic.end()

    async def _enter(self, gate: Gate, *, urgent: bool) -> None:
        give_up_at = self._monotonic() + self._max_wait
        if not gate.turnstile.take_at_once():
            await self._queue(gate, urgent=urgent)
        try:
            while (delay := gate.delay(self._monotonic())) > 0:
                left = give_up_at - self._monotonic()
                if left <= 0 or (delay > left and gate.is_shut(self._monotonic())):
                    raise self._too_long(delay)
                await self._pause(gate, min(delay, left))
            gate.traffic.begin(self._monotonic())
        finally:
            gate.turnstile.give()

    async def _queue(self, gate: Gate, *, urgent: bool) -> None:
        try:
            async with asyncio.timeout(self._max_wait):
                await gate.turnstile.take(urgent=urgent)
        except TimeoutError as exc:
            raise self._too_long(gate.delay(self._monotonic())) from exc

    @staticmethod
    def _too_long(delay: float) -> RetryLater:
        return RetryLater(CloseProblem.RATE_LIMITED, wait=timedelta(seconds=max(delay, 0.1)))

    async def _pause(self, gate: Gate, seconds: float) -> None:
        """Wait until time has passed or somebody has come back, whichever is first."""
        waits: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(self._sleep(seconds)),
            gate.traffic.next_end(),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    def _learn_both(self, own: Gate, shared: Gate, answer: Answer) -> None:
        """Tell whose limit it was. The other one is further from being hit (close.md §6).

        Close does not say which: it is the organization's when more is counted than this credential
        has sent. Without numbers both are told, and the shared one errs briefly: a single
        credential's long wait must not stop everybody else's revocations for minutes.
        """
        now, seen = self._monotonic(), allowance(answer.headers)
        if seen is None or seen.limit is None or seen.reset > LONGEST_WINDOW:
            self._learn(own, answer, seen)
            self._learn(shared, answer, seen, longest=self._max_wait)
        elif own.explains(seen, now):
            self._learn(own, answer, seen)
            shared.count(now, left=seen.remaining)
        else:
            self._learn(shared, answer, seen)
            own.count(now, left=0)
            own.grow()

    def _learn(
        self, gate: Gate, answer: Answer, seen: Allowance | None, *, longest: float = math.inf
    ) -> None:
        now = self._monotonic()
        if seen is None:
            gate.grow()
        else:
            gate.learn(replace(seen, reset=min(seen.reset, longest)), now)
        if answer.status == 429:
            wait = wait_named(answer.headers, answer.body).total_seconds()
            gate.close(now + min(wait, longest))

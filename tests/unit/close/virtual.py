"""A Close that counts by credential and by organization, in a time that waits for nobody.

Nothing sleeps: when nobody has anything to do, the clock goes on to the next timer.
"""

import asyncio
import selectors
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

import httpx

from bot.close.errors import RetryLater
from bot.close.limits import Group, Limiter
from bot.close.transport import Answer

THERE_AND_BACK = (0.02, 0.06)  # seconds
SHARE = 3  # the organization's limit is so many times a credential's (close.md §6)


class _NeverWaits(selectors.SelectSelector):
    def select(self, timeout: float | None = None) -> Any:
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    """Its clock goes on to the next timer when nothing is ready."""

    def __init__(self) -> None:
        super().__init__(_NeverWaits())
        self._moment = 0.0

    def time(self) -> float:
        return self._moment

    def _run_once(self) -> None:
        ready, timers = vars(self)["_ready"], vars(self)["_scheduled"]
        if not ready and timers:
            self._moment = max(self._moment, timers[0].when())
        getattr(super(), "_run_once")()  # noqa: B009 - the stubs do not know it


def at_once(story: Coroutine[Any, Any, None]) -> None:
    """Run this in such a time."""
    loop = _Loop()
    try:
        loop.run_until_complete(story)
    finally:
        loop.close()


class Count(Protocol):
    """How one limit counts."""

    def left(self, rate: int, now: float) -> float:
        """What may still be asked."""

    def take(self) -> None:
        """One was asked."""

    def reset(self, rate: int, now: float) -> float:
        """Seconds until everything may be asked again."""


class Bucket:
    """One more all the time, up to a second's worth."""

    def __init__(self) -> None:
        self._used = self._seen = 0.0

    def left(self, rate: int, now: float) -> float:
        """What may still be asked."""
        self._used = max(self._used - (now - self._seen) * rate, 0.0)
        self._seen = now
        return rate - self._used

    def take(self) -> None:
        """One was asked."""
        self._used += 1

    def reset(self, rate: int, now: float) -> float:
        """Seconds until it is full."""
        return (rate - self.left(rate, now)) / rate


class Window:
    """A second's worth at once, at each full second."""

    def __init__(self) -> None:
        self._used, self._second = 0, 0

    def left(self, rate: int, now: float) -> float:
        """What may still be asked."""
        if int(now) != self._second:
            self._used, self._second = 0, int(now)
        return rate - self._used

    def take(self) -> None:
        """One was asked."""
        self._used += 1

    def reset(self, rate: int, now: float) -> float:
        """Seconds until the next one."""
        return self._second + 1 - now


@dataclass
class Close:
    """Allows ``rate`` requests a second to each credential, and three times that to all."""

    kind: type[Bucket] | type[Window]
    rate: int
    counts: dict[str, Count] = field(default_factory=dict)
    seen: list[tuple[float, bool]] = field(default_factory=list)

    def answer(self, credential: str, now: float) -> Answer:
        """Counted, if neither limit is hit; the header shows the one that is closer to being so."""
        limits = {credential: self.rate, "": self.rate * SHARE}
        left = {
            name: self.counts.setdefault(name, self.kind()).left(rate, now)
            for name, rate in limits.items()
        }
        is_allowed = min(left.values()) >= 1
        self.seen.append((now, is_allowed))
        closest = min(left, key=lambda name: left[name])
        if is_allowed:
            for name in limits:
                self.counts[name].take()
                left[name] -= 1
        reset = self.counts[closest].reset(limits[closest], now)
        told = f"limit={limits[closest]}, remaining={max(int(left[closest]), 0)}, reset={reset:.3f}"
        return Answer(200 if is_allowed else 429, httpx.Headers({"ratelimit": told}), b"")

    def refused(self) -> Mapping[int, int]:
        """How many were answered 429 in each second."""
        return Counter(int(moment) for moment, is_allowed in self.seen if not is_allowed)

    def allowed(self, since: float, until: float) -> int:
        """How many were let through."""
        return sum(ok for moment, ok in self.seen if since <= moment < until)


class Callers:
    """So many callers for each credential, who ask again and again; what each credential got."""

    def __init__(self, close: Close, callers: Sequence[int]) -> None:
        self.got: Counter[str] = Counter()
        self._close = close
        self._callers = [f"c{place}" for place, many in enumerate(callers) for _ in range(many)]
        self._random = Random(1)  # noqa: S311 - how long the way is

    async def call(self, seconds: float) -> None:
        """Until it is late enough."""
        now = asyncio.get_running_loop().time
        limiter = Limiter(monotonic=now)
        await asyncio.gather(*(self._ask(limiter, each, now() + seconds) for each in self._callers))

    async def _ask(self, limiter: Limiter, credential: str, until: float) -> None:
        now = asyncio.get_running_loop().time
        while now() < until:
            try:
                async with limiter.turn(Group("write /send_as/", credential, "orga")) as learn:
                    way = self._random.uniform(*THERE_AND_BACK) / 2
                    await asyncio.sleep(way)
                    answer = self._close.answer(credential, now())
                    await asyncio.sleep(way)
                    learn(answer)
                self.got[credential] += answer.is_success
            except RetryLater as error:
                await asyncio.sleep(error.wait.total_seconds() if error.wait else 1.0)

"""One limit of Close: who waits before it, who is on the way, what its headers told."""

import asyncio
import heapq
import itertools

from bot.close.headers import Allowance

AT_ONCE_UNTIL_TOLD = 8  # requests in flight while no header has named a limit
NEW_WINDOW_AFTER = 0.2  # seconds; more than this between two resets is not the network's jitter


class Turnstile:
    """A lock that passes to the urgent first, and to the others in the order they came."""

    def __init__(self) -> None:
        self._taken = False
        self._order = itertools.count()
        self._waiting: list[tuple[bool, int, asyncio.Future[None]]] = []

    async def take(self, *, urgent: bool) -> None:
        """Wait until it is this caller's turn."""
        if not self._taken:
            self._taken = True
            return
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (not urgent, next(self._order), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give()  # the turn came together with the cancellation: pass it on
            raise

    def give(self) -> None:
        """Let the next one in."""
        while self._waiting:
            turn = heapq.heappop(self._waiting)[2]
            if not turn.done():
                turn.set_result(None)
                return
        self._taken = False


class Gate:
    """What is known about one limit, and who is on the way; times are monotonic seconds."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.turnstile = Turnstile()
        self.changed = asyncio.Event()
        self._limit = AT_ONCE_UNTIL_TOLD
        self._remaining: int | None = None
        self._reset_at = 0.0
        self._closed_until = 0.0

    def delay(self, now: float) -> float:
        """Return the seconds after which it is worth looking again; 0 means go."""
        if self._closed_until > now:
            return self._closed_until - now
        if self._reset_at <= now:
            self._remaining = None
        room = self._limit if self._remaining is None else self._remaining
        if room > self.in_flight:
            return 0.0
        return max(self._reset_at - now, 0.05) if self._remaining is not None else 1.0

    def is_shut(self, now: float) -> bool:
        """Return whether only time can open it, not somebody coming back."""
        return self._closed_until > now or not self.in_flight

    def is_idle(self, now: float) -> bool:
        """Return whether forgetting this gate would lose nothing."""
        return not self.in_flight and max(self._reset_at, self._closed_until) <= now

    def learn(self, seen: Allowance, now: float) -> None:
        """Take over what a header said; the lowest number of a window is the latest one."""
        reset_at = now + seen.reset
        is_new = self._remaining is None or self._reset_at <= now
        is_new = is_new or reset_at > self._reset_at + NEW_WINDOW_AFTER
        self._limit = max(seen.limit or seen.remaining, 1)
        if is_new or self._remaining is None:
            self._remaining, self._reset_at = seen.remaining, reset_at
        else:
            self._remaining = min(self._remaining, seen.remaining)
            self._reset_at = max(self._reset_at, reset_at)

    def grow(self) -> None:
        """Let one more go at once after an answer without a header, up to the usual number."""
        self._limit = max(self._limit, min(self._limit + 1, AT_ONCE_UNTIL_TOLD))

    def close(self, until: float) -> None:
        """Let nobody pass before ``until``; afterwards one request finds out how things are."""
        self._closed_until = max(self._closed_until, until)
        self._remaining, self._limit = None, 1

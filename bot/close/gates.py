"""One limit of Close: who waits before it, who is on the way, what its headers told."""

import asyncio
import heapq
import itertools
from collections import deque

from bot.close.headers import Allowance

MOST_REMEMBERED = 256  # requests of one credential or organization
AT_ONCE_UNTIL_TOLD = 8  # requests in flight while no header has named a limit
NEW_WINDOW_AFTER = 0.2  # seconds; more than this between two resets is not the network's jitter


class Turnstile:
    """A lock that passes to the urgent first, and to the others in the order they came."""

    def __init__(self) -> None:
        self._taken = False
        self._order = itertools.count()
        self._waiting: list[tuple[bool, int, asyncio.Future[None]]] = []

    def take_at_once(self) -> bool:
        """Return whether it is this caller's turn already, as it is nearly always."""
        is_free, self._taken = not self._taken, True
        return is_free

    async def take(self, *, urgent: bool) -> None:
        """Wait until it is this caller's turn."""
        if self.take_at_once():
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


class Traffic:
    """What is on the way for one credential, or for one organization, whatever the endpoint: Close
    may count several of our groups as one."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.ended = 0
        self._sent: deque[float] = deque(maxlen=MOST_REMEMBERED)
        self._waiting: list[asyncio.Future[None]] = []

    def begin(self, now: float) -> None:
        """One is sent now."""
        self.in_flight += 1
        self._sent.append(now)

    def end(self) -> None:
        """One has come back, or was given up."""
        self.in_flight -= 1
        self.ended += 1
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    def next_end(self) -> asyncio.Future[None]:
        """Done as soon as one comes back."""
        end = asyncio.get_running_loop().create_future()
        self._waiting.append(end)
        return end

    def has_sent(self, count: int, since: float) -> bool:
        """Return whether at least so many, of the latest, were sent since then."""
        return count <= len(self._sent) and self._sent[-count] >= since


class Gate:
    """What is known about one limit; times are monotonic seconds."""

    def __init__(self, traffic: Traffic) -> None:
        self.traffic = traffic
        self.turnstile = Turnstile()
        self._at_once = AT_ONCE_UNTIL_TOLD
        self._limit: int | None = None
        self._length = 0.0
        self._remaining: int | None = None
        self._is_told = False
        self._ended_before = 0
        self._reset_at = 0.0
        self._closed_until = 0.0

    def delay(self, now: float) -> float:
        """Return the seconds after which it is worth looking again; 0 means go."""
        if self._closed_until > now:
            return self._closed_until - now
        if self._remaining is not None and self._reset_at <= now:
            self._begin_window(now)
        if self._left() > self.traffic.in_flight:
            return 0.0
        return max(self._reset_at - now, 0.05) if self._remaining is not None else 1.0

    def _left(self) -> int:
        """What may be on the way; of a window of which no header told, everybody's is counted."""
        if self._remaining is None:
            return self._at_once
        untold = 0 if self._is_told else self.traffic.ended - self._ended_before
        return self._remaining - untold

    def is_shut(self, now: float) -> bool:
        """Return whether only time can open it, not somebody coming back."""
        return self._closed_until > now or not self.traffic.in_flight

    def is_idle(self, now: float) -> bool:
        """Return whether forgetting this gate would lose nothing."""
        return not self.traffic.in_flight and max(self._reset_at, self._closed_until) <= now

    def explains(self, seen: Allowance, now: float) -> bool:
        """Whether what was sent here can be all that Close has counted of this limit: within the
        longest window that is known, and where all comes back bit by bit, within the time that it
        takes for all."""
        self._length = max(self._length, seen.reset)
        limit = seen.limit or 0
        used = limit - seen.remaining
        if used <= 0:
            return True
        since = now - max(self._length, seen.reset * limit / used)
        return self.traffic.has_sent(used, since)

    def learn(self, seen: Allowance, now: float) -> None:
        """Take over what a header said; the lowest number of a window is the latest one."""
        reset_at = now + seen.reset
        is_new = not self._is_told or self._remaining is None or self._reset_at <= now
        is_new = is_new or reset_at > self._reset_at + NEW_WINDOW_AFTER
        self._limit = self._at_once = max(seen.limit or seen.remaining, 1)
        self._length = max(self._length, seen.reset)
        self._is_told = True
        if is_new or self._remaining is None:
            self._remaining, self._reset_at = seen.remaining, reset_at
        else:
            self._remaining = min(self._remaining, seen.remaining)
            self._reset_at = max(self._reset_at, reset_at)

    def count(self, now: float, *, left: int) -> None:
        """One was let through by another limit, which is closer to being hit: of this one there is
        at least so much ``left``."""
        if self._remaining is None and self._limit is not None:
            self._begin_window(now)
        if self._remaining is None:
            self._at_once = max(self._at_once, left)
        elif self._is_told:
            self._remaining -= 1
        elif self._left() <= 1 < left:
            self._remaining, self._ended_before = left, self.traffic.ended

    def _begin_window(self, now: float) -> None:
        """Everything is allowed anew, as far as anybody knows."""
        self._remaining, self._is_told = self._limit, False
        self._reset_at, self._ended_before = now + self._length, self.traffic.ended

    def grow(self) -> None:
        """Let one more go at once after an answer without a header, up to the usual number."""
        self._at_once = max(self._at_once, min(self._at_once + 1, AT_ONCE_UNTIL_TOLD))

    def close(self, until: float) -> None:
        """Let nobody pass before ``until``; afterwards one request finds out how things are."""
        self._closed_until = max(self._closed_until, until)
        self._remaining, self._at_once = None, 1

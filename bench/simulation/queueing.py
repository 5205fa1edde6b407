"""Virtual time: processes that wait for moments, and what they queue for. All times are seconds.

Whatever serves in the order of arrival knows when it will be done the moment somebody comes, so
nothing but the processes themselves has to be an event.
"""

import heapq
import itertools
from collections import deque
from collections.abc import Generator

Process = Generator["float | Places", None, None]  # yields until when it waits, or for a place


class Servers:
    """Some that work alike, and serve whoever comes first."""

    def __init__(self, number: int) -> None:
        self._free_at = [0.0] * number
        self.busy = 0.0

    def done(self, now: float, seconds: float) -> float:
        """When work that comes now, and takes this long, is done."""
        end = max(now, self._free_at[0]) + seconds
        heapq.heapreplace(self._free_at, end)
        self.busy += seconds
        return end


class Limit:
    """A token bucket: so many a second, and after a pause so many at once."""

    def __init__(self, a_second: float, at_once: float) -> None:
        self._interval = 1 / a_second
        self._ahead = (at_once - 1) * self._interval
        self._full_at = 0.0  # when it will be full again, but for the one that comes

    def passed(self, now: float, calls: float = 1) -> float:
        """When the last of the calls that come now may go."""
        self._full_at = max(self._full_at, now) + calls * self._interval
        return max(now, self._full_at - self._interval - self._ahead)


class Places:
    """Who has one keeps it until it is given back."""

    def __init__(self, number: int) -> None:
        self.free = number
        self.waiting: deque[Process] = deque()


class Simulation:
    """Runs processes in the order of what they wait for."""

    def __init__(self) -> None:
        self.now = 0.0
        self._order = itertools.count()
        self._events: list[tuple[float, int, Process]] = []

    def start(self, process: Process, at: float | None = None) -> None:
        """Have it run from then on; without a moment at once."""
        moment = self.now if at is None else at
        heapq.heappush(self._events, (moment, next(self._order), process))

    def give_back(self, places: Places) -> None:
        """Whoever has waited longest has the place now."""
        if places.waiting:
            self.start(places.waiting.popleft())
        else:
            places.free += 1

    def run(self) -> None:
        """Until nobody waits any more."""
        while self._events:
            self.now, _, process = heapq.heappop(self._events)
            wanted = next(process, None)
            if isinstance(wanted, Places):
                self._wait(process, wanted)
            elif wanted is not None:
                self.start(process, wanted)

    def _wait(self, process: Process, places: Places) -> None:
        if places.free:
            places.free -= 1
            self.start(process)
        else:
            places.waiting.append(process)

"""Does what is due: claims rows, takes each one step further, many at a time.

Rows that can share a step are taken together.

The same loop serves delegations and cards. It keeps nothing in memory that matters: a row stays
due until its step has committed, and the lease of a worker that died runs out by itself.
"""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

import structlog

from bot.clock.backoff import LONGEST
from bot.clock.outage import Outage
from bot.ports import Now, OutsideError
from bot.store import Database, DatabaseAway, Store
from bot.store.due import Due, Item, Row
from bot.store.rows import batched

LEASE = timedelta(seconds=6)  # so long until the work of a killed process is taken over
BEAT = 1.5  # seconds between prolongations of leases that are still worked on
BEATS_AT_ONCE = 3
MOST_AT_ONCE = 64  # steps, and rows that one step takes together
CLAIM_BELOW = 32  # claim the next batch when fewer than this many steps are running
PATIENCE = 10.0  # seconds that a stopping worker waits for its running steps
LONGEST_STEP = 300.0  # seconds; no step needs so long, so it is ended and tried again later
LONGEST_ROUND = 60.0  # seconds for a look at the database, whatever that says
LETTING_GO = 2.0  # seconds until a step that was told to end has ended
OVERDUE = 30.0  # seconds after which such a step will never end


class StepTooLong(OutsideError):
    """A step that was ended because it would not end by itself."""


Given_contra = TypeVar("Given_contra", bound=Row, contravariant=True)


class Step(Protocol[Given_contra]):
    """What the worker does with one row, and how a row is kept when that did not work."""

    async def take(self, item: Given_contra, /) -> None:
        """Take the row one step further; whatever this raises has it put off."""

    async def put_off(self, item: Given_contra, error: Exception, /) -> None:
        """Give the lease back, and say when to try again."""


class Together(Protocol[Given_contra]):
    """What the worker does with several rows that were claimed at the same time."""

    def key(self, item: Given_contra, /) -> Hashable | None:
        """Rows with the same key are taken together; None means alone."""

    async def take_together(self, items: Sequence[Given_contra], /) -> None:
        """Take all of these one step further."""


class Worker(Generic[Item]):
    """Runs until :meth:`stop`; ``on_free`` hears that it could take more.

    With ``groups`` rows that were claimed at the same time can be taken in one step.
    """

    def __init__(
        self,
        name: str,
        database: Database,
        due: Callable[[Store], Due[Item]],
        step: Step[Item],
        now: Now,
        *,
        groups: Together[Item] | None = None,
    ) -> None:
        self._groups = groups
        self.name = name
        self.on_free: Callable[[], None] = lambda: None
        self._database = database
        self._due = due
        self._step = step
        self._now = now
        self._wanted = asyncio.Event()
        self._stopping = False
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: dict[str, Item] = {}  # what was claimed while it was worked on here
        self._began: dict[asyncio.Task[None], float] = {}
        self._woken: float | None = None
        self._has_hurried = False
        self._has_ended = False
        self._log = structlog.get_logger("bot.clock.worker").bind(worker=name)
        self._outage = Outage(self._log)

    def due(self, store: Store) -> Due[Item]:
        """Where its rows are."""
        return self._due(store)

    @property
    def is_full(self) -> bool:
        """Whether it would take nothing more now."""
        return self._stopping or len(self._began) >= CLAIM_BELOW

    def wake(self) -> None:
        """Claim due rows now."""
        self._woken = self._woken or time.monotonic()
        self._wanted.set()

    def stop(self) -> None:
        """Claim nothing more; :meth:`run` returns once the running steps have ended."""
        self._stopping = True
        self._wanted.set()

    @property
    def has_ended(self) -> bool:
        """Whether it has ended although nobody told it to."""
        return self._has_ended and not self._stopping

    @property
    def is_stuck(self) -> bool:
        """Whether it does not come round any more, or has a step that it cannot end.

        A database that is away is no such reason.
        """
        now = time.monotonic()
        if self._stopping:
            return False
        return (self._woken is not None and now - self._woken > LONGEST_ROUND) or any(
            now - began > LONGEST_STEP + OVERDUE for began in self._began.values()
        )

    async def run(self) -> None:
        """Claim and work until stopped."""
        beat = asyncio.create_task(self._keep_leases())
        working = asyncio.create_task(self._work())
        try:
            # Without its beat a worker would lose what it works on: it ends with it.
            await asyncio.wait([beat, working], return_when=asyncio.FIRST_COMPLETED)
            if beat.done():
                await beat
            await working
            await self._finish()
        except Exception:
            self._log.exception("a worker has ended")
            raise
        finally:
            self._has_ended = True
            beat.cancel()
            working.cancel()

    async def _work(self) -> None:
        self.wake()
        while not self._stopping:
            await self._wanted.wait()
            self._wanted.clear()
            await self._claim_what_is_due()
            self._woken = None

    async def _finish(self) -> None:
        """What runs may finish; what takes too long is ended, and its row is anybody's at once."""
        if self._began:
            await asyncio.wait(self._began, timeout=PATIENCE)
        left = dict(self._running)
        for task in left.values():
            task.cancel()
        if left:
            self._log.warning("steps were ended before they were done", number=len(left))
            await asyncio.wait(left.values(), timeout=LETTING_GO)
            await self._hand_back(list(left))

    async def _hand_back(self, ids: Sequence[str]) -> None:
        def free(store: Store) -> None:
            for each in ids:
                self._due(store).free(each)

        with contextlib.suppress(DatabaseAway):  # then the leases run out by themselves
            await self._database.run(free)

    async def _claim_what_is_due(self) -> None:
        while not self.is_full:
            limit = MOST_AT_ONCE - len(self._began)
            try:
                claimed = await self._claim(limit)
            except Exception as error:  # noqa: BLE001 - the next beat of the clock tries again
                self._outage.noticed(error)
                return
            self._outage.over()
            for group in self._grouped(claimed):
                self._start(group)
            if len(claimed) < limit:
                return

    async def _claim(self, limit: int) -> Sequence[Item]:
        now = self._now()

        def claim(store: Store) -> Sequence[Item]:
            due = self._due(store)
            if not self._has_hurried:  # what waited may have come back while nobody was here
                due.hurry(now=now, within=2 * LONGEST)
            found = due.claim(now=now, lease=LEASE, limit=limit)
            shared = [each for each in found if self._key(each) is not None]
            if len(found) < limit or not shared:
                return found
            return [*found, *due.claim_with(shared, now=now, lease=LEASE)]

        run = self._database.run_single if self._has_hurried else self._database.run
        claimed = await run(claim)
        self._has_hurried = True
        # A lease that could not be prolonged in time ends while its row is worked on here; and one
        # that a step gave back may be had before that step has come to its end.
        self._again.update({item.id: item for item in claimed if item.id in self._running})
        return [item for item in claimed if item.id not in self._running]

    def _grouped(self, claimed: Sequence[Item]) -> list[list[Item]]:
        found: defaultdict[Hashable, list[Item]] = defaultdict(list)
        for item in claimed:
            key = self._key(item)
            found[item.id if key is None else key].append(item)
        return [list(some) for each in found.values() for some in batched(each, MOST_AT_ONCE)]

    def _key(self, item: Item) -> Hashable | None:
        try:
            return self._groups.key(item) if self._groups is not None else None
        except Exception:  # noqa: BLE001 - whatever is wrong with it, its own step will say
            self._log.exception("a row without a key", row=item.id)
            return None

    def _start(self, group: list[Item]) -> None:
        task = asyncio.create_task(self._do(group))
        self._running.update({item.id: task for item in group})
        self._began[task] = time.monotonic()
        task.add_done_callback(lambda task: self._ended(group, task))

    def _ended(self, group: list[Item], task: asyncio.Task[None]) -> None:
        for item in group:
            if self._running.get(item.id) is task:
                del self._running[item.id]
        self._began.pop(task, None)
        self.on_free()

    async def _do(self, group: list[Item]) -> None:
        await self._try(group)
        for item in group:
            self._running.pop(item.id, None)
        if again := [self._again.pop(item.id) for item in group if item.id in self._again]:
            await self._give_back(again)

    async def _give_back(self, claimed: Sequence[Item]) -> None:
        """What nobody here was free to take: whoever is next has it at once."""

        def give_back(store: Store) -> None:
            for each in claimed:
                self._due(store).give_back(each)

        try:
            await self._database.run(give_back)
        except Exception as error:  # noqa: BLE001 - the leases run out by themselves
            self._outage.noticed(error)

    async def _try(self, group: list[Item]) -> None:
        try:
            await self._take(group)
        except DatabaseAway as error:  # nothing can be stored now: the leases run out
            self._outage.echoed(error)
        except Exception as error:  # noqa: BLE001 - one group must not stop the others
            for item in group:
                await self._put_off(item, error)

    async def _take(self, group: list[Item]) -> None:
        limit = asyncio.timeout(LONGEST_STEP)
        try:
            async with limit:
                if len(group) > 1 and self._groups is not None:
                    await self._groups.take_together(group)
                else:
                    await self._step.take(group[0])
        except TimeoutError as error:
            if not limit.expired():
                raise
            self._log.error("a step did not end", rows=[item.id for item in group])
            raise StepTooLong from error

    async def _put_off(self, item: Item, error: Exception) -> None:
        if not isinstance(error, OutsideError):
            self._log.error("step failed", row=item.id, exc_info=error)
        try:
            await self._step.put_off(item, error)
        except DatabaseAway as away:
            self._outage.echoed(away)
        except Exception:  # noqa: BLE001 - the lease runs out and it is claimed again
            self._log.exception("step failed and could not be put off", row=item.id)

    async def _keep_leases(self) -> None:
        """One beat does not wait for the one before it: one that hangs must not cost the leases."""
        under_way: set[asyncio.Task[None]] = set()
        while True:
            await asyncio.sleep(BEAT)
            if self._running and len(under_way) < BEATS_AT_ONCE:
                task = asyncio.create_task(self._prolong(list(self._running)))
                under_way.add(task)
                task.add_done_callback(under_way.discard)

    async def _prolong(self, ids: Sequence[str]) -> None:
        try:
            await self._database.run_single(
                lambda store: self._due(store).prolong(ids, lease=LEASE)
            )
        except Exception as error:  # noqa: BLE001 - the next beat tries again
            self._outage.noticed(error)

"""Does what is due: claims rows, takes each one step further, many at a time.

Rows that can share a step are taken together.

The same loop serves delegations and cards. It keeps nothing in memory that matters: a row stays
due until its step has committed, and the lease of a worker that died runs out by itself.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

import structlog

from bot.ports import Now, OutsideError
from bot.store import Database, Store
from bot.store.due import Due, Item, Row

LEASE = timedelta(seconds=6)  # so long until the work of a killed process is taken over
BEAT = 1.5  # seconds between prolongations of leases that are still worked on
MOST_AT_ONCE = 64
CLAIM_BELOW = 32  # claim the next batch when fewer than this many steps are running
PATIENCE = 10.0  # seconds that a stopping worker waits for its running steps

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
    """Runs until :meth:`stop`; ``on_idle`` hears when the next row will be due.

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
        self.on_idle: Callable[[datetime | None], None] = lambda _moment: None
        self._database = database
        self._due = due
        self._step = step
        self._now = now
        self._wanted = asyncio.Event()
        self._stopping = False
        self._running: dict[str, asyncio.Task[None]] = {}
        self._log = structlog.get_logger("bot.clock.worker").bind(worker=name)

    def wake(self) -> None:
        """Look for due rows now."""
        self._wanted.set()

    def stop(self) -> None:
        """Claim nothing more; :meth:`run` returns once the running steps have ended."""
        self._stopping = True
        self._wanted.set()

    async def run(self) -> None:
        """Claim and work until stopped."""
        beat = asyncio.create_task(self._keep_leases())
        self._wanted.set()
        try:
            while not self._stopping:
                await self._wanted.wait()
                self._wanted.clear()
                await self._claim_what_is_due()
            if self._running:
                await asyncio.wait(self._running.values(), timeout=PATIENCE)
        finally:
            beat.cancel()

    async def _claim_what_is_due(self) -> None:
        while len(self._running) < CLAIM_BELOW and not self._stopping:
            try:
                claimed = await self._claim(MOST_AT_ONCE - len(self._running))
            except Exception:  # noqa: BLE001 - the database is away: the next beat tries again
                self._log.exception("claim failed")
                return
            for group in self._grouped(claimed):
                self._start(group)
            if not claimed:
                return

    async def _claim(self, limit: int) -> Sequence[Item]:
        now = self._now()

        def claim(store: Store) -> tuple[Sequence[Item], datetime | None]:
            due = self._due(store)
            claimed = due.claim(now=now, lease=LEASE, limit=limit)
            return claimed, None if claimed else due.next_wake()

        claimed, next_wake = await self._database.run(claim)
        if not claimed:
            self.on_idle(next_wake)
        # A clock that jumps ahead ends the leases of rows that are being worked on here.
        return [item for item in claimed if item.id not in self._running]

    def _grouped(self, claimed: Sequence[Item]) -> list[list[Item]]:
        found: defaultdict[Hashable, list[Item]] = defaultdict(list)
        for item in claimed:
            key = self._groups.key(item) if self._groups is not None else None
            found[item.id if key is None else key].append(item)
        return list(found.values())

    def _start(self, group: list[Item]) -> None:
        task = asyncio.create_task(self._do(group))
        self._running.update({item.id: task for item in group})
        task.add_done_callback(lambda _task: self._ended(group))

    def _ended(self, group: list[Item]) -> None:
        for item in group:
            self._running.pop(item.id, None)
        self._wanted.set()

    async def _do(self, group: list[Item]) -> None:
        try:
            if len(group) > 1 and self._groups is not None:
                await self._groups.take_together(group)
            else:
                await self._step.take(group[0])
        except Exception as error:  # noqa: BLE001 - one group must not stop the others
            for item in group:
                await self._put_off(item, error)

    async def _put_off(self, item: Item, error: Exception) -> None:
        if not isinstance(error, OutsideError):
            self._log.error("step failed", row=item.id, exc_info=error)
        try:
            await self._step.put_off(item, error)
        except Exception:  # noqa: BLE001 - the lease runs out and it is claimed again
            self._log.exception("step failed and could not be put off", row=item.id)

    async def _prolong(self, ids: Sequence[str], until: datetime) -> None:
        await self._database.run(lambda store: self._due(store).prolong(ids, until=until))

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            ids = list(self._running)
            if not ids:
                continue
            until = self._now() + LEASE
            try:
                await self._prolong(ids, until)
            except Exception:  # noqa: BLE001 - tried again at the next beat
                self._log.exception("leases could not be prolonged")

"""One look at all that is due, for all workers: whoever has something to do is woken.

APScheduler rings when the next row is due, and at a safety interval; whatever was changed here, or
by another process, rings at once. Nothing is kept here that matters: what is due is in the database
and stays due until it is done, so a restart loses nothing and a missed ring only costs a moment.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.clock.calm import Calm
from bot.clock.outage import Outage
from bot.ports import Now
from bot.store import Database, Store
from bot.store.due import Due
from models.seen_request import current_arrival

SAFETY_INTERVAL = timedelta(seconds=2)  # notices rows that another process wrote and left
APART = 0.01  # seconds between two looks: what changes meanwhile is seen by one
HELD = timedelta(milliseconds=50)  # until another look at a row that another transaction holds


class Sleeper(Protocol):
    """A worker, as the clock sees it."""

    name: str
    on_free: Callable[[], None]

    @property
    def is_full(self) -> bool:
        """Whether it would take nothing more now."""

    def due(self, store: Store, /) -> Due[Any]:
        """Where its rows are."""

    def wake(self) -> None:
        """Claim due rows now."""


class Clock:
    """Looks at the database whenever something may be due. ``tell_others`` hears of changes that
    were made here, when more is due by them than the workers here can take.

    Workers are woken once it is calm (``bot.clock.calm``), or at once where something is over.
    """

    def __init__(
        self,
        database: Database,
        now: Now,
        beat: timedelta = SAFETY_INTERVAL,
        tell_others: Callable[[], None] = lambda: None,
        calm: Calm | None = None,
    ) -> None:
        self._database = database
        self._calm = calm or Calm()
        self._has_waited = False  # for people: not once more
        self._now = now
        self._beat = beat
        self._tell_others = tell_others
        self._sleepers: dict[str, Sleeper] = {}
        self._wanted = asyncio.Event()
        self._clicked = asyncio.Event()
        self._is_untold = False
        self._is_rung = False
        self._next: datetime | None = None  # when something is due after the last look
        self._looking: asyncio.Task[None] | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._outage = Outage(structlog.get_logger("bot.clock.scheduler"))
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def serve(self, sleeper: Sleeper) -> None:
        """From now on this one is woken whenever one of its rows is due; and the first of all at
        once when somebody has clicked, which nearly always makes one of its rows due."""
        self._sleepers[sleeper.name] = sleeper
        sleeper.on_free = self.look

    def start(self) -> None:
        """Begin to tick."""
        self._scheduler.start()
        seconds = self._beat.total_seconds()
        self._scheduler.add_job(_look, "interval", seconds=seconds, args=[self], id="safety")
        self._wanted.set()
        self._looking = asyncio.create_task(self._keep_looking())

    def stop(self) -> None:
        """Stop ticking."""
        self._scheduler.shutdown(wait=False)
        for task in (self._looking, self._waiting):
            if task is not None:
                task.cancel()

    @property
    def is_ticking(self) -> bool:
        """Whether workers are being woken."""
        is_looking = self._looking is not None and not self._looking.done()
        return is_looking and bool(self._scheduler.running)

    def ring(self) -> None:
        """Something was changed here: more may be due, perhaps more than can be done here. Who
        clicked does not wait for the time between two looks."""
        self._is_untold = self._is_rung = True
        if current_arrival() is not None and self._calm.is_there:
            self._clicked.set()
        self.look()

    def look(self) -> None:
        """See what is due, soon."""
        self._wanted.set()

    async def _keep_looking(self) -> None:
        while True:
            await self._wanted.wait()
            if self._is_rung:
                await self._calm.answers_out()
            if self._clicked.is_set():
                await self._go_ahead()
            self._is_rung = False
            self._clicked.clear()
            self._wanted.clear()
            self._next = None
            try:
                if not await self._is_held():
                    self._wake(await self._database.read(self._moments))
            except Exception as error:  # noqa: BLE001 - the next beat tries again
                self._outage.noticed(error)
            else:
                self._outage.over()
            await self._rest()

    async def _go_ahead(self) -> None:
        """Whoever clicked waits for no look: that comes a moment later, for everybody else."""
        first = next(iter(self._sleepers.values()), None)
        if first is not None and not first.is_full:
            self._clicked.clear()
            first.wake()
            await self._rest()

    async def _rest(self) -> None:
        """Unless somebody clicks, or something is due before."""
        left = APART if self._next is None else (self._next - self._now()).total_seconds()
        with suppress(TimeoutError):
            async with asyncio.timeout(min(left, APART)):
                await self._clicked.wait()

    async def _is_held(self) -> bool:
        """Whether what may be due waits for people: then it is looked for when they have been
        answered, for a look takes its time from them, too. What is over has everything go on at
        once."""
        has_waited, self._has_waited = self._has_waited, False
        if has_waited or self._calm.is_there:
            return False
        now = self._now()
        if await self._database.read(lambda store: store.delegations.is_any_over(now=now)):
            return False
        if self._waiting is None or self._waiting.done():
            self._waiting = asyncio.create_task(self._look_when_calm())
        return True

    async def _look_when_calm(self) -> None:
        await self._calm.come()
        self._has_waited = True
        self.look()

    def _moments(self, store: Store) -> Mapping[str, datetime | None]:
        """When the next row of each worker is due."""
        dues = [sleeper.due(store) for sleeper in self._sleepers.values()]
        return dict(zip(self._sleepers, store.next_wakes(dues), strict=True))

    def _wake(self, moments: Mapping[str, datetime | None]) -> None:
        now = self._now()
        later = [moment - now for moment in moments.values() if moment is not None and moment > now]
        due = [
            self._sleepers[name]
            for name, moment in moments.items()
            if moment is not None and moment <= now
        ]
        self._tell(due)
        for sleeper in due:
            if not sleeper.is_full:
                sleeper.wake()
                later.append(HELD)  # it may not be to be had: somebody may be just writing it
        self._next = now + min(later) if later else None
        if later and min(later) < self._beat:  # else the safety beat comes first
            self._look_after(min(later))

    def _tell(self, due: Sequence[Sleeper]) -> None:
        """Others are woken for what nobody here has a hand free for; whoever is woken here may
        turn out to have too few."""
        is_too_much = any(sleeper.is_full for sleeper in due)
        if self._is_untold and is_too_much:
            self._tell_others()
        self._is_untold = self._is_untold and bool(due) and not is_too_much

    def _look_after(self, wait: timedelta) -> None:
        # The bot's clock may be ahead of the machine's (in tests): only the difference counts.
        self._scheduler.add_job(
            _look,
            "date",
            run_date=datetime.now(UTC) + wait,
            args=[self],
            id="due",
            replace_existing=True,
        )


async def _look(clock: Clock) -> None:
    """A coroutine, because APScheduler calls plain functions in a thread (executors/asyncio.py),
    and an ``asyncio.Event`` may be set only in its own loop."""
    clock.look()

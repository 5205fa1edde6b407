"""Gates: what a process does outside its own memory waits until it is let through.

Between two gates nothing but a process's own memory changes, so an order in which gates are opened
is the whole of how processes can overtake each other, and it can be repeated.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bot.store import Database, Store
from bot.store.database import Backend

Result = TypeVar("Result")

NAP = 1.0  # seconds that the loop is put ahead when all that is left is asleep
MOST_NAPS = 400


class FrozenLoop(asyncio.SelectorEventLoop):
    """A loop whose time stands still: no limit runs out because the machine is busy."""

    _moment = 0.0

    def time(self) -> float:
        """Seconds since it was made, as far as it was put ahead."""
        return self._moment

    def put_ahead(self, seconds: float) -> None:
        """Whatever sleeps so long wakes up."""
        self._moment += seconds

    @property
    def is_idle(self) -> bool:
        """Whether nobody but the one who asks could go on."""
        return not self._ready  # type: ignore[attr-defined]  # of asyncio's BaseEventLoop


@dataclass(eq=False)
class Ticket:
    """One wait at a gate: for a transaction, for a call, or for its answer.

    ``give_up`` is what becomes of a call while time passes and nobody lets it through.
    """

    what: str
    give_up: Callable[[], Coroutine[Any, Any, None]] | None = None
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Gates:
    """Of one process. Nothing passes as long as nobody calls :meth:`let_through`."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self.waiting: list[Ticket] = []
        self._note = note

    async def wait(
        self, what: str, give_up: Callable[[], Coroutine[Any, Any, None]] | None = None
    ) -> Ticket:
        """Wait here; the ticket is to be handed to :meth:`passed` once it is done."""
        ticket = Ticket(what, give_up)
        self.waiting.append(ticket)
        try:
            await ticket.opened.wait()
        except asyncio.CancelledError:  # the one who waits no longer wants it
            if ticket in self.waiting:
                self.waiting.remove(ticket)
            ticket.done.set()
            raise
        return ticket

    def passed(self, ticket: Ticket) -> None:
        """What the ticket was for has been done."""
        ticket.done.set()

    async def let_through(self, place: int = 0) -> None:
        """Let one pass, and wait until all of the process has come to its next gate."""
        ticket = self.waiting.pop(place % len(self.waiting))
        self._note(ticket.what)
        ticket.opened.set()
        await ticket.done.wait()
        await quiet()


async def quiet() -> None:
    """Until nothing goes on any more without a gate."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, FrozenLoop)
    await asyncio.sleep(0)
    while not loop.is_idle:  # noqa: ASYNC110 - nothing tells that everybody else waits
        await asyncio.sleep(0)


class GatedDatabase(Database):
    """The bot's database, each transaction of which waits at a gate. Its connections are kept
    from one life to the next."""

    def __init__(self, backend: Backend, gates: Gates) -> None:
        self.kind = "postgresql"
        self._backend = backend
        self._gates = gates

    async def _run(self, function: Callable[[Store], Result]) -> Result:
        ticket = await self._gates.wait(f"commit {function.__qualname__.split('.<locals>')[0]}")
        try:
            return await super()._run(function)
        finally:
            self._gates.passed(ticket)

    async def run_single(self, function: Callable[[Store], Result]) -> Result:
        """The same for a statement by itself."""
        ticket = await self._gates.wait(f"commit {function.__qualname__.split('.<locals>')[0]}")
        try:
            return await super().run_single(function)
        finally:
            self._gates.passed(ticket)

    async def read(
        self, function: Callable[[Store], Result], *, at_one_moment: bool = False
    ) -> Result:
        """The same for what only looks."""
        ticket = await self._gates.wait(f"read {function.__qualname__.split('.<locals>')[0]}")
        try:
            return await super().read(function, at_one_moment=at_one_moment)
        finally:
            self._gates.passed(ticket)

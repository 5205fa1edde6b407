"""One process of the bot, wired as it is, which does nothing but what its gates let through."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine
from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import Fernet
from pydantic import SecretStr

from bot.clock.worker import MOST_AT_ONCE, Worker
from bot.close.client import CloseClient
from bot.close.limits import Limiter
from bot.close.oauth import CloseOAuthClient
from bot.connections.errors import NotConnectable
from bot.connections.links import Links
from bot.connections.vault import Vault
from bot.desk import Desk
from bot.ports import OutsideError
from bot.process.resources import Outside
from bot.process.settings import Settings
from bot.process.wiring import Workshop
from bot.refusals import NotDone
from bot.slack.bolt import Workspace
from bot.store.database import Backend
from bot.telemetry import Metrics
from models.delegation import Delegation
from sandbox.close import CLIENT_ID, CLIENT_SECRET
from sandbox.people import DANA
from tests.machine.gates import MOST_NAPS, NAP, FrozenLoop, GatedDatabase, Gates, quiet
from tests.machine.outside import CloseLine, SlackLine, Town

URL = "https://close.test"
KEY = Fernet.generate_key().decode()
SETTINGS = Settings(
    slack_bot_token=SecretStr("xoxb-machine"),
    slack_signing_secret=SecretStr("machine"),
    close_api_url=URL,
    close_app_url=URL,
    close_client_id=CLIENT_ID,
    close_client_secret=SecretStr(CLIENT_SECRET),
    public_url="https://bot.test",
    encryption_keys=(SecretStr(KEY),),
    min_duration="1m",
    pending_ttl="6h",
    remind_before="20m",
    admins=(DANA.id,),
)


@dataclass(frozen=True, slots=True)
class Click:
    """What somebody did, and the delegation that was changed by it, if one was."""

    verb: str
    actor: str
    done: Delegation | None


@dataclass(eq=False)
class Process:
    """It can be paused at any gate, and dropped there as by ``kill -9``."""

    town: Town
    backend: Backend
    number: int
    note: Callable[[str], None]
    clicks: list[Click] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Put it together as ``bot.process.app`` does, with gates in between."""
        town, now = self.town, self.town.clock
        self.gates = Gates(self.note)
        self.database = GatedDatabase(self.backend, self.gates)
        self._http = CloseLine(town, self.gates, self.number)
        limits = Limiter(monotonic=asyncio.get_running_loop().time)
        vault = Vault([KEY])
        client: Any = SlackLine(town, self.gates)
        outside = Outside(
            settings=SETTINGS,
            now=now,
            database=self.database,
            vault=vault,
            links=Links(vault, SETTINGS.public_url, now),
            close=CloseClient(self._http, URL, limits),
            oauth=CloseOAuthClient(
                self._http,
                api_url=URL,
                app_url=URL,
                client_id=CLIENT_ID,
                client_secret=CLIENT_SECRET,
                redirect_uri=f"{SETTINGS.public_url}/close/callback",
                limits=limits,
            ),
            session=client,
            quick=client,
            patient=client,
        )
        self.workshop = Workshop(outside, Workspace(client), lambda: None, Metrics(), lambda: None)
        self.desk = Desk(
            self.database, self.workshop.directory, SETTINGS.policy, now, wake=lambda: None
        )

    @property
    def is_busy(self) -> bool:
        """Whether it is in the middle of something."""
        return bool(self.tasks)

    async def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Start something, which comes to its first gate."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        await quiet()

    async def begin_pass(self, names: Collection[str]) -> None:
        """Each of these workers looks once for what is due, and does it."""
        for worker in self.workshop.workers:
            if worker.name in names:
                await self.begin(once(worker))

    async def click(
        self, verb: str, actor: str, act: Callable[[Desk], Awaitable[Any]], *, at_once: bool
    ) -> None:
        """Somebody does something, and what comes of it is kept: ``at_once``, or as far as its
        first gate."""

        async def clicked() -> None:
            outcome: Any
            try:
                outcome = await act(self.desk)
            except (NotDone, NotConnectable, OutsideError):
                outcome = None  # they read why nothing was done
            done = outcome if isinstance(outcome, Delegation) else None
            self.clicks.append(Click(verb, actor, done))

        before = len(self.clicks)
        await self.begin(clicked())
        while at_once and len(self.clicks) == before:
            await self.step(-1)  # nothing else of this process moves: its ticket is the newest

    async def step(self, place: int = 0) -> None:
        """One gate further; raises what has gone wrong."""
        await self._wake()
        if self.gates.waiting:
            await self.gates.let_through(place)
        self._collect()

    async def finish(self) -> None:
        """To the end of all that was begun."""
        while self.tasks:
            await self.step()

    async def _wake(self) -> None:
        """What is asleep while nobody stands at a gate has slept enough."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, FrozenLoop)
        for _ in range(MOST_NAPS):
            self._collect()
            if self.gates.waiting or not self.tasks:
                return
            loop.put_ahead(NAP)
            await quiet()
        raise AssertionError(f"it never comes to an end: {self.tasks}")

    def _collect(self) -> None:
        for task in [each for each in self.tasks if each.done()]:
            self.tasks.discard(task)
            task.result()

    async def drop(self) -> None:
        """It is gone between two gates, with all that was under way. Nothing more is committed or
        sent: each ends where it stands."""
        self.tasks |= self.workshop.connections._held
        for task in self.tasks:
            task.cancel()
        while self.gates.waiting or any(not each.done() for each in self.tasks):
            for ticket in list(self.gates.waiting):  # what cleans up is stopped as well
                self.gates.waiting.remove(ticket)
            for task in self.tasks:
                task.cancel()
            await quiet()
        self.tasks.clear()
        await self._http.aclose()


async def once(worker: Worker[Any]) -> None:
    """As :meth:`Worker._claim_what_is_due`, without what only time brings about."""
    claimed = await worker._claim(MOST_AT_ONCE)
    await asyncio.gather(*(worker._do(group) for group in worker._grouped(claimed)))

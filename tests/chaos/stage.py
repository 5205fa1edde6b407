"""Everything up: Slack, Close and people here, PostgreSQL and the bot in processes of their own."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
from starlette.types import ASGIApp

from bench.stage import askers, crowd
from bot.store.rows import batched
from sandbox.browser import Browser
from sandbox.close import SandboxClose
from sandbox.people import SandboxPerson
from sandbox.running import SandboxClock, environment_for, free_port
from sandbox.serving import serve
from sandbox.slack import SandboxSlack
from tests.chaos.fleet import Fleet, open_fleet
from tests.chaos.postgres import FragilePostgres, fragile_postgres
from tests.integration.wire import Wire, open_wire

PENDING = timedelta(seconds=40)  # so long a request waits for an answer
WARNING = timedelta(seconds=2)  # so long before the end its people are warned
AT_ONCE = 5  # people who connect at the same time
TOKEN_LIFE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Stage:
    """What a run plays on; ``url`` is the database past everything that may be cut."""

    slack: SandboxSlack
    close: SandboxClose
    clock: SandboxClock
    fleet: Fleet
    people: list[SandboxPerson]
    url: str
    postgres: FragilePostgres | None
    wire: Wire | None

    def push(self, how_far: timedelta) -> None:
        """Push everybody's clock ahead."""
        self.clock.push(how_far)
        self.fleet.push(how_far)

    def heal(self) -> None:
        """Nothing is in the way any more, but for processes."""
        self.slack.trouble.clear()
        self.close.trouble.clear()
        self.close.set_read_lag(timedelta())
        if self.wire is not None and self.wire.is_dead:
            self.wire.heal()


@contextlib.asynccontextmanager
async def open_stage(
    ground: "Ground",
    processes: int,
    people: int,
    settings: Mapping[str, str],
    between: Callable[[ASGIApp], ASGIApp] = lambda app: app,
) -> AsyncIterator[Stage]:
    """Everything up, and everybody's Close account connected; ``between`` stands before Slack and
    Close."""
    async with contextlib.AsyncExitStack() as stack:
        folder, postgres, url = ground.folder, ground.postgres, ground.url
        wire, near = None, url
        if postgres is not None:
            wire, near = await stack.enter_async_context(open_wire(url))
        everybody, clock = crowd(people), SandboxClock(folder / "clock")
        slack = SandboxSlack(people=everybody, now=clock)
        close = SandboxClose(everybody, now=clock)
        slack.url = await stack.enter_async_context(serve(between(slack.app)))
        close_url = await stack.enter_async_context(serve(between(close.app)))
        port = stack.enter_context(free_port())
        environment = environment_for(slack, close_url, clock, port) | {
            "DATABASE_URL": near,
            "PENDING_TTL": f"{PENDING.seconds}s",
            "REMIND_BEFORE": f"{WARNING.seconds}s",
            **settings,
        }
        fleet = await stack.enter_async_context(open_fleet(processes, environment, folder, port))
        slack.bot_url = f"http://127.0.0.1:{port}"
        close.set_redirect_uri(f"{slack.bot_url}/close/callback")
        stage = Stage(slack, close, clock, fleet, askers(everybody), url, postgres, wire)
        await fleet.members[0].bot.run("migrate")
        await fleet.recover()
        await _connect_all(stage)
        close.set_expires_in(TOKEN_LIFE)
        yield stage


@dataclass(frozen=True, slots=True)
class Ground:
    """A folder and a database, which are there before the event loop is."""

    folder: Path
    url: str
    postgres: FragilePostgres | None


@contextlib.contextmanager
def ground(kind: str) -> Iterator[Ground]:
    """An empty database of this kind."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        if kind == "sqlite":
            yield Ground(folder, f"sqlite:///{folder / 'send-as.db'}", None)
        else:
            server = stack.enter_context(fragile_postgres())
            yield Ground(folder, server.url, server)


async def connect_again(stage: Stage, user_ids: Iterable[str]) -> int:
    """Those whose connection is lost connect again, where that works now; how many did. It is lost
    when a process dies between Close's new tokens and their storing: nothing brings it back."""
    connected, wanted = 0, set(user_ids)
    for person in stage.people:
        if person.id in wanted:
            with contextlib.suppress(AssertionError, LookupError, httpx.HTTPError):
                await _connect(stage, person)
                connected += 1
    return connected


async def _connect_all(stage: Stage) -> None:
    for some in batched(stage.people, AT_ONCE):
        await asyncio.gather(*(_connect(stage, person) for person in some))


async def _connect(stage: Stage, person: SandboxPerson) -> None:
    """Walk from ``/sendas connect`` to Close and back."""
    reply = await stage.slack.command(person, "/sendas", "connect")
    assert reply.ok, reply
    link = stage.slack.messages(person)[-1].text.partition("<")[2].partition("|")[0]
    async with Browser() as browser:
        await browser.open(link)
        await browser.press("Continue")
        await browser.decide(person)
        assert browser.title == "Close is connected", browser.title

"""The whole house: sandbox Slack, sandbox Close, and the real bot as a process of its own.

::

    async with open_house() as house:
        await house.slack.command(BEN, "/sendas", "@ada 2h Covering the pipeline")
        await house.bot.kill()  # as hard as ``kill -9``
        await house.bot.start()  # the same database, the same environment
"""

import asyncio
import base64
import contextlib
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from sandbox.close import CLIENT_ID, CLIENT_SECRET, SandboxClose
from sandbox.people import DANA, PEOPLE, SandboxPerson
from sandbox.serving import serve
from sandbox.slack import SandboxSlack
from sandbox.slack.workspace import AUDIT

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 30.0
STOP_SECONDS = 15.0
_LOOK_AGAIN_SECONDS = 0.05
# Nothing else of the caller's environment reaches the bot: no proxies, no real tokens. The last
# one is by which ``make coverage`` measures the bot, too.
_PASSED_ON = (
    *("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "SYSTEMROOT"),
    "COVERAGE_PROCESS_CONFIG",
)


class BotTrouble(Exception):
    """The bot did not start, or ended by itself; the message holds the end of its log."""


class SandboxClock:
    """Real time that can be pushed ahead; the bot reads the same file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        """Now, in UTC, as far ahead as it was pushed."""
        return datetime.now(UTC) + self.ahead

    def push(self, how_far: timedelta) -> None:
        """Push it ahead, for everybody at once."""
        self.ahead += how_far
        # Replaced in one move, so that the bot never reads half a number.
        fresh = self.path.with_suffix(".fresh")
        fresh.write_text(str(self.ahead.total_seconds()))
        fresh.replace(self.path)


class RunningBot:
    """``python -m bot serve`` on a port that stays the same over restarts."""

    def __init__(self, port: int, environment: Mapping[str, str], folder: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "bot.log"
        self._folder = folder
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        self.environment = passed_on | {"PYTHONPATH": str(ROOT), **environment}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process_id(self) -> int | None:
        """The number of the running process, or None."""
        return self._process.pid if self.is_running and self._process else None

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_status(self) -> int | None:
        """With which status it ended by itself; None while it runs, or when it was killed off."""
        return self._process.poll() if self._process is not None else None

    async def migrate(self) -> None:
        """Run ``python -m bot migrate``; raises :class:`BotTrouble`."""
        await self.run("migrate")

    async def run(self, *words: str) -> None:
        """Run ``python -m bot`` with this command to its end; raises :class:`BotTrouble`."""
        process = self._spawn(*words)
        try:
            await _ended(process, START_SECONDS)
        except BaseException:
            process.kill()
            process.wait()
            raise
        if process.returncode != 0:
            raise BotTrouble(
                f"{words[0]} ended with status {process.returncode}\n{self.log_tail()}"
            )

    async def start(self, within: float = START_SECONDS) -> None:
        """Start it and wait until ``/readyz`` says so; raises :class:`BotTrouble`."""
        self._process = self._spawn("serve")
        deadline = asyncio.get_running_loop().time() + within
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as client:
            while not await _is_ready(client):
                if not self.is_running:
                    raise BotTrouble(f"the bot ended while starting\n{self.log_tail()}")
                if asyncio.get_running_loop().time() > deadline:
                    raise BotTrouble(f"the bot was not ready in time\n{self.log_tail()}")
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    async def stop(self) -> None:
        """Tell it to stop, as a host does, and wait; it is killed when it does not listen."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            await _ended(self._process, STOP_SECONDS)
        finally:
            await self.kill()

    async def kill(self) -> None:
        """``kill -9``: no time to tidy up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()  # returns at once: nothing survives this signal
            self._process = None

    def log_tail(self, lines: int = 25) -> str:
        """The end of what it wrote; the middle of long lines is left out."""
        if not self.log.exists():
            return "(the bot wrote nothing)"
        written = self.log.read_text(errors="replace").splitlines()
        return "\n".join(_shortened(line) for line in written[-lines:])

    def _spawn(self, *words: str) -> "subprocess.Popen[bytes]":
        # A file and not a pipe: nobody has to read along. A session of its own: Ctrl-C in the
        # terminal reaches the sandbox only, which then stops the bot in order. A folder of its
        # own: a developer's .env must not leak into the sandbox.
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "bot", *words],
                cwd=self._folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


@dataclass(frozen=True, slots=True)
class House:
    """Everything up and talking to each other."""

    slack: SandboxSlack
    close: SandboxClose
    bot: RunningBot
    clock: SandboxClock
    slack_url: str
    close_url: str

    @property
    def bot_url(self) -> str:
        """Where the bot listens."""
        return self.bot.url


@contextlib.asynccontextmanager
async def open_house(
    *,
    database_url: str | None = None,
    port: int | None = None,
    people: Iterable[SandboxPerson] = PEOPLE,
    **settings: str,
) -> AsyncIterator[House]:
    """Start everything, and stop and remove it at the end.

    ``database_url`` is a fresh SQLite file when not given, ``port`` the bot's; ``settings`` are
    more of the bot's environment variables, by name. Raises :class:`BotTrouble`.
    """
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="send-as-")))
        clock = SandboxClock(folder / "clock")
        slack, close = SandboxSlack(people=people, now=clock), SandboxClose(people, now=clock)
        slack_url = await stack.enter_async_context(slack.serving())
        close_url = await stack.enter_async_context(serve(close.app))
        port = port or stack.enter_context(free_port())
        environment = environment_for(slack, close_url, clock, port) | {
            "DATABASE_URL": database_url or f"sqlite:///{folder / 'send-as.db'}"
        }
        bot = RunningBot(port, environment | settings, folder)
        slack.bot_url = bot.url
        close.set_redirect_uri(f"{bot.url}/close/callback")
        stack.push_async_callback(bot.stop)
        await bot.migrate()
        await bot.start()
        yield House(slack, close, bot, clock, slack_url, close_url)


@contextlib.contextmanager
def free_port() -> Iterator[int]:
    """A free port for a server that has to know it beforehand, and after each restart.

    On Linux nobody else is given it meanwhile: a socket that is bound and does not listen keeps
    it, and hinders no server that sets ``SO_REUSEADDR``.
    """
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", 0))
        port: int = keeper.getsockname()[1]
        if sys.platform != "linux":
            keeper.close()
        yield port


def environment_for(
    slack: SandboxSlack, close_url: str, clock: SandboxClock, port: int
) -> dict[str, str]:
    """What a deployment sets, for this Slack and this Close; durations may be short."""
    return {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_SIGNING_SECRET": slack.signing_secret,
        "SLACK_API_URL": slack.api_url,
        "CLOSE_CLIENT_ID": CLIENT_ID,
        "CLOSE_CLIENT_SECRET": CLIENT_SECRET,
        "CLOSE_API_URL": close_url,
        "CLOSE_APP_URL": close_url,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "PORT": str(port),
        "METRICS_TOKEN": secrets.token_urlsafe(),
        "ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "MIN_DURATION": "1s",
        "ADMINS": DANA.id,
        "AUDIT_CHANNEL": AUDIT,
        "CLOCK_FILE": str(clock.path),
    }


def _shortened(line: str) -> str:
    """A traceback in one line of JSON is told by its beginning and its end."""
    return line if len(line) <= 500 else f"{line[:150]} … {line[-300:]}"


async def _ended(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Wait for the end of the process; returns without it after ``seconds``."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while process.poll() is None:  # noqa: ASYNC110 - a Popen tells nobody when it ends
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)


async def _is_ready(client: httpx.AsyncClient) -> bool:
    try:
        answer = await client.get("/readyz")
    except httpx.TransportError:
        return False
    return answer.is_success

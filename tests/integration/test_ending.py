"""How a process ends: in order when it is told to, with an error when it does no work any more."""

import asyncio
import contextlib
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import make_url

from bot.process.watchdog import STATUS
from sandbox.running import free_port
from tests.conftest import Postgres
from tests.integration.wire import open_wire
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
SERVE = """
import asyncio, sys, threading, time
from bot.clock import worker
from bot.__main__ import main
from bot.process import health, watchdog
worker.LONGEST_ROUND, health.LOOK_EVERY, health.STRIKES = 1.0, 0.1, 3
watchdog.LOOK_EVERY = 0.1

{fault}

sys.exit(main(["serve"]))
"""
NONE = ""
FAULTS = {
    "a worker hangs": """
async def hang(self):
    await asyncio.Event().wait()
worker.Worker._claim_what_is_due = hang
""",
    "a worker has died": """
async def die(self):
    raise RuntimeError("no more")
worker.Worker._claim_what_is_due = die
""",
    "the loop is blocked": """
async def block(self):
    asyncio.get_running_loop().call_later(1, time.sleep, 3600)
    await asyncio.sleep(3600)
worker.Worker._work = block
""",
    "the stop hangs": """
async def hang(self):
    await asyncio.Event().wait()
from bot.connections.sessions import Connections
Connections.finish = worker.Worker._claim_what_is_due = hang
""",
    "the disk does not answer": """
from bot.store import database
database.STUCK = 1.0
async def wait(self):
    await self._database.run(lambda store: time.sleep(3600))
worker.Worker._work = wait
""",
}


@pytest.fixture
def server_url(postgres: Postgres) -> str:
    """The address of a migrated, empty PostgreSQL."""
    return postgres.emptied()


@pytest.fixture
def environment(migrated_sqlite: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What a deployment sets; Slack and Close are not there."""
    path = shutil.copy(migrated_sqlite, tmp_path / "bot.db")
    with free_port() as port:
        yield {
            "PYTHONPATH": str(ROOT),
            "SLACK_BOT_TOKEN": "xoxb-test",
            "SLACK_SIGNING_SECRET": "secret",
            "SLACK_API_URL": "http://127.0.0.1:1/api/",
            "CLOSE_API_URL": "http://127.0.0.1:1",
            "CLOSE_CLIENT_ID": "id",
            "CLOSE_CLIENT_SECRET": "secret",
            "PUBLIC_URL": "https://bot.example.com",
            "DATABASE_URL": f"sqlite:///{path}",
            "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "PORT": str(port),
        }


@asynccontextmanager
async def serving(
    environment: dict[str, str], fault: str, folder: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that serves with this fault; it is killed at the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVE.format(fault=fault)),
        env=environment,
        cwd=folder,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def until(environment: dict[str, str], path: str, status: int) -> None:
    """Wait until it answers with this status."""
    async with httpx.AsyncClient() as browser, asyncio.timeout(2 * PATIENCE):
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = await browser.get(f"http://127.0.0.1:{environment['PORT']}{path}")
                if answer.status_code == status:
                    return
            await asyncio.sleep(0.05)


async def ended(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    """With which status it ended, and what it said."""
    async with asyncio.timeout(2 * PATIENCE):
        _, said = await process.communicate()
    return process.returncode, said.decode()


@pytest.mark.parametrize("what", FAULTS)
async def test_what_does_not_work_any_more_ends(
    environment: dict[str, str], what: str, tmp_path: Path
) -> None:
    """R1: whatever has stopped working, the process ends by itself, and with an error."""
    async with serving(environment, FAULTS[what], tmp_path) as process:
        status, said = await ended(process)
    assert status == STATUS
    assert "lost" in said or "does not respond" in said


async def test_told_to_stop(environment: dict[str, str], tmp_path: Path) -> None:
    """K1: a process that is told to stop ends with 0, and says nothing about it."""
    async with serving(environment, NONE, tmp_path) as process:
        await until(environment, "/healthz", 200)
        process.terminate()
        status, said = await ended(process)
    assert status == 0
    assert "Traceback" not in said


async def test_a_database_that_comes_later(
    environment: dict[str, str], server_url: str, tmp_path: Path
) -> None:
    """K11: while the database does not answer at the start, the process says so in a line, on
    /readyz and to Slack; then it works, and it ends in order."""
    async with open_wire(server_url) as (wire, near):
        wire.die()
        environment["DATABASE_URL"] = near
        async with serving(environment, NONE, tmp_path) as process:
            await until(environment, "/healthz", 200)
            await until(environment, "/readyz", 503)
            async with httpx.AsyncClient() as slack:
                event = await slack.post(f"http://127.0.0.1:{environment['PORT']}/slack/events")
            assert event.status_code == 503
            wire.heal()
            await until(environment, "/readyz", 200)
            process.terminate()
            status, said = await ended(process)
    assert status == 0
    assert said.count("waiting for the database") == 1
    assert "Traceback" not in said


async def test_told_to_stop_while_it_waits(environment: dict[str, str], tmp_path: Path) -> None:
    """K11: a process that still waits for its database ends in order when it is told to."""
    environment["DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/nothing"
    async with serving(environment, NONE, tmp_path) as process:
        await until(environment, "/healthz", 200)
        process.terminate()
        status, said = await ended(process)
    assert status == 0
    assert "Traceback" not in said


MISTAKES = {
    "it is empty": ("bot migrate", ""),
    "nobody may enter": ("does not let this user in", "postgresql://nobody@"),
    "it does not exist": ("does not exist", "postgresql://postgres@/nowhere"),
}


@pytest.mark.parametrize("what", MISTAKES)
async def test_what_no_waiting_mends(
    environment: dict[str, str], server_url: str, what: str, tmp_path: Path
) -> None:
    """K11: a database that was not migrated, or refuses us, is said in one sentence at once."""
    words, near = MISTAKES[what]
    there = make_url(server_url).query
    url = make_url(near or f"sqlite:///{tmp_path / 'empty.db'}").set(query=there if near else {})
    environment["DATABASE_URL"] = url.render_as_string(hide_password=False)
    async with serving(environment, NONE, tmp_path) as process:
        status, said = await ended(process)
    assert status == 3
    assert words in said
    assert "Traceback" not in said

"""``python -m bot serve | migrate | doctor``"""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any

import uvicorn
import uvloop

from bot.clock.present import pushed_clock, utc_now
from bot.connections.keys import keys_problem
from bot.connections.vault import Vault
from bot.process.app import open_bot
from bot.process.doctor import examine
from bot.process.settings import BadSettings, Settings, read_settings
from bot.store import Database
from bot.store.schema import is_current, migrate
from bot.telemetry import configure_logging

NOT_MIGRATED = "The database is not up to date. Run this first: python -m bot migrate"
GRACE = 10  # seconds that open requests get when the process is told to stop


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bot", description=__doc__)
    parser.add_argument("command", choices=["serve", "migrate", "doctor"])
    chosen = parser.parse_args(arguments)
    try:
        settings = read_settings()
    except BadSettings as error:
        print(f"The environment is not complete:\n{error}\nSee .env.example", file=sys.stderr)
        return 2
    commands = {"serve": serve, "migrate": migrate_database, "doctor": examine}
    return _run(commands[chosen.command](settings))


async def serve(settings: Settings) -> int:
    """The bot, until the process is told to stop."""
    configure_logging()
    if not await _is_migrated(settings):
        print(NOT_MIGRATED, file=sys.stderr)
        return 3
    if problem := await _keys_problem(settings):
        print(problem, file=sys.stderr)
        return 4
    now = utc_now if settings.clock_file is None else pushed_clock(settings.clock_file)
    async with open_bot(settings, now=now) as web:
        config = uvicorn.Config(
            web,
            host="0.0.0.0",  # noqa: S104 - hosts route to the container's own address
            port=settings.port,
            http="httptools",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE,
        )
        await _Server(config).serve()
    return 0


async def migrate_database(settings: Settings) -> int:
    """Bring the database's schema up to date."""
    database = Database(settings.database_url.get_secret_value())
    try:
        await migrate(database)
    finally:
        await database.dispose()
    print("The database is up to date.")
    return 0


class _Server(uvicorn.Server):
    """Returns when it is told to stop, also where SIGINT is ignored, as in a background job.

    uvicorn's own raises the signal once more, and SIGTERM would then end the process before the
    running steps have ended.
    """

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


async def _is_migrated(settings: Settings) -> bool:
    database = Database(settings.database_url.get_secret_value())
    try:
        return await is_current(database)
    finally:
        await database.dispose()


async def _keys_problem(settings: Settings) -> str | None:
    database = Database(settings.database_url.get_secret_value())
    try:
        return await keys_problem(database, Vault(settings.keys))
    finally:
        await database.dispose()


def _run(command: Coroutine[Any, Any, int]) -> int:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(command)

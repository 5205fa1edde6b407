"""The bot as a service: it works until the process is told to stop, or cannot work any more."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator
from typing import Any

import structlog
import uvicorn
from starlette.types import ASGIApp

from bot.process import watchdog
from bot.process.app import open_bot
from bot.process.doctor.tokens import refused_tokens
from bot.process.farewell import Farewell
from bot.process.fit import MISFITS, NotReady, fit_of
from bot.process.health import Health
from bot.process.rulebook import Rulebook
from bot.process.rules_file import BadRules
from bot.process.server import ServerConfig
from bot.process.settings import Settings
from bot.process.start import BAD_SETTINGS, clock_of, run
from bot.process.watchdog import Watchdog
from bot.store import Database, DatabaseAway
from bot.store.schema import Fit
from bot.web.waiting import waiting_room
from models.chore import ChoreKind

GRACE = 10  # seconds that open requests get when the process is told to stop
STOPPING = 22  # looks of the watchdog from then on until the end,
LEAVING = 2  # and once all is done: a thread that waits for a disk is not waited for
LOOK_AGAIN = 1.0  # seconds, while the database does not answer
SAY_AGAIN = 60  # looks


def serve() -> int:
    """Run the bot; returns the exit status."""
    return run(until_told, level="INFO")


async def until_told(settings: Settings) -> int:
    """The bot, until the process is told to stop."""
    try:
        rulebook = Rulebook(settings.policy_file, settings.policy)
    except BadRules as error:
        print(f"The rules cannot be used: {error}", file=sys.stderr)
        return BAD_SETTINGS
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, rulebook.read_again)
    told = _told_to_stop()
    asking = asyncio.create_task(refused_tokens(settings))
    try:
        if not await _has_database(settings, told):
            return 0
        refused = await asking
    finally:
        asking.cancel()
    if refused and not await _has_to_end_everything(settings):
        print("\n".join(refused), file=sys.stderr)
        return BAD_SETTINGS
    now = clock_of(settings)
    health, dog, farewell = Health(), Watchdog(), Farewell()
    dog.start()
    feeding = asyncio.create_task(_feed(dog, farewell))
    async with open_bot(
        settings, now=now, health=health, farewell=farewell, rulebook=rulebook
    ) as web:
        lost = asyncio.create_task(_until_over(farewell, told, health))
        await _serve_until(settings, web, told, lost)
    await feeding
    status = watchdog.STATUS if health.problem else 0
    dog.last_words(LEAVING, status)
    return status


async def _has_to_end_everything(settings: Settings) -> bool:
    """Whether the app was taken out of Slack: then its token is refused, and Close may still hold
    what has to end."""
    database = Database(settings.database_url.get_secret_value())
    try:
        return await database.read(lambda store: store.chores.get(ChoreKind.UNINSTALL)) is not None
    except DatabaseAway:
        return True  # it was there a moment ago: the bot waits for it, and finds out
    finally:
        await database.dispose()


async def _until_over(farewell: Farewell, told: asyncio.Event, health: Health) -> None:
    """Until the process is told to stop, is lost, or has nothing left to do: then its farewell
    begins."""
    reasons = [
        asyncio.create_task(each)
        for each in (told.wait(), health.until_lost(), farewell.told.wait())
    ]
    try:
        await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in reasons:
            each.cancel()
    farewell.begin()


def _told_to_stop() -> asyncio.Event:
    """Set by SIGTERM or SIGINT, also where the latter is ignored, as in a background job."""
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    return told


async def _has_database(settings: Settings, told: asyncio.Event) -> bool:
    """Wait until the database answers; False when the process was told to stop before. Raises
    NotReady where no waiting will help."""
    database = Database(settings.database_url.get_secret_value())
    try:
        fit = await _fit_now(database)
        if fit is None:
            looking = asyncio.create_task(_fit_once_there(database))
            await _serve_until(settings, waiting_room(), told, looking)
            if told.is_set():
                return False
            fit = await looking
    finally:
        await database.dispose()
    if fit is not Fit.READY:
        raise NotReady(MISFITS[fit])
    return True


async def _fit_now(database: Database) -> Fit | None:
    try:
        return await fit_of(database)
    except DatabaseAway:
        return None


async def _fit_once_there(database: Database) -> Fit:
    log, looks = structlog.get_logger("bot.process.commands.service"), 0
    while (fit := await _fit_now(database)) is None:
        if looks % SAY_AGAIN == 0:
            log.warning("waiting for the database")
        looks += 1
        await asyncio.sleep(LOOK_AGAIN)
    log.info("the database answers")
    return fit


async def _serve_until(
    settings: Settings, web: ASGIApp, told: asyncio.Event, end: "asyncio.Task[Any]"
) -> None:
    """Serve ``web`` until the process is told to stop, or ``end`` is done."""
    server = _Server(ServerConfig(web, settings.port, grace=GRACE))
    ending = asyncio.create_task(_end(server, told, end))
    try:
        await server.serve()
    finally:
        ending.cancel()
        end.cancel()


async def _end(server: uvicorn.Server, told: asyncio.Event, end: "asyncio.Task[Any]") -> None:
    stopping = asyncio.create_task(told.wait())
    await asyncio.wait([stopping, end], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    server.should_exit = True


class _Server(uvicorn.Server):
    """uvicorn that leaves signals alone: it would raise them once more when it has stopped, and
    SIGTERM would then end the process before the running steps have ended."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _feed(dog: Watchdog, farewell: Farewell) -> None:
    """Until the farewell begins: a stop that hangs is ended, too."""
    while not farewell.told.is_set():
        dog.feed()
        with contextlib.suppress(TimeoutError):  # else a stop would wait for the next look
            await asyncio.wait_for(farewell.told.wait(), watchdog.LOOK_EVERY)
    dog.last_words(STOPPING)

"""``python -m bot serve | migrate | doctor | restored | policy check | policy explain``"""

import argparse
import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp

from bot.clock.present import pushed_clock, utc_now
from bot.ports import Now
from bot.process import watchdog
from bot.process.app import open_bot
from bot.process.consulting import check_policy, explain_policy
from bot.process.doctor import MISFITS, examine, why_unusable
from bot.process.farewell import Farewell
from bot.process.health import Health
from bot.process.rulebook import Rulebook
from bot.process.rules_file import BadRules
from bot.process.server import ServerConfig
from bot.process.settings import BadSettings, Settings, read_settings
from bot.process.watchdog import Watchdog
from bot.store import Database, DatabaseAway
from bot.store.schema import Fit, look, migrate
from bot.strays.restored import take_stock
from bot.telemetry import configure_logging
from bot.web.waiting import waiting_room

NOT_COMPLETE = 2  # the exit status when the environment or the rules cannot be used,
NO_DATABASE = 3  # and when the database cannot
GRACE = 10  # seconds that open requests get when the process is told to stop
STOPPING = 22  # looks of the watchdog from then on until the end,
LEAVING = 2  # and once all is done: a thread that waits for a disk is not waited for
MANY = 50_000  # objects that may be waste, until they are looked through
LOOK_AGAIN = 1.0  # seconds, while the database does not answer
SAY_AGAIN = 60  # looks
MIGRATING_WAITS = 60  # looks


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    chosen = _parser().parse_args(arguments)
    try:
        settings = read_settings()
    except BadSettings as error:
        print(f"The environment is not complete:\n{error}\nSee .env.example", file=sys.stderr)
        return NOT_COMPLETE
    if chosen.command == "policy" and chosen.about == "check":
        return _run(check_policy(settings, chosen.file))
    if chosen.command == "policy":
        return _run(explain_policy(settings, chosen.who, chosen.whose, chosen.length))
    commands = {
        "serve": serve,
        "migrate": migrate_database,
        "doctor": examine,
        "restored": note_restored,
    }
    return _run(commands[chosen.command](settings))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("serve", "migrate", "doctor", "restored"):
        commands.add_parser(name)
    policy = commands.add_parser("policy").add_subparsers(dest="about", required=True)
    checked = policy.add_parser("check")
    checked.add_argument("file", nargs="?", type=Path)
    explained = policy.add_parser("explain")
    for name in ("who", "whose", "length"):
        explained.add_argument(name)
    return parser


async def serve(settings: Settings) -> int:
    """The bot, until the process is told to stop."""
    configure_logging()
    try:
        rulebook = Rulebook(settings.policy_file, settings.policy)
    except BadRules as error:
        print(f"The rules cannot be used: {error}", file=sys.stderr)
        return NOT_COMPLETE
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, rulebook.read_again)
    told = _told_to_stop()
    fit = await _fit_of_database(settings, told)
    if fit is not Fit.READY:
        return 0 if fit is None else NO_DATABASE
    now = _clock(settings)
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


async def _until_over(farewell: Farewell, told: asyncio.Event, health: Health) -> None:
    """Until the process is told to stop, or is lost: then its farewell begins."""
    reasons = [asyncio.create_task(each) for each in (told.wait(), health.until_lost())]
    try:
        await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in reasons:
            each.cancel()
    farewell.begin()


def _clock(settings: Settings) -> Now:
    return utc_now if settings.clock_file is None else pushed_clock(settings.clock_file)


async def note_restored(settings: Settings) -> int:
    """Take stock after the database was restored from a backup, before the bot works with it."""
    database, now = Database(settings.database_url.get_secret_value()), _clock(settings)()
    try:
        fit = (await look(database)).fit
        if fit is not Fit.READY:
            print(MISFITS[fit], file=sys.stderr)
            return NO_DATABASE
        admins = settings.policy.admins
        found = await database.run_patiently(lambda store: take_stock(store, admins, now=now))
    except DatabaseAway as error:
        print(f"The database does not answer ({error}).", file=sys.stderr)
        return NO_DATABASE
    finally:
        await database.dispose()
    print(
        f"The last change that is known is of {found.since or 'no time'}. Called off: "
        f"{found.called_off} approvals, {found.standing} standing approvals. Once the bot runs, it "
        f"tries {found.connections} connections, compares, and tells everybody concerned."
    )
    return 0


async def migrate_database(settings: Settings) -> int:
    """Bring the database's schema up to date."""
    database = Database(settings.database_url.get_secret_value())
    try:
        await _migrated_once_there(database)
    except DatabaseAway as error:
        print(f"The database does not answer ({error}).", file=sys.stderr)
        return NO_DATABASE
    finally:
        await database.dispose()
    print("The database is up to date.")
    return 0


async def _migrated_once_there(database: Database) -> None:
    """A fresh deployment may start its database at the same time. Raises DatabaseAway."""
    for _ in range(MIGRATING_WAITS):
        try:
            return await migrate(database)
        except DatabaseAway:
            await asyncio.sleep(LOOK_AGAIN)
    return await migrate(database)


def _told_to_stop() -> asyncio.Event:
    """Set by SIGTERM or SIGINT, also where the latter is ignored, as in a background job."""
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    return told


async def _fit_of_database(settings: Settings, told: asyncio.Event) -> Fit | None:
    """Wait until the database answers; None when the process was told to stop before.

    What no waiting will mend is said on standard error, and is anything but READY.
    """
    database = Database(settings.database_url.get_secret_value())
    try:
        fit = await _fit_now(database)
        if fit is None:
            looking = asyncio.create_task(_fit_once_there(database))
            await _serve_until(settings, waiting_room(), told, looking)
            fit = None if told.is_set() else await looking
    except Exception as error:  # noqa: BLE001 - whatever it is, the operator has to read it
        print(why_unusable(error), file=sys.stderr)
        return Fit.BEHIND
    finally:
        await database.dispose()
    if fit in MISFITS:
        print(MISFITS[fit], file=sys.stderr)
    return fit


async def _fit_now(database: Database) -> Fit | None:
    try:
        return (await look(database)).fit
    except DatabaseAway:
        return None


async def _fit_once_there(database: Database) -> Fit:
    log, looks = structlog.get_logger("bot.process.cli"), 0
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
        await asyncio.sleep(watchdog.LOOK_EVERY)
    dog.last_words(STOPPING)


def _run(command: Coroutine[Any, Any, int]) -> int:
    # What is there by now stays: looking through it for waste again and again holds up everybody.
    gc.freeze()
    gc.set_threshold(MANY)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(command)

"""How every command begins and ends: settings, an event loop, an exit status."""

import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

from bot.clock.present import pushed_clock, utc_now
from bot.ports import Now
from bot.process.fit import NotReady
from bot.process.misnamed import misnamed
from bot.process.settings import BadSettings, Settings, read_settings
from bot.telemetry import configure_logging

FAILED = 1  # exit statuses: it was tried, and did not work out
BAD_SETTINGS = 2
NO_DATABASE = 3
# How many objects may be waste until they are looked through; how often that happens until those
# that were in use are looked through as well, and so on. The first two of these take milliseconds
# and find nearly all there is; the last takes tens of them.
WASTE = (2_000, 5, 1_000)


def run(command: Callable[[Settings], Coroutine[Any, Any, int]], *, level: str = "WARNING") -> int:
    """Run ``command`` to its end; returns the exit status. Whatever the person who typed it can
    mend is one sentence on standard error. ``level`` is from where on the log is written."""
    try:
        settings = read_settings()
    except BadSettings as error:
        print(f"The settings cannot be used:\n{error}\nSee .env.example", file=sys.stderr)
        _say_misnamed()
        return BAD_SETTINGS
    _say_misnamed()
    configure_logging(level)
    # What is there by now stays: looking through it for waste again and again holds up everybody.
    gc.freeze()
    gc.set_threshold(*WASTE)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            return runner.run(command(settings))
        except NotReady as error:
            print(error, file=sys.stderr)
            return NO_DATABASE


def _say_misnamed() -> None:
    for sentence in misnamed():
        print(sentence, file=sys.stderr)


def clock_of(settings: Settings) -> Now:
    """The present; in the sandbox it can be pushed ahead."""
    return utc_now if settings.clock_file is None else pushed_clock(settings.clock_file)

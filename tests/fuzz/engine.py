"""Tries a target with made-up input, each within its time, and keeps what broke something."""

import gc
import logging
import signal
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from random import Random
from types import FrameType
from typing import Any, NoReturn

import structlog

LONGEST = 0.2  # seconds of CPU for one input
GIVEN_UP = 5.0  # seconds of CPU, after which it is stopped
MOST_FAULTS = 20  # of one share, so that a broken target ends soon

Make = Callable[[Random], Any]
# Takes one input, and says in a word what came of it; whatever it raises is a fault.
Check = Callable[[Any], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Target:
    """Something that takes input from outside. ``weight`` is its share of a run, and ``outcomes``
    are those that have to be seen in any run that is not tiny."""

    name: str
    weight: int
    make: Make
    opened: Callable[[], AbstractAsyncContextManager[Check]]
    outcomes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Fault:
    """Which input broke something, and how."""

    target: str
    number: int
    said: str


@dataclass(slots=True)
class Tally:
    """What came of a share."""

    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    inputs: int = 0
    seconds: float = 0.0  # of CPU
    slowest: float = 0.0

    def add(self, other: "Tally") -> None:
        """Take over another share's figures."""
        self.outcomes += other.outcomes
        self.faults += other.faults
        self.inputs += other.inputs
        self.seconds += other.seconds
        self.slowest = max(self.slowest, other.slowest)


class Listed(logging.Handler):
    """Keeps what a library logs as an error."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._errors = errors

    def emit(self, record: logging.LogRecord) -> None:
        """One more."""
        self._errors.append(self.format(record))


class TooSlow(BaseException):
    """No ``except Exception`` of the code under test may swallow it."""


def input_of(target: Target, seed: int, number: int) -> Any:
    """The input of this number: each can be made by itself."""
    return target.make(Random(f"{seed} {target.name} {number}"))  # noqa: S311 - it has to come again


async def run(target: Target, *, seed: int, first: int, count: int) -> Tally:
    """Try so many inputs, from this number on."""
    tally, began = Tally(), time.process_time()
    with _noted_errors() as errors:
        async with target.opened() as check:
            gc.collect()
            gc.freeze()  # a collection in between is nobody's time
            for number in range(first, first + count):
                value = input_of(target, seed, number)
                said = await tried(check, value, tally, errors)
                if said is not None:
                    tally.faults.append(Fault(target.name, number, said))
                if len(tally.faults) >= MOST_FAULTS:
                    break
            gc.unfreeze()
    tally.seconds = time.process_time() - began
    return tally


async def tried_alone(target: Target, value: Any) -> str | None:
    """One input by itself; says what was wrong, if anything was."""
    with _noted_errors() as errors:
        async with target.opened() as check:
            gc.freeze()  # looking through what others left behind is not its time, either
            try:
                return await tried(check, value, Tally(), errors)
            finally:
                gc.unfreeze()


async def tried(check: Check, value: Any, tally: Tally, errors: list[str]) -> str | None:
    """One input; says what was wrong, if anything was."""
    tally.inputs += 1
    errors.clear()
    began = time.process_time()
    try:
        with _limited():
            outcome = await check(value)
    except (Exception, TooSlow):  # noqa: BLE001 - whatever it is, it is what was looked for
        return "\n".join([*errors, traceback.format_exc()])
    took = time.process_time() - began
    tally.slowest = max(tally.slowest, took)
    if errors:
        return "\n".join(errors)
    if took > LONGEST:
        return f"{took:.3f} s of CPU"
    tally.outcomes[outcome] += 1
    return None


@contextmanager
def _noted_errors() -> Iterator[list[str]]:
    """What goes into the log as an error is one; the rest of the log is left out."""
    errors: list[str] = []

    def note(_logger: object, level: str, event: MutableMapping[str, Any]) -> NoReturn:
        if level in ("error", "critical"):
            cause = event.get("exc_info")
            lines = traceback.format_exception(cause) if isinstance(cause, Exception) else []
            errors.append("".join([f"{event}\n", *lines]))
        raise structlog.DropEvent

    handler, before = Listed(errors), structlog.get_config()
    structlog.configure(processors=[note])
    logging.getLogger().addHandler(handler)
    logging.getLogger("slack_bolt").setLevel(logging.ERROR)  # as the bot has it
    try:
        yield errors
    finally:
        logging.getLogger().removeHandler(handler)
        structlog.configure(**before)


@contextmanager
def _limited() -> Iterator[None]:
    before = signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, GIVEN_UP)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise TooSlow(f"more than {GIVEN_UP} s of CPU")

"""One line that fails costs no other."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date

import pytest

from bench import report
from bench.lines import Line, Result, Unit
from bench.tries import tried

FIRST, SECOND, THIRD = (
    Line(name=name, unit=Unit.TIMES, goal=2.0, how="in turns") for name in ("one", "two", "three")
)
EXPECTED = [(line, "sqlite") for line in (FIRST, SECOND, THIRD)]


async def failing() -> AsyncIterator[Result]:
    """The first is measured, the second is not."""
    yield Result(FIRST, "sqlite", [1.0])
    raise LookupError("nobody sees it")


async def endless() -> AsyncIterator[Result]:
    """The second never is."""
    yield Result(FIRST, "sqlite", [1.0])
    await asyncio.Event().wait()


async def test_what_was_measured_before_a_failure_stays_and_the_rest_says_why() -> None:
    """The page has a row for each line, with a figure or with the reason."""
    results = [each async for each in tried(EXPECTED, failing())]
    assert [each.is_measured for each in results] == [True, False, False]
    assert [each.is_met for each in results] == [True, None, None]
    page = report.measured({"growth": results}, [], date(2026, 11, 29))
    row = "| two | SQLite | not measured | ≤ 2.00× | LookupError: nobody sees it |"
    assert row in page
    assert "Of 1 goals 1 are met; the others are marked. 2 could not be measured" in page


async def test_what_takes_too_long_is_left() -> None:
    """A bot that is never quiet does not keep the others from being measured."""
    results = [each async for each in tried(EXPECTED, endless(), seconds=0.01)]
    assert [(each.shown, each.note) for each in results[1:]] == [
        ("not measured", "TimeoutError")
    ] * 2


async def test_one_of_many_at_once_says_why_for_all(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a group of failures the first is told, and all of it is printed."""

    async def both() -> AsyncIterator[Result]:
        yield Result(FIRST, "sqlite", [1.0])
        raise ExceptionGroup("both", [ValueError("no card"), ValueError("no home")])

    results = [each async for each in tried(EXPECTED[:2], both())]
    assert [each.note for each in results] == ["", "ValueError: no card"]
    assert "no home" in capsys.readouterr().err

"""A short run of every target; ``make fuzz`` is the long one."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog

from tests.fuzz.__main__ import main
from tests.fuzz.engine import Check, Target, input_of, run
from tests.fuzz.making import as_json
from tests.fuzz.targets import TARGETS

SEED = 11
LEAST, WEIGHED = 150, 60  # inputs of a target, and more for its weight


@pytest.mark.parametrize("name", TARGETS)
async def test_nothing_breaks_it(name: str) -> None:
    """Some hundred made-up inputs are all answered in time, in each of the ways that there are."""
    target = TARGETS[name]
    tally = await run(target, seed=SEED, first=0, count=LEAST + WEIGHED * target.weight)
    assert [(fault.number, fault.said) for fault in tally.faults] == []
    assert target.outcomes <= set(tally.outcomes)


@pytest.mark.parametrize("name", TARGETS)
def test_a_seed_reproduces_an_input(name: str) -> None:
    """An input is made of seed, target and number alone, whatever was made before it."""
    made = [as_json(input_of(TARGETS[name], SEED, number)) for number in range(20)]
    again = [as_json(input_of(TARGETS[name], SEED, number)) for number in reversed(range(20))]
    assert made == again[::-1]
    assert len(set(made)) > 5


def _target(check: Check) -> Target:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Check]:
        yield check

    return Target("broken", 1, lambda random: random.random(), opened, frozenset())


async def test_what_breaks_is_a_fault() -> None:
    """An exception, an error in the log and a regular expression that does not end are found."""

    async def fails(_value: Any) -> str:
        raise KeyError("x")

    async def backtracks(_value: Any) -> str:
        return str(re.match(r"(a+)+$", "a" * 25 + "b"))

    async def is_silent(_value: Any) -> str:
        structlog.get_logger().error("a listener failed")
        return "done"

    for check, said in ((fails, "KeyError"), (backtracks, "of CPU"), (is_silent, "a listener")):
        (fault,) = (await run(_target(check), seed=1, first=0, count=1)).faults
        assert said in fault.said


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The long run prints its figures and its seed, and says with its status that all is well."""
    assert main(["--target", "texts", "--inputs", "50", "--seed", "3"]) == 0
    assert "50 inputs, 0 faults" in capsys.readouterr().out

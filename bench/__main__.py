"""Measure everything, each figure against what it could be, and print the table."""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Callable

from bench import answers, commands, ends, growth, idle, lives, wholesale
from bench.ground import Ground, ground
from bench.lines import Result
from bench.rounds import QUICK, WHOLE, Size

GROUPS: dict[str, Callable[[Ground, Size], AsyncIterator[Result]]] = {
    "help": commands.measure,
    "answers": answers.measure,
    "lives": lives.measure,
    "wholesale": wholesale.measure,
    "ends": ends.measure,
    "idle": idle.measure,
    "growth": growth.measure,
}


async def measured(names: list[str], size: Size, stand: Ground) -> list[Result]:
    """One group after the other, so that each has the machine for itself."""
    results, began = [], time.monotonic()
    for name in names:
        print(f"{time.monotonic() - began:5.0f} s  {name}", flush=True)
        async for result in GROUPS[name](stand, size):
            results.append(result)
            print(f"         {said(result)}", flush=True)
    return results


def said(result: Result) -> str:
    """One line for the terminal."""
    name = f"{result.line.name} [{result.of}]" if result.of else result.line.name
    mark = {True: "ok", False: "--", None: "  "}[result.is_met]
    note = f"   {result.note}" if result.note else ""
    return f"{mark} {name:<74} {result.shown:<28} {result.goal:<12}{note}"


def main() -> None:
    """Read what is wanted, and do it."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"some of: {', '.join(GROUPS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="two minutes instead of twenty")
    chosen = parser.parse_args()
    size = QUICK if chosen.quick else WHOLE
    with ground() as stand:
        asyncio.run(measured(chosen.groups or list(GROUPS), size, stand))


if __name__ == "__main__":
    main()

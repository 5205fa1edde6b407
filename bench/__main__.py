"""Measure everything, each figure against what it could be, and print the table."""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

from bench import answers, commands, company, ends, growth, idle, lives, report, wholesale
from bench.ground import Ground, ground
from bench.lines import Result
from bench.pacing import floor_now
from bench.rounds import QUICK, WHOLE, Size
from bench.tries import tried

GROUPS: dict[str, Callable[[Ground, Size], AsyncIterator[Result]]] = {
    "commands": commands.measure,
    "answers": answers.measure,
    "lives": lives.measure,
    "wholesale": wholesale.measure,
    "ends": ends.measure,
    "idle": idle.measure,
    "growth": growth.measure,
    "company": company.measure,
}
TIMED = {"answers", "lives", "wholesale", "ends"}  # whose goals move with the floor
GROUP = 1_800.0  # seconds; a group that takes longer has something in it that never ends


async def measured(names: Sequence[str], size: Size, stand: Ground) -> dict[str, Sequence[Result]]:
    """One group after the other, so that each has the machine for itself; what fails is missing."""
    results: dict[str, Sequence[Result]] = {}
    began = time.monotonic()
    for name in names:
        print(f"{time.monotonic() - began:5.0f} s  {name}", flush=True)
        floor = await floor_now(stand, size) if name in TIMED else None
        group = tried((), GROUPS[name](stand, size), seconds=GROUP)
        results[name] = [_told(replace(result, floor=floor)) async for result in group]
    print(f"{time.monotonic() - began:5.0f} s  done", flush=True)
    return results


def _told(result: Result) -> Result:
    """The same, printed as soon as it is known."""
    print(f"         {said(result)}", flush=True)
    return result


def said(result: Result) -> str:
    """One line for the terminal."""
    name = f"{result.line.name} [{result.of}]" if result.of else result.line.name
    mark = {True: "ok", False: "--", None: "  "}[result.is_met]
    note = f"   {result.note}" if result.note else ""
    return f"{mark} {name:<78} {result.shown:<28} {result.goal:<24}{note}".rstrip()


def main() -> None:
    """Read what is wanted, and do it."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"some of: {', '.join(GROUPS)} (default: all)")
    parser.add_argument(
        "--quick", action="store_true", help="two minutes instead of eighteen, on SQLite"
    )
    parser.add_argument("--write", action="store_true", help="write docs/performance.md, too")
    chosen = parser.parse_args()
    if unknown := set(chosen.groups) - set(GROUPS):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    if chosen.write and (chosen.groups or chosen.quick):
        parser.error("the page is written from all of it")
    size = QUICK if chosen.quick else WHOLE
    with ground() as stand:
        results = asyncio.run(measured(chosen.groups or list(GROUPS), size, stand))
        if chosen.write:
            report.write(results, stand)


if __name__ == "__main__":
    main()

"""``measure`` what steps cost, ``check`` the model against the bot, or draw the ``page``."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import replace

from bench.ground import ground
from bench.simulation import figures, reality
from bench.simulation.model import Day, World, measured, percentile
from bench.simulation.reality import Used

CLOSE = 20.0  # requests a second, in the comparison
CASES = {"40 grantors, 50 rights each": (40, 50), "300 grantors, one right each": (300, 1)}
SIZES = (30, 100, 300, 1000, 3000, 10_000)
SCALE = 25  # a part of the million, its workspaces and processors: those share nothing else
MANY = World(rights=1_000_000 // SCALE, workspaces=1000 // SCALE)
PROCESSORS = ((1, 1), (2, 1), (4, 2), (8, 4), (16, 8))  # of processes and databases, times SCALE
OTHERS = (
    World(rights=10_000, processes=4, database=4),
    World(rights=10_000, workspaces=100),
    World(rights=10_000, workspaces=100, processes=4),
    World(rights=1000, a_grantor=10),
    World(rights=1000, close=20),
    World(rights=1000, places=1_000_000),  # nobody waits for what somebody else edits
)


async def measure() -> None:
    """Print what each step of a life costs: milliseconds, transactions, bytes and calls."""
    with ground() as stand:
        for kind in ("postgresql", "sqlite"):
            print(json.dumps({kind: await reality.costs(stand.empty(kind))}, indent=1))
        alone = [await reality.ends(stand.empty("postgresql"), size, 1, None) for size in (30, 300)]
        grouped = [
            await reality.ends(stand.empty("postgresql"), 40, size, None) for size in (5, 50)
        ]
    print("end", _slope([used for _, used in alone], 270))
    print("end_together", _slope([used for _, used in grouped], 40 * 45))


def _slope(used: Sequence[Used], more: int) -> dict[str, float]:
    """What one more costs: what a start takes is in both."""
    return used[1].since(used[0]).each(more)


async def check() -> None:
    """The same ends in the model and for real."""
    with ground() as stand:
        for name, (grantors, grantees) in CASES.items():
            world = World(rights=0, close=CLOSE, close_takes=0.005)
            modelled = Day(world, measured()).drain([grantees] * grantors).late["ends"]
            print(f"{name}\n  model       {_summary(modelled)}")
            for kind in ("sqlite", "postgresql"):
                late, used = await reality.ends(stand.empty(kind), grantors, grantees, CLOSE)
                calls = sum(number for call, number in used.calls.items() if "send_as" in call)
                print(f"  {kind:<10}  {_summary(late)}  {calls} calls", flush=True)


def page() -> None:
    """Print the figures of docs/performance/past-one-machine.md and draw its plots."""
    for world in OTHERS:
        _say(world, Day(world, measured()).run())
    sizes = [World(rights=size) for size in SIZES]
    figures.one_workspace([(world.rights, _said(world)) for world in sizes])
    worlds = [replace(MANY, processes=bot, database=base) for bot, base in PROCESSORS]
    figures.many_workspaces([(world.processes * SCALE, _said(world)) for world in worlds])


def _said(world: World) -> figures.Late:
    day = Day(world, measured()).run()
    _say(world, day)
    return {name: percentile(late, 0.99) for name, late in day.late.items()}


def _say(world: World, day: Day) -> None:
    print(f"{world}\n  busy: bot {day.bot.busy:.0f} s, database {day.database.busy:.0f} s")
    for name, late in day.late.items():
        print(f"  {name:<8} {_summary(late)}", flush=True)


def _summary(late: Sequence[float]) -> str:
    """Half, nearly all, and all."""
    return "  ".join(f"{percentile(late, part):8.1f} s" for part in (0.5, 0.99, 1))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["measure"]:
            asyncio.run(measure())
        case ["check"]:
            asyncio.run(check())
        case ["page"]:
            page()
        case _:
            sys.exit(__doc__)

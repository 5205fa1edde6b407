"""``python -m tests.chaos``: one run with a seed; exit status 1 when the books do not balance."""

import argparse
import asyncio
import contextlib
import sys
import time
from collections.abc import Sequence

from tests.chaos.matrix import whole
from tests.chaos.run import Plan, run, told
from tests.chaos.stage import ground

MOST_SHOWN = 40


def main() -> int:
    """Run, tell, and say how to do it again."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=2.0, help="so long things go wrong")
    parser.add_argument("--processes", type=int, default=1, help="2 to 4 on PostgreSQL")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--lives", type=int, default=1_000_000, help="not more than so many")
    parser.add_argument("--at-once", type=int, default=12, help="so many at the same time")
    parser.add_argument("--pause", type=float, default=2.5, help="seconds between two faults")
    parser.add_argument("--matrix", action="store_true", help="the whole crash matrix instead")
    parser.add_argument("--lanes", type=int, default=3, help="lives at a time in the matrix")
    chosen = parser.parse_args()
    if chosen.matrix:
        return crash_matrix(chosen.database, chosen.lanes)
    plan = Plan(
        seed=chosen.seed,
        seconds=60 * chosen.minutes,
        processes=chosen.processes,
        database=chosen.database,
        lives=chosen.lives,
        at_once=chosen.at_once,
        pause=chosen.pause,
    )
    outcome = run(plan)
    print(told(outcome))
    return judged(outcome.wrong)


def crash_matrix(database: str, lanes: int) -> int:
    """One life killed at each of its calls."""
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        under = [stack.enter_context(ground(database)) for _ in range(lanes)]
        reached, points, wrong = asyncio.run(whole(under))
    print(f"crash matrix, {database}: killed at {reached} of {points} points")
    print(f"seconds          {time.monotonic() - began:.0f}")
    print(f"books            {len(wrong)} lines do not balance")
    return judged(wrong)


def judged(wrong: Sequence[str]) -> int:
    """Say what is wrong and how to see it again; the exit status."""
    for line in wrong[:MOST_SHOWN]:
        print(f"  {line}")
    if wrong:
        print(f"again: python -m tests.chaos {' '.join(sys.argv[1:])}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

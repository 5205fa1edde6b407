"""``python -m tests.chaos``: one run with a seed; exit status 1 when the books do not balance."""

import argparse
import sys

from tests.chaos.run import Plan, run, told

MOST_SHOWN = 40


def main() -> int:
    """Run, tell, and say how to do it again."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=2.0, help="so long things go wrong")
    parser.add_argument("--processes", type=int, default=1, help="2 to 4 on PostgreSQL")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--lives", type=int, default=1_000_000, help="not more than so many")
    parser.add_argument("--at-once", type=int, default=40, help="so many at the same time")
    parser.add_argument("--pause", type=float, default=2.5, help="seconds between two faults")
    chosen = parser.parse_args()
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
    for line in outcome.wrong[:MOST_SHOWN]:
        print(f"  {line}")
    if outcome.wrong:
        print(f"again: python -m tests.chaos {' '.join(sys.argv[1:])} --seed {plan.seed}")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""``python -m tests.explore``: search every scenario, and say how much there was."""

import argparse
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from tests.explore.scenarios import SCENARIOS
from tests.explore.search import Report, explored

FAR = 1_000  # moves


def main() -> int:
    """Search, and print what was found; 1 when something is broken."""
    asked = _arguments()
    names = asked.scenario or list(SCENARIOS)
    began = time.monotonic()
    reports = []
    with ProcessPoolExecutor(asked.processes, mp_context=get_context("spawn")) as pool:
        working = [
            pool.submit(explored, SCENARIOS[name], asked.depth, asked.transitions, asked.seed)
            for name in names
        ]
        print(f"seed {asked.seed}")
        print(Report.HEADLINE)
        for each in as_completed(working):
            report = each.result()
            reports.append(report)
            print(report, *report.found, sep="\n", flush=True)
    states, transitions = (sum(each) for each in _columns(reports))
    print(f"{'together':<18}{states:>10,}{transitions:>13,}{time.monotonic() - began:>60,.0f} s")
    return 1 if any(each.found for each in reports) else 0


def _columns(reports: list[Report]) -> tuple[list[int], list[int]]:
    return [each.states for each in reports], [each.transitions for each in reports]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.explore", description=__doc__)
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS), help="all of them")
    parser.add_argument("--depth", type=int, default=FAR, help="moves from the start")
    parser.add_argument(
        "--transitions", type=int, default=100_000, help="at most, of each scenario"
    )
    parser.add_argument("--processes", type=int, default=1, help="scenarios at the same time")
    seed = random.SystemRandom().randrange(10**6)
    parser.add_argument(
        "--seed", type=int, default=seed, help="orders what is searched first, nothing else"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

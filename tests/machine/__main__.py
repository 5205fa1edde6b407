"""``python -m tests.machine``: many random lives, with an order of their own for each seed, and all
scenes for two processes in every order with so many switches."""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.conftest import Postgres
from tests.machine.life import live
from tests.machine.scenes import SCENES
from tests.machine.street import step_by_hand


def main() -> int:
    """Play, print the figures, and say how to see again what went wrong."""
    options = argparse.ArgumentParser(prog="python -m tests.machine", description=__doc__)
    options.add_argument("--lives", type=int, default=200, help="random lives (200)")
    options.add_argument("--steps", type=int, default=40, help="steps of each, at most (40)")
    options.add_argument("--seed", type=int, default=1, help="of the random lives (1)")
    options.add_argument("--shrink", action="store_true", help="look for a short life that fails")
    options.add_argument("--switches", type=int, default=1, help="between two processes (1)")
    options.add_argument("scenes", nargs="*", help="for two processes (all)")
    chosen = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    postgres = Postgres(folder)
    began = time.monotonic()
    try:
        figures = _play(chosen, postgres)
    except BaseException as error:
        sys.stdout.write(f"broken: {error!r}\nagain with: {' '.join(sys.argv[1:])}\n")
        raise
    finally:
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)
    for name, number in sorted(figures.items()):
        sys.stdout.write(f"{number:>9,} {name}\n")
    sys.stdout.write(f"seed {chosen.seed}, {time.monotonic() - began:.0f} seconds\n")
    return 0


def _tell(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


def _play(chosen: argparse.Namespace, postgres: Postgres) -> Counter[str]:
    figures: Counter[str] = Counter()
    if chosen.lives:
        url, seed = postgres.emptied(), chosen.seed
        figures += live(
            url, lives=chosen.lives, steps=chosen.steps, seed=seed, shrinks=chosen.shrink
        )
    if chosen.switches:
        names = chosen.scenes or SCENES
        url = postgres.emptied()
        figures += asyncio.run(step_by_hand(url, chosen.switches, names, _tell))
    return figures


if __name__ == "__main__":
    sys.exit(main())

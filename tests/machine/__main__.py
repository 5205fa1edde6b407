"""``python -m tests.machine``: many lives, with an order of their own for each seed."""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.conftest import Postgres
from tests.machine.life import live


def main() -> int:
    """Play, print the figures, and say how to see again what went wrong."""
    options = argparse.ArgumentParser(prog="python -m tests.machine", description=__doc__)
    options.add_argument("--lives", type=int, default=300, help="random lives (300)")
    options.add_argument("--steps", type=int, default=40, help="steps of each, at most (40)")
    options.add_argument("--seed", type=int, default=1, help="of everything random (1)")
    options.add_argument("--shrink", action="store_true", help="look for a short life that fails")
    chosen = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    postgres = Postgres(folder)
    began = time.monotonic()
    try:
        figures = live(postgres.emptied(), lives=chosen.lives, steps=chosen.steps, seed=chosen.seed)
    except BaseException as error:
        sys.stdout.write(f"broken: {error!r}; again with --seed {chosen.seed}\n")
        raise
    finally:
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)
    for name, number in sorted(figures.items()):
        sys.stdout.write(f"{number:>9,} {name}\n")
    sys.stdout.write(f"seed {chosen.seed}, {time.monotonic() - began:.0f} seconds\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""``python -m tests.mutants``: every mutant of the modules that decide, one module at a time.

Without a name, those that have been judged whole; those that have not are named at the end.
"""

import argparse
import sys
import time

from tests.mutants.modules import JUDGED, MODULES, THEN
from tests.mutants.run import Outcome, mutated
from tests.mutants.survivors import outdated, reasons, unexplained


def main() -> int:
    """Run them; 1 when one lives without a reason, or a reason has no mutant."""
    arguments = _arguments()
    known = reasons()
    outcomes: list[Outcome] = []
    for module in arguments.modules or JUDGED:
        began = time.monotonic()
        then = THEN.get(module, ())
        again = arguments.survivors
        outcome = mutated(module, MODULES[module], known, then=then, only_survivors=again)
        outcomes.append(outcome)
        seconds = time.monotonic() - began
        explained = len(set(outcome.lived) & set(known))
        figures = " ".join(f"{word}={number}" for word, number in sorted(outcome.figures.items()))
        _say(f"{module}: {figures} with_a_reason={explained} seconds={seconds:.0f}")
    lived = [each for outcome in outcomes for each in outcome.lived]
    loose = unexplained(lived, known)
    stale = outdated(lived, known, (each.module for each in outcomes))
    for each in loose:
        _say(f"lives, and has neither a test nor a reason (tests/mutants/reasons.toml):\n{each}")
    for each in stale:
        _say(f"has a reason, and lives no more:\n{each}")
    _say(f"judged whole: {len(JUDGED)} of {len(MODULES)} modules")
    for module in sorted(set(MODULES) - set(JUDGED)):
        _say(f"not judged yet: {module}")
    return 1 if loose or stale else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", choices=[*MODULES, []], metavar="MODULE")
    parser.add_argument(
        "--survivors", action="store_true", help="only those that lived the last time"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

"""Made-up input for everything that comes in from outside, for as long as is wished.

Exits with 1 when something broke; what did can be made again by its seed, target and number.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.fuzz.engine import Fault, Tally, Target, input_of, run
from tests.fuzz.making import as_json
from tests.fuzz.targets import TARGETS

SHARE = 5_000  # inputs that a process is given at a time


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; returns the exit status."""
    chosen = _parser().parse_args(arguments)
    targets = [TARGETS[chosen.target]] if chosen.target else list(TARGETS.values())
    whole, began = Tally(), time.monotonic()
    with ProcessPoolExecutor(chosen.processes) as pool:
        for target, count in _counts(targets, chosen.inputs):
            tally, last = Tally(), chosen.first + count
            shares = [(each, min(SHARE, last - each)) for each in range(chosen.first, last, SHARE)]
            for part in pool.map(partial(_run_share, target.name, chosen.seed), shares):
                tally.add(part)
            _show(target.name, tally, chosen.seed)
            whole.add(tally)
    print(
        f"{whole.inputs} inputs, {len(whole.faults)} faults, {time.monotonic() - began:.0f} s,"
        f" {whole.seconds:.0f} s of CPU, seed {chosen.seed}"
    )
    return 1 if whole.faults else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers (1)")
    parser.add_argument("--inputs", type=int, default=1_000_000, help="in all (1000000)")
    parser.add_argument("--first", type=int, default=0, help="number of the first input (0)")
    parser.add_argument("--processes", type=int, default=1, help="at the same time (1)")
    parser.add_argument("--target", choices=sorted(TARGETS), help="only this one (all)")
    return parser


def _counts(targets: Sequence[Target], inputs: int) -> list[tuple[Target, int]]:
    """How many inputs each of them gets, by weight."""
    weights = sum(each.weight for each in targets)
    return [(each, -(-inputs * each.weight // weights)) for each in targets]


def _run_share(name: str, seed: int, share: tuple[int, int]) -> Tally:
    first, count = share
    return asyncio.run(run(TARGETS[name], seed=seed, first=first, count=count))


def _show(name: str, tally: Tally, seed: int) -> None:
    rate = tally.inputs / tally.seconds if tally.seconds else 0
    came = ", ".join(f"{count} {word}" for word, count in tally.outcomes.most_common())
    print(
        f"{name:10} {tally.inputs:8} inputs {rate:7.0f}/s"
        f"  slowest {tally.slowest * 1000:4.0f} ms  {came}",
        flush=True,
    )
    for fault in tally.faults:
        _show_fault(fault, seed)


def _show_fault(fault: Fault, seed: int) -> None:
    said = fault.said.encode("ascii", "backslashreplace").decode()
    value = as_json(input_of(TARGETS[fault.target], seed, fault.number))
    print(f"\nFAULT {value[:2000]}\n{said}")
    print(
        f"again: python -m tests.fuzz --seed {seed} --target {fault.target}"
        f" --first {fault.number} --inputs 1\n"
    )


if __name__ == "__main__":
    sys.exit(main())

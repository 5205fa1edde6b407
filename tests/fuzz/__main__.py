"""Made-up input for everything that comes in from outside, for as long as is wished.

Exits with 1 when something broke; what did can be made again by its seed, target and number.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from tests.fuzz.engine import Fault, Tally, Target, input_of, run
from tests.fuzz.making import as_json
from tests.fuzz.targets import TARGETS

SHARE = 5_000  # inputs that a process is given at a time


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; returns the exit status."""
    chosen = _parser().parse_args(arguments)
    targets = [TARGETS[chosen.target]] if chosen.target else list(TARGETS.values())
    tallies = {each.name: Tally() for each in targets}
    began = time.monotonic()
    shares = [
        (target.name, chosen.seed, first, min(SHARE, chosen.first + count - first))
        for target, count in _counts(targets, chosen.inputs)
        for first in range(chosen.first, chosen.first + count, SHARE)
    ]
    with ProcessPoolExecutor(chosen.processes) as pool:
        for name, tally in pool.map(_run_share, *zip(*shares, strict=True)):
            tallies[name].add(tally)
    _show(tallies, chosen.seed, time.monotonic() - began)
    return 1 if any(tally.faults for tally in tallies.values()) else 0


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


def _run_share(name: str, seed: int, first: int, count: int) -> tuple[str, Tally]:
    return name, asyncio.run(run(TARGETS[name], seed=seed, first=first, count=count))


def _show(tallies: dict[str, Tally], seed: int, seconds: float) -> None:
    for name, tally in tallies.items():
        rate = tally.inputs / tally.seconds if tally.seconds else 0
        came = ", ".join(f"{count} {word}" for word, count in tally.outcomes.most_common())
        print(
            f"{name:10} {tally.inputs:8} inputs {rate:7.0f}/s"
            f"  slowest {tally.slowest * 1000:4.0f} ms  {came}"
        )
        for fault in tally.faults:
            _show_fault(fault, seed)
    faults = sum(len(each.faults) for each in tallies.values())
    inputs = sum(each.inputs for each in tallies.values())
    cpu = sum(each.seconds for each in tallies.values())
    print(f"{inputs} inputs, {faults} faults, {seconds:.0f} s, {cpu:.0f} s of CPU, seed {seed}")


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

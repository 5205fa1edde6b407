"""The log of years, written out for an auditor by a process of its own: how long an entry takes,
and how much memory, beside few entries and beside many."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from itertools import pairwise

from bench.house import House
from bench.lines import Line, Result, Unit
from sandbox.running import ROOT

LINES = EACH, PEAK, RATE = (
    Line(
        name="`audit export`, an entry beside many",
        unit=Unit.TIMES,
        goal=1.2,
        how="of the largest log against the one before, without what a log of the fewest takes, "
        "which is the start of the process",
    ),
    Line(
        name="memory of `audit export`, most beside least",
        unit=Unit.TIMES,
        goal=1.1,
        how="the most that the process ever held, with the largest log against the smallest",
    ),
    Line(
        name="`audit export`",
        unit=Unit.A_SECOND,
        goal=None,
        how="entries of the largest log, as JSON lines",
    ),
)
EXPORT = ("audit", "export", "--format", "jsonl")
# A process of its own: Linux counts as a child's memory what its parent had when it was started.
_MEASURE = """
import json, resource, subprocess, sys, time
began = time.monotonic()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_maxrss, time.monotonic() - began]))
"""


async def measure(house: House, kind: str, urls: Mapping[int, str]) -> AsyncIterator[Result]:
    """The logs of these databases, by how many entries they have, from few to many."""
    peaks, seconds = list[float](), list[float]()
    for url in urls.values():
        peak, took = await asyncio.to_thread(_export, house, url)
        peaks.append(peak)
        seconds.append(took)
    sizes = list(urls)
    each = [
        (after - before) / (more - fewer)
        for (before, after), (fewer, more) in zip(pairwise(seconds), pairwise(sizes), strict=True)
    ]
    if len(each) > 1:
        points = [(size, one * 1000) for size, one in zip(sizes[1:], each, strict=True)]
        note = ", ".join(f"{size:,}: {one * 1000:.0f}" for size, one in points) + " µs"
        yield Result(EACH, kind, [each[-1] / each[-2]], note, points)
    note = ", ".join(f"{size:,}: {peak:.1f} MiB" for size, peak in zip(sizes, peaks, strict=True))
    yield Result(PEAK, kind, [peaks[-1] / peaks[0]], note)
    yield Result(RATE, kind, [sizes[-1] / seconds[-1]], f"{sizes[-1]:,} entries")


def _export(house: House, url: str) -> tuple[float, float]:
    """The most memory that the command holds, in MiB, and how many seconds it takes."""
    measured = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-c", _MEASURE, sys.executable, "-m", "bot", *EXPORT],
        cwd=house.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **house.settings(url)},
        capture_output=True,
        text=True,
        check=False,
    )
    if measured.returncode:
        raise RuntimeError(measured.stderr)
    kibibytes, seconds = json.loads(measured.stdout)
    return kibibytes / 1024, seconds

"""Figures as a small table."""

from collections.abc import Sequence
from typing import NamedTuple


class Figure(NamedTuple):
    """One measurement: what, and how it came out, in words."""

    what: str
    result: str


def percentiles(seconds: Sequence[float]) -> str:
    """The median and the 99th percentile in milliseconds."""
    ordered = sorted(seconds)
    median = ordered[len(ordered) // 2]
    high = ordered[min(int(len(ordered) * 0.99), len(ordered) - 1)]
    return f"median {median * 1000:6.1f} ms   p99 {high * 1000:6.1f} ms   n {len(ordered)}"


def show(rows: Sequence[tuple[str, Figure]]) -> None:
    """Print all rows, aligned."""
    width = max(len(figure.what) for _, figure in rows)
    for database, figure in rows:
        print(f"{database:<10}  {figure.what:<{width}}  {figure.result}")

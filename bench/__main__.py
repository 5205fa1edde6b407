"""Run all measurements on both databases and print one table."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from bench import ack, drain, limit
from bench.stage import databases
from bench.table import Figure, show

MEASUREMENTS: tuple[Callable[[str], Awaitable[Sequence[Figure]]], ...] = (
    ack.measure,
    drain.measure,
    limit.measure,
    limit.measure_teams,
)


async def main() -> None:
    """One measurement after the other, so that each has the machine for itself."""
    rows = []
    with databases() as new_url:
        for measure in MEASUREMENTS:
            for kind in ("sqlite", "postgresql"):
                rows += [(kind, figure) for figure in await measure(new_url(kind))]
    show(rows)


if __name__ == "__main__":
    asyncio.run(main())

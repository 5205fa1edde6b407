"""A share of a processor for each process, on any machine and by anybody: for the rest of the time
it is stopped. So what binds is the processes, and not the cores that they have to share with the
database, Slack and Close.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence

from bench.running import Running, end
from sandbox.running import ROOT

SHARE = 1 / 4
PERIOD = 0.012  # seconds in which each has its share once


@contextlib.asynccontextmanager
async def rationed(processes: Sequence[Running]) -> AsyncIterator[None]:
    """None of these works for longer than :data:`SHARE` of the time; there are four at most."""
    pids = [each.process.pid for each in processes]
    words = (sys.executable, "-m", "bench.rationing", *map(str, pids))
    rationing = await asyncio.create_subprocess_exec(*words, cwd=ROOT)
    try:
        yield
    finally:
        await end(rationing)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def main(pids: Sequence[int]) -> None:
    """One after the other goes on for a while, until this is told to end."""
    while True:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
            time.sleep(SHARE * PERIOD)
            os.kill(pid, signal.SIGSTOP)
        time.sleep((1 - SHARE * len(pids)) * PERIOD)


if __name__ == "__main__":
    main([int(pid) for pid in sys.argv[1:]])

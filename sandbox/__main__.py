"""``python -m sandbox``: the page around a local Slack and Close; ``--story``: a story instead."""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine, Sequence
from typing import Any

from sandbox.narrator import Narrator
from sandbox.page.stay import stay
from sandbox.story import tell

_SIGNALLED = 128  # and the signal's number: how shells count a process that a signal ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--story", action="store_true", help="play a short story and exit")
    chosen = parser.parse_args(arguments)
    return _run(story() if chosen.story else stay())


async def story() -> int:
    """The story in the terminal; the status is 1 when something in it did not happen."""
    return 0 if await tell(Narrator(sys.stdout)) else 1


def _run(command: Coroutine[Any, Any, int]) -> int:
    """Run to the end; Ctrl-C and a host's SIGTERM both stop the bot in order first.

    Also where SIGINT is ignored, as in a shell's background job. Ctrl-C is how a person ends it:
    that is no error, which make would report as one.
    """
    told: list[signal.Signals] = []

    async def until_told() -> int:
        running = asyncio.ensure_future(command)

        def stop(number: signal.Signals) -> None:
            told.append(number)
            running.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop, number)
        return await running

    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        return asyncio.run(until_told())
    print("\nStopped.", flush=True)
    return _SIGNALLED + signal.SIGTERM if signal.SIGTERM in told else 0


if __name__ == "__main__":
    sys.exit(main())

"""``python -m bot``"""

import os
import select
import sys
from collections.abc import Sequence

UNREAD = 1  # an exit status: whoever read along has gone before the end


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = _run(words)
        sys.stdout.flush()
    except BrokenPipeError:
        if not _is_unread():
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is left of it
        return UNREAD
    return status


def _run(words: Sequence[str]) -> int:
    if words == ["serve"]:  # it stays for months, and does not carry along what reads the others
        from bot.process.commands.service import serve  # noqa: PLC0415

        return serve()
    from bot.process.cli import run  # noqa: PLC0415 - the same

    return run(words)


def _is_unread() -> bool:
    """Whether nobody reads standard output any more, as behind ``| head``."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), select.POLLOUT)
    return any(events & select.POLLERR for _, events in poll.poll(0))


if __name__ == "__main__":
    sys.exit(main())

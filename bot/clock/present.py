"""The present moment. Everything in the bot that asks for the time is given one of these."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.ports import Now


def utc_now() -> datetime:
    """The real present."""
    return datetime.now(UTC)


def pushed_clock(path: Path) -> Now:
    """The real present, ahead by the number of seconds in a file; for the sandbox only.

    An empty, missing or unreadable file, or a number that no calendar holds, counts as zero.
    """

    def now() -> datetime:
        try:
            return utc_now() + timedelta(seconds=float(path.read_text() or 0))
        except (OSError, ValueError, OverflowError):
            return utc_now()

    return now

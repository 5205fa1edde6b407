"""The doctor's round, as a command."""

from bot.process.doctor import examine
from bot.process.start import run


def doctor() -> int:
    """Print what works and what does not; returns 0 when everything does."""
    return run(examine)

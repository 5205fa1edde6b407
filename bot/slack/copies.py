"""Copies of requests that this process has had already: what Slack signed is good once.

Slack signs each request for five minutes, and whoever has a copy could send it again (slack.md §1).
This memory is the near half of the defence: it costs nothing, and knows only what one process has
had since its start. The far half, ``bot.store.seen_requests``, looks at changes only.
"""

from collections import OrderedDict

KEPT = 360.0  # seconds after the moment that was signed: the five minutes, and one for good measure


class Copies:
    """What to answer to a copy, as an HTTP status, until its time is over. Unix seconds."""

    def __init__(self) -> None:
        self._expected: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def answer(self, signature: str) -> int | None:
        """None for what was not here before."""
        status, _until = self._expected.get(signature, (None, 0.0))
        return status

    def expect(self, signature: str, status: int, *, signed_at: float, now: float) -> None:
        """Answer a copy like this, and forget the ones whose time is over."""
        while self._expected and next(iter(self._expected.values()))[1] < now:
            self._expected.popitem(last=False)
        self._expected[signature] = (status, signed_at + KEPT)

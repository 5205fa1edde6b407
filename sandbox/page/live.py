"""The stream of changes to a browser: whatever looks different than before is sent again."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping

_GATHER_SECONDS = 0.02  # one act makes many changes: they go out together
_ALIVE_SECONDS = 15.0  # clocks and "in 5 minutes" move on by themselves

Parts = Callable[[], Mapping[str, str]]


class Live:
    """Wakes every open stream at each change."""

    def __init__(self) -> None:
        self._version = 0
        self._changed = asyncio.Event()
        self._is_over = False

    def touch(self) -> None:
        """Say that something may look different now."""
        self._version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    def end(self) -> None:
        """End all streams."""
        self._is_over = True
        self.touch()

    async def stream(self, parts: Parts) -> AsyncIterator[str]:
        """Server-sent events: the name and HTML of each part, all at first, then the changed."""
        shown: dict[str, str] = {}
        while not self._is_over:
            version = self._version
            news = {name: text for name, text in parts().items() if shown.get(name) != text}
            shown |= news
            yield _event(news) if news else ": still here\n\n"
            await self._next(version)

    async def _next(self, version: int) -> None:
        if self._version == version:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), _ALIVE_SECONDS)
        await asyncio.sleep(_GATHER_SECONDS)


def _event(news: Mapping[str, str]) -> str:
    return f"event: parts\ndata: {json.dumps(news)}\n\n"

"""News of every change in the sandbox Slack, for those who wait or watch."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened: its kind (``message``, ``modal``, ``call``, …) and its subject."""

    kind: str
    subject: Any


class Changes:
    """Hands every change to every subscriber's queue."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[Change]] = set()

    def publish(self, kind: str, subject: Any) -> None:
        """Tell all subscribers."""
        for queue in self._queues:
            queue.put_nowait(Change(kind, subject))

    @contextmanager
    def subscribe(self) -> Iterator[asyncio.Queue[Change]]:
        """A queue that receives all changes from now until the block is left."""
        queue: asyncio.Queue[Change] = asyncio.Queue()
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)

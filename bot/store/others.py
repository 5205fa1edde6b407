"""Other processes on the same PostgreSQL hear at once that something may be due for them.

Nothing rests on it: whoever hears nothing looks at the safety beat (``bot.clock.scheduler``). So a
connection that cannot listen, as behind a pool that lends one for each transaction, is no fault.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import structlog

CHANNEL = "sendas_due"
BETWEEN = 0.05  # seconds between two words to the others, however much is changed,
GRACE = 0.05  # and until they look: whoever changed something goes on with it at once
AGAIN = 5.0  # seconds until the next attempt to listen
LIMIT = 5.0  # seconds for a word

Listening = Callable[[], AbstractAsyncContextManager[Any]]  # a connection of asyncpg


class Others:
    """Says that something was changed here, and calls ``on_news`` when another process says so."""

    def __init__(self, listening: Listening | None) -> None:
        """Without ``listening`` there is nobody else."""
        self._listening = listening
        self._has_news = asyncio.Event()

    def tell(self) -> None:
        """Something was changed here."""
        self._has_news.set()

    async def run(self, on_news: Callable[[], None]) -> None:
        """Listen and speak, for as long as there is somebody else."""
        log = structlog.get_logger("bot.store.others")
        while self._listening is not None:
            try:
                async with self._listening() as connection:
                    await self._converse(connection, on_news)
            except Exception as error:  # noqa: BLE001 - whatever it is, the beat finds what is due
                log.debug("other processes are not heard", error=type(error).__name__)
            await asyncio.sleep(AGAIN)

    async def _converse(self, connection: Any, on_news: Callable[[], None]) -> None:
        own, loop = connection.get_server_pid(), asyncio.get_running_loop()

        def hear(_connection: Any, sender: int, _channel: str, _word: object) -> None:
            if sender != own:
                loop.call_later(GRACE, on_news)

        await connection.add_listener(CHANNEL, hear)
        connection.add_termination_listener(lambda _connection: self._has_news.set())
        while True:
            await self._has_news.wait()
            self._has_news.clear()
            await connection.execute(f"NOTIFY {CHANNEL}", timeout=LIMIT)
            await asyncio.sleep(BETWEEN)

"""A database that can be switched off for this process."""

import asyncio
from typing import Any

from bot.store import Database, DatabaseAway


class Outage:
    """Keeps every transaction from happening, as long as it is on; ``met`` once it has kept one."""

    def __init__(self) -> None:
        self.is_on = False
        self.met = asyncio.Event()
        self._real = Database.run_connection

    def install(self, monkeypatch: Any) -> None:
        """Stand between everybody and the database."""

        async def run_connection(database: Database, work: Any, **more: Any) -> Any:
            if self.is_on:
                self.met.set()
                raise DatabaseAway("switched off")
            return await self._real(database, work, **more)

        monkeypatch.setattr(Database, "run_connection", run_connection)

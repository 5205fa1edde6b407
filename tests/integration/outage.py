"""A database that can be switched off for this process."""

from typing import Any

from bot.store import Database, DatabaseAway


class Outage:
    """Keeps every transaction from happening, as long as it is on."""

    def __init__(self) -> None:
        self.is_on = False
        self._real = Database.run_connection

    def install(self, monkeypatch: Any) -> None:
        """Stand between everybody and the database."""

        async def run_connection(database: Database, work: Any, **more: Any) -> Any:
            if self.is_on:
                raise DatabaseAway("switched off")
            return await self._real(database, work, **more)

        monkeypatch.setattr(Database, "run_connection", run_connection)

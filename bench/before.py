"""The bot as it was before: 0.1.0, with today's libraries, against today's Slack and Close.

On the same machine and in the same run, what was gained is a ratio.
"""

import asyncio
import contextlib
import os
import sys
import tarfile
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import inspect

from bench.house import House, connection_of, written
from bench.running import Running
from bot.connections.vault import Vault
from models.connection import connections
from models.rows import to_row
from sandbox.people import SandboxPerson
from sandbox.running import ROOT

ARCHIVE = ROOT / "tests" / "upgrade" / "0.1.0.tar.xz"


@contextlib.asynccontextmanager
async def open_before(
    house: House, kind: str, connected: Sequence[SandboxPerson]
) -> AsyncIterator[Running]:
    """It, on a database of this kind that it has migrated itself, with these people connected."""
    sources, url = await asyncio.to_thread(_unpacked, house.folder), house.ground.empty(kind)
    await _migrated(house, url, sources)
    await _connect(house, url, connected)
    async with house.bot(url, PYTHONPATH=str(sources)) as process:
        yield process


def _unpacked(folder: Path) -> Path:
    sources = folder / "0.1.0"
    if not sources.exists():
        with tarfile.open(ARCHIVE) as archive:
            archive.extractall(sources, filter="data")
    return sources


async def _migrated(house: House, url: str, sources: Path) -> None:
    environment = {**os.environ, **house.settings(url), "PYTHONPATH": str(sources)}
    migrating = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "migrate"),
        cwd=house.folder,
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
    )
    if status := await migrating.wait():
        raise RuntimeError(f"0.1.0 could not migrate: exit status {status}")


async def _connect(house: House, url: str, people: Sequence[SandboxPerson]) -> None:
    """As House.connect, with the columns that it has."""
    vault, now = Vault([house.key]), datetime.now(UTC)
    tokens = await house.outside.ask("connect", users=[each.id for each in people])
    rows = [to_row(connection_of(vault, each, tokens[each.id], now)) for each in people]

    def insert(sql: SqlConnection) -> None:
        known = {column["name"] for column in inspect(sql).get_columns(connections.name)}
        theirs = [{name: row[name] for name in row if name in known} for row in rows]
        sql.execute(connections.insert(), theirs)

    await written(url, insert)

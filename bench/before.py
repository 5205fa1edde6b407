"""The bot as it was before: 0.1.0, with today's libraries, against today's Slack and Close.

On the same machine and in the same run, what was gained is a ratio.
"""

import asyncio
import contextlib
import os
import sys
import tarfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from bench.house import House
from bench.running import Running
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
    await house.connect(url, connected)
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

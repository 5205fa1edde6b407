"""Whatever is measured is a process of its own: starting it, its time and memory, its end."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil

from sandbox.running import ROOT, free_port

START_SECONDS = 60.0
STOP_SECONDS = 20.0
_PASSED_ON = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR")


class NotStarted(Exception):
    """It ended, or was not ready in time; the message holds what it wrote."""


@dataclass(frozen=True, slots=True)
class Running:
    """One process that answers at ``url``; it took ``start`` seconds to be ready."""

    url: str
    process: asyncio.subprocess.Process
    log: Path
    start: float

    @property
    def cpu(self) -> float:
        """Seconds of processor time so far."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    @property
    def memory(self) -> float:
        """Resident MiB."""
        return float(psutil.Process(self.process.pid).memory_info().rss / 2**20)

    def signal(self, number: signal.Signals) -> None:
        """Send it this signal."""
        self.process.send_signal(number)


@contextlib.asynccontextmanager
async def running(
    module: Sequence[str], folder: Path, environment: Mapping[str, str], ready: str = "/readyz"
) -> AsyncIterator[Running]:
    """``python -m`` these words, once it is ready; it is stopped when the context ends."""
    with free_port() as port:
        log = folder / f"{module[0]}-{port}.log"
        url, began = f"http://127.0.0.1:{port}", time.monotonic()
        process = await _spawned(module, folder, log, {**environment, "PORT": str(port)})
        try:
            await _ready(process, url + ready, log)
            yield Running(url, process, log, time.monotonic() - began)
        finally:
            await end(process)


async def end(process: asyncio.subprocess.Process) -> None:
    """Have it stop, as a host does; one that does not is killed."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        if process.returncode is None:
            process.kill()
    await process.wait()


async def _spawned(
    module: Sequence[str], folder: Path, log: Path, environment: Mapping[str, str]
) -> asyncio.subprocess.Process:
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    with log.open("ab") as written:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", *module),
            cwd=folder,  # a developer's .env must not leak into it
            env={**passed_on, "PYTHONPATH": str(ROOT), **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=written,
            stderr=written,
        )


async def _ready(process: asyncio.subprocess.Process, url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    async with aiohttp.ClientSession() as session:
        while not await _answers(session, url):
            if process.returncode is not None or time.monotonic() > deadline:
                raise NotStarted(_end_of(log))
            await asyncio.sleep(0.01)


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-4000:]


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False

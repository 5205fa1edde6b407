"""Every state of the story in every look: axe-core finds nothing, and nothing overlaps."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, ViewportSize, expect

from sandbox.people import ADA
from sandbox.running import open_house
from tests.browser.looking import problems
from tests.browser.stage import SIZE, Stage, open_stage

pytestmark = pytest.mark.asyncio(loop_scope="package")
ASK = "/sendas @ada 2h Covering the spring pipeline"
SMALL: ViewportSize = {"width": 320, "height": 640}
LETTERS = 16  # pixels
ZOOMED: ViewportSize = {"width": SIZE["width"] // 2, "height": SIZE["height"] // 2}


async def _set_letters(stage: Stage, pixels: int) -> None:
    """What a browser's own setting of the usual size does; Chromium forgets it now and then."""
    session = await stage.context.new_cdp_session(stage.page)
    await session.send("Page.setFontSizes", {"fontSizes": {"standard": pixels}})
    size = await stage.page.evaluate("getComputedStyle(document.documentElement).fontSize")
    assert size == f"{pixels}px"


async def _play(stage: Stage, size: ViewportSize, letters: int) -> list[str]:
    """The story from the first look to its end; what is wrong at each halt."""
    found = []
    async for halt in _halts(stage):
        await stage.page.set_viewport_size(size)
        await _set_letters(stage, letters)
        found += [f"{halt}: {each}" for each in await problems(stage.page)]
    return found


async def _halts(stage: Stage) -> AsyncIterator[str]:
    """What can be seen one after the other, and what it is called."""
    page, form = stage.page, stage.seat().get_by_role("dialog")
    yield "at first"
    await stage.ask(ASK)
    await stage.sees("asks to send email as you", "right")
    yield "asked"
    await stage.seat("right").get_by_label("More actions").click()
    yield "with its menu open"
    await page.keyboard.press("Escape")
    await stage.type("/sendas")
    await expect(form).to_be_visible()
    await page.keyboard.type("a")
    await expect(form.get_by_role("option", name="Ada Lindqvist")).to_be_visible()
    yield "the form"
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await stage.press("Approve", "right")
    await stage.connect("right", ADA)
    await stage.sees("can send email as you until", "right")
    yield "active"
    for _ in range(2):
        await stage.push("hour")
    await stage.sees("can no longer send email as you", "right")
    await stage.look("Home", "right")
    await expect(stage.seat("right").locator(".home")).to_be_visible()
    await stage.look("# send-as-audit")
    await stage.seat().locator(".thread > summary").first.click()
    yield "App Home and the audit channel"


@pytest.mark.parametrize(
    ("options", "size", "letters"),
    [
        ({"color_scheme": "light"}, SIZE, LETTERS),
        ({"color_scheme": "dark"}, SIZE, LETTERS),
        ({"forced_colors": "active"}, SIZE, LETTERS),
        ({}, SMALL, LETTERS),
        ({"device_scale_factor": 2}, ZOOMED, LETTERS),
        ({}, SIZE, 2 * LETTERS),
    ],
    ids=["light", "dark", "forced-colours", "320px", "zoomed", "larger-letters"],
)
async def test_everybody_can_use_it(
    browser: Browser, options: dict[str, Any], size: ViewportSize, letters: int
) -> None:
    """In both themes, in forced colours, at 320 px, zoomed to 200 % and with letters of twice the
    size every halt of the story keeps axe-core's rules, and no text or button covers another."""
    async with open_house() as house, open_stage(browser, house, **options) as stage:
        assert await _play(stage, size, letters) == []

"""The bot's own pages on the way to Close, as a person sees them in their browser."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from sandbox.people import ADA
from sandbox.running import open_house
from tests.browser.looking import problems
from tests.browser.stage import Stage, open_stage

pytestmark = pytest.mark.asyncio(loop_scope="package")


@pytest_asyncio.fixture(loop_scope="package")
async def keyed(browser: Browser) -> AsyncIterator[Stage]:
    """A house that takes API keys, in the dark, with Ada alone in it."""
    async with (
        open_house(ALLOW_API_KEYS="true") as house,
        open_stage(browser, house, "?left=ada&right=nobody", color_scheme="dark") as stage,
    ):
        yield stage


async def _opened(stage: Stage) -> Page:
    """The page that the link in Slack opens."""
    await stage.type("/sendas connect")
    async with stage.context.expect_page() as opened:
        await stage.seat().get_by_role("link", name="Connect").last.click()
    page = await opened.value
    await page.wait_for_load_state()
    return page


async def test_a_refused_key_and_the_way_back(keyed: Stage) -> None:
    """On a phone and in the dark every page keeps axe-core's rules and carries the product's mark;
    after a refused key the keyboard is in its field, and the last page leads back to Slack."""
    page = await _opened(keyed)
    await page.set_viewport_size({"width": 320, "height": 640})
    assert await problems(page) == []
    await page.get_by_role("button", name="Continue").click()
    field = page.get_by_label("Your Close API key")
    await expect(field).not_to_be_focused()
    assert await problems(page) == []
    await field.fill("api_wrong")
    await field.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("does not accept this key")
    await expect(field).to_be_focused()
    await expect(field).to_have_accessible_description(
        "Close does not accept this key. Please check that it was copied completely."
    )
    assert await problems(page) == []
    await field.fill(keyed.house.close.api_key(ADA))
    await field.press("Enter")
    await expect(page).to_have_title("Close is connected")
    await expect(page.locator(".brand svg")).to_be_visible()
    assert await problems(page) == []
    await page.get_by_role("link", name="Back to Slack").click()
    await expect(page).to_have_url(f"{keyed.url}/")
    await page.close()

"""The demo in an admin's seat: everybody's rights, a review when its time has come, the channel."""

from collections.abc import AsyncIterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from sandbox.people import ADA
from sandbox.running import open_house
from tests.browser.stage import Stage, open_stage

pytestmark = pytest.mark.asyncio(loop_scope="package")

FOREVER = "/sendas @ada forever Covering the spring pipeline"
WHY = "The pipeline is closed"


def _works(moment: datetime) -> bool:
    return moment.weekday() < 5 and 10 <= moment.hour < 17


@pytest_asyncio.fixture(loop_scope="package")
async def lent(browser: Browser) -> AsyncIterator[Stage]:
    """Ada has lent her name to Ben until she revokes it."""
    async with open_house() as house, open_stage(browser, house) as stage:
        await stage.ask(FOREVER)
        await stage.press("Approve", "right")
        await stage.connect("right", ADA)
        await stage.sees("can send email as you until revoked", "right")
        yield stage


async def test_an_admin_sees_and_ends(lent: Stage) -> None:
    """Dana, who is the sandbox's admin, sees everybody's rights in her Home and ends one with a
    word why; Ada reads who and why, and the channel has a line of it."""
    await lent.page.get_by_label("Who sits on the left").select_option(label="Dana Whitfield")
    await lent.look("Home")
    await lent.press("Everybody's rights")
    await lent.sees("1 active")
    await lent.press("End")
    form = lent.seat().get_by_role("dialog")
    await form.get_by_role("textbox").fill(WHY)
    await form.get_by_role("button", name="End it").click()
    await lent.sees("Nothing is open.")
    await lent.sees("ended it as an admin", "right")
    await lent.sees(WHY, "right")
    assert not lent.house.close.associations
    await lent.look("# send-as-audit")
    await lent.seat().get_by_text(WHY).last.wait_for(state="attached")


async def test_the_guide_leads_to_the_admin(lent: Stage) -> None:
    """Once a right is over, the guide offers the admin's seat, and the Home is there at once."""
    await lent.press("Revoke", "right")
    yes = lent.page.locator("dialog.confirm button[value=yes]")
    await expect(yes).to_be_visible()
    await yes.click()
    await lent.sees("You revoked it", "right")
    await lent.page.get_by_role("button", name="Show Dana Whitfield").click()
    await expect(lent.seat("right")).to_have_attribute("data-handle", "dana")
    await lent.sees("Everybody's rights", "right")


async def test_a_review_comes_after_a_month(lent: Stage) -> None:
    """Thirty days later Ada is asked, in her working hours, whether what she lent is still needed;
    the guide says so, and she answers with one click."""
    await lent.push("month")
    while not _works(lent.house.clock().astimezone(ZoneInfo(ADA.tz))):
        await lent.push("hour")
    await expect(lent.page.locator("#next-step")).to_contain_text("has a review")
    await lent.sees("Ben Okafor", "right")
    await lent.press("Keep all", "right")
    await expect(lent.seat("right").get_by_role("button", name="Keep all")).to_have_count(0)
    assert lent.house.close.associations

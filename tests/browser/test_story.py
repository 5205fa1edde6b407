"""The story of the first approval, and its other endings, as people live them."""

import pytest
from playwright.async_api import expect

from sandbox.people import ADA
from tests.browser.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="package")
ASK = "/sendas @ada 2h Covering the spring pipeline"
ASK_DANA = "/sendas @dana 2h Covering the spring pipeline"


async def _becomes_active(stage: Stage) -> None:
    await stage.ask(ASK)
    await stage.press("Approve", "right")
    await stage.connect("right", ADA)
    await stage.sees("can send email as you until", "right")


async def test_ask_approve_connect_active_ended(stage: Stage) -> None:
    """One asks, the other approves and connects Close; it becomes active and ends on time."""
    await stage.ask(ASK)
    await stage.sees("You asked to send email as")
    await stage.sees("asks to send email as you", "right")
    await stage.press("Approve", "right")
    await stage.sees("has not connected a Close account yet")
    await stage.connect("right", ADA)
    await stage.sees("can send email as you until", "right")
    await stage.sees("You can send email as")
    close = stage.page.locator("#close")
    await expect(close.get_by_text("sends as Ada Lindqvist")).to_be_visible()
    await expect(close.get_by_title("Ada Lindqvist: connected", exact=True)).to_be_visible()
    await stage.push("hour")
    await expect(stage.page.get_by_text("1 hour ahead")).to_be_visible()
    await stage.push("hour")
    await stage.sees("can no longer send email as you", "right")
    await stage.sees("You can no longer send email as")
    await expect(close.get_by_text("Nobody may send as anybody else")).to_be_visible()


async def test_denied(shared_stage: Stage) -> None:
    """A denied request tells both, takes the buttons away, and gives nothing."""
    stage = shared_stage
    await stage.open("?left=cleo&right=dana")
    await stage.ask(ASK_DANA)
    await stage.press("Deny", "right")
    # A bot that asks for a reason first gets none.
    reason = stage.seat("right").get_by_role("dialog")
    await expect(reason.or_(stage.seat("right").get_by_text("You denied")).first).to_be_visible()
    if await reason.is_visible():
        await reason.locator("[type=submit]").click()
    await stage.sees("denied your request")
    await expect(stage.seat("right").get_by_role("button", name="Approve")).to_have_count(0)
    assert not stage.house.close.associations


async def test_revoked_early(stage: Stage) -> None:
    """The grantor takes the right back with one click, and Close holds nothing any more."""
    await _becomes_active(stage)
    await stage.press("Revoke", "right")
    yes = stage.page.locator("dialog.confirm button[value=yes]")
    over = stage.seat("right").get_by_text("You revoked it")
    await expect(yes.or_(over).first).to_be_visible()
    if await yes.is_visible():
        await yes.click()
    await stage.sees("You revoked it", "right")
    assert not stage.house.close.associations


async def test_only_the_asker_sees_the_answer(shared_stage: Stage) -> None:
    """What a command answers stands marked in the asker's half only, also what is waiting."""
    stage = shared_stage
    await stage.open("?left=ben&right=dana")
    await stage.type(ASK_DANA)
    await stage.sees("Only visible to you")
    await stage.sees("asks to send email as you", "right")
    await stage.type("/sendas list")
    await stage.sees("Waiting for an answer")
    await expect(stage.seat("right").get_by_text("Only visible to you")).to_have_count(0)


async def test_the_keyboard_is_enough(shared_stage: Stage) -> None:
    """Completing a mention, sending, and approving work without a mouse."""
    stage = shared_stage
    await stage.open("?left=dana&right=ada")
    page = stage.page
    await stage.look("# sales")
    await page.locator("#left-box").focus()
    await page.keyboard.type("/se")
    await page.keyboard.press("Enter")
    await page.keyboard.type("@ad")
    await expect(stage.offered()).to_contain_text(["Ada Lindqvist"])
    await page.keyboard.press("Tab")
    await page.keyboard.type("2h By keyboard")
    await page.keyboard.press("Enter")
    approve = stage.seat("right").get_by_role("button", name="Approve", exact=True)
    await approve.focus()
    await page.keyboard.press("Enter")
    await stage.sees("You approved", "right")
    assert "By keyboard" in stage.house.slack.all_that_is_seen()


async def test_trouble_and_its_end(stage: Stage) -> None:
    """While Close is down an ended right stays and the card says why; then it goes by itself."""
    await _becomes_active(stage)
    switch = stage.page.get_by_role("switch", name="Close down")
    await switch.click()
    await expect(switch).to_have_attribute("aria-checked", "true")
    await stage.push("day")
    await stage.sees("not answering", "right")
    await switch.click()
    await stage.push("hour")
    await stage.sees("can no longer send email as you", "right")
    await expect(stage.page.locator("#journal").get_by_text("DELETE").first).to_be_visible()

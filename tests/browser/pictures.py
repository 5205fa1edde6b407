"""Takes the pictures in ``docs/images``: ``python -m tests.browser.pictures``.

The real bot makes every card; nothing is drawn by hand. A state that does not come about stops it.
"""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Locator, ViewportSize, expect
from playwright.async_api import Error as PlaywrightError

from sandbox.page.guide import DEPUTY
from sandbox.people import ADA
from sandbox.running import open_house
from tests.browser.shrink import shrunk
from tests.browser.stage import Stage, find_chromium, open_browser, open_stage

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
MOST_BYTES = 150_000
TALL: ViewportSize = {"width": 1280, "height": 960}
WIDE: ViewportSize = {"width": 1280, "height": 760}
ASK = "/sendas @ada 2h Covering the spring pipeline"
MOVED = "This card is now further down"
SHARP = 2  # pixels of a picture for each pixel of the page


async def take_all() -> int:
    """Every picture; returns the exit status."""
    path = find_chromium()
    if path is None:
        sys.stderr.write("No Chromium found: install it (Debian: apt-get install chromium)\n")
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=30_000)
    async with open_browser(path) as browser:
        for scheme in ("light", "dark"):
            await _in_a_fresh_house(browser, _page(scheme), color_scheme=scheme)
        await _in_a_fresh_house(browser, _flow)
        await _in_a_fresh_house(browser, _cards, device_scale_factor=SHARP)
        await _in_a_fresh_house(browser, _ends_without_a_right, device_scale_factor=SHARP)
        await _in_a_fresh_house(browser, _goes_on, device_scale_factor=SHARP)
        await _in_a_fresh_house(browser, _away, device_scale_factor=SHARP)
        await _in_a_fresh_house(browser, _deputy, device_scale_factor=SHARP)
    return 0


async def _in_a_fresh_house(
    browser: Browser, take: Callable[[Stage], Awaitable[None]], **options: Any
) -> None:
    async with open_house() as house, open_stage(browser, house, **options) as stage:
        await stage.page.set_viewport_size(WIDE)
        await take(stage)


def _page(scheme: str) -> Callable[[Stage], Awaitable[None]]:
    """The whole page while a right is active, and App Home and the form in this theme."""

    async def take(stage: Stage) -> None:
        await _activate(stage)
        await _picture(stage.page.locator("body"), f"page-{scheme}")
        await stage.page.set_viewport_size(TALL)
        await stage.type("/sendas")
        await expect(stage.seat().get_by_role("dialog")).to_be_visible()
        await _picture(stage.seat(), f"form-{scheme}")
        await stage.seat("right").get_by_role("tab", name="Home").click()
        await expect(stage.seat("right").locator(".home")).to_be_visible()
        await _picture(stage.seat("right"), f"home-{scheme}")

    return take


async def _flow(stage: Stage) -> None:
    """The whole story as a row of stills."""
    seats = stage.page.locator(".seats")
    await stage.look("# sales")
    await stage.box().press_sequentially("/sendas @a")
    await expect(stage.offered()).not_to_have_count(0)
    await _picture(seats, "flow-1-ask")
    await stage.ask(ASK)
    await stage.sees("asks to send email as you", "right")
    await stage.sees("You asked to send email as")
    await _picture(seats, "flow-2-asked")
    await stage.press("Approve", "right")
    await stage.sees("has not connected a Close account yet")
    await _picture(seats, "flow-3-approved")
    await _consent(stage)
    await stage.sees("can send email as you", "right")
    await stage.sees("I'm done")
    await _picture(seats, "flow-5-active")
    await stage.push("hour")
    await stage.push("hour")
    await stage.sees("can no longer send email as you", "right")
    await stage.sees("You can no longer send email as")
    await _picture(seats, "flow-6-ended")


async def _consent(stage: Stage) -> None:
    """Close's consent page, in its own tab."""
    async with stage.context.expect_page() as opened:
        await stage.seat("right").get_by_role("link", name="Connect Close").last.click()
    consent = await opened.value
    await consent.set_viewport_size({"width": 720, "height": 640})
    await consent.get_by_role("button", name="Continue").click()
    await consent.get_by_label(ADA.name).check()
    await _picture(consent.locator("body"), "flow-4-consent")
    await consent.get_by_role("button", name="Allow").click()
    await expect(consent).to_have_title("Close is connected")
    await consent.close()


async def _cards(stage: Stage) -> None:
    """Both cards in every state from the request to a right that is hard to take back."""
    await stage.ask(ASK)
    await _both(stage, "requested", "You asked", "asks to send email as you")
    await stage.press("Approve", "right")
    await _both(stage, "approved", "has not connected", "Connect Close")
    await stage.connect("right", ADA)
    await _both(stage, "active", "You can send email as", "can send email as you until")
    await stage.page.get_by_role("switch", name="Close down").click()
    await stage.push("hour")
    await stage.push("hour")
    await _both(stage, "ending", "is over", "not yet removed in Close")
    await stage.page.get_by_role("switch", name="Close down").click()
    await stage.push("hour")
    await _both(stage, "ended", "You can no longer", "can no longer send email as you")


async def _ends_without_a_right(stage: Stage) -> None:
    """Both cards of requests that came to nothing."""
    await stage.ask(ASK)
    await stage.press("Deny", "right")
    await _submit_if_asked(stage, "right", "You denied")
    await _both(stage, "denied", "denied your request", "You denied")
    await _anew(stage)
    await stage.press("Cancel")
    await _both(stage, "cancelled", "cancelled the request", "cancelled the request")
    await _anew(stage)
    for _ in range(4):
        await stage.push("day")
    await _both(stage, "lapsed", "lapsed", "request lapsed")
    stage.house.close.state.accounts.clear()  # nobody has an address to send from
    await _anew(stage)
    await stage.press("Approve", "right")
    await stage.connect("right", ADA)
    await _both(stage, "failed", "You were not given the right", "was not given the right")


async def _goes_on(stage: Stage) -> None:
    """What was started in Ada's name goes on after the right's end: shall it?"""
    await _activate(stage)
    await stage.page.get_by_role("button", name=re.compile("Ben enrols")).click()
    await stage.push("hour")
    await stage.push("hour")
    await stage.sees("but this goes on in your name", "right")
    await _card(stage, "right", "goes on in your name", "goes-on")


async def _away(stage: Stage) -> None:
    """Ada's status says that she is away: who covers for her?"""
    await _activate(stage)  # only who gave a right before is asked
    await stage.look("# sales", "right")
    await stage.seat("right").get_by_label("Shortcuts").click()
    await stage.seat("right").get_by_role("button", name="On holiday until Monday").click()
    await stage.look("Messages", "right")
    await stage.sees("Who covers for you?", "right")
    await _card(stage, "right", "Who covers for you?", "away")


async def _deputy(stage: Stage) -> None:
    """The card of whom Ada has named to answer in her place."""
    await stage.ask(DEPUTY, "right")
    await stage.ask(ASK)
    await stage.page.get_by_role("button", name="Show Cleo Marchetti").click()
    await stage.sees("reads your answer", "right")
    await _card(stage, "right", "reads your answer", "deputy")


async def _anew(stage: Stage) -> None:
    """An empty conversation with a fresh request in it."""
    stage.house.slack.workspace.messages.clear()
    await stage.ask(ASK)
    await stage.sees("asks to send email as you", "right")


async def _activate(stage: Stage) -> None:
    await stage.ask(ASK)
    await stage.press("Approve", "right")
    await stage.connect("right", ADA)
    await stage.sees("can send email as you until", "right")
    await stage.sees("I'm done")


async def _submit_if_asked(stage: Stage, side: str, otherwise: str) -> None:
    form = stage.seat(side).get_by_role("dialog")
    await expect(form.or_(stage.seat(side).get_by_text(otherwise)).first).to_be_visible()
    if await form.is_visible():
        await form.locator("[type=submit]").click()


async def _both(stage: Stage, state: str, grantee_reads: str, grantor_reads: str) -> None:
    """The card in each conversation, once it says so; one that moved down left a line behind."""
    for side, reader, words in (
        ("left", "grantee", grantee_reads),
        ("right", "grantor", grantor_reads),
    ):
        await _card(stage, side, words, f"{state}-{reader}")


async def _card(stage: Stage, side: str, words: str, name: str) -> None:
    """The message in this seat that says so."""
    cards = stage.seat(side).locator("article:not(.whisper)")
    card = cards.filter(has_text=words).filter(has_not_text=MOVED).first
    await expect(card).to_contain_text(words)
    await _picture(card, f"card-{name}")


async def _picture(what: Locator, name: str) -> None:
    await what.page.mouse.move(0, 0)
    full = await _steady(what)
    browser = what.page.context.browser
    assert browser is not None
    blank = await browser.new_page()
    small = await shrunk(blank, full)
    await blank.close()
    if len(small) > MOST_BYTES:
        raise SystemExit(f"{name} has {len(small)} bytes; at most {MOST_BYTES} are wanted")
    (IMAGES / f"{name}.png").write_bytes(small)
    sys.stdout.write(f"{name}.png  {len(small) // 1000} kB\n")


async def _steady(what: Locator) -> bytes:
    """A picture of it; a card that was redrawn at this very moment is looked at again."""
    for _ in range(5):
        try:
            return await what.screenshot(animations="disabled", caret="hide")
        except PlaywrightError as error:
            if "not attached" not in str(error):
                raise
    return await what.screenshot(animations="disabled", caret="hide")


if __name__ == "__main__":
    sys.exit(asyncio.run(take_all()))

"""Without a mouse: few tab stops, and the keyboard stays where a person is at work."""

import re
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from sandbox.people import ADA, BEN
from tests.browser.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def tab_to(wanted: Locator, most: int, key: str = "Tab") -> int:
    """Press Tab until it has the keyboard; how often that was."""
    for times in range(1, most + 1):
        await wanted.page.keyboard.press(key)
        if await wanted.evaluate("element => element === document.activeElement"):
            return times
    at = await wanted.page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
    raise AssertionError(f"not reached in {most} steps; the keyboard is at {at}")


def plain(text: str) -> dict[str, Any]:
    """Text without markup."""
    return {"type": "plain_text", "text": text}


def card(text: str, *labels: str) -> list[dict[str, Any]]:
    """A message with a menu and buttons; every posting makes other block ids of it."""
    options = [{"text": plain(each), "value": each} for each in ("First", "Second", "Third")]
    menu = {"type": "overflow", "action_id": "menu", "options": options}
    buttons = [
        {"type": "button", "action_id": each.lower(), "text": plain(each), "value": "1"}
        for each in labels
    ]
    return [
        {"type": "section", "text": plain(text)},
        {"type": "actions", "elements": [*buttons, menu]},
    ]


def marked(mark: str) -> dict[str, Any]:
    """The metadata by which the bot finds its messages again."""
    return {"event_type": "test", "event_payload": {"mark": mark}}


async def _ask(stage: Stage) -> None:
    """From the top of the page to the channel, and the command."""
    page, left = stage.page, stage.seat()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to Ben Okafor")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(left).to_be_focused()
    await tab_to(left.get_by_role("tab", name="Messages"), 2)
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowRight")
    await expect(left.get_by_role("tab", name="# sales")).to_be_focused()
    await stage.sees("Hartwell thread")
    await tab_to(stage.box(), 8)
    await page.keyboard.type("/sendas @ada 2h By keyboard")
    await page.keyboard.press("Enter")
    await stage.sees("asks to send email as you", "right")


async def _connect(stage: Stage) -> None:
    """From the link on the card through Close's own pages, and back."""
    async with stage.context.expect_page() as opened:
        await stage.page.keyboard.press("Enter")
    consent = await opened.value
    await tab_to(consent.get_by_role("button", name="Continue"), 6)
    await consent.keyboard.press("Enter")
    await consent.get_by_label(ADA.name).focus()  # arrows lead there, from whichever is chosen
    await consent.keyboard.press("Space")
    await tab_to(consent.get_by_role("button", name="Allow"), 6)
    await consent.keyboard.press("Enter")
    await expect(consent).to_have_title("Close is connected")
    await consent.close()
    await stage.page.bring_to_front()


async def test_from_the_request_to_the_end(stage: Stage) -> None:
    """Ask, approve, connect and end with keys only: two skip links, less than twenty stops to the
    second person, and the keyboard on the card that changed, or that came anew further down."""
    page, right = stage.page, stage.seat("right")
    await _ask(stage)
    await tab_to(right.get_by_role("button", name="Approve", exact=True), 19)
    await page.keyboard.press("Enter")
    connect = right.get_by_role("link", name="Connect Close").last
    await expect(connect).to_be_visible()
    await expect(right.locator("article:focus")).to_have_count(1)
    await tab_to(connect, 6)
    await _connect(stage)
    await stage.sees("can send email as you until", "right")
    await expect(right.locator("article:focus-within")).to_contain_text("can send email as you")
    hour = page.get_by_role("button", name="+1 hour")
    await tab_to(hour, 30, "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("1 hour ahead")).to_be_visible()
    await expect(hour).to_be_focused()
    await page.keyboard.press("Enter")
    await stage.sees("can no longer send email as you", "right")
    await tab_to(page.get_by_role("link", name="Skip to Ada Lindqvist"), 30, "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(right).to_be_focused()


async def test_the_keyboard_stays_on_a_card(shared_stage: Stage) -> None:
    """A card that changes, or that is posted anew before the old one goes, keeps the keyboard on
    the same button, and on itself once the button is gone."""
    stage = shared_stage
    await stage.open("?left=ben&right=nobody")
    first = await stage.call(
        "chat.postMessage",
        {"channel": BEN.id, "text": "x", "blocks": card("One", "Go"), "metadata": marked("a:1")},
    )
    await stage.call("chat.postMessage", {"channel": BEN.id, "text": "Another"})
    go = stage.seat().get_by_role("button", name="Go", exact=True)
    await go.focus()
    place = {"channel": first["channel"], "ts": first["ts"]}
    await stage.call("chat.update", {**place, "text": "x", "blocks": card("Two", "Go")})
    await stage.sees("Two")
    await expect(go).to_be_focused()
    await stage.call(
        "chat.postMessage",
        {"channel": BEN.id, "text": "x", "blocks": card("Three", "Go"), "metadata": marked("a:2")},
    )
    await expect(go).to_have_count(2)
    await stage.call("chat.delete", place)
    await expect(go).to_have_count(1)
    await expect(go).to_be_focused()
    last = stage.house.slack.messages(BEN)[-1]
    place = {"channel": last.channel, "ts": last.ts}
    await stage.call("chat.update", {**place, "text": "x", "blocks": card("Four")})
    await expect(stage.seat().get_by_role("article").filter(has_text="Four")).to_be_focused()


async def _many_cards(stage: Stage) -> Locator:
    """More cards than fit, in front of Ben, with the keyboard at the last one's tab stop."""
    await stage.open("?left=ben&right=nobody")
    for number in range(9):
        arguments = {"channel": BEN.id, "text": "x", "blocks": card(f"Card {number}", "Go")}
        await stage.call("chat.postMessage", arguments)
    await stage.sees("Card 8")
    cards = stage.seat().get_by_role("article")
    await stage.seat().get_by_role("tab", name="Messages").focus()
    await tab_to(cards.nth(8), 1)
    return cards


ROWS = "(all) => new Set(all.map((each) => each.closest('.home > *'))).size"


async def test_arrows_go_through_a_conversation(shared_stage: Stage) -> None:
    """One message has a tab stop, the arrow keys go to the others, and Tab into their buttons; App
    Home has the stops of one row."""
    stage, press = shared_stage, shared_stage.page.keyboard.press
    cards = await _many_cards(stage)
    await tab_to(cards.nth(8).get_by_role("button", name="Go"), 1)
    await press("ArrowUp")
    await expect(cards.nth(7)).to_be_focused()
    await press("Home")
    await expect(cards.nth(0)).to_be_focused()
    assert await stage.seat().locator(".stream [tabindex='0']:visible").count() <= 4
    await stage.look("Home")
    await expect(stage.seat().locator(".home button").first).to_be_visible()
    stops = stage.seat().locator(".home :is(button, summary)[tabindex='0']")
    assert await stops.evaluate_all(ROWS) == 1


async def test_a_menu_opens_where_there_is_room(shared_stage: Stage) -> None:
    """Near the lower edge it opens upwards, near the left one to the right, all of it to be seen;
    Escape and a choice close it and leave the keyboard on its button."""
    stage = shared_stage
    cards = await _many_cards(stage)
    dots = cards.nth(8).get_by_label("More actions")
    await tab_to(dots, 2)
    await stage.page.keyboard.press("Enter")
    choices = cards.nth(8).locator(".overflow .choices")
    await expect(cards.nth(8).locator(".overflow")).to_have_class(re.compile(r"\bup\b"))
    box, button, frame = [
        await each.bounding_box() for each in (choices, dots, stage.seat().locator(".stream"))
    ]
    assert box is not None
    assert button is not None
    assert frame is not None
    assert frame["y"] <= box["y"] < box["y"] + box["height"] <= button["y"]
    assert frame["x"] <= box["x"] < box["x"] + box["width"] <= frame["x"] + frame["width"]
    await stage.page.keyboard.press("Escape")
    await expect(choices).to_be_hidden()
    await expect(dots).to_be_focused()
    await stage.page.keyboard.press("Enter")
    await tab_to(choices.get_by_role("button", name="First"), 1)
    await stage.page.keyboard.press("Enter")
    await expect(choices).to_be_hidden()
    await expect(dots).to_be_focused()


async def _searching(stage: Stage) -> Locator:
    """Ben looks somebody up in App Home."""
    await stage.open("?left=ben&right=nobody")
    await stage.look("Home")
    search = stage.seat().locator(".home").get_by_role("combobox", name="Find a person…")
    await search.fill("ada")
    return search


async def test_what_is_selected_in_a_search_stays_selected(shared_stage: Stage) -> None:
    """Who is writing over their words when App Home is shown anew writes over them, not behind."""
    stage = shared_stage
    search = await _searching(stage)
    await search.select_text()
    before = await search.element_handle()
    await stage.house.slack.open_home(BEN)
    await stage.page.wait_for_function("element => !element.isConnected", arg=before)
    await stage.page.keyboard.insert_text("ben")
    await expect(search).to_have_value("ben")


async def test_a_search_in_app_home_keeps_the_keyboard(shared_stage: Stage) -> None:
    """Who looks somebody up in App Home is still in the search field when the list has changed."""
    stage = shared_stage
    search = await _searching(stage)
    await stage.house.slack.open_home(BEN)  # it is shown anew while somebody types
    await stage.choose(search, "ada", "Ada Lindqvist")
    await expect(stage.seat().locator(".home .mention").get_by_text(ADA.name)).to_be_visible()
    await expect(search).to_be_focused()

"""The page itself: seats, tabs, themes, sizes, and who may press its buttons."""

from datetime import timedelta

import httpx
import pytest
from playwright.async_api import Browser, Locator, expect

from sandbox.page.guide import DEPUTY
from sandbox.people import ELI
from sandbox.running import House
from sandbox.slack.workspace import AUDIT, SALES
from tests.browser.stage import Stage, open_stage

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_seats_and_tabs(shared_stage: Stage) -> None:
    """Whoever is chosen sits there, one can be sent away, tabs show channels and App Home."""
    stage = shared_stage
    page = stage.page
    await page.get_by_label("Who sits on the left").select_option(label="Dana Whitfield")
    await expect(page.get_by_role("region", name="Slack as Dana Whitfield sees it")).to_be_visible()
    await stage.seat().get_by_role("tab", name="# sales").click()
    await stage.sees("Hartwell thread")
    await page.keyboard.press("ArrowLeft")
    await expect(stage.seat().get_by_role("tab", name="Home")).to_be_focused()
    await expect(stage.seat().locator(".stream > *")).to_be_visible()
    await page.get_by_role("button", name="Show one person only").click()
    await expect(stage.seat("right")).to_have_count(0)
    await page.get_by_role("button", name="Show a second person").click()
    await expect(stage.seat("right")).to_be_visible()


async def test_completion_offers_people_and_groups(shared_stage: Stage) -> None:
    """After @ the box offers people, guests, strangers and user groups, but nobody who left."""
    stage = shared_stage
    await stage.look("# sales")
    box = stage.box()
    await box.press_sequentially("/sendas @sales")
    await expect(stage.offered()).to_have_text(["Sales team@sales-team · user group"])
    await box.fill("/sendas @finn")
    await expect(stage.offered()).to_have_count(0)
    await box.fill("/sendas @vera")
    await expect(stage.offered()).to_contain_text(["another workspace"])
    await box.press("Escape")
    await expect(stage.page.get_by_role("listbox")).to_have_count(0)


async def test_app_home_and_shortcuts(shared_stage: Stage) -> None:
    """App Home shows what the bot published; shortcuts start from the menu and from a message."""
    stage = shared_stage
    await stage.open("?left=cleo&right=nobody")
    await stage.seat().get_by_role("tab", name="Home").click()
    await stage.sees("You can send as")
    await stage.seat().get_by_role("tab", name="# sales").click()
    said = stage.seat().get_by_role("article").filter(has_text="Hartwell thread").first
    await said.hover()
    await said.get_by_label("More for this message").click()
    await said.get_by_role("button", name="Ask to send as author").click()
    form = stage.seat().get_by_role("dialog")
    await expect(form.get_by_role("list", name="Chosen").first).to_contain_text("Ada Lindqvist")
    await form.get_by_role("button", name="Close this window").click()
    await expect(form).to_have_count(0)
    await stage.seat().get_by_label("Shortcuts").click()
    await stage.seat().get_by_role("button", name="Ask to send as…").click()
    await expect(form.get_by_role("heading")).to_be_visible()


async def test_dark_and_narrow(browser: Browser, shared_house: House) -> None:
    """In the dark theme and on a phone everything is there, dark, and nothing overflows."""
    query = "?left=gus&right=nobody"
    async with open_stage(browser, shared_house, query, color_scheme="dark") as stage:
        await stage.page.set_viewport_size({"width": 390, "height": 800})
        await stage.type("/sendas help")
        await stage.sees("Only visible to you")
        ground = await stage.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == "rgb(19, 22, 21)"
        width = await stage.page.evaluate("document.documentElement.scrollWidth")
        assert width == 390


async def test_other_websites_are_kept_out(shared_stage: Stage) -> None:
    """Changes need the page's own origin, names that only point here are refused, frames too."""
    stage = shared_stage
    before = stage.house.clock.ahead
    async with httpx.AsyncClient(base_url=stage.url, trust_env=False) as client:
        foreign = await client.post("/clock/hour", headers={"Origin": "https://example.com"})
        bare = await client.post("/clock/hour")
        rebound = await client.get("/", headers={"Host": "example.com"})
        own = await client.post("/clock/hour", headers={"Origin": stage.url})
        shown = await client.get("/")
    assert (foreign.status_code, bare.status_code, rebound.status_code) == (403, 403, 403)
    assert own.status_code == 200
    assert "frame-ancestors 'none'" in shown.headers["content-security-policy"]
    assert stage.house.clock.ahead - before == timedelta(hours=1)


async def test_impossible_acts_are_told(shared_stage: Stage) -> None:
    """An act that no client offers, or a wrong address, is answered with a reason."""
    stage = shared_stage
    async with httpx.AsyncClient(
        base_url=stage.url, headers={"Origin": stage.url}, trust_env=False
    ) as client:
        gone = await client.post("/people/ben/submit", json={"values": {}})
        nobody = await client.post("/people/finn/send", json={"text": "hello"})
        switch = await client.post("/trouble/earthquake", json={"on": True})
        broken = await client.post("/people/ben/send", content=b"not json")
    assert (gone.status_code, gone.json()["problem"]) == (409, "This form is closed.")
    assert nobody.status_code == 404
    assert switch.status_code == 404
    assert broken.status_code == 409


async def test_slack_lets_nobody_write_to_the_bot(shared_stage: Stage) -> None:
    """The bot's messages have no message box but a way to a channel that has one, an example goes
    there as well, and a dot says where something is new until it is looked at."""
    stage = shared_stage
    await stage.open("?left=eli&right=nobody")
    await expect(stage.box()).to_be_hidden()
    await stage.sees("Sending messages to this app has been turned off.")
    await stage.seat().get_by_role("button", name="# sales").click()
    await expect(stage.box()).to_be_visible()
    await stage.look("Messages")
    await stage.seat().get_by_role("button", name="/sendas help").click()
    await expect(stage.box()).to_have_value("/sendas help")
    await stage.box().press("Enter")
    await stage.sees("Only visible to you")
    await stage.call("chat.postMessage", {"channel": ELI.id, "text": "News"})
    news = stage.seat().get_by_role("tab", name="Messages unread")
    await expect(news).to_be_visible()
    await news.click()
    await stage.sees("News")
    await expect(news).to_have_count(0)


async def test_threads_are_threads(shared_stage: Stage) -> None:
    """Replies stand behind a line that counts them, and an open thread stays open as it grows."""
    stage = shared_stage
    await stage.open(f"?left=eli&left_tab={AUDIT}&right=nobody")
    begun = await stage.call("chat.postMessage", {"channel": AUDIT, "text": "Beginning"})
    reply = {"channel": AUDIT, "thread_ts": begun["ts"]}
    await stage.call("chat.postMessage", {**reply, "text": "First answer"})
    thread = stage.seat().get_by_text("1 reply")
    await expect(thread).to_be_visible()
    await expect(stage.seat().get_by_text("First answer")).to_be_hidden()
    await thread.click()
    await stage.sees("First answer")
    await stage.seat().get_by_text("Beginning").click()
    await stage.call("chat.postMessage", {**reply, "text": "Second answer"})
    await stage.sees("Second answer")
    await expect(stage.seat().get_by_text("2 replies")).to_be_visible()


async def test_what_was_typed_outlives_the_sandbox(shared_stage: Stage) -> None:
    """A command that nobody answers is back in the box, with a word why, and is still there when
    the page is loaded again."""
    stage = shared_stage
    await stage.open(f"?left=eli&left_tab={SALES}&right=nobody")
    await stage.page.route("**/people/**", lambda route: route.abort())
    await stage.type("/sendas @ada 2h A long and careful reason")
    await stage.sees("The sandbox does not answer.")
    await expect(stage.box()).to_have_value("/sendas @ada 2h A long and careful reason")
    await stage.page.unroute("**/people/**")
    stage.complaints.clear()  # the browser itself complains of the aborted request
    await stage.page.reload()
    await expect(stage.box()).to_have_value("/sendas @ada 2h A long and careful reason")
    await stage.box().fill("")


async def test_the_guide_seats_who_has_to_act(shared_stage: Stage) -> None:
    """Somebody with a request who sits in no seat is a button in the guide, which seats them."""
    stage = shared_stage
    await stage.open("?left=cleo&right=ben")
    await stage.ask("/sendas @ada 2h")
    await stage.page.get_by_role("button", name="Show Ada Lindqvist").click()
    await expect(stage.seat("right")).to_have_attribute("data-handle", "ada")
    await stage.sees("asks to send email as you", "right")
    await expect(stage.page.get_by_role("button", name="Show Ada Lindqvist")).to_have_count(0)


async def test_a_deputy_answers(stage: Stage) -> None:
    """Ada types who answers for her; the guide offers to seat Cleo beside her, who approves."""
    await stage.ask(DEPUTY, "right")
    await stage.ask("/sendas @ada 2h")
    await stage.sees("can answer in your place, too", "right")
    await stage.page.get_by_role("button", name="Show Cleo Marchetti").click()
    await stage.sees("reads your answer", "right")
    await stage.press("Approve", "right")
    await stage.sees("You approved it", "right")


async def test_forced_colours_show_states(browser: Browser, shared_house: House) -> None:
    """Where the system sets all colours, a switch has an edge and shows whether it is on, and the
    chosen tab is underlined as no other is."""
    async with open_stage(browser, shared_house, forced_colors="active") as stage:
        knob = stage.page.get_by_role("switch", name="No deletions")
        off = await _look(knob.locator(".track"), "borderTopWidth", "backgroundColor")
        await knob.click()
        await expect(knob).to_have_attribute("aria-checked", "true")
        on = await _look(knob.locator(".track"), "borderTopWidth", "backgroundColor")
        await knob.click()
        assert (off[0], off[1] == on[1]) == ("1px", False)
        tabs = stage.seat().get_by_role("tab")
        lines = [(await _look(tabs.nth(n), "borderBottomColor"))[0] for n in range(4)]
        assert lines[0] != lines[1]
        assert len(set(lines[1:])) == 1


async def _look(element: Locator, *names: str) -> list[str]:
    """How it is drawn."""
    drawn: list[str] = await element.evaluate(
        "(element, names) => names.map((name) => getComputedStyle(element)[name])", names
    )
    return drawn

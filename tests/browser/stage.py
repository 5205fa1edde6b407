"""The page in a real browser, and what its people see and do there."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    ViewportSize,
    async_playwright,
    expect,
)

from sandbox.page.app import open_page
from sandbox.page.front import Front
from sandbox.people import SandboxPerson
from sandbox.running import House
from sandbox.serving import serve

KNOWN_PLACES = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
NAMES = ("chromium", "chromium-browser", "google-chrome")
# A browser in a container: no own sandbox, no graphics card, and no calls home.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZE: ViewportSize = {"width": 1440, "height": 860}


def find_chromium() -> str | None:
    """The path of an installed Chromium."""
    for place in KNOWN_PLACES:
        if Path(place).exists():
            return place
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def is_needed() -> bool:
    """Whether a missing browser is a failure, as it is where every change is checked."""
    return os.environ.get("CI") == "true"


@asynccontextmanager
async def open_browser(path: str) -> AsyncIterator[Browser]:
    """A headless Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        await browser.close()


@dataclass
class Stage:
    """One open page around a running house; ``complaints`` is what should not have happened."""

    house: House
    context: BrowserContext
    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    async def open(self, query: str) -> None:
        """Load the page, and wait until it listens to changes."""
        await self.page.goto(f"{self.url}/{query}")
        await expect(self.page.locator("html")).to_have_attribute("data-live", "yes")

    def seat(self, side: str = "left") -> Locator:
        """One person's half."""
        return self.page.locator(f"#{side}")

    def box(self, side: str = "left") -> Locator:
        """The message box, which the bot's own messages do not have."""
        return self.seat(side).get_by_role("combobox", name="Message or command")

    async def look(self, tab: str, side: str = "left") -> None:
        """Open a tab."""
        named = self.seat(side).get_by_role("tab", name=tab)
        await named.click()
        await expect(named).to_have_attribute("aria-selected", "true")

    async def type(self, text: str, side: str = "left") -> None:
        """Type into the message box of a channel, and Enter."""
        if not await self.box(side).is_visible():
            await self.look("# sales", side)
        await self.box(side).fill(text)
        await self.box(side).press("Enter")

    async def ask(self, text: str, side: str = "left") -> None:
        """Type it in a channel, and look at the bot's messages again."""
        await self.type(text, side)
        await self.look("Messages", side)

    async def press(self, button: str, side: str = "left") -> None:
        """Press the last button with this label."""
        await self.seat(side).get_by_role("button", name=button, exact=True).last.click()

    async def choose(self, field: Locator, search: str, name: str) -> None:
        """Find somebody in a form's search field, and take them with Enter."""
        await field.fill(search)
        await expect(field.locator("..").get_by_role("option")).to_contain_text([name])
        await field.press("Enter")

    def offered(self, side: str = "left") -> Locator:
        """What the message box offers now."""
        return self.page.locator(f"#{side}-suggestions").get_by_role("option")

    async def sees(self, words: str, side: str = "left") -> None:
        """Wait until these words stand in a person's half."""
        await expect(self.seat(side).get_by_text(words).last).to_be_visible()

    async def connect(self, side: str, person: SandboxPerson) -> None:
        """Walk through Close's consent page in its own tab, and come back."""
        async with self.context.expect_page() as opened:
            await self.seat(side).get_by_role("link", name="Connect").last.click()
        consent = await opened.value
        await consent.get_by_role("button", name="Continue").click()
        await consent.get_by_label(person.name).check()
        await consent.get_by_role("button", name="Allow").click()
        await expect(consent).to_have_title("Close is connected")
        await consent.close()

    async def push(self, step: str) -> None:
        """Push the clock ahead by ``hour``, ``day`` or ``month``."""
        label = "+30 days" if step == "month" else f"+1 {step}"
        await self.page.get_by_role("button", name=label).click()

    async def show_modal(self, person: SandboxPerson, view: dict[str, Any]) -> str:
        """Open a modal for somebody, as the bot would; its id is what to show it anew by."""
        trigger = self.house.slack.workspace.new_trigger(person.id)
        shown = await self.call("views.open", {"trigger_id": trigger, "view": view})
        return str(shown["view"]["id"])

    async def call(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Call Slack's Web API as the bot would."""
        slack = self.house.slack
        async with httpx.AsyncClient(trust_env=False) as client:
            response = await client.post(
                f"{slack.api_url}{method}",
                headers={"Authorization": f"Bearer {slack.bot_token}"},
                json=arguments,
            )
        answer: dict[str, Any] = response.json()
        assert answer["ok"], response.text
        return answer


@asynccontextmanager
async def open_stage(
    browser: Browser, house: House, query: str = "", **options: Any
) -> AsyncIterator[Stage]:
    """The page around ``house``, open in a fresh browser profile."""
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(open_page(house, Front().start_over))
        url = await stack.enter_async_context(serve(app))
        house.slack.client_url = url
        context = await browser.new_context(viewport=SIZE, reduced_motion="reduce", **options)
        stack.push_async_callback(context.close)
        page = await context.new_page()
        stage = Stage(house, context, page, url)
        _listen(stage)
        await stage.open(query)
        yield stage
        # Before the server goes: its end would break the open stream and be told as an error.
        await context.close()
        assert not stage.complaints, stage.complaints


def _listen(stage: Stage) -> None:
    """Note errors in the console, and requests that leave this machine."""

    def on_console(message: Any) -> None:
        if message.type in ("error", "warning"):
            stage.complaints.append(f"console: {message.text}")

    def on_request(request: Any) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "data:")):
            stage.complaints.append(f"request: {request.url}")

    stage.page.on("console", on_console)
    stage.page.on("pageerror", lambda error: stage.complaints.append(f"error: {error}"))
    stage.context.on("request", on_request)

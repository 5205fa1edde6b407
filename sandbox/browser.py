"""A person's browser, as far as the walk to Close's consent page and back needs one."""

import re
from html import unescape
from types import TracebackType
from typing import Self

import httpx

from sandbox.people import SandboxPerson

_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
_BUTTON = re.compile(r'<button name="([^"]+)" value="([^"]*)">(.*?)</button>')
_FORM = re.compile(r'<form method="post" action="([^"]+)">')
_SECONDS = 10.0


def filled(page: httpx.Response, button: str) -> tuple[str, dict[str, str]]:
    """Where the form on this page goes when this button is pressed, and what is in it."""
    action = _FORM.search(page.text)
    pressed = {label: (name, value) for name, value, label in _BUTTON.findall(page.text)}
    if action is None or button not in pressed:
        raise LookupError(f"there is no {button!r} on the page: {page.text}")
    fields = {name: unescape(value) for name, value in _HIDDEN.findall(page.text)}
    return str(page.url.join(action[1])), dict([*fields.items(), pressed[button]])


class Browser:
    """Follows redirects and keeps cookies; ``title`` and ``address`` are of the page it shows."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(follow_redirects=True, timeout=_SECONDS, trust_env=False)
        self._shown: httpx.Response | None = None

    async def __aenter__(self) -> Self:
        """Open it, without cookies."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close its connections, whatever happened."""
        await self._client.aclose()

    @property
    def status(self) -> int:
        """The HTTP status of the page."""
        return self._shown.status_code if self._shown else 0

    @property
    def address(self) -> str:
        """Where the browser is now."""
        return str(self._shown.url) if self._shown else ""

    @property
    def title(self) -> str:
        """What stands in the title bar."""
        found = _TITLE.search(self._shown.text) if self._shown else None
        return found[1].strip() if found else ""

    async def open(self, link: str) -> None:
        """Open a link and follow where it leads."""
        self._shown = await self._client.get(link)

    async def press(self, button: str) -> None:
        """Press this button of the form on the page."""
        if self._shown is None:
            raise LookupError("no page is open")
        url, form = filled(self._shown, button)
        self._shown = await self._client.post(url, data=form)

    async def decide(self, person: SandboxPerson, *, allow: bool = True) -> None:
        """Say who one is on Close's consent page, and press Allow or Deny."""
        form = {"person": person.close_user_id or "", "do": "allow" if allow else "deny"}
        self._shown = await self._client.post(self.address, data=form)

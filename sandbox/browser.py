"""A person's browser, as far as the walk to Close's consent page and back needs one."""

import re
from types import TracebackType
from typing import Self

import httpx

from sandbox.people import SandboxPerson

_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_SECONDS = 10.0


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

    async def decide(self, person: SandboxPerson, *, allow: bool = True) -> None:
        """Say who one is on Close's consent page, and press Allow or Deny."""
        form = {"person": person.close_user_id or "", "do": "allow" if allow else "deny"}
        self._shown = await self._client.post(self.address, data=form)

"""What the browser talks to: the page of the present house, and the wait for the next one."""

import asyncio

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send


class Front:
    """One address for one house after the other; who comes between two of them waits."""

    def __init__(self) -> None:
        self._page = asyncio.Future[ASGIApp]()
        self._leaving = asyncio.Event()

    def application(self) -> Starlette:
        """The ASGI application."""
        return Starlette(routes=[Mount("/", app=self._pass_on)])

    def show(self, page: ASGIApp) -> None:
        """Answer with this page from now on."""
        self._leaving.clear()
        self._page.set_result(page)

    def start_over(self) -> None:
        """Leave the present house; whoever comes now waits for the next one."""
        if self._page.done():
            self._page = asyncio.Future()
            self._leaving.set()

    async def is_leaving(self) -> None:
        """Wait until somebody starts over."""
        await self._leaving.wait()

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = await asyncio.shield(self._page)
        await page(scope, receive, send)

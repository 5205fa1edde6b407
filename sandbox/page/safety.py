"""Keeps other websites away: known hosts, changes from our own page only, nothing foreign."""

from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HOSTS = ("localhost", "127.0.0.1")
_READING = ("GET", "HEAD")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class SafePage:
    """ASGI middleware; a page in the same browser must not be able to press our buttons."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to what is not for us, and add ``HEADERS`` to every other answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        problem = _problem(Request(scope))
        if problem:
            await PlainTextResponse(problem, 403)(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, send_safely)


def _problem(request: Request) -> str | None:
    """Why a request is refused; a name that only points here (DNS rebinding) is refused as well."""
    host = request.headers.get("host", "")
    if urlsplit(f"//{host}").hostname not in _HOSTS:
        return "Unknown host."
    if request.method not in _READING and request.headers.get("origin") != f"http://{host}":
        return "Only the page itself may do this."
    return None

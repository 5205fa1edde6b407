"""One request to Close and its answer: the shared connection pool, time limits, size limit, log."""

import asyncio
import http.cookiejar
import ssl
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiohttp
import httpx
import structlog
from httpx_aiohttp import AiohttpTransport

CONNECT_TIMEOUT = timedelta(seconds=5)
TOTAL_TIMEOUT = timedelta(seconds=10)
LONGEST_BODY = 1024 * 1024  # bytes
MOST_CONNECTIONS = 100

FOREIGN_ERRORS = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    httpx.CookieConflict,
    aiohttp.ClientError,
    OSError,
    EOFError,
)
"""Everything the HTTP stack raises; ``OSError`` covers ``TimeoutError`` and TLS errors."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to send; ``path`` is the template that may be logged, ``url`` is the real address."""

    method: str
    path: str
    url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    params: dict[str, str] = field(default_factory=dict)
    json: dict[str, Any] | None = field(default=None, repr=False)
    form: dict[str, str] | None = field(default=None, repr=False)

    @property
    def options(self) -> dict[str, Any]:
        """Return the arguments that httpx takes beside method and address."""
        options: dict[str, Any] = {"headers": self.headers, "params": self.params or None}
        if self.json is not None:
            options["json"] = self.json
        if self.form is not None:
            options["data"] = self.form
        return options


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``is_whole`` is about the body, ``status`` and ``headers`` always are."""

    status: int
    headers: httpx.Headers
    body: bytes = field(repr=False)
    is_whole: bool = True

    @property
    def is_success(self) -> bool:
        """Return whether Close said that it did what was asked."""
        return 200 <= self.status < 300


def open_http() -> httpx.AsyncClient:
    """Return the one HTTP client of the process; call it inside the running loop, close it there.

    No redirects (a redirect can lose the body, close.md §1), no proxies from the environment, and
    no cookies: people's credentials share this client, and a cookie of one must not reach another.
    """
    tls = httpx.create_ssl_context(trust_env=False)
    no_cookies = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(
        transport=AiohttpTransport(verify=tls, client=lambda: _open_session(tls)),
        timeout=httpx.Timeout(
            TOTAL_TIMEOUT.total_seconds(), connect=CONNECT_TIMEOUT.total_seconds()
        ),
        follow_redirects=False,
        trust_env=False,
        cookies=no_cookies,
    )


def _open_session(tls: ssl.SSLContext) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(ssl=tls, limit=MOST_CONNECTIONS, keepalive_timeout=30)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


async def send(
    client: httpx.AsyncClient, request: Request, *, within: timedelta = TOTAL_TIMEOUT
) -> Answer:
    """Send ``request`` and return the answer, whatever its status; raises ``FOREIGN_ERRORS``.

    Once the status is known a failure while reading the body is not raised: the status alone is
    enough for an error or for 204, and a body cut short does not parse.
    """
    started = time.perf_counter()
    answer: Answer | None = None
    try:
        answer = await _received(client, request, within)
        return answer
    finally:
        structlog.get_logger().info(
            "close_call",
            method=request.method,
            path=request.path,
            status=answer.status if answer else None,
            milliseconds=round((time.perf_counter() - started) * 1000),
        )


async def _received(client: httpx.AsyncClient, request: Request, within: timedelta) -> Answer:
    response: httpx.Response | None = None
    body, is_whole = bytearray(), False
    try:
        async with (
            asyncio.timeout(within.total_seconds()),
            client.stream(
                request.method, request.url, follow_redirects=False, **request.options
            ) as response,
        ):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > LONGEST_BODY:
                    break
            else:
                is_whole = True
    except FOREIGN_ERRORS:
        if response is None:
            raise
    return Answer(response.status_code, response.headers, bytes(body[:LONGEST_BODY]), is_whole)

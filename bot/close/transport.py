"""One request to Close and its answer: the shared connection pool, time limits, size limit, log."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

import aiohttp
import httpx
import structlog
from httpx_aiohttp import AiohttpTransport

CONNECT_TIMEOUT = timedelta(seconds=5)
TOTAL_TIMEOUT = timedelta(seconds=10)
LONGEST_BODY = 1024 * 1024  # bytes
MOST_CONNECTIONS = 100
LIMITS = httpx.Timeout(TOTAL_TIMEOUT.total_seconds(), connect=CONNECT_TIMEOUT.total_seconds())
Turn = Callable[[], Awaitable[None]]
_SENT_WITH = {"Accept-Encoding": "gzip, deflate"}  # what httpx reads without anybody's help

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
    def sent(self) -> httpx.Request:
        """Return it as it goes out."""
        query = f"?{urlencode(self.params)}" if self.params else ""  # as httpx has it, in one go
        return httpx.Request(
            self.method,
            self.url + query,
            headers=_SENT_WITH | self.headers,
            json=self.json,
            data=self.form,
            extensions={"timeout": LIMITS.as_dict()},
        )


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


def open_http(turn: Turn | None = None) -> httpx.AsyncBaseTransport:
    """Return the one way out of the process; use it inside the running loop, close it there.

    With ``turn``, of the answers that come at once each is read when it is its turn.

    It is what lies below a client of httpx. That would follow no redirect here (one can lose the
    body, close.md §1), keep no cookie (people's credentials share this, and a cookie of one must
    not reach another) and use no proxy from the environment: most of its time would go into that.
    """
    tls = httpx.create_ssl_context(trust_env=False)
    transport = AiohttpTransport if turn is None else partial(_Transport, turn)
    return transport(verify=tls, client=lambda: _open_session(tls))


class _Transport(AiohttpTransport):
    """Each answer is read when it is its turn."""

    def __init__(self, turn: Turn, **options: Any) -> None:
        super().__init__(**options)
        self._turn = turn

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer once its head is there and it is its turn."""
        response = await super().handle_async_request(request)
        try:
            await self._turn()
        except BaseException:
            await response.aclose()
            raise
        return response


def _open_session(tls: ssl.SSLContext) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(ssl=tls, limit=MOST_CONNECTIONS, keepalive_timeout=30)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


async def send(
    http: httpx.AsyncBaseTransport, request: Request, *, within: timedelta = TOTAL_TIMEOUT
) -> Answer:
    """Send ``request`` and return the answer, whatever its status; raises ``FOREIGN_ERRORS``.

    Once the status is known a failure while reading the body is not raised: the status alone is
    enough for an error or for 204, and a body cut short does not parse.
    """
    started = time.perf_counter()
    answer: Answer | None = None
    try:
        answer = await _received(http, request, within)
        return answer
    finally:
        structlog.get_logger().info(
            "close_call",
            method=request.method,
            path=request.path,
            status=answer.status if answer else None,
            milliseconds=round((time.perf_counter() - started) * 1000),
        )


async def _received(http: httpx.AsyncBaseTransport, request: Request, within: timedelta) -> Answer:
    response: httpx.Response | None = None
    body, is_whole = bytearray(), False
    try:
        async with asyncio.timeout(within.total_seconds()):
            response = await http.handle_async_request(request.sent)
            async with contextlib.aclosing(response):
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

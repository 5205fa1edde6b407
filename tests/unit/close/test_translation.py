"""Every failure of the HTTP stack and every answer of Close becomes one class of the tree."""

import ssl
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import httpx
import pytest

from bot.close.client import CloseClient
from bot.close.errors import (
    CloseError,
    CloseProblem,
    NotFound,
    OutcomeUnclear,
    RefusedByClose,
    RetryLater,
    Unauthorized,
)
from bot.close.limits import Limiter
from bot.close.oauth import CloseOAuthClient
from bot.close.translation import translated
from bot.close.transport import Answer
from bot.ports import Credential

CREDENTIAL = Credential("secret-token")
ANYWHERE: dict[str, Any] = {
    "api_url": "https://api.test",
    "app_url": "https://app.test",
    "client_id": "client",
    "client_secret": "hidden",
    "redirect_uri": "https://bot.test/close/callback",
}


def subclasses_of(root: type[BaseException]) -> Iterator[type[BaseException]]:
    """Yield a class and everything below it."""
    yield root
    for each in root.__subclasses__():
        yield from subclasses_of(each)


def every_httpx_error() -> list[type[BaseException]]:
    """Return all exception classes that httpx exports, and everything below them."""
    exported = [getattr(httpx, name) for name in dir(httpx)]
    roots = [each for each in exported if isinstance(each, type) and issubclass(each, Exception)]
    found = {below for root in roots for below in subclasses_of(root)}
    return sorted(found, key=repr)


def made(error: type[BaseException]) -> BaseException:
    """Return an instance without running the constructor, which differs from class to class."""
    instance = error.__new__(error)
    BaseException.__init__(instance, "broken")
    return instance


def raising(failure: BaseException) -> httpx.AsyncBaseTransport:
    """Return a client whose every request fails."""

    def handler(request: httpx.Request) -> httpx.Response:
        raise failure

    return httpx.MockTransport(handler)


async def create(http: httpx.AsyncBaseTransport) -> object:
    """Write through the client."""
    return await CloseClient(http, "https://close.test", Limiter()).create_association(
        CREDENTIAL, "user_a", "user_b"
    )


async def read(http: httpx.AsyncBaseTransport) -> object:
    """Read through the client."""
    return await CloseClient(http, "https://close.test", Limiter()).me(CREDENTIAL)


async def refresh(http: httpx.AsyncBaseTransport) -> object:
    """Refresh through the OAuth client."""
    client = CloseOAuthClient(http, **ANYWHERE)
    return await client.refresh("token")


@pytest.mark.parametrize("error", every_httpx_error(), ids=repr)
@pytest.mark.parametrize("call", [create, read, refresh], ids=["create", "read", "refresh"])
async def test_no_httpx_error_escapes(
    error: type[BaseException], call: Callable[[httpx.AsyncBaseTransport], Awaitable[object]]
) -> None:
    """Whatever httpx can raise comes out as a CloseError that keeps its cause."""
    async with raising(made(error)) as http:
        with pytest.raises(CloseError) as caught:
            await call(http)
    assert isinstance(caught.value.__cause__, error)


@pytest.mark.parametrize(
    "error",
    sorted(set(subclasses_of(aiohttp.ClientError)), key=repr),
    ids=repr,
)
async def test_no_aiohttp_error_escapes(error: type[BaseException]) -> None:
    """What the transport below httpx lets through is translated as well."""
    async with raising(made(error)) as http:
        with pytest.raises(CloseError):
            await create(http)


@pytest.mark.parametrize(
    "failure", [OSError("reset"), TimeoutError(), ssl.SSLError("bad"), EOFError()]
)
async def test_no_plain_network_error_escapes(failure: Exception) -> None:
    """Errors of the standard library from below the HTTP stack are translated as well."""
    async with raising(failure) as http:
        with pytest.raises(OutcomeUnclear):
            await create(http)


def caused_by(error: Exception, cause: Exception) -> Exception:
    """Return ``error`` as the aiohttp transport raises it."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.PoolTimeout("busy"),
        httpx.UnsupportedProtocol("ftp"),
        caused_by(httpx.ConnectTimeout("x"), aiohttp.ConnectionTimeoutError()),
    ],
)
def test_what_was_never_sent_is_only_late(failure: Exception) -> None:
    """A write that cannot have reached Close may simply be tried again."""
    assert isinstance(translated(failure, write=True), RetryLater)


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.WriteError("reset"),
        httpx.RemoteProtocolError("cut"),
        TimeoutError(),
        caused_by(httpx.ConnectTimeout("x"), aiohttp.ServerDisconnectedError()),
        caused_by(httpx.ConnectTimeout("x"), aiohttp.ClientOSError(104, "reset")),
    ],
)
def test_what_may_have_been_sent_is_unclear_for_a_write(failure: Exception) -> None:
    """A write is unclear even where the transport calls a cut connection a connect timeout."""
    assert isinstance(translated(failure, write=True), OutcomeUnclear)
    assert isinstance(translated(failure, write=False), RetryLater)


@pytest.mark.parametrize(
    ("status", "of_read", "of_write", "problem"),
    [
        (301, RefusedByClose, RefusedByClose, CloseProblem.UNEXPECTED),
        (400, RefusedByClose, RefusedByClose, CloseProblem.INVALID),
        (401, Unauthorized, Unauthorized, CloseProblem.UNAUTHORIZED),
        (402, RefusedByClose, RefusedByClose, CloseProblem.PLAN_LIMIT),
        (403, RefusedByClose, RefusedByClose, CloseProblem.FORBIDDEN),
        (404, NotFound, NotFound, CloseProblem.NOT_FOUND),
        (405, RefusedByClose, RefusedByClose, CloseProblem.UNEXPECTED),
        (408, RetryLater, RetryLater, CloseProblem.UNAVAILABLE),
        (415, RefusedByClose, RefusedByClose, CloseProblem.UNEXPECTED),
        (418, RefusedByClose, RefusedByClose, CloseProblem.UNEXPECTED),
        (429, RetryLater, RetryLater, CloseProblem.RATE_LIMITED),
        (500, RetryLater, OutcomeUnclear, CloseProblem.UNAVAILABLE),
        (502, RetryLater, OutcomeUnclear, CloseProblem.UNAVAILABLE),
        (503, RetryLater, OutcomeUnclear, CloseProblem.UNAVAILABLE),
        (504, RetryLater, OutcomeUnclear, CloseProblem.UNAVAILABLE),
    ],
)
def test_each_status_has_one_class(
    status: int, of_read: type[CloseError], of_write: type[CloseError], problem: CloseProblem
) -> None:
    """All codes of close.md §5 map to one class and one problem, for reads and for writes."""
    answer = Answer(status, httpx.Headers(), b"<html>")
    for write, expected in ((False, of_read), (True, of_write)):
        error = translated(answer, write=write)
        assert (type(error), error.problem, error.status) == (expected, problem, status)


def test_an_error_does_not_repeat_what_close_wrote() -> None:
    """Neither the text nor the fields of an error carry the body or the token."""
    error = translated(Answer(403, httpx.Headers(), b"private words"), write=True)
    assert "private" not in f"{error!r} {vars(error)}"

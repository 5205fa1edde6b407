"""The one place where foreign failures become the tree of ``bot.close.errors``.

It stands beside the tree, so that a use case can catch a ``CloseError`` without importing httpx.
"""

from collections.abc import Mapping

import aiohttp
import httpx

from bot.close.errors import (
    CloseError,
    CloseProblem,
    NotFound,
    OutcomeUnclear,
    RefusedByClose,
    RetryLater,
    Unauthorized,
)
from bot.close.headers import wait_named
from bot.close.transport import Answer

_REFUSALS: Mapping[int, CloseProblem] = {
    400: CloseProblem.INVALID,
    402: CloseProblem.PLAN_LIMIT,
    403: CloseProblem.FORBIDDEN,
}


def translated(failure: Exception | Answer, *, write: bool) -> CloseError:
    """Return the ``CloseError`` for an exception of the HTTP stack or for an answer of Close.

    ``write`` says whether the request could change something. Then every failure that leaves open
    whether Close acted becomes ``OutcomeUnclear``; the same failure of a read only says "later".
    Source of the answers' meaning: close.md §5 and §6.
    """
    if isinstance(failure, Answer):
        return _of_answer(failure, write=write)
    problem = _problem_of(failure)
    if write and _may_have_been_sent(failure):
        return OutcomeUnclear(problem)
    return RetryLater(problem)


def unreadable(answer: Answer, *, write: bool) -> CloseError:
    """Return the error for an answer whose status is fine and whose body makes no sense."""
    if write:
        return OutcomeUnclear(CloseProblem.UNREADABLE, status=answer.status)
    return RetryLater(CloseProblem.UNREADABLE, status=answer.status)


def _of_answer(answer: Answer, *, write: bool) -> CloseError:
    status = answer.status
    if status == 429:
        wait = wait_named(answer.headers, answer.body)
        return RetryLater(CloseProblem.RATE_LIMITED, status=status, wait=wait)
    if status == 401:
        return Unauthorized(CloseProblem.UNAUTHORIZED, status=status)
    if status == 404:
        return NotFound(CloseProblem.NOT_FOUND, status=status)
    if status >= 500 and write:
        return OutcomeUnclear(CloseProblem.UNAVAILABLE, status=status)
    if status >= 500 or status == 408:
        return RetryLater(CloseProblem.UNAVAILABLE, status=status)
    return RefusedByClose(_REFUSALS.get(status, CloseProblem.UNEXPECTED), status=status)


def _problem_of(failure: Exception) -> CloseProblem:
    if isinstance(failure.__cause__, aiohttp.ClientError):
        failure = failure.__cause__
    if isinstance(failure, (httpx.TimeoutException, TimeoutError)):
        return CloseProblem.TIMED_OUT
    return CloseProblem.UNREACHABLE


def _may_have_been_sent(failure: Exception) -> bool:
    """Tell whether the request can have reached Close before it failed.

    The aiohttp transport reports a connection cut after the request as ``ConnectTimeout`` too, so
    where there is an aiohttp cause only that one is believed.
    """
    if isinstance(failure.__cause__, aiohttp.ClientError):
        failure = failure.__cause__
    return not isinstance(
        failure,
        (
            aiohttp.ClientConnectorError,
            aiohttp.ConnectionTimeoutError,
            aiohttp.InvalidURL,
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.PoolTimeout,
            httpx.UnsupportedProtocol,
            httpx.LocalProtocolError,
            httpx.InvalidURL,
        ),
    )

"""The one place where foreign failures become the tree of ``bot.close.errors``.

It stands beside the tree, so that a use case can catch a ``CloseError`` without importing httpx.
"""

import re
from collections.abc import Mapping

import aiohttp
import httpx
from pydantic import ValidationError

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
from bot.close.shapes import RefusalShape
from bot.close.transport import Answer

_REFUSALS: Mapping[int, CloseProblem] = {
    400: CloseProblem.INVALID,
    402: CloseProblem.PLAN_LIMIT,
    403: CloseProblem.FORBIDDEN,
    422: CloseProblem.INVALID,
}
_EXISTS = re.compile(
    r"\balready\b|\bduplicate\b|^(?!.*\b(?:no|not|cannot)\b).*\bexists\b", re.IGNORECASE
)


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


def refused_create(answer: Answer) -> CloseError:
    """Return the error for a create that was not a success.

    How Close says that the association exists is unknown (close.md §3): 409, or a 400 in words.
    """
    is_refusal = answer.status in (400, 422) and _EXISTS.search(_said(answer))
    if answer.status == 409 or is_refusal:
        return RefusedByClose(CloseProblem.EXISTS, status=answer.status)
    return translated(answer, write=True)


def _said(answer: Answer) -> str:
    """What a refusal says about the request as a whole and about its fields, on one line."""
    try:
        return RefusalShape.model_validate_json(answer.body).text
    except ValidationError:
        return ""


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

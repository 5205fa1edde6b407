"""Every way that Slack can fail, in our words: later, unclear, gone or refused."""

from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError, SlackClientError, SlackRequestError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack.errors import (
    DEFAULT_WAIT,
    MessageGone,
    SlackError,
    SlackRefused,
    SlackRetryLater,
    SlackUnclear,
    translate,
)


def answered(
    error: str | None, status: int = 200, headers: dict[str, str] | None = None
) -> SlackApiError:
    """What the SDK raises for such an answer."""
    data: dict[str, Any] = {"ok": False} if error is None else {"ok": False, "error": error}
    response = AsyncSlackResponse(
        client=None,
        http_verb="POST",
        api_url="https://slack.com/api/x",
        req_args={},
        data=data,
        headers=headers or {},
        status_code=status,
    )
    return SlackApiError("failed", response)  # type: ignore[no-untyped-call]  # so is the SDK


KINDS = [
    (answered("ratelimited", 429), SlackRetryLater),
    (answered("ratelimited"), SlackRetryLater),
    (answered("rate_limited"), SlackRetryLater),
    (answered("service_unavailable", 503), SlackRetryLater),
    (answered("team_added_to_org"), SlackRetryLater),
    (answered("invalid_auth"), SlackRetryLater),
    (answered("token_revoked"), SlackRetryLater),
    (answered("account_inactive"), SlackRetryLater),
    (answered("missing_scope"), SlackRetryLater),
    (answered("fatal_error"), SlackUnclear),
    (answered("internal_error"), SlackUnclear),
    (answered("request_timeout"), SlackUnclear),
    (answered(None, 500), SlackUnclear),
    (answered("anything", 502), SlackUnclear),
    (answered("message_not_found"), MessageGone),
    (answered("cant_update_message"), MessageGone),
    (answered("edit_window_closed"), MessageGone),
    (answered("channel_not_found"), SlackRefused),
    (answered("is_archived"), SlackRefused),
    (answered("msg_too_long"), SlackRefused),
    (answered("invalid_blocks"), SlackRefused),
    (answered("user_not_found"), SlackRefused),
    (answered("a_word_of_tomorrow"), SlackRefused),
    (answered(None), SlackUnclear),
    (SlackRequestError("broken"), SlackUnclear),
    (SlackClientError("broken"), SlackUnclear),
    (aiohttp.ServerDisconnectedError(), SlackUnclear),
    (aiohttp.ClientPayloadError(), SlackUnclear),
    (TimeoutError(), SlackUnclear),
    (ConnectionResetError(), SlackUnclear),
    (ValueError("no JSON"), SlackUnclear),
]


@pytest.mark.parametrize(("error", "kind"), KINDS)
def test_each_failure_has_its_kind(error: Exception, kind: type[SlackError]) -> None:
    """Nothing leaves as it came, and each kind says what to do next."""
    assert type(translate(error)) is kind


def test_no_connection_is_later() -> None:
    """Where nothing was sent, nothing can have happened."""
    key: Any = None
    error = aiohttp.ClientConnectorError(key, OSError("refused"))
    assert isinstance(translate(error), SlackRetryLater)


WAITS = [
    ({"Retry-After": "30"}, timedelta(seconds=30)),
    ({"retry-after": "1.5"}, timedelta(seconds=1.5)),
    ({"RETRY-AFTER": "0"}, timedelta()),
    ({"Retry-After": "99999"}, timedelta(seconds=300)),
    ({"Retry-After": "soon"}, DEFAULT_WAIT),
    ({"Retry-After": "nan"}, DEFAULT_WAIT),
    ({"Retry-After": "-5"}, DEFAULT_WAIT),
    ({"Retry-After": "inf"}, timedelta(seconds=300)),
    ({}, DEFAULT_WAIT),
]


@pytest.mark.parametrize(("headers", "wait"), WAITS)
def test_the_wait_that_slack_names(headers: dict[str, str], wait: timedelta) -> None:
    """``Retry-After`` is kept to, in any spelling, up to five minutes; nonsense means a default."""
    failure = translate(answered("ratelimited", 429, headers))
    assert isinstance(failure, SlackRetryLater)
    assert failure.wait == wait


def test_the_code_is_slacks_word() -> None:
    """Logs and metrics name what Slack said."""
    assert translate(answered("is_archived")).code == "is_archived"
    assert translate(answered(None)).code

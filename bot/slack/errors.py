"""Every way a message to Slack can fail, translated once.

::

    SlackError
    ├── SlackRetryLater     429, 5xx, no connection: not done; ``wait`` when Slack named one
    │   └── SlackSilent     no answer at all to a question
    ├── SlackUnclear        it may have been taken, or no JSON came back: look before posting again
    ├── MessageGone         it cannot be updated any more: post a new one
    └── SlackRefused        Slack will not take it for now; ``code`` is Slack's word
"""

import asyncio
from datetime import timedelta

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.ports import NoAnswer, OutsideError

GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
UNCLEAR = frozenset({"internal_error", "fatal_error", "request_timeout"})
RATE_LIMITED = frozenset({"ratelimited", "rate_limited"})
LATER = frozenset({"service_unavailable", "team_added_to_org"})
# Nothing is wrong with this message: the bot's own standing in Slack has to be mended first.
STANDING = frozenset(
    {
        "not_authed",
        "invalid_auth",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "missing_scope",
        "no_permission",
        "org_login_required",
        "two_factor_setup_required",
    }
)
UNREADABLE = "unreadable"  # not JSON, or without Slack's word for what went wrong
DEFAULT_WAIT = timedelta(seconds=2)


class SlackError(OutsideError):
    """Base of everything that a call to Slack can raise here."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class SlackRetryLater(SlackError):
    """Not done; try again after ``wait``, when Slack named a time."""

    def __init__(self, code: str, wait: timedelta | None = None) -> None:
        super().__init__(code)
        self.wait = wait


class SlackSilent(SlackRetryLater, NoAnswer):
    """Slack could not be reached, or hung up, when it was only asked something."""


class SlackUnclear(SlackError):
    """Done or not done: nobody knows."""


class MessageGone(SlackError):
    """The message is no longer there, or no longer ours to change."""


class SlackRefused(SlackError):
    """Slack said no, and may say so for long: tried again slowly."""


def translate(error: Exception) -> SlackError:
    """The Slack SDK's and aiohttp's errors in our words."""
    if isinstance(error, SlackApiError):
        return _from_answer(error)
    if isinstance(error, aiohttp.ClientConnectorError):
        return SlackRetryLater("unreachable")
    if isinstance(error, SlackClientError | aiohttp.ClientError | asyncio.TimeoutError | OSError):
        return SlackUnclear(type(error).__name__)
    return SlackUnclear(UNREADABLE)


def _from_answer(error: SlackApiError) -> SlackError:
    answer = error.response
    said = getattr(answer, "data", answer)  # a proxy may have answered in Slack's place
    code = str((said.get("error") if isinstance(said, dict) else None) or UNREADABLE)
    status = getattr(answer, "status_code", 200)
    if status == 429 or code in RATE_LIMITED:
        return SlackRetryLater(code, _wait(getattr(answer, "headers", {})))
    if code in LATER | STANDING:
        return SlackRetryLater(code)
    if status >= 500 or code in UNCLEAR | {UNREADABLE}:
        return SlackUnclear(code)
    if code in GONE:
        return MessageGone(code)
    return SlackRefused(code)


def _wait(headers: dict[str, str]) -> timedelta:
    lowered = {name.lower(): value for name, value in headers.items()}
    try:
        named = timedelta(seconds=min(float(lowered["retry-after"]), 300))
    except (KeyError, ValueError, OverflowError):
        return DEFAULT_WAIT
    return named if named >= timedelta() else DEFAULT_WAIT

"""One call to Slack's Web API, with every way it can fail in our words."""

from typing import Any

import aiohttp
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.errors import UNREADABLE, SlackUnclear, translate

# What the SDK raises where the body is no JSON, or is in an encoding that is none of text, or has
# more levels than can be read.
NOT_JSON = (AttributeError, ValueError, LookupError, RecursionError)


async def call(client: AsyncWebClient, method: str, **arguments: Any) -> dict[str, Any]:
    """What Slack answers; raises ``bot.slack.errors``."""
    try:
        answer = await client.api_call(method, json=arguments)
    except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
        raise translate(error) from error
    except NOT_JSON as error:
        raise SlackUnclear(UNREADABLE) from error
    if not isinstance(answer.data, dict):
        raise SlackUnclear(UNREADABLE)
    return answer.data


def word(answer: Any, *path: str) -> str | None:
    """The text that stands there in an answer; None where there is something else, or nothing."""
    for key in path:
        answer = answer.get(key) if isinstance(answer, dict) else None
    return answer if isinstance(answer, str) and answer else None


def needed(answer: Any, *path: str) -> str:
    """The same; raises SlackUnclear where there is none."""
    found = word(answer, *path)
    if found is None:
        raise SlackUnclear(UNREADABLE)
    return found

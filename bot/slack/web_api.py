"""One call to Slack's Web API, with every way it can fail in our words."""

from typing import Any

import aiohttp
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.errors import UNREADABLE, SlackUnclear, translate

NOT_JSON = (AttributeError, ValueError)  # what the SDK raises where the body is not JSON


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

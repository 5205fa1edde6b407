"""What nobody foresaw: noted in the log, and answered with a sentence instead of an error."""

from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse

from bot.cards.answers import SOMETHING_BROKE
from bot.slack.responses import Responses


def register(app: AsyncApp, responses: Responses) -> None:
    """Be the last to hear of a listener's error."""
    log = structlog.get_logger("bot.listeners")

    async def on_error(
        error: Exception, body: dict[str, Any], response: BoltResponse | None
    ) -> BoltResponse | None:
        log.error("a listener failed", type=body.get("type", "command"), exc_info=error)
        if "command" in body and response is not None:
            return BoltResponse(status=200, body=SOMETHING_BROKE)
        await responses.whisper(body.get("response_url"), SOMETHING_BROKE)
        return BoltResponse(status=200, body="") if response is not None else None

    app.error(on_error)

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
        kind = body.get("type", "command")
        log.error("a listener failed", type=kind, exc_info=error)
        if kind == "event_callback":
            return None  # answered with 500, so that Slack sends the event again (slack.md §8)
        if response is not None and kind == "command":
            return BoltResponse(status=200, body=SOMETHING_BROKE)
        if response is not None and kind == "view_submission":
            return BoltResponse(status=200, body=_in_the_form(body["view"]))
        await responses.tell(body, SOMETHING_BROKE)
        return BoltResponse(status=200, body="") if response is not None else None

    app.error(on_error)


def _in_the_form(view: dict[str, Any]) -> dict[str, Any]:
    """The sentence beside the first field: the form stays open, with everything that was typed."""
    field = next(block["block_id"] for block in view["blocks"] if block["type"] == "input")
    return {"response_action": "errors", "errors": {field: SOMETHING_BROKE.replace("`", "")}}

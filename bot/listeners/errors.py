"""What nobody foresaw, and what takes too long: noted in the log, and answered all the same.

An answer that is no 2xx makes Slack itself say that it did not work: a click gets a warning sign,
an event is sent again (slack.md §2, §8). A command and a form hold the sentence in the answer.
What is said besides, over a ``response_url``, can be lost, so nothing rests on it.
"""

import json
from typing import Any

import structlog
from slack_bolt.response import BoltResponse
from slack_sdk.models.blocks import Block

from bot.cards.answers import NOT_HERE, SOMETHING_BROKE, STILL_AT_IT, TAKES_LONGER
from bot.cards.markup import unmarked
from bot.listeners.clicks import first_field
from bot.ports import OutsideError
from bot.refusals import Replayed
from bot.slack.message import Message
from bot.slack.payloads import COMMAND, EVENT, Malformed, kind_of
from bot.slack.responses import Responses

FORM = "view_submission"


class StandIns:
    """Implements ``bot.slack.runner.Fallbacks`` and ``bot.slack.door.Refusal``."""

    def __init__(self, responses: Responses) -> None:
        self._responses = responses
        self._log = structlog.get_logger("bot.listeners")

    def failed(self, error: Exception, body: dict[str, Any]) -> BoltResponse:
        """No promise: nothing was committed, or nobody knows whether it was."""
        if isinstance(error, Malformed):
            return BoltResponse(status=400, body={"error": "malformed request"})
        if isinstance(error, Replayed):
            return BoltResponse(status=401, body={"error": "invalid request"})
        return _said(SOMETHING_BROKE, body)

    def slow(self, body: dict[str, Any]) -> BoltResponse:
        """No promise either: a click may still fail, so Slack may say that it did."""
        self._log.warning("a listener needs longer than Slack waits", type=kind_of(body))
        return _said(STILL_AT_IT if kind_of(body) == COMMAND else TAKES_LONGER, body)

    def foreign(self, body: dict[str, Any]) -> BoltResponse:
        """An event is taken and dropped: too many refused ones, and Slack would send none of our
        own any more (slack.md §8)."""
        if kind_of(body) == EVENT:
            return BoltResponse(status=200)
        answer = _said(NOT_HERE, body)
        return answer if answer.status == 200 else BoltResponse(status=403)

    async def told(self, error: Exception, body: dict[str, Any], *, is_heard: bool) -> None:
        """Note it; and where the answer did not hold the sentence, tell whoever acted."""
        kind = kind_of(body)
        self._note(error, kind)
        if not (is_heard or kind == EVENT or isinstance(error, Malformed | Replayed)):
            await self._responses.tell(body, SOMETHING_BROKE)

    async def late(self, body: dict[str, Any], answer: BoltResponse) -> None:
        """Bring a command's answer, or what was wrong with a form, after all."""
        said = _words(answer)
        if said is not None and kind_of(body) in (COMMAND, FORM):
            await self._responses.tell(body, said)

    def _note(self, error: Exception, kind: str) -> None:
        match error:
            case Malformed():
                self._log.warning("a malformed payload", type=kind, flaw=str(error))
            case Replayed():
                self._log.warning("a request came a second time", type=kind)
            case OSError() | OutsideError():  # nothing is wrong here: something is away
                self._log.error("a listener failed", type=kind, error=type(error).__name__)
            case _:
                self._log.error("a listener failed", type=kind, exc_info=error)


def _said(text: str, body: dict[str, Any]) -> BoltResponse:
    """The sentence where the answer can hold one; else what makes Slack say that it failed."""
    kind = kind_of(body)
    if kind == COMMAND:
        return BoltResponse(status=200, body=text)
    field = first_field(body["view"]) if kind == FORM else ""
    if not field:
        return BoltResponse(status=503)
    errors = {field: unmarked(text)}  # the form stays open, with everything that was typed
    return BoltResponse(status=200, body={"response_action": "errors", "errors": errors})


def _words(answer: BoltResponse) -> str | Message | None:
    """What a person would have read in this answer."""
    if not answer.body.startswith("{"):
        return answer.body or None
    said = json.loads(answer.body)
    if "errors" in said:
        return "\n".join(said["errors"].values())
    if "blocks" in said:
        return Message(said["text"], Block.parse_all(said["blocks"]))
    return said.get("text") or None

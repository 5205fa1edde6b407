"""Answers in place of listeners, for tests of what is before them."""

from typing import Any

from slack_bolt.response import BoltResponse


class StandIn:
    """Keeps what it heard."""

    def __init__(self) -> None:
        self.errors: list[tuple[str, bool]] = []
        self.late_answers: list[str] = []

    def failed(self, error: Exception, body: dict[str, Any]) -> BoltResponse:
        """A command is answered in words; all else is not taken."""
        if "command" in body:
            return BoltResponse(status=200, body="sorry")
        return BoltResponse(status=503)

    def slow(self, body: dict[str, Any]) -> BoltResponse:
        """In place of a listener that is still at work."""
        return BoltResponse(status=200, body="still at it")

    def foreign(self, body: dict[str, Any]) -> BoltResponse:
        """For another workspace."""
        return BoltResponse(status=403)

    async def told(self, error: Exception, body: dict[str, Any], *, is_heard: bool) -> None:
        """Keep the error."""
        self.errors.append((str(error), is_heard))

    async def late(self, body: dict[str, Any], answer: BoltResponse) -> None:
        """Keep the answer."""
        self.late_answers.append(answer.body)

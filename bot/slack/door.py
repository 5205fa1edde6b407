"""The door to bolt, for requests over HTTP and over a socket: what comes in was read and is for us.

What nobody here could read, or what belongs to another workspace, is turned away here, in one place
and with one line in the log.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.slack.bolt import Workspace
from bot.slack.payloads import LONGEST_NAME, Malformed, Payload, Unheard, read_payload


class Refusal(Protocol):
    """What is said to somebody of a workspace that this bot does not work for."""

    def foreign(self, body: dict[str, Any]) -> BoltResponse:
        """What is answered."""


class Door:
    """Bolt's answer to a verified payload, or a refusal; never raises."""

    def __init__(self, app: AsyncApp, workspace: Workspace, refusal: Refusal) -> None:
        self._app = app
        self._workspace = workspace
        self._refusal = refusal
        self._log = structlog.get_logger("bot.slack.door")

    async def admit(self, body: dict[str, Any], headers: Mapping[str, Any]) -> BoltResponse:
        """A payload as Slack sent it in, an answer out."""
        try:
            payload = read_payload(body)
        except Malformed as error:
            self._log.warning("a malformed payload", flaw=str(error))
            return BoltResponse(status=400, body={"error": "malformed request"})
        except Unheard as error:
            self._log.warning("nobody listens to this", kind=ascii(str(error)[:LONGEST_NAME]))
            return BoltResponse(status=404, body={"error": "unhandled request"})
        request = bolt_request(payload, headers)
        if not self._workspace.is_ours(request.context.team_id, request.context.enterprise_id):
            self._log.warning("a payload of another workspace", team=request.context.team_id)
            return self._refusal.foreign(payload)
        return await self._app.async_dispatch(request)


def bolt_request(payload: Payload, headers: Mapping[str, Any]) -> AsyncBoltRequest:
    """A request whose payload is verified and read already."""
    return AsyncBoltRequest(body=payload, headers=dict(headers), mode="socket_mode")

"""The door to bolt, for requests over HTTP and over a socket: what comes in was read and is for us.

What nobody here could read, or what belongs to another workspace, is turned away here, in one place
and with one line in the log.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.internals import extract_enterprise_id, extract_team_id
from slack_bolt.response import BoltResponse

from bot.slack.bolt import Workspace
from bot.slack.indexed import ReadRequest
from bot.slack.payloads import LONGEST_NAME, Malformed, Unheard, read_payload


class Refusal(Protocol):
    """What is said to somebody of a workspace that this bot does not work for."""

    def foreign(self, body: dict[str, Any]) -> BoltResponse:
        """What is answered."""


class Door:
    """Bolt's answer to a verified payload, or a refusal; never raises. It is ``answering`` as long
    as somebody waits for one."""

    def __init__(
        self,
        app: AsyncApp,
        workspace: Workspace,
        refusal: Refusal,
        answering: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._answering = answering
        self._app = app
        self._workspace = workspace
        self._refusal = refusal
        self._log = structlog.get_logger("bot.slack.door")

    async def admit(self, body: dict[str, Any]) -> BoltResponse:
        """A payload as Slack sent it in, an answer out."""
        with self._answering():
            return await self._answer(body)

    async def _answer(self, body: dict[str, Any]) -> BoltResponse:
        try:
            payload = read_payload(body)
        except Malformed as error:
            self._log.warning("a malformed payload", flaw=str(error))
            return BoltResponse(status=400, body={"error": "malformed request"})
        except Unheard as error:
            self._log.warning("nobody listens to this", kind=ascii(str(error)[:LONGEST_NAME]))
            return BoltResponse(status=404, body={"error": "unhandled request"})
        team_id = extract_team_id(payload)
        if not self._workspace.is_ours(team_id, extract_enterprise_id(payload)):
            self._log.warning("a payload of another workspace", team=team_id)
            return self._refusal.foreign(payload)
        return await self._app.async_dispatch(ReadRequest(payload))

"""Requests from Slack: bounded, verified, then parsed; bolt gets what is trusted.

Bolt parses a body before it looks at the signature, answers 500 to some malformed ones, logs the
whole body of forged ones, and takes every command whose text contains "payload" for an interaction
(slack.md §1). So the raw bytes are verified here first, and bolt is handed a parsed request, the
way it gets them in Socket Mode.
"""

import json
from typing import Any
from urllib.parse import parse_qsl

from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import SignatureVerifier
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

MOST_BYTES = 1_000_000  # the largest interaction is a view of 250 kB with its state
MOST_FIELDS = 100


class Unacceptable(Exception):
    """A request that is not Slack's, or not one that Slack would send."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


class SlackEdge:
    """The endpoint behind ``POST /slack/events``."""

    def __init__(self, app: AsyncApp, signing_secret: str) -> None:
        self._app = app
        self._verifier = SignatureVerifier(signing_secret)

    async def handle(self, request: Request) -> Response:
        """Slack's request in, bolt's answer out."""
        try:
            raw = await _bounded(request)
            self._verify(raw, request)
            body = _parsed(raw, request.headers.get("content-type", ""))
        except Unacceptable as error:
            return JSONResponse({"error": error.error}, status_code=error.status)
        except ClientDisconnect:
            return Response(status_code=400)
        answer = await self._app.async_dispatch(bolt_request(body, dict(request.headers)))
        return _response(answer)

    def _verify(self, raw: bytes, request: Request) -> None:
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            raise Unacceptable(401, "invalid request")
        try:
            is_valid = signature.isascii() and self._verifier.is_valid(raw, timestamp, signature)
        except UnicodeDecodeError:  # the verifier reads the body as text; Slack sends UTF-8
            raise Unacceptable(400, "malformed request") from None
        if not is_valid:
            raise Unacceptable(401, "invalid request")


def bolt_request(body: dict[str, Any], headers: dict[str, str]) -> AsyncBoltRequest:
    """A request whose body is verified and parsed already."""
    return AsyncBoltRequest(body=body, headers=dict(headers), mode="socket_mode")


async def _bounded(request: Request) -> bytes:
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > MOST_BYTES:
        raise Unacceptable(413, "too large")
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MOST_BYTES:
            raise Unacceptable(413, "too large")
    return bytes(raw)


def _parsed(raw: bytes, content_type: str) -> dict[str, Any]:
    try:
        text = raw.decode()
        if content_type.startswith("application/json"):
            body = json.loads(text)
        else:
            fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
            body = json.loads(fields["payload"]) if "payload" in fields else fields
    except (ValueError, RecursionError):
        raise Unacceptable(400, "malformed request") from None
    if not isinstance(body, dict) or not body:
        raise Unacceptable(400, "malformed request")
    return body


def _response(answer: BoltResponse) -> Response:
    return Response(
        content=answer.body,
        status_code=answer.status,
        headers=answer.first_headers_without_set_cookie(),
    )

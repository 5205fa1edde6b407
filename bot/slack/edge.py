"""Requests from Slack over HTTP: claimed, bounded, verified, good once, then parsed.

Bolt parses a body before it looks at the signature, answers 500 to some malformed ones, logs the
whole body of forged ones, and takes every command whose text contains "payload" for an interaction
(slack.md §1). So the raw bytes are verified here first, and what is inside goes to bolt by
``bot.slack.door``, the way it does in Socket Mode.

Whoever does not even claim to be Slack has no body read. How long somebody may take to send one,
and how many may do so at once, is the server's business: ``bot.process.server``.
"""

import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

import structlog
from slack_bolt.response import BoltResponse
from slack_sdk.signature import Clock, SignatureVerifier
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from bot.slack.copies import Copies
from bot.slack.door import Door
from bot.slack.payloads import EVENT
from models.seen_request import Arrival, arriving

# The largest thing that Slack sends holds a view, of 250 kB at most (slack.md §5), as JSON in a
# form: that makes ours grow by a third to a half, and doubles what is all signs at most.
MOST_BYTES = 512 * 1024
MOST_FIELDS = 100
PAYLOAD = b"payload="  # all that there is in the form of an interaction
FRESH = 300  # seconds that a signature is good for, in both directions (slack.md §1)
_SIGNATURE = re.compile(rb"v0=[0-9a-f]{64}")
_TIMESTAMP = re.compile(rb"[0-9]{1,12}")
_LENGTH = re.compile(rb"[0-9]{1,12}")


class Unacceptable(Exception):
    """A request that is not Slack's, or not one that Slack would send."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says about who signed it, and when (Unix seconds)."""

    timestamp: str
    signature: str

    @property
    def signed_at(self) -> int:
        """Unix seconds."""
        return int(self.timestamp)


class SlackEdge:
    """The endpoint behind ``POST /slack/events``."""

    def __init__(self, door: Door, signing_secret: str, clock: Clock | None = None) -> None:
        self._door = door
        self._clock = clock or Clock()
        self._verifier = SignatureVerifier(signing_secret, self._clock)
        self._copies = Copies()
        self._log = structlog.get_logger("bot.slack.edge")

    async def handle(self, request: Request) -> Response:
        """Slack's request in, bolt's answer out."""
        try:
            headers = _first_of_each(request)
            claim = self._claim(headers)
            raw = await _bounded(request, headers)
            self._verify(raw, claim)
            if (known := self._copies.answer(claim.signature)) is not None:
                self._log.warning("a request came a second time")
                return Response(status_code=known)
            body = _parsed(raw, headers.get(b"content-type", b""))
        except Unacceptable as error:
            return _refused(error)
        except ClientDisconnect:
            return Response(status_code=400)
        return _response(await self._once(body, claim))

    def _claim(self, headers: Mapping[bytes, bytes]) -> Claim:
        """Nothing is proven yet, but whoever cannot even say this need not be listened to."""
        timestamp = headers.get(b"x-slack-request-timestamp", b"")
        signature = headers.get(b"x-slack-signature", b"")
        if not (_TIMESTAMP.fullmatch(timestamp) and _SIGNATURE.fullmatch(signature)):
            raise Unacceptable(401, "invalid request")
        claim = Claim(timestamp.decode(), signature.decode())
        if abs(self._clock.now() - claim.signed_at) > FRESH:
            raise Unacceptable(401, "invalid request")
        return claim

    def _verify(self, raw: bytes, claim: Claim) -> None:
        try:
            is_valid = self._verifier.is_valid(raw, claim.timestamp, claim.signature)
        except UnicodeDecodeError:  # the verifier reads the body as text; Slack sends UTF-8
            raise Unacceptable(400, "malformed request") from None
        if not is_valid:
            raise Unacceptable(401, "invalid request")

    async def _once(self, body: dict[str, Any], claim: Claim) -> BoltResponse:
        """A signature is spent when it is verified, an event's when it was taken.

        A person who tries again signs anew. Slack repeats an event that was not taken, perhaps in
        the same second, and then with the very same signature.
        """
        is_event = body.get("type") == EVENT
        if not is_event:
            self._remember(claim, 401)
        with arriving(self._arrival(claim)):
            answer = await self._door.admit(body)
        if is_event and answer.status == 200:
            self._remember(claim, 200)
        return answer

    def _arrival(self, claim: Claim) -> Arrival:
        return Arrival(
            claim.signature.removeprefix("v0="),
            signed_at=datetime.fromtimestamp(claim.signed_at, UTC),
            received_at=datetime.fromtimestamp(self._clock.now(), UTC),
        )

    def _remember(self, claim: Claim, answer: int) -> None:
        now = self._clock.now()
        self._copies.expect(claim.signature, answer, signed_at=claim.signed_at, now=now)


def _first_of_each(request: Request) -> Mapping[bytes, bytes]:
    """The headers by their names, which are lower case; of one that is there twice the first."""
    return dict(reversed(request.scope["headers"]))


async def _bounded(request: Request, headers: Mapping[bytes, bytes]) -> bytes:
    declared = headers.get(b"content-length", b"0")
    if not _LENGTH.fullmatch(declared) or int(declared) > MOST_BYTES:
        raise Unacceptable(413, "too large")
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MOST_BYTES:
            raise Unacceptable(413, "too large")
    return bytes(raw)


def _parsed(raw: bytes, content_type: bytes) -> dict[str, Any]:
    try:
        text = raw.decode()
        if content_type.startswith(b"application/json"):
            body = json.loads(text)
        elif raw.startswith(PAYLOAD) and raw.count(b"=") == 1 and b"&" not in raw:
            body = json.loads(_unquoted(raw.removeprefix(PAYLOAD)))
        else:
            fields = _fields(text)
            body = json.loads(fields["payload"]) if "payload" in fields else fields
    except (ValueError, RecursionError):
        raise Unacceptable(400, "malformed request") from None
    if not isinstance(body, dict) or not body:
        raise Unacceptable(400, "malformed request")
    return body


def _fields(form: str) -> dict[str, str]:
    """What ``urllib.parse.parse_qsl`` makes of a form; most of what is in one is as it was typed.
    Raises ValueError where there are too many."""
    pairs = form.split("&")
    if len(pairs) > MOST_FIELDS:
        raise ValueError("too many fields")
    cut = (each.partition("=") for each in pairs if each)
    return {_typed(name): _typed(value) for name, _, value in cut}


def _typed(value: str) -> str:
    return unquote_plus(value) if "%" in value or "+" in value else value


def _unquoted(value: bytes) -> str:
    """A value of a form as it was typed. Quoted-printable is the same with another sign, and is
    read in one go; ``urllib`` goes round for each of the thousand escapes of a click."""
    return binascii.a2b_qp(value.replace(b"+", b" ").replace(b"%", b"=")).decode(errors="replace")


def _refused(error: Unacceptable) -> Response:
    """What has not been read of the body need not be read any more, so the connection is closed."""
    return JSONResponse(
        {"error": error.error}, status_code=error.status, headers={"connection": "close"}
    )


def _response(answer: BoltResponse) -> Response:
    return Response(
        content=answer.body,
        status_code=answer.status,
        headers=answer.first_headers_without_set_cookie(),
    )

"""From Slack to the bot: signing, sending, and the three seconds in which it must answer."""

import asyncio
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx

from sandbox.slack.sockets import SocketHub

ACK_SECONDS = 3.0
# The bot's server closes an idle connection after five seconds; it must not be taken up just then.
_LIMITS = httpx.Limits(keepalive_expiry=2.0)
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Reply:
    """How the bot answered; ``status`` 0 means that nothing was sent or nothing came back.

    ``problem`` is what the person would be told (``operation_timeout``, ``dispatch_failed``, …),
    ``errors`` what stands under the fields of a form, ``url`` where a link button leads.
    """

    status: int = 0
    text: str = ""
    seconds: float = 0.0
    problem: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    url: str | None = None

    @property
    def body(self) -> dict[str, Any] | None:
        """The answer as JSON object, or None when it is empty or plain text."""
        try:
            parsed = json.loads(self.text)
        except ValueError:
            return None
        return parsed if isinstance(parsed, dict) else None

    @property
    def ok(self) -> bool:
        """Whether the person sees neither a problem nor an error."""
        return self.problem is None and not self.errors


@dataclass(frozen=True, slots=True)
class Sent:
    """One signed request as it went out, so that a test can replay it."""

    body: bytes
    headers: dict[str, str]


class Delivery:
    """Signs payloads and brings them to ``{bot_url}/slack/events`` or through a socket."""

    def __init__(self, signing_secret: str, sockets: SocketHub, ack_seconds: float) -> None:
        self.bot_url = ""
        self.socket_mode = False
        self.sent: list[Sent] = []
        self._secret = signing_secret.encode()
        self._sockets = sockets
        self._ack_seconds = ack_seconds
        self._client: httpx.AsyncClient | None = None

    def sign(self, body: bytes, timestamp: int | None = None) -> dict[str, str]:
        """The signature headers of ``body`` (slack.md §1); real time, as the bot compares it."""
        moment = str(int(time.time()) if timestamp is None else timestamp)
        digest = hmac.new(self._secret, f"v0:{moment}:".encode() + body, hashlib.sha256)
        return {
            "X-Slack-Request-Timestamp": moment,
            "X-Slack-Signature": f"v0={digest.hexdigest()}",
        }

    async def command(self, form: dict[str, str]) -> Reply:
        """Send a slash command."""
        if self.socket_mode:
            return await self._through_socket("slash_commands", form)
        return await self._signed(urlencode(form).encode(), _FORM)

    async def interaction(self, payload: dict[str, Any]) -> Reply:
        """Send a click, a form, a shortcut."""
        if self.socket_mode:
            return await self._through_socket("interactive", payload)
        return await self._signed(urlencode({"payload": json.dumps(payload)}).encode(), _FORM)

    async def event(self, envelope: dict[str, Any], retry_num: int | None = None) -> Reply:
        """Send an event, or its repetition number ``retry_num``."""
        if self.socket_mode:
            return await self._through_socket("events_api", envelope)
        more = {}
        if retry_num is not None:
            more = {"X-Slack-Retry-Num": str(retry_num), "X-Slack-Retry-Reason": "http_timeout"}
        return await self._signed(json.dumps(envelope).encode(), "application/json", more)

    async def _signed(
        self, body: bytes, content_type: str, more: dict[str, str] | None = None
    ) -> Reply:
        headers = {"Content-Type": content_type, **self.sign(body), **(more or {})}
        self.sent.append(Sent(body, headers))
        return await self.post_raw(body, headers)

    async def post_raw(self, body: bytes, headers: dict[str, str]) -> Reply:
        """Post exactly this to the bot, signed or not."""
        started = time.perf_counter()
        try:
            response = await asyncio.wait_for(self._post(body, headers), self._ack_seconds)
        except TimeoutError:
            return Reply(seconds=_since(started), problem="operation_timeout")
        except httpx.HTTPError:
            return Reply(seconds=_since(started), problem="dispatch_failed")
        problem = None if response.status_code == 200 else "dispatch_failed"
        return Reply(response.status_code, response.text, _since(started), problem)

    async def _post(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=self._ack_seconds + 1, limits=_LIMITS, trust_env=False
            )
        return await self._client.post(
            f"{self.bot_url}/slack/events", content=body, headers=headers
        )

    async def _through_socket(self, kind: str, payload: dict[str, Any]) -> Reply:
        started = time.perf_counter()
        try:
            answer = await self._sockets.send(kind, payload, self._ack_seconds)
        except TimeoutError:
            return Reply(seconds=_since(started), problem="operation_timeout")
        except ConnectionError:
            return Reply(seconds=_since(started), problem="dispatch_failed")
        text = answer if isinstance(answer, str) else json.dumps(answer) if answer else ""
        return Reply(200, text, _since(started))

    async def close(self) -> None:
        """Close the connections to the bot; the next request opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


def _since(started: float) -> float:
    return time.perf_counter() - started

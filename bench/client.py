"""What Slack sends when people do something, signed; and how long each answer took."""

import contextlib
import json
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp
from slack_sdk.signature import SignatureVerifier

from sandbox.people import APP_ID, TEAM_DOMAIN, TEAM_ID
from sandbox.slack.slack import SIGNED_WITH

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, when it was sent (monotonic), and after how many seconds it was there."""

    text: str
    sent: float
    seconds: float


class NotAnswered(Exception):
    """Slack would tell the person that something went wrong."""


class Client:
    """Slack as the bot's HTTP side knows it."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._verifier = SignatureVerifier(SIGNED_WITH)

    async def command(self, url: str, user: str, text: str) -> Answer:
        """``/sendas`` and this text, typed in the bot's conversation with ``user``."""
        form = {
            "team_id": TEAM_ID,
            "team_domain": TEAM_DOMAIN,
            "channel_id": "D" + user[1:],
            "channel_name": "directmessage",
            "user_id": user,
            "user_name": user.lower(),
            "command": "/sendas",
            "text": text,
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            "trigger_id": secrets.token_hex(16),
            "response_url": "http://127.0.0.1:9/nobody",
        }
        return await self._send(url, urlencode(form).encode(), FORM)

    async def interaction(self, url: str, payload: str) -> Answer:
        """A click, as ``bench.fakes`` took it down."""
        return await self._send(url, urlencode({"payload": payload}).encode(), FORM)

    async def event(self, url: str, event: dict[str, Any]) -> Answer:
        """Something that happened in the workspace."""
        envelope = {
            "team_id": TEAM_ID,
            "api_app_id": APP_ID,
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev{secrets.token_hex(6).upper()}",
            "event_time": int(time.time()),
        }
        return await self._send(url, json.dumps(envelope).encode(), JSON)

    async def open_home(self, url: str, user: str) -> Answer:
        """``user`` opens the App Home."""
        opened = {
            "type": "app_home_opened",
            "user": user,
            "channel": "D" + user[1:],
            "tab": "home",
            "event_ts": f"{time.time():.6f}",
        }
        return await self.event(url, opened)

    async def _send(self, url: str, body: bytes, kind: dict[str, str]) -> Answer:
        moment = str(int(time.time()))
        signature = self._verifier.generate_signature(timestamp=moment, body=body)
        headers = {
            **kind,
            "X-Slack-Request-Timestamp": moment,
            "X-Slack-Signature": str(signature),
        }
        sent = time.monotonic()
        async with self._session.post(f"{url}/slack/events", data=body, headers=headers) as answer:
            text = await answer.text()
        took = time.monotonic() - sent
        if answer.status != 200:
            raise NotAnswered(f"{answer.status}: {text}")
        return Answer(text, sent, took)


@contextlib.asynccontextmanager
async def open_client() -> AsyncIterator[Client]:
    """With connections that are kept, as Slack keeps them."""
    # Servers close an idle connection after five seconds; it must not be taken up just then.
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=2)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Client(session)

"""Slack's tokens: whether Slack knows them. Without that a bot can never work."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.process.doctor.report import Finding, away, note, wrong
from bot.process.settings import Settings
from bot.slack.bolt import web_client
from bot.slack.errors import RATE_LIMITED, STANDING

BOT, APP = "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"
TIMEOUT = aiohttp.ClientTimeout(total=10, connect=5)
AT_THE_START = 2.0  # seconds
TO_DO = {
    BOT: "Copy the Bot User OAuth Token again: the Slack app's settings, OAuth & Permissions.",
    APP: "Take one with connections:write: the app's Basic Information, App-Level Tokens.",
}
HOPELESS = (STANDING | {"not_allowed_token_type"}) - {"missing_scope", "no_permission"}


@dataclass(frozen=True, slots=True)
class No:
    """No useful answer: Slack's word for it, or that there was none."""

    word: str
    is_said: bool  # by Slack
    errors: Sequence[Any] = ()  # what is wrong with what was sent

    @property
    def is_hopeless(self) -> bool:
        """Whether waiting will not help: Slack does not know the token, or no longer."""
        return self.is_said and self.word in HOPELESS

    def finding(self, subject: str, refused: str, to_do: str) -> Finding:
        """Refused and not reached are told apart."""
        if self.word in RATE_LIMITED:
            return note(subject, "Slack was asked too often just now.", "Ask again in a minute.")
        if self.is_said:
            return wrong(subject, f"{refused} ({self.word}).", to_do)
        return away(subject, f"Slack cannot be reached ({self.word}).", "Ask again later.")


async def ask(call: Awaitable[AsyncSlackResponse]) -> AsyncSlackResponse | No:
    """What Slack answers."""
    try:
        return await call
    except SlackApiError as error:
        said = error.response
        is_said = said.status_code < 500 and bool(said.get("error"))
        return No(str(said.get("error") or said.status_code), is_said, said.get("errors") or ())
    except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return No(type(error).__name__, is_said=False)


async def ask_for_bot(client: AsyncWebClient) -> AsyncSlackResponse | No:
    """Whose token the bot's own is."""
    return await ask(client.auth_test())


async def ask_for_socket(
    settings: Settings, session: aiohttp.ClientSession
) -> AsyncSlackResponse | No | None:
    """Whether a socket can be opened, in Socket Mode; it is not."""
    if settings.slack_app_token is None:
        return None
    token = settings.slack_app_token.get_secret_value()
    client = web_client(token, settings.slack_api_url, session, patient=False)
    return await ask(client.apps_connections_open(app_token=token))


def refused(subject: str, said: No) -> Finding:
    """The token of this name did not work."""
    return said.finding(subject, f"{subject} was refused", TO_DO[subject])


async def refused_tokens(settings: Settings) -> Sequence[str]:
    """A sentence for each token that Slack does not know. One that it says nothing about within
    two seconds may be good."""
    async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
        token = settings.slack_bot_token.get_secret_value()
        client = web_client(token, settings.slack_api_url, session, patient=False)
        try:
            async with asyncio.timeout(AT_THE_START):
                answers = [await ask_for_bot(client), await ask_for_socket(settings, session)]
        except TimeoutError:
            return []
    found = [
        refused(subject, answer)
        for subject, answer in zip((BOT, APP), answers, strict=True)
        if isinstance(answer, No) and answer.is_hopeless
    ]
    return [f"{each.says} {each.to_do}" for each in found]

"""Messages out: post, update, and look whether a post whose answer was lost is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_sdk.errors import SlackClientError
from slack_sdk.models.blocks import Block
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.errors import SlackError, translate
from bot.slack.message import Message

EVENT_TYPE = "send_as_card"
LOOK_BACK = 200  # messages; a DM with the bot is quiet, and so is a thread
PEOPLE = ("U", "W")  # how the ids of people begin; others are channels
NOT_ALLOWED_TO_LOOK = frozenset({"missing_scope", "unknown_method", "not_allowed_token_type"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message is."""

    channel_id: str
    message_ts: str


class Messages:
    """Posts and updates as the bot. Every method raises ``bot.slack.errors``."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def post(
        self, recipient: str, message: Message, *, mark: str, thread_ts: str | None = None
    ) -> Place:
        """Post to a person or a channel; ``mark`` finds the message again."""
        thread = {"thread_ts": thread_ts} if thread_ts else {}
        answer = await self._call(
            "chat.postMessage",
            channel=recipient,
            text=message.text,
            blocks=_plain(message.blocks),
            metadata={"event_type": EVENT_TYPE, "event_payload": {"mark": mark}},
            unfurl_links=False,
            unfurl_media=False,
            **thread,
        )
        return Place(str(answer["channel"]), str(answer["ts"]))

    async def update(self, place: Place, message: Message) -> None:
        """Show something else in the same message."""
        await self._call(
            "chat.update",
            channel=place.channel_id,
            ts=place.message_ts,
            text=message.text,
            blocks=_plain(message.blocks),
        )

    async def find(
        self, recipient: str, *, mark: str, thread_ts: str | None = None
    ) -> Place | None:
        """The message with this mark, if it is there; None also when the app may not look.

        Looks in the bot's DM with a person, or in a channel, or in one thread of it.
        """
        try:
            channel = await self._conversation(recipient)
            found = await self._written(channel, thread_ts)
        except SlackError as error:
            if error.code in NOT_ALLOWED_TO_LOOK:
                return None
            raise
        for message in found:
            payload = (message.get("metadata") or {}).get("event_payload") or {}
            if payload.get("mark") == mark:
                return Place(channel, str(message["ts"]))
        return None

    async def _conversation(self, recipient: str) -> str:
        if not recipient.startswith(PEOPLE):
            return recipient
        opened = await self._call("conversations.open", users=recipient)
        return str(opened["channel"]["id"])

    async def _written(self, channel: str, thread_ts: str | None) -> list[dict[str, Any]]:
        look = {"channel": channel, "limit": LOOK_BACK, "include_all_metadata": True}
        if thread_ts is None:
            answer = await self._call("conversations.history", **look)
        else:
            answer = await self._call("conversations.replies", ts=thread_ts, **look)
        written: list[dict[str, Any]] = answer.get("messages") or []
        return written

    async def _call(self, method: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer = await self._client.api_call(method, json=arguments)
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            raise translate(error) from error
        data = answer.data
        if not isinstance(data, dict):
            raise SlackError("unreadable")
        return data


def _plain(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    return [block.to_dict() for block in blocks]

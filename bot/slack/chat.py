"""Messages out: shown, written once, deleted; a post whose answer was lost is not repeated.

Each post carries a mark. From the second attempt on, the message with this mark is looked for
before it is posted again.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.errors import (
    UNREADABLE,
    MessageGone,
    SlackError,
    SlackRefused,
    SlackRetryLater,
    SlackUnclear,
)
from bot.slack.message import Message
from bot.slack.plain import plain
from bot.slack.web_api import call, needed, word

EVENT_TYPE = "send_as_card"
# So many messages a page, and pages at most: a DM with the bot is quiet, and so is a thread, but a
# bulk grant writes hundreds of lines into the audit channel before the first is looked for.
LOOK_BACK, MOST_PAGES = 200, 5
LOOK_FIRST = 2  # as an attempt that may not be the first
PEOPLE = ("U", "W")  # how the ids of people begin; others are channels
TOO_LATE = "too_late"
NOT_ALLOWED_TO_LOOK = frozenset({"missing_scope", "unknown_method", "not_allowed_token_type"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message is; the names are those of the columns in which rows keep it."""

    channel_id: str
    message_ts: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """To a person or a channel, or with ``thread_ts`` into one of its threads.

    ``attempt`` counts from 1 on: a later one means that the one before may have posted it. What was
    not posted ``until`` then, in monotonic seconds, is not posted: a process can be paused.
    """

    recipient: str
    mark: str
    attempt: int = 1
    thread_ts: str | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """A message of ours that was found, and the mark that it was posted under."""

    place: Place
    mark: str


class Messages:
    """Posts and updates as the bot. Every method raises ``bot.slack.errors``."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._log = structlog.get_logger("bot.slack.chat")

    async def show(
        self, message: Message, to: Envelope, place: Place | None = None
    ) -> tuple[Place, bool]:
        """Have one message show this: where it is now, and whether it is new there.

        It is updated in its ``place``; without one, or when it was deleted there, it is posted.
        """
        if place is not None and await self.update(place, message):
            return place, False
        lost = await self.lost(to)
        if lost is not None and await self.update(lost, message):
            return lost, False
        return await self._post(message, to), True

    async def delete(self, place: Place, left: Message) -> None:
        """Take a message away; ``left`` stays in its place where Slack refuses that."""
        try:
            await call(self._client, "chat.delete", channel=place.channel_id, ts=place.message_ts)
        except MessageGone:
            return
        except SlackRefused as error:
            self._log.info("a message stays", channel=place.channel_id, code=error.code)
            await self.update(place, left)

    async def write(self, message: Message, to: Envelope) -> Place:
        """Post once what is never changed afterwards."""
        return await self.lost(to) or await self._post(message, to)

    async def update(self, place: Place, message: Message) -> bool:
        """Show something else in the same message; False when it was deleted."""
        try:
            await call(
                self._client,
                "chat.update",
                channel=place.channel_id,
                ts=place.message_ts,
                text=message.text,
                blocks=plain(message.blocks),
            )
        except MessageGone:
            self._log.info("a message was deleted", channel=place.channel_id, ts=place.message_ts)
            return False
        return True

    async def _post(self, message: Message, to: Envelope) -> Place:
        if to.until is not None and time.monotonic() > to.until:
            raise SlackRetryLater(TOO_LATE)
        thread = {"thread_ts": to.thread_ts} if to.thread_ts else {}
        answer = await call(
            self._client,
            "chat.postMessage",
            channel=to.recipient,
            text=message.text,
            blocks=plain(message.blocks),
            metadata={"event_type": EVENT_TYPE, "event_payload": {"mark": to.mark}},
            unfurl_links=False,
            unfurl_media=False,
            **thread,
        )
        return Place(needed(answer, "channel"), needed(answer, "ts"))

    async def find(
        self, recipient: str, prefix: str, *, thread_ts: str | None = None
    ) -> Sequence[Posted]:
        """Our messages whose marks begin so, newest first; none also when the app may not look.

        Looks in the bot's DM with a person, or in a channel, or in one thread of it.
        """
        try:
            channel = await self._conversation(recipient)
            written = await self._written(channel, thread_ts)
        except SlackError as error:
            if error.code in NOT_ALLOWED_TO_LOOK:
                return []
            raise
        found = [_posted(channel, message) for message in written]
        ours = [each for each in found if each is not None and each.mark.startswith(prefix)]
        return sorted(ours, key=lambda each: each.place.message_ts, reverse=True)

    async def lost(self, to: Envelope) -> Place | None:
        """What an earlier attempt posted under this mark."""
        if to.attempt <= 1:
            return None
        found = await self.find(to.recipient, to.mark, thread_ts=to.thread_ts)
        return next((each.place for each in found if each.mark == to.mark), None)

    async def _conversation(self, recipient: str) -> str:
        if not recipient.startswith(PEOPLE):
            return recipient
        opened = await call(self._client, "conversations.open", users=recipient)
        return needed(opened, "channel", "id")

    async def _written(self, channel: str, thread_ts: str | None) -> list[Any]:
        method, thread = "conversations.history", {}
        if thread_ts is not None:
            method, thread = "conversations.replies", {"ts": thread_ts}
        look = {"channel": channel, "limit": LOOK_BACK, "include_all_metadata": True, **thread}
        written: list[dict[str, Any]] = []
        for _ in range(MOST_PAGES):
            answer = await call(self._client, method, **look)
            if not isinstance(page := answer.get("messages"), list):
                raise SlackUnclear(UNREADABLE)  # "none" would have it posted once more
            written += page
            look["cursor"] = word(answer, "response_metadata", "next_cursor")
            if not look["cursor"]:
                break
        return written


def _posted(channel: str, message: Any) -> Posted | None:
    """Of others' messages there is nothing to tell."""
    ts, mark = word(message, "ts"), word(message, "metadata", "event_payload", "mark")
    return None if ts is None or mark is None else Posted(Place(channel, ts), mark)

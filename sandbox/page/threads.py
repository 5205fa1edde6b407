"""Conversations as Slack shows them: what answers a message stands in its thread."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sandbox.slack.workspace import Message


def threads(messages: Sequence[Message]) -> list[tuple[Message, list[Message]]]:
    """Every message with its replies; a reply whose beginning is gone stands for itself."""
    there = {message.ts for message in messages}
    replies = defaultdict(list)
    for message in messages:
        if _is_reply(message) and message.thread_ts in there:
            replies[message.thread_ts].append(message)
    inside = {message.ts for thread in replies.values() for message in thread}
    return [(message, replies[message.ts]) for message in messages if message.ts not in inside]


def kin(message: Message) -> str:
    """The same for messages of one thing, as its maker marked them; empty where nothing is said."""
    mark = str((message.metadata or {}).get("event_payload", {}).get("mark", ""))
    return mark.partition(":")[0]


def latest(messages: Iterable[Message]) -> str:
    """The moment of the newest message, as Slack writes it; empty when there is none."""
    return max((message.ts for message in messages), default="")


def _is_reply(message: Message) -> bool:
    return message.thread_ts not in (None, message.ts)

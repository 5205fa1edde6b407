"""conversations.* of the Web API (slack.md §7)."""

from typing import Any

from sandbox.people import BOT_USER_ID, SandboxPerson
from sandbox.slack.payloads import message_object
from sandbox.slack.refusals import (
    Answer,
    Arguments,
    Caller,
    Method,
    Refusal,
    is_true,
    number,
    required,
)
from sandbox.slack.workspace import Channel, Message

_SCOPE_WORDS = {"im": "im", "channel": "channels"}


def _open(caller: Caller, arguments: Arguments) -> Answer:
    names = [name for name in str(arguments.get("users") or "").split(",") if name]
    if arguments.get("channel"):
        channel = caller.channel(arguments["channel"])
        return {"channel": {"id": channel.id}, "already_open": True, "no_op": True}
    if not names:
        raise Refusal("users_list_not_supplied")
    if len(names) > 1:
        caller.need("mpim:write")
        raise Refusal("too_many_users")
    person = _person_to_meet(caller, names[0])
    known = person.id in {
        m for c in caller.workspace.channels.values() if c.kind == "im" for m in c.members
    }
    channel = caller.workspace.direct_channel(person.id)
    return {"channel": {"id": channel.id}, "already_open": known, "no_op": known}


def _person_to_meet(caller: Caller, user_id: str) -> SandboxPerson:
    person = caller.workspace.people.get(user_id)
    if person is None:
        raise Refusal("user_not_found")
    if person.is_bot:
        raise Refusal("invalid_user_combination")
    if person.deleted:
        raise Refusal("user_disabled")
    if person.is_stranger:
        raise Refusal("user_not_visible")
    return person


def _joined(caller: Caller, arguments: Arguments, right: str) -> Channel:
    channel = caller.channel(arguments.get("channel"))
    caller.need(f"{_SCOPE_WORDS[channel.kind]}:{right}")
    if right == "history" and BOT_USER_ID not in channel.members:
        raise Refusal("not_in_channel")
    return channel


def _history(caller: Caller, arguments: Arguments) -> Answer:
    channel = _joined(caller, arguments, "history")
    with_metadata = is_true(arguments.get("include_all_metadata"))
    found = [
        message
        for message in reversed(caller.workspace.messages)
        if message.channel == channel.id and _is_listed(message, arguments)
    ]
    start = _cursor(arguments)
    end = start + max(1, number(arguments, "limit", 100))
    return {
        "messages": [message_object(m, with_metadata=with_metadata) for m in found[start:end]],
        "has_more": end < len(found),
        "pin_count": 0,
        "response_metadata": {"next_cursor": str(end) if end < len(found) else ""},
    }


def _is_listed(message: Message, arguments: Arguments) -> bool:
    if message.ephemeral or (message.thread_ts and message.thread_ts != message.ts):
        return False
    oldest = str(arguments.get("oldest") or "0")
    latest = str(arguments.get("latest") or "99999999999")
    if is_true(arguments.get("inclusive")):
        return float(oldest) <= float(message.ts) <= float(latest)
    return float(oldest) < float(message.ts) < float(latest)


def _replies(caller: Caller, arguments: Arguments) -> Answer:
    """A message and what was answered in its thread, oldest first."""
    channel = _joined(caller, arguments, "history")
    thread = required(arguments, "ts")
    found = [
        message
        for message in caller.workspace.messages
        if message.channel == channel.id
        and not message.ephemeral
        and thread in (message.ts, message.thread_ts)
    ]
    if not found:
        raise Refusal("thread_not_found")
    with_metadata = is_true(arguments.get("include_all_metadata"))
    start = _cursor(arguments)
    end = start + max(1, number(arguments, "limit", 1000))
    return {
        "messages": [message_object(m, with_metadata=with_metadata) for m in found[start:end]],
        "has_more": end < len(found),
        "response_metadata": {"next_cursor": str(end) if end < len(found) else ""},
    }


def _cursor(arguments: Arguments) -> int:
    cursor = str(arguments.get("cursor") or "0")
    if not cursor.isdigit():
        raise Refusal("invalid_cursor")
    return int(cursor)


def _info(caller: Caller, arguments: Arguments) -> Answer:
    return {"channel": _channel_object(_joined(caller, arguments, "read"))}


def _channel_object(channel: Channel) -> dict[str, Any]:
    if channel.kind == "im":
        person = next(member for member in channel.members if member != BOT_USER_ID)
        return {"id": channel.id, "is_im": True, "user": person, "is_archived": False}
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": True,
        "is_im": False,
        "is_private": False,
        "is_archived": False,
        "is_member": BOT_USER_ID in channel.members,
    }


METHODS: dict[str, tuple[str | None, Method]] = {
    "conversations.open": ("im:write", _open),
    "conversations.history": (None, _history),
    "conversations.replies": (None, _replies),
    "conversations.info": (None, _info),
}

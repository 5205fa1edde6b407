"""chat.* of the Web API, and the content rules that response_url shares (slack.md §5, §7)."""

import json
from dataclasses import dataclass
from typing import Any

from sandbox.people import BOT_USER_ID
from sandbox.slack.blockkit import problems_of_blocks
from sandbox.slack.fields import initial_values, with_ids
from sandbox.slack.markup import problems_of_mrkdwn
from sandbox.slack.payloads import message_object
from sandbox.slack.refusals import (
    Answer,
    Arguments,
    Caller,
    Method,
    Refusal,
    required,
    with_messages,
)
from sandbox.slack.workspace import Channel, Message, Workspace

_POST_LIMIT = 40_000
_UPDATE_LIMIT = 4_000
_METADATA_BYTES = 16_000


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says."""

    text: str
    blocks: list[dict[str, Any]]


def content_of(arguments: Arguments) -> Content:
    """The checked text and blocks, raising ``no_text``, ``invalid_blocks`` and the like."""
    text, blocks = arguments.get("text"), arguments.get("blocks")
    if "markdown_text" in arguments:
        if text or blocks:
            raise Refusal("markdown_text_conflict")
        text = arguments["markdown_text"]
    if arguments.get("attachments"):
        raise Refusal("invalid_attachments")
    if not isinstance(text, str) or not text:
        raise Refusal("no_text")
    if blocks is not None and not isinstance(blocks, list):
        raise Refusal("invalid_blocks_format")
    _check_markup(text, blocks or [])
    return Content(text[:_POST_LIMIT], with_ids(blocks or []))


def _check_markup(text: str, blocks: list[Any]) -> None:
    problems = problems_of_blocks(blocks)
    if problems:
        raise with_messages("invalid_blocks", problems)
    problems = [f"[ERROR] {p} [json-pointer:/text]" for p in problems_of_mrkdwn(text)]
    if problems:
        raise with_messages("invalid_arguments", problems)


def new_message(
    workspace: Workspace,
    channel: str,
    content: Content,
    *,
    metadata: dict[str, Any] | None = None,
    thread_ts: str | None = None,
    ephemeral_for: str | None = None,
) -> Message:
    """Post ``content`` as the bot and announce it."""
    message = Message(
        channel=channel,
        ts=workspace.new_ts(),
        user=BOT_USER_ID,
        text=content.text,
        blocks=content.blocks,
        metadata=metadata,
        thread_ts=thread_ts,
        ephemeral_for=ephemeral_for,
        values=initial_values(content.blocks),
    )
    return workspace.add_message(message)


def change_message(workspace: Workspace, message: Message, content: Content) -> None:
    """Show ``content`` in the place of what ``message`` said, and announce it."""
    message.text = content.text
    message.values = initial_values(content.blocks, message.values)
    message.blocks = content.blocks
    message.updated += 1
    workspace.changes.publish("message_changed", message)


def _metadata(arguments: Arguments) -> dict[str, Any] | None:
    metadata = arguments.get("metadata")
    if not metadata:
        return None
    if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
        raise Refusal("invalid_metadata_format")
    if len(json.dumps(metadata).encode()) > _METADATA_BYTES:
        raise Refusal("metadata_too_large")
    return metadata


def _target(caller: Caller, channel_id: str) -> Channel:
    """A conversation of the bot; a user id means the direct messages with that person."""
    if channel_id in caller.workspace.unwritable:
        raise Refusal(caller.workspace.unwritable[channel_id])
    person = caller.workspace.people.get(channel_id)
    if person is not None:
        if person.deleted or person.is_stranger or person.is_bot:
            raise Refusal("channel_not_found")
        return caller.workspace.direct_channel(person.id)
    channel = caller.channel(channel_id)
    if BOT_USER_ID not in channel.members:
        raise Refusal("not_in_channel")
    return channel


def _post(caller: Caller, arguments: Arguments) -> Answer:
    if arguments.keys() & {"username", "icon_emoji", "icon_url"}:
        caller.need("chat:write.customize")
    channel = _target(caller, required(arguments, "channel"))
    thread_ts = arguments.get("thread_ts")
    if thread_ts and caller.workspace.message(channel.id, thread_ts) is None:
        raise Refusal("thread_not_found")
    content, metadata = content_of(arguments), _metadata(arguments)
    message = new_message(
        caller.workspace, channel.id, content, metadata=metadata, thread_ts=thread_ts
    )
    return {"channel": channel.id, "ts": message.ts, "message": message_object(message)}


def _own_message(caller: Caller, arguments: Arguments, not_ours: str) -> Message:
    channel = caller.channel(required(arguments, "channel"))
    message = caller.workspace.message(channel.id, required(arguments, "ts"))
    if message is None:
        raise Refusal("message_not_found")
    if message.user != BOT_USER_ID:
        raise Refusal(not_ours)
    return message


def _update(caller: Caller, arguments: Arguments) -> Answer:
    message = _own_message(caller, arguments, "cant_update_message")
    if len(str(arguments.get("text") or "")) > _UPDATE_LIMIT:
        raise Refusal("msg_too_long")
    content = content_of(arguments)
    if "metadata" in arguments:
        message.metadata = _metadata(arguments)
    change_message(caller.workspace, message, content)
    shown = message_object(message)
    return {"channel": message.channel, "ts": message.ts, "text": message.text, "message": shown}


def _delete(caller: Caller, arguments: Arguments) -> Answer:
    message = _own_message(caller, arguments, "cant_delete_message")
    if caller.workspace.undeletable:
        raise Refusal(caller.workspace.undeletable)
    caller.workspace.remove_message(message)
    return {"channel": message.channel, "ts": message.ts}


def _post_ephemeral(caller: Caller, arguments: Arguments) -> Answer:
    channel = _target(caller, required(arguments, "channel"))
    user_id = required(arguments, "user")
    if user_id not in channel.members:
        raise Refusal("user_not_in_channel")
    content = content_of(arguments)
    message = new_message(caller.workspace, channel.id, content, ephemeral_for=user_id)
    return {"message_ts": message.ts}


METHODS: dict[str, tuple[str | None, Method]] = {
    "chat.postMessage": ("chat:write", _post),
    "chat.update": ("chat:write", _update),
    "chat.delete": ("chat:write", _delete),
    "chat.postEphemeral": ("chat:write", _post_ephemeral),
}

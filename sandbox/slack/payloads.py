"""The JSON that Slack sends: messages, views and interactions (slack.md §3, §4, §8)."""

import copy
from typing import Any

from sandbox.people import (
    APP_ID,
    BOT_ID,
    BOT_USER_ID,
    TEAM_DOMAIN,
    TEAM_ID,
    TEAM_NAME,
    SandboxPerson,
)
from sandbox.slack.fields import sent_back
from sandbox.slack.workspace import Channel, Message, View

_DEPRECATED_PROOF = "sandbox-verification-token"


def message_object(message: Message, *, with_metadata: bool = True) -> dict[str, Any]:
    """A message as methods answer it and interactions carry it."""
    shown: dict[str, Any] = {
        "type": "message",
        "user": message.user,
        "team": TEAM_ID,
        "ts": message.ts,
        "text": message.text,
        "blocks": sent_back(message.blocks),
    }
    if message.user == BOT_USER_ID:
        shown |= {"bot_id": BOT_ID, "app_id": APP_ID}
    if message.thread_ts:
        shown["thread_ts"] = message.thread_ts
    if with_metadata and message.metadata:
        shown["metadata"] = copy.deepcopy(message.metadata)
    return shown


def view_object(view: View, *, with_values: bool = True) -> dict[str, Any]:
    """A view as methods answer it and interactions carry it."""
    shown = {
        "private_metadata": "",
        "callback_id": "",
        "external_id": "",
        "clear_on_close": False,
        "notify_on_close": False,
        "title": {"type": "plain_text", "text": "View Title", "emoji": True},
        "close": None,
        "submit": None,
        **sent_back(view.definition),
        "id": view.id,
        "team_id": TEAM_ID,
        "hash": view.hash,
        "root_view_id": view.root_view_id,
        "previous_view_id": view.previous_view_id,
        "app_id": APP_ID,
        "app_installed_team_id": TEAM_ID,
        "bot_id": BOT_ID,
    }
    shown["state"] = {"values": sent_back(view.values) if with_values else {}}
    return shown


def user_reference(person: SandboxPerson) -> dict[str, Any]:
    """Who acted."""
    return {
        "id": person.id,
        "username": person.handle,
        "name": person.handle,
        "team_id": person.team_id,
    }


def interaction(
    kind: str, person: SandboxPerson, enterprise_id: str | None = None
) -> dict[str, Any]:
    """What all interaction payloads have in common."""
    return {
        "type": kind,
        "token": _DEPRECATED_PROOF,
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "user": user_reference(person),
        "api_app_id": APP_ID,
        "enterprise": {"id": enterprise_id, "name": TEAM_NAME} if enterprise_id else None,
        "is_enterprise_install": False,
    }


def command_form(
    person: SandboxPerson, channel: Channel, command: str, text: str
) -> dict[str, str]:
    """The form of a slash command, without ``trigger_id`` and ``response_url``."""
    return {
        "token": _DEPRECATED_PROOF,
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": channel.name,
        "user_id": person.id,
        "user_name": person.handle,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
    }


def message_container(message: Message) -> dict[str, Any]:
    """Where an interaction in a message took place."""
    return {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": message.ephemeral,
    }


def event_envelope(
    event: dict[str, Any], event_id: str, event_time: int, enterprise_id: str | None = None
) -> dict[str, Any]:
    """An Events API envelope."""
    return {
        "token": _DEPRECATED_PROOF,
        "team_id": TEAM_ID,
        "context_team_id": TEAM_ID,
        "context_enterprise_id": enterprise_id,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": event_time,
        "authorizations": [
            {
                "enterprise_id": enterprise_id,
                "team_id": TEAM_ID,
                "user_id": BOT_USER_ID,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
    }

"""Answers through a response_url (slack.md §2), and in the HTTP body of a command."""

from typing import Any

from sandbox.slack.chat_methods import change_message, content_of, new_message
from sandbox.slack.refusals import Refusal, is_true
from sandbox.slack.workspace import RESPONSE_URL_USES, ResponseUrl, Workspace


def respond(workspace: Workspace, secret: str, answer: Any) -> None:
    """Do what was posted to a response_url.

    Raises ``Refusal``: ``expired_url``, ``used_url``, ``invalid_payload`` or a content error.
    """
    place = workspace.response_urls.get(secret)
    if place is None or workspace.now() > place.expires:
        raise Refusal("expired_url")
    if place.uses >= RESPONSE_URL_USES:
        raise Refusal("used_url")
    if not isinstance(answer, dict):
        raise Refusal("invalid_payload")
    place.uses += 1
    _do(workspace, place, answer)


def _do(workspace: Workspace, place: ResponseUrl, answer: dict[str, Any]) -> None:
    if is_true(answer.get("delete_original")):
        if place.message is None:
            raise Refusal("cant_delete_message")
        workspace.remove_message(place.message)
    elif is_true(answer.get("replace_original")) and place.message is not None:
        change_message(workspace, place.message, content_of(answer))
    else:
        answer_in_channel(workspace, place.user_id, place.channel, answer)


def answer_in_channel(
    workspace: Workspace, user_id: str, channel: str, answer: dict[str, Any]
) -> None:
    """Show a new message: to one person, unless ``response_type`` is ``in_channel``."""
    response_type = answer.get("response_type", "ephemeral")
    if response_type not in ("ephemeral", "in_channel"):
        raise Refusal("invalid_response_type")
    is_public = response_type == "in_channel"
    new_message(
        workspace,
        channel,
        content_of(answer),
        thread_ts=answer.get("thread_ts") if is_public else None,
        ephemeral_for=None if is_public else user_id,
    )

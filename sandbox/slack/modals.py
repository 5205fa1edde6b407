"""What the Slack client does with a modal: filling it, closing it, obeying the bot's answer."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandbox.slack.delivery import Reply
from sandbox.slack.fields import chosen, stateful_elements
from sandbox.slack.pressing import Resolve, element_value
from sandbox.slack.refusals import Refusal
from sandbox.slack.view_methods import checked_view, new_view, push_view, replace_view
from sandbox.slack.workspace import View, Workspace


def fill(view: View, values: Mapping[str, Any], resolve: Resolve) -> None:
    """Type or choose ``values``, named by block id, action id or label.

    Raises ``AssertionError`` for a field that is not there.
    """
    for name, value in values.items():
        block, element = _field(view, name)
        entry = chosen(element, element_value(element, value, resolve))
        view.values[block["block_id"]][element["action_id"]] = entry


def _field(view: View, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    names = []
    for block, element in stateful_elements(view.blocks):
        label = block.get("label", {}).get("text")
        if name in (block["block_id"], element["action_id"], label):
            return block, element
        names.append(label or element["action_id"])
    raise AssertionError(f"there is no field {name!r}; there are {names}")


def close_top(workspace: Workspace, view: View) -> None:
    """Take ``view`` off the person's screen; the one below shows again."""
    stack = workspace.modals.get(view.user_id, [])
    if view in stack:
        stack.remove(view)
    workspace.changes.publish("modal_closed", view)


def close_all(workspace: Workspace, user_id: str) -> list[View]:
    """Take all modals of a person off the screen and return them, top first."""
    stack = workspace.modals.pop(user_id, [])
    for view in stack:
        workspace.changes.publish("modal_closed", view)
    return stack[::-1]


def obey(workspace: Workspace, view: View, reply: Reply) -> Reply:
    """Do what the answer to a submission says (slack.md §4); a wrong answer becomes a problem."""
    if reply.problem:
        return reply
    if not reply.text:
        close_top(workspace, view)
        return reply
    try:
        return replace(reply, errors=_obey(workspace, view, _answer(reply)))
    except Refusal as refusal:
        details = json.dumps(refusal.more) if refusal.more else ""
        return replace(reply, problem=f"{refusal.error} {details}".strip())


def _answer(reply: Reply) -> dict[str, Any]:
    if reply.body is None:
        raise Refusal("invalid_response")
    return reply.body


def _obey(workspace: Workspace, view: View, answer: dict[str, Any]) -> dict[str, str]:
    action = answer.get("response_action")
    if action == "errors":
        return _show_errors(workspace, view, answer.get("errors"))
    if action == "clear":
        close_all(workspace, view.user_id)
    elif action == "update":
        definition = checked_view(workspace, answer.get("view"), "modal", view)
        replace_view(workspace, view, definition)
    elif action == "push":
        definition = checked_view(workspace, answer.get("view"), "modal")
        push_view(workspace, new_view(workspace, view.user_id, definition, view))
    else:
        raise Refusal("invalid_response_action")
    return {}


def _show_errors(workspace: Workspace, view: View, errors: Any) -> dict[str, str]:
    fields = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    is_text = isinstance(errors, dict) and all(isinstance(e, str) for e in errors.values())
    if not is_text or not errors or not set(errors) <= fields:
        raise Refusal("invalid_errors")
    view.errors = dict(errors)
    workspace.changes.publish("modal", view)
    return view.errors

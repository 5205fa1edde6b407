"""views.* of the Web API and the life of modals (slack.md §2, §4, §7)."""

import json
from typing import Any

from sandbox.slack.blockkit import is_too_large, problems_of_view
from sandbox.slack.fields import initial_values, with_ids
from sandbox.slack.payloads import view_object
from sandbox.slack.refusals import (
    Answer,
    Arguments,
    Caller,
    Method,
    Refusal,
    required,
    with_messages,
)
from sandbox.slack.workspace import Trigger, View, Workspace, random_id

STACK_LIMIT = 3


def checked_view(
    workspace: Workspace, raw: Any, kind: str, replaced: View | None = None
) -> dict[str, Any]:
    """The view as Slack stores it, raising ``invalid_arguments``, ``view_too_large`` and the like.

    ``replaced`` is the view that gives way, and whose external id is free again.
    """
    view = _decoded(raw)
    if is_too_large(view):
        raise Refusal("view_too_large")
    problems = problems_of_view(view)
    if not problems and view["type"] != kind:
        problems = [f"[ERROR] must be one of: {kind} [json-pointer:/view/type]"]
    if problems:
        raise with_messages("invalid_arguments", problems)
    _check_external_id(workspace, view.get("external_id"), replaced)
    return {**view, "blocks": with_ids(view["blocks"])}


def _decoded(raw: Any) -> Any:
    if not isinstance(raw, str):
        return raw
    try:
        return json.loads(raw)
    except ValueError:
        problem = "[ERROR] must be valid JSON [json-pointer:/view]"
        raise with_messages("invalid_arguments", [problem]) from None


def _check_external_id(
    workspace: Workspace, external_id: str | None, replaced: View | None
) -> None:
    if not external_id:
        return
    holder = workspace.view_by_external_id(external_id)
    if holder is not None and holder is not replaced:
        raise Refusal("duplicate_external_id")


def new_view(
    workspace: Workspace, user_id: str, definition: dict[str, Any], below: View | None = None
) -> View:
    """A view that is not shown yet, to lie on top of ``below`` when given."""
    view_id = "V" + random_id(10).upper()
    return View(
        id=view_id,
        user_id=user_id,
        definition=definition,
        hash=workspace.new_hash(),
        values=initial_values(definition["blocks"]),
        root_view_id=below.root_view_id if below else view_id,
        previous_view_id=below.id if below else None,
    )


def open_stack(workspace: Workspace, view: View) -> None:
    """Show ``view`` as the person's only modal."""
    workspace.modals[view.user_id] = [view]
    workspace.changes.publish("modal", view)


def push_view(workspace: Workspace, view: View) -> None:
    """Lay ``view`` on the person's modals, raising ``push_limit_reached`` above three."""
    stack = workspace.modals[view.user_id]
    if len(stack) >= STACK_LIMIT:
        raise Refusal("push_limit_reached")
    stack.append(view)
    workspace.changes.publish("modal", view)


def replace_view(workspace: Workspace, view: View, definition: dict[str, Any]) -> None:
    """Show another content in the same view; equal ids keep what was typed."""
    view.values = initial_values(definition["blocks"], view.values)
    view.definition = definition
    view.hash = workspace.new_hash()
    view.errors = {}
    workspace.changes.publish(view.kind, view)


def _use_trigger(workspace: Workspace, trigger_id: str) -> Trigger:
    trigger = workspace.triggers.get(trigger_id)
    if trigger is None:
        raise Refusal("invalid_trigger_id")
    if trigger.used:
        raise Refusal("exchanged_trigger_id")
    if workspace.now() > trigger.expires:
        raise Refusal("expired_trigger_id")
    trigger.used = True
    return trigger


def _open(caller: Caller, arguments: Arguments) -> Answer:
    trigger_id = required(arguments, "trigger_id")
    definition = checked_view(caller.workspace, arguments.get("view"), "modal")
    trigger = _use_trigger(caller.workspace, trigger_id)
    view = new_view(caller.workspace, trigger.user_id, definition)
    open_stack(caller.workspace, view)
    return {"view": view_object(view)}


def _push(caller: Caller, arguments: Arguments) -> Answer:
    trigger_id = required(arguments, "trigger_id")
    definition = checked_view(caller.workspace, arguments.get("view"), "modal")
    trigger = _use_trigger(caller.workspace, trigger_id)
    stack = caller.workspace.modals.get(trigger.user_id, [])
    below = next((view for view in stack if view.id == trigger.view_id), None)
    if below is None:
        raise Refusal("not_found")
    view = new_view(caller.workspace, trigger.user_id, definition, stack[-1])
    push_view(caller.workspace, view)
    return {"view": view_object(view)}


def _update(caller: Caller, arguments: Arguments) -> Answer:
    view = _addressed(caller.workspace, arguments)
    _check_hash(view, arguments)
    definition = checked_view(caller.workspace, arguments.get("view"), view.kind, view)
    replace_view(caller.workspace, view, definition)
    return {"view": view_object(view)}


def _addressed(workspace: Workspace, arguments: Arguments) -> View:
    view_id, external_id = arguments.get("view_id"), arguments.get("external_id")
    if not view_id and not external_id:
        problem = "[ERROR] missing required field: view_id"
        raise with_messages("invalid_arguments", [problem])
    view = (
        workspace.open_view(str(view_id))
        if view_id
        else workspace.view_by_external_id(str(external_id))
    )
    if view is None:
        raise Refusal("not_found")
    return view


def _check_hash(view: View | None, arguments: Arguments) -> None:
    given = arguments.get("hash")
    if given and (view is None or given != view.hash):
        raise Refusal("hash_conflict")


def _publish(caller: Caller, arguments: Arguments) -> Answer:
    user_id = required(arguments, "user_id")
    if user_id not in caller.workspace.people:
        raise Refusal("user_not_found")
    home = caller.workspace.homes.get(user_id)
    _check_hash(home, arguments)
    definition = checked_view(caller.workspace, arguments.get("view"), "home", home)
    if home is None:
        home = new_view(caller.workspace, user_id, definition)
        caller.workspace.homes[user_id] = home
    replace_view(caller.workspace, home, definition)
    return {"view": view_object(home)}


METHODS: dict[str, tuple[str | None, Method]] = {
    "views.open": (None, _open),
    "views.push": (None, _push),
    "views.update": (None, _update),
    "views.publish": (None, _publish),
}

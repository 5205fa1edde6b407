"""The values of Block Kit's stateful elements: how they start, change, survive and are checked."""

import copy
import secrets
import string
from collections.abc import Iterator
from typing import Any

from sandbox.slack.blockkit import elements_of
from sandbox.slack.markup import escape, unescape

StateValues = dict[str, dict[str, dict[str, Any]]]

_KEYS = {
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "radio_buttons": ("selected_option", "initial_option"),
    "checkboxes": ("selected_options", "initial_options"),
}
_WITH_OPTIONS = ("static_select", "multi_static_select", "radio_buttons", "checkboxes", "overflow")
REQUIRED = "Please complete this required field."


def short_id() -> str:
    """An id like those Slack gives to blocks and actions that have none."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(5))


def with_ids(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A copy as Slack stores it: every block, interactive element and text object complete."""
    stored = copy.deepcopy(blocks)
    for block in stored:
        block.setdefault("block_id", short_id())
        for element in elements_of(block):
            if element.get("type") != "image":
                element.setdefault("action_id", short_id())
    _complete_texts(stored)
    return stored


def _complete_texts(value: Any) -> None:
    for inner in _children(value):
        _complete_texts(inner)
    if isinstance(value, dict) and value.get("type") == "plain_text":
        value.setdefault("emoji", True)
    if isinstance(value, dict) and value.get("type") == "mrkdwn":
        value.setdefault("verbatim", False)


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def sent_back(value: Any) -> Any:
    """A copy in which every plain text is escaped, as it returns in payloads (slack.md §6)."""
    if isinstance(value, list):
        return [sent_back(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    copied = {key: sent_back(inner) for key, inner in value.items()}
    if copied.get("type") == "plain_text" and isinstance(copied.get("text"), str):
        copied["text"] = escape(unescape(copied["text"]))
    return copied


def is_stateful(element: dict[str, Any]) -> bool:
    """Whether the element has a value in ``state.values``."""
    return element.get("type") in _KEYS


def stateful_elements(
    blocks: list[dict[str, Any]],
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every block with an element that holds a value, and that element."""
    for block in blocks:
        for element in elements_of(block):
            if is_stateful(element):
                yield block, element


def initial_values(blocks: list[dict[str, Any]], before: StateValues | None = None) -> StateValues:
    """The state of freshly shown ``blocks``; ``before`` keeps what was typed in the same ids."""
    values: StateValues = {}
    for block, element in stateful_elements(blocks):
        entry = _initial(element)
        kept = (before or {}).get(block["block_id"], {}).get(element["action_id"])
        if kept is not None and kept["type"] == entry["type"]:
            entry = kept
        values.setdefault(block["block_id"], {})[element["action_id"]] = entry
    return values


def _initial(element: dict[str, Any]) -> dict[str, Any]:
    key, initial = _KEYS[element["type"]]
    empty: Any = [] if key.endswith("s") else None
    return {"type": element["type"], key: copy.deepcopy(element.get(initial, empty))}


def chosen(element: dict[str, Any], value: Any) -> dict[str, Any]:
    """The state of ``element`` after a person chose ``value``.

    Options are named by value or by visible text. Raises ``AssertionError`` for an option that is
    not offered.
    """
    key, _ = _KEYS[element["type"]]
    if element["type"] in _WITH_OPTIONS and value is not None:
        many = key.endswith("s")
        several = [value] if isinstance(value, str) else value
        value = [option(element, v) for v in several] if many else option(element, value)
    return {"type": element["type"], key: None if value == "" else value}


def option(element: dict[str, Any], wanted: Any) -> dict[str, Any]:
    """The option of ``element`` with this value or visible text."""
    offered = list(options_of(element))
    for candidate in offered:
        if wanted in (candidate["value"], candidate["text"]["text"]):
            return candidate
    names = [candidate["text"]["text"] for candidate in offered]
    raise AssertionError(f"{wanted!r} is not offered; there are {names}")


def options_of(element: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All options of a select, overflow, radio or checkbox element."""
    yield from element.get("options") or []
    for group in element.get("option_groups") or []:
        yield from group["options"]


def value_of(entry: dict[str, Any]) -> Any:
    """The one value of a state entry, whatever its key."""
    return entry[_KEYS[entry["type"]][0]]


def refused_by_client(blocks: list[dict[str, Any]], values: StateValues) -> dict[str, str]:
    """What the Slack client itself says before sending a form: block ids and sentences."""
    errors = {}
    for block, element in stateful_elements(blocks):
        if block["type"] == "input":
            value = value_of(values[block["block_id"]][element["action_id"]])
            if problem := _client_problem(block, element, value):
                errors[block["block_id"]] = problem
    return errors


def _client_problem(block: dict[str, Any], element: dict[str, Any], value: Any) -> str | None:
    if value in (None, "", []):
        return None if block.get("optional") else REQUIRED
    if element["type"] == "email_text_input" and "@" not in value:
        return "Please enter a valid email address."
    return _length_problem(element, value) if element["type"] == "plain_text_input" else None


def _length_problem(element: dict[str, Any], value: str) -> str | None:
    if len(value) < element.get("min_length", 0):
        return f"Please enter at least {element['min_length']} characters."
    if len(value) > element.get("max_length", 3000):
        return f"Please enter no more than {element.get('max_length', 3000)} characters."
    return None

"""The interactive elements of Block Kit and their limits (slack.md §5)."""

from typing import Any

from sandbox.slack.shapes import (
    Findings,
    Rule,
    Shape,
    anything,
    boolean,
    integer,
    items,
    one_of,
    plain,
    string,
    text,
)

_DATE = r"\d{4}-\d{2}-\d{2}"
_TIME = r"([01]\d|2[0-3]):[0-5]\d"
_USER = r"[UW][A-Z0-9]+"
_CONVERSATION = r"[CDG][A-Z0-9]+"
_STYLE = one_of("primary", "danger")

CONFIRM = Shape(
    {
        "title": plain(100),
        "text": plain(300),
        "confirm": plain(30),
        "deny": plain(30),
        "style": _STYLE,
    },
    ("title", "text", "confirm", "deny"),
)


def _option(*kinds: str, with_url: bool = False) -> Shape:
    rules = {"text": text(75, *kinds), "value": string(150), "description": text(75, *kinds)}
    if with_url:
        rules["url"] = string(3000)
    return Shape(rules, ("text", "value"))


_PLAIN_OPTION = _option("plain_text")
_RICH_OPTION = _option("plain_text", "mrkdwn")
_GROUP = Shape({"label": plain(75), "options": items(_PLAIN_OPTION, 1, 100)}, ("label", "options"))
_COMMON: dict[str, Rule] = {"action_id": string(255, 1), "confirm": CONFIRM}
_FOCUS: dict[str, Rule] = {"focus_on_load": boolean}
_PLACEHOLDER: dict[str, Rule] = {"placeholder": plain(150)}
_FIELD: dict[str, Rule] = {**_COMMON, **_FOCUS, **_PLACEHOLDER}


def _choices(element: dict[str, Any]) -> list[Any]:
    groups = element.get("option_groups")
    if not isinstance(groups, list):
        return list(element.get("options") or [])
    return [
        option
        for group in groups
        if isinstance(group, dict)
        for option in group.get("options") or []
    ]


def _options_or_groups(found: Findings, element: dict[str, Any], pointer: str) -> None:
    if ("options" in element) == ("option_groups" in element):
        found.add(pointer, "must define either options or option_groups, not both")


def _distinct_values(found: Findings, element: dict[str, Any], pointer: str) -> None:
    values = [choice.get("value") for choice in _choices(element) if isinstance(choice, dict)]
    if len(set(values)) != len(values):
        found.add(f"{pointer}/options", "option values must be unique")


def _initial_is_a_choice(found: Findings, element: dict[str, Any], pointer: str) -> None:
    choices = _choices(element)
    initial = [element["initial_option"]] if element.get("initial_option") else []
    for option in initial + list(element.get("initial_options") or []):
        if option not in choices:
            found.add(f"{pointer}/initial_option", "initial option must equal one of the options")


def _input_bounds(found: Findings, element: dict[str, Any], pointer: str) -> None:
    low, high = element.get("min_length"), element.get("max_length")
    initial = element.get("initial_value")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        found.add(pointer, "min_length must not be greater than max_length")
    if isinstance(initial, str) and isinstance(high, int) and len(initial) > high:
        found.add(f"{pointer}/initial_value", f"must be less than {high + 1} characters")


_SELECT_CHECKS = (_options_or_groups, _distinct_values, _initial_is_a_choice)
_STATIC: dict[str, Rule] = {
    **_FIELD,
    "options": items(_PLAIN_OPTION, 1, 100),
    "option_groups": items(_GROUP, 1, 100),
}
_EXTERNAL: dict[str, Rule] = {**_FIELD, "min_query_length": integer(0, 1000)}
_MULTI: dict[str, Rule] = {"max_selected_items": integer(1, 1000)}
_CONVERSATIONS: dict[str, Rule] = {
    **_FIELD,
    "filter": anything,
    "default_to_current_conversation": boolean,
    "response_url_enabled": boolean,
}
_CHOICE: dict[str, Rule] = {**_COMMON, **_FOCUS, "options": items(_RICH_OPTION, 1, 10)}
_TYPED: dict[str, Rule] = {
    "action_id": string(255, 1),
    "initial_value": string(3000),
    "dispatch_action_config": anything,
    **_FOCUS,
    **_PLACEHOLDER,
}
_SELECTS: dict[str, Shape] = {
    "static_select": Shape({**_STATIC, "initial_option": _PLAIN_OPTION}, more=_SELECT_CHECKS),
    "multi_static_select": Shape(
        {**_STATIC, **_MULTI, "initial_options": items(_PLAIN_OPTION, 1, 100)},
        more=_SELECT_CHECKS,
    ),
    "external_select": Shape({**_EXTERNAL, "initial_option": _PLAIN_OPTION}),
    "multi_external_select": Shape(
        {**_EXTERNAL, **_MULTI, "initial_options": items(_PLAIN_OPTION, 1, 100)}
    ),
    "users_select": Shape({**_FIELD, "initial_user": string(50, 1, _USER)}),
    "multi_users_select": Shape(
        {**_FIELD, **_MULTI, "initial_users": items(string(50, 1, _USER), 1, 1000)}
    ),
    "conversations_select": Shape(
        {**_CONVERSATIONS, "initial_conversation": string(50, 1, _CONVERSATION)}
    ),
    "channels_select": Shape(
        {
            **_FIELD,
            "response_url_enabled": boolean,
            "initial_channel": string(50, 1, _CONVERSATION),
        }
    ),
}
_PICKERS: dict[str, Shape] = {
    "datepicker": Shape({**_FIELD, "initial_date": string(10, 10, _DATE)}),
    "timepicker": Shape(
        {**_FIELD, "initial_time": string(5, 5, _TIME), "timezone": string(100, 1)}
    ),
    "datetimepicker": Shape(
        {**_COMMON, **_FOCUS, "initial_date_time": integer(1_000_000_000, 9_999_999_999)}
    ),
    "radio_buttons": Shape(
        {**_CHOICE, "initial_option": _RICH_OPTION},
        ("options",),
        (_distinct_values, _initial_is_a_choice),
    ),
    "checkboxes": Shape(
        {**_CHOICE, "initial_options": items(_RICH_OPTION, 1, 10)},
        ("options",),
        (_distinct_values, _initial_is_a_choice),
    ),
}
_BUTTONS: dict[str, Shape] = {
    "button": Shape(
        {
            **_COMMON,
            "text": plain(75),
            "value": string(2000),
            "url": string(3000, 1, r"https?://\S+"),
            "style": _STYLE,
            "accessibility_label": string(75),
        },
        ("text",),
    ),
    "overflow": Shape(
        {**_COMMON, "options": items(_option("plain_text", with_url=True), 1, 5)},
        ("options",),
        (_distinct_values,),
    ),
}
_TEXT_INPUTS: dict[str, Shape] = {
    "plain_text_input": Shape(
        {
            **_TYPED,
            "multiline": boolean,
            "min_length": integer(0, 3000),
            "max_length": integer(1, 3000),
        },
        more=(_input_bounds,),
    ),
    "email_text_input": Shape(_TYPED),
    "url_text_input": Shape(_TYPED),
    "number_input": Shape(
        {
            **_TYPED,
            "is_decimal_allowed": boolean,
            "min_value": string(50),
            "max_value": string(50),
        },
        ("is_decimal_allowed",),
    ),
}
_IMAGE = Shape(
    {"image_url": string(3000, 1, r"https?://\S+"), "alt_text": string(2000, 1)},
    ("image_url", "alt_text"),
)
_ELEMENTS = {**_SELECTS, **_PICKERS, **_BUTTONS, **_TEXT_INPUTS, "image": _IMAGE}
_PRESSABLE = frozenset(_SELECTS) | frozenset(_PICKERS) | frozenset(_BUTTONS)
ACCESSORIES = (_PRESSABLE | {"image"}) - {"datetimepicker"}
ACTIONS = _PRESSABLE
INPUTS = frozenset(_SELECTS) | frozenset(_PICKERS) | frozenset(_TEXT_INPUTS)


def element(places: frozenset[str]) -> Rule:
    """Any element whose type is one of ``places``, checked against its own shape."""

    def check(found: Findings, value: Any, pointer: str) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in _ELEMENTS:
            found.add(pointer, f"unsupported type: {kind}")
        elif kind not in places:
            found.add(pointer, f"{kind} is not allowed here")
        else:
            _ELEMENTS[kind](found, value, pointer)

    return check


def context_item(found: Findings, value: Any, pointer: str) -> None:
    """An image or a text of a context block."""
    if isinstance(value, dict) and value.get("type") == "image":
        _IMAGE(found, value, pointer)
    else:
        text(3000)(found, value, pointer)

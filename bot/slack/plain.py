"""Blocks and views as the plain JSON that Slack takes.

The SDK's ``to_dict`` runs every check of every block each time, which takes longer than the rest of
a call. What may be shown is checked once, by the tests that know every face (tests/surfaces).
"""

from typing import Any

from slack_sdk.models.basic_objects import JsonObject

_NAMES: dict[type[JsonObject], tuple[str, ...]] = {}  # the SDK gathers them anew each time


def plain(value: Any) -> Any:
    """The same as ``to_dict`` gives, without its checks."""
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if not isinstance(value, JsonObject):
        return value
    if type(value).to_dict is not JsonObject.to_dict:
        return value.to_dict()
    found = ((name, getattr(value, name, None)) for name in _names(value))
    return {name: plain(each) for name, each in found if not _is_empty(each)}


def _names(value: JsonObject) -> tuple[str, ...]:
    """What an object of its kind may hold."""
    kind = type(value)
    if kind not in _NAMES:
        _NAMES[kind] = tuple(sorted(value.attributes))
    return _NAMES[kind]


def _is_empty(value: Any) -> bool:
    return value is None or (hasattr(value, "__len__") and len(value) == 0)

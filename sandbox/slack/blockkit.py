"""What Slack refuses in a message or view (slack.md §5), with the place of each problem."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from sandbox.slack.elements import ACCESSORIES, ACTIONS, INPUTS, context_item, element
from sandbox.slack.markup import problems_of_mrkdwn
from sandbox.slack.shapes import (
    Findings,
    Rule,
    Shape,
    anything,
    boolean,
    check_length,
    items,
    one_of,
    plain,
    string,
    text,
)

Surface = Literal["message", "modal", "home"]

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
VIEW_BYTES = 250_000
MARKDOWN_LENGTH = 12_000
TEXT_LENGTH = 40_000


def _text_or_fields(found: Findings, block: dict[str, Any], pointer: str) -> None:
    if "text" not in block and "fields" not in block:
        found.add(pointer, "must define text or fields")


def _distinct_action_ids(found: Findings, block: dict[str, Any], pointer: str) -> None:
    names = Counter(part.get("action_id") for part in elements_of(block) if "action_id" in part)
    for name, times in names.items():
        if times > 1:
            found.add(pointer, f"action_id {name} already exists in this block")


def _block(rules: dict[str, Rule], required: tuple[str, ...] = (), *more: Rule) -> Shape:
    return Shape({"block_id": string(255, 1), **rules}, required, more)


_BLOCKS: dict[str, Shape] = {
    "section": _block(
        {
            "text": text(3000),
            "fields": items(text(2000), 1, 10),
            "accessory": element(ACCESSORIES),
            "expand": boolean,
        },
        (),
        _text_or_fields,
    ),
    "header": _block({"text": plain(150)}, ("text",)),
    "context": _block({"elements": items(context_item, 1, 10)}, ("elements",)),
    "actions": _block(
        {"elements": items(element(ACTIONS), 1, 25)}, ("elements",), _distinct_action_ids
    ),
    "divider": _block({}),
    "image": _block(
        {"image_url": string(3000, 1), "alt_text": string(2000, 1), "title": plain(2000)},
        ("image_url", "alt_text"),
    ),
    "input": _block(
        {
            "label": plain(2000),
            "hint": plain(2000),
            "element": element(INPUTS),
            "optional": boolean,
            "dispatch_action": boolean,
        },
        ("label", "element"),
    ),
    "rich_text": _block({"elements": items(anything, 1, 1000)}, ("elements",)),
    "markdown": _block({"text": string(MARKDOWN_LENGTH, 1)}, ("text",)),
    "alert": _block(
        {
            "text": text(3000),
            "level": one_of("default", "info", "warning", "error", "success"),
        },
        ("text",),
    ),
}
_NOT_ON: dict[Surface, frozenset[str]] = {
    "message": frozenset({"alert"}),
    "modal": frozenset({"markdown"}),
    "home": frozenset({"markdown", "alert"}),
}
_VIEW_COMMON: dict[str, Rule] = {
    "blocks": anything,
    "private_metadata": string(3000),
    "callback_id": string(255),
    "external_id": string(255),
}
_MODAL = Shape(
    {
        **_VIEW_COMMON,
        "title": plain(24),
        "submit": plain(24),
        "close": plain(24),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
    ("title", "blocks"),
)
_HOME = Shape(_VIEW_COMMON, ("blocks",))


def elements_of(block: Any) -> list[dict[str, Any]]:
    """The elements of one block: accessory, input element, or the items of an actions block."""
    if not isinstance(block, dict):
        return []
    kind = block.get("type")
    parts = {"section": [block.get("accessory")], "input": [block.get("element")]}
    if kind == "actions" and isinstance(block.get("elements"), list):
        parts["actions"] = block["elements"]
    return [part for part in parts.get(str(kind), []) if isinstance(part, dict)]


def problems_of_message(blocks: Sequence[Any] | None, text: str | None) -> list[str]:
    """Everything Slack, or a screen reader's user, would object to; empty when there is nothing."""
    found = Findings()
    if not text:
        found.add("/text", "no_text: text beside blocks is what notifications and readers use")
    else:
        check_length(found, text, "/text", TEXT_LENGTH)
        for problem in problems_of_mrkdwn(text):
            found.add("/text", problem)
    found.problems += problems_of_blocks(blocks)
    return found.problems


def problems_of_blocks(blocks: Sequence[Any] | None) -> list[str]:
    """The problems of a message's blocks alone."""
    found = Findings()
    if blocks is not None:
        _check_blocks(found, blocks, "/blocks", "message", MESSAGE_BLOCKS)
    return found.problems


def problems_of_view(view: Any) -> list[str]:
    """The problems of a modal or home view, with pointers that start at ``/view``."""
    found = Findings()
    kind = view.get("type") if isinstance(view, dict) else None
    if kind == "modal":
        _MODAL(found, view, "/view")
        _check_submit(found, view)
    elif kind == "home":
        _HOME(found, view, "/view")
    else:
        found.add("/view/type", "must be one of: modal, home")
        return found.problems
    surface: Surface = "modal" if kind == "modal" else "home"
    _check_blocks(found, view.get("blocks", []), "/view/blocks", surface, VIEW_BLOCKS)
    _check_focus(found, view)
    if is_too_large(view):
        found.add("/view", f"must be less than {VIEW_BYTES} bytes")
    return found.problems


def is_too_large(view: Any) -> bool:
    """Whether the view's JSON is beyond 250 kB, which Slack calls ``view_too_large``."""
    return len(json.dumps(view).encode()) > VIEW_BYTES


def _blocks_of(view: dict[str, Any]) -> Iterator[dict[str, Any]]:
    blocks = view.get("blocks")
    for block in blocks if isinstance(blocks, list) else []:
        if isinstance(block, dict):
            yield block


def _check_submit(found: Findings, view: dict[str, Any]) -> None:
    if "submit" not in view and any(b.get("type") == "input" for b in _blocks_of(view)):
        found.add("/view", "must define `submit` to use an `input` block in modals")


def _check_focus(found: Findings, view: dict[str, Any]) -> None:
    focused = [
        part
        for block in _blocks_of(view)
        for part in elements_of(block)
        if part.get("focus_on_load")
    ]
    if len(focused) > 1:
        found.add("/view/blocks", "focus_on_load is allowed on one element only")


def _check_blocks(found: Findings, blocks: Any, pointer: str, surface: Surface, limit: int) -> None:
    def check_block(inner: Findings, block: Any, place: str) -> None:
        _check_block(inner, block, place, surface)

    items(check_block, 0 if surface == "message" else 1, limit)(found, blocks, pointer)
    if isinstance(blocks, list):
        _check_block_ids(found, blocks, pointer)
        _check_markdown(found, blocks, pointer)


def _check_block(found: Findings, block: Any, pointer: str, surface: Surface) -> None:
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(kind, str) or kind not in _BLOCKS:
        found.add(pointer, f"unsupported type: {kind}")
        return
    if kind in _NOT_ON[surface]:
        found.add(pointer, f"{kind} is not allowed in a {surface}")
    _BLOCKS[kind](found, block, pointer)
    if surface == "home" and any(p.get("type") == "datetimepicker" for p in elements_of(block)):
        found.add(pointer, "datetimepicker is not allowed in a home")


def _check_block_ids(found: Findings, blocks: list[Any], pointer: str) -> None:
    names = [b["block_id"] for b in blocks if isinstance(b, dict) and "block_id" in b]
    for name, times in Counter(str(name) for name in names).items():
        if times > 1:
            found.add(pointer, f"block_id {name} already exists")


def _check_markdown(found: Findings, blocks: list[Any], pointer: str) -> None:
    texts = [b.get("text") for b in blocks if isinstance(b, dict) and b.get("type") == "markdown"]
    if sum(len(text) for text in texts if isinstance(text, str)) > MARKDOWN_LENGTH:
        found.add(pointer, f"markdown must be less than {MARKDOWN_LENGTH + 1} characters in all")

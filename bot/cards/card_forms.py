"""The small forms that open from a card: another time, a reason, an extension, always approve."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    DatePickerElement,
    InputBlock,
    PlainTextInputElement,
    PlainTextObject,
)
from slack_sdk.models.views import View

from bot.cards import words
from bot.cards.faces import account
from bot.cards.hints import time_hint
from bot.cards.markup import mention
from bot.cards.parts import section
from bot.times.saying import write_length
from models.delegation import Delegation
from models.mark import marked
from models.policy import REASON_LIMIT, Policy

APPROVE_FOR, DENY_WITH_NOTE = "approve_for", "deny_with_note"
ALWAYS_APPROVE, EXTEND_FORM = "always_approve", "extend_form"
DURATION, NOTE, UNTIL = "duration", "note", "until"


def approve_for(d: Delegation, policy: Policy) -> View:
    """Yes, but for a shorter or longer time."""
    about = f"{mention(d.grantee_id)} asked to send email as you {words.terms(d)}."
    if d.starts_at is not None:
        about += " That start stays, unless you write another one."
    blocks = [*_about(d, about), _duration(d, policy)]
    return _form(APPROVE_FOR, d, "Another time", "Approve", blocks)


def deny_with_note(d: Delegation) -> View:
    """No, and why."""
    note = InputBlock(
        block_id=NOTE,
        optional=True,
        label=PlainTextObject(text="Why not?"),
        hint=PlainTextObject(text="The person who asked reads this."),
        element=PlainTextInputElement(action_id=NOTE, multiline=True, max_length=REASON_LIMIT),
    )
    about = f"{mention(d.grantee_id)} asked to send email as you {words.terms(d)}."
    return _form(DENY_WITH_NOTE, d, "Deny", "Deny", [*_about(d, about), note])


def extend(d: Delegation, policy: Policy) -> View:
    """More time."""
    about = f"Now it lasts {words.end(d)}. A length is added to that; nothing is interrupted."
    blocks: list[Block] = [section(about)]
    if d.extension is not None:
        asked = f"{mention(d.grantee_id)} has asked for {words.more(d.extension)}"
        until = words.new_end(d, d.extension)
        blocks.append(section(f"{asked}: {until}. This takes the place of that."))
    return _form(EXTEND_FORM, d, "Extend", "Extend", [*blocks, _duration(d, policy)])


def always_approve(d: Delegation, policy: Policy, *, until: date) -> View:
    """The grantor's word for the future."""
    about = (
        f"Requests of {mention(d.grantee_id)} are then approved without a click. "
        "You are told of each one, and you can end this at any time in App Home. The one at hand, "
        f"{words.terms(d)}, is approved with it if it fits."
    )
    longest = _duration(d, policy, label="At most how long at a time?", hint="For example 4h")
    picker = InputBlock(
        block_id=UNTIL,
        label=PlainTextObject(text="Until which day?"),
        hint=PlainTextObject(text="Only what ends by then is approved without a click."),
        element=DatePickerElement(action_id=UNTIL, initial_date=until.isoformat()),
    )
    blocks = [*_about(d, about), longest, picker]
    return _form(ALWAYS_APPROVE, d, "Always approve", "Save", blocks)


def value(view: dict[str, Any], name: str) -> str:
    """What was typed or picked in one field; empty when nothing was."""
    field = view["state"]["values"].get(name, {}).get(name, {})
    return str(field.get("value") or field.get("selected_date") or "").strip()


def _duration(
    d: Delegation, policy: Policy, *, label: str = "For how long?", hint: str = ""
) -> InputBlock:
    return InputBlock(
        block_id=DURATION,
        label=PlainTextObject(text=label),
        hint=PlainTextObject(text=hint or time_hint(policy)),
        element=PlainTextInputElement(
            action_id=DURATION,
            initial_value=write_length(d.length or policy.default_duration),
            max_length=100,
        ),
    )


def _about(d: Delegation, text: str) -> list[Block]:
    """What is decided, with the account: the mark in the form is of all that stands here."""
    return [section(text), *(section(line) for line in account(d))]


def _form(
    callback_id: str, d: Delegation, title: str, submit: str, blocks: Sequence[Block]
) -> View:
    return View(
        type="modal",
        callback_id=callback_id,
        private_metadata=marked(d),
        title=PlainTextObject(text=title),
        submit=PlainTextObject(text=submit),
        close=PlainTextObject(text="Never mind"),
        blocks=list(blocks),
    )

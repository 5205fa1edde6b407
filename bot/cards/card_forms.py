"""The small forms that open from a card: another length, a reason, more time, other terms."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
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
from bot.cards.markup import mention, moment
from bot.cards.parts import section
from bot.cards.request_form import Known, reason_field, request_form
from bot.cards.time_fields import DURATION, Reader, time_fields
from bot.times.saying import write_length
from bot.times.span import Span
from models.delegation import Delegation
from models.deputy import Deputy
from models.mark import marked
from models.policy import REASON_LIMIT, Policy

APPROVE_FOR, DENY_WITH_NOTE = "approve_for", "deny_with_note"
ALWAYS_APPROVE, EXTEND_FORM, CHANGE_FORM = "always_approve", "extend_form", "change_form"
NOTE, UNTIL = "note", "until"


def approve_for(
    d: Delegation, policy: Policy, reader: Reader, deputy: Deputy | None = None
) -> View:
    """Yes, but for a shorter or longer time; of a deputy, who can only answer for theirs."""
    about = f"{mention(d.grantee_id)} asked to send email as {_whom(d, deputy)} {words.terms(d)}."
    if d.starts_at is not None:
        about += " That start stays, unless you write another one."
    filled = replace(asked_for(d), starts=None)
    if deputy is not None:
        about += f" What you approve ends {moment(deputy.until)} at the latest."
        if not deputy.covers(length=d.length, starts_at=d.starts_at, until=d.until, now=reader.now):
            filled = Span(until=deputy.until)
    fields = time_fields(policy, reader, filled)
    blocks = [*_about(d, about), *fields, _note("Anything to add?", "Whoever asked reads this.")]
    return _form(APPROVE_FOR, d, "Different length", "Approve", blocks, deputy)


def deny_with_note(d: Delegation, deputy: Deputy | None = None) -> View:
    """No, and why."""
    note = _note("Why not?", "The person who asked reads this.")
    about = f"{mention(d.grantee_id)} asked to send email as {_whom(d, deputy)} {words.terms(d)}."
    return _form(DENY_WITH_NOTE, d, "Deny", "Deny", [*_about(d, about), note], deputy)


def _whom(d: Delegation, deputy: Deputy | None) -> str:
    return "you" if deputy is None else mention(d.grantor_id)


def extend(d: Delegation, policy: Policy, reader: Reader) -> View:
    """More time."""
    about = f"Now it lasts {words.end(d)}. A length is added to that; nothing is interrupted."
    blocks: list[Block] = [section(about)]
    if d.extension is not None:
        asked = f"{mention(d.grantee_id)} has asked for {words.more(d.extension)}"
        until = words.new_end(d, d.extension)
        blocks.append(section(f"{asked}: {until}. This takes the place of that."))
    note = _note("What for?", "Your colleague reads this.")
    usual = Span(length=d.length or policy.default_duration)
    fields = time_fields(policy, reader, usual, label="For how much longer?", after=d.ends_at)
    return _form(EXTEND_FORM, d, "Extend", "Extend", [*blocks, *fields, note])


def change(d: Delegation, policy: Policy, reader: Reader) -> View:
    """Other terms for a request that waits."""
    whom = "" if d.grantee_id == d.requester_id else f" for {mention(d.grantee_id)}"
    about = (
        f"You asked {mention(d.grantor_id)}{whom} {words.terms(d)}. They read the new terms in the "
        "place of these."
    )
    blocks = [
        section(about),
        *time_fields(policy, reader, asked_for(d)),
        reason_field(policy, d.reason),
    ]
    return _form(CHANGE_FORM, d, "Change your request", "Change", blocks)


def again(d: Delegation, policy: Policy, reader: Reader) -> View:
    """The request form, filled in like this request; a time that has passed is left out."""
    known = Known(
        grantor_ids=[d.grantor_id],
        span=_still_to_come(d, reader.now),
        reason=d.reason,
        grantee_id=None if d.grantee_id == d.requester_id else d.grantee_id,
    )
    return request_form(policy, reader, known)


def _still_to_come(d: Delegation, now: datetime) -> Span | None:
    """What was asked for, whatever was agreed to; without what has passed."""
    length, until = (d.asked.length, d.asked.until) if d.asked else (d.length, d.until)
    if until is not None and until <= now:
        return None
    starts = d.starts_at if d.starts_at is not None and d.starts_at > now else None
    is_forever = length is None and until is None
    return Span(length=length, until=until, forever=is_forever, starts=starts)


def asked_for(d: Delegation) -> Span:
    """The time of a request."""
    is_forever = d.length is None and d.until is None
    return Span(length=d.length, until=d.until, forever=is_forever, starts=d.starts_at)


def always_approve(d: Delegation, policy: Policy, *, until: date) -> View:
    """The grantor's word for the future."""
    about = (
        f"Requests of {mention(d.grantee_id)} are then approved automatically. "
        "You are told of each one, and you can end this at any time in App Home. The one at hand, "
        f"{words.terms(d)}, is approved with it if it fits."
    )
    longest = InputBlock(
        block_id=DURATION,
        label=PlainTextObject(text="At most how long at a time?"),
        hint=PlainTextObject(text="For example 4h"),
        element=PlainTextInputElement(
            action_id=DURATION,
            initial_value=write_length(d.length or policy.default_duration),
            max_length=100,
        ),
    )
    picker = InputBlock(
        block_id=UNTIL,
        label=PlainTextObject(text="Until which day?"),
        hint=PlainTextObject(text="Only what ends by then is approved automatically."),
        element=DatePickerElement(action_id=UNTIL, initial_date=until.isoformat()),
    )
    blocks = [*_about(d, about), longest, picker]
    return _form(ALWAYS_APPROVE, d, "Always approve", "Save", blocks)


def value(view: dict[str, Any], name: str) -> str:
    """What was typed or picked in one field; empty when nothing was."""
    field = view["state"]["values"].get(name, {}).get(name, {})
    return str(field.get("value") or field.get("selected_date") or "").strip()


def _note(label: str, hint: str) -> InputBlock:
    return InputBlock(
        block_id=NOTE,
        optional=True,
        label=PlainTextObject(text=label),
        hint=PlainTextObject(text=hint),
        element=PlainTextInputElement(action_id=NOTE, multiline=True, max_length=REASON_LIMIT),
    )


def _about(d: Delegation, text: str) -> list[Block]:
    """What is decided, with the account: the mark in the form is of all that stands here."""
    return [section(text), *(section(line) for line in account(d))]


def _form(
    callback_id: str,
    d: Delegation,
    title: str,
    submit: str,
    blocks: Sequence[Block],
    deputy: Deputy | None = None,
) -> View:
    return View(
        type="modal",
        callback_id=callback_id,
        private_metadata=marked(d, deputy),
        title=PlainTextObject(text=title),
        submit=PlainTextObject(text=submit),
        close=PlainTextObject(text="Never mind"),
        blocks=list(blocks),
    )

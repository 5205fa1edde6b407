"""The request form: the same questions as the slash command."""

from dataclasses import dataclass
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    PlainTextInputElement,
    PlainTextObject,
    UserMultiSelectElement,
    UserSelectElement,
)
from slack_sdk.models.views import View

from bot.cards.hints import time_hint
from bot.cards.parts import context
from bot.times.saying import write_length
from models.policy import REASON_LIMIT, Policy

REQUEST_FORM = "request_form"
PERSON, DURATION, REASON, GRANTEE = "person", "duration", "reason", "grantee"
MOST_PEOPLE = 20


@dataclass(frozen=True, slots=True)
class Answers:
    """The form as it was filled in; ``grantee_id`` is None when it is for the asker."""

    grantor_ids: list[str]
    duration: str
    reason: str
    grantee_id: str | None


def request_form(policy: Policy, *, person_id: str | None = None) -> View:
    """Whom, how long, why, for whom; ``person_id`` is filled in where it is known."""
    return View(
        type="modal",
        callback_id=REQUEST_FORM,
        title=PlainTextObject(text="Send as a colleague"),
        submit=PlainTextObject(text="Ask"),
        close=PlainTextObject(text="Never mind"),
        blocks=[_people(person_id), _duration(policy), _reason(policy), _grantee(), _meaning()],
    )


def form_values(view: dict[str, Any]) -> Answers:
    """What was picked and typed; missing texts are empty."""
    values = view["state"]["values"]
    return Answers(
        grantor_ids=[str(each) for each in values[PERSON][PERSON].get("selected_users") or []],
        duration=str(values[DURATION][DURATION].get("value") or "").strip(),
        reason=str(values[REASON][REASON].get("value") or "").strip(),
        grantee_id=values[GRANTEE][GRANTEE].get("selected_user") or None,
    )


def _people(person_id: str | None) -> InputBlock:
    return InputBlock(
        block_id=PERSON,
        label=PlainTextObject(text="Whose name do you need?"),
        hint=PlainTextObject(text="Each of them answers for themselves."),
        element=UserMultiSelectElement(
            action_id=PERSON,
            initial_users=[person_id] if person_id else None,
            max_selected_items=MOST_PEOPLE,
            focus_on_load=True,
        ),
    )


def _duration(policy: Policy) -> InputBlock:
    return InputBlock(
        block_id=DURATION,
        label=PlainTextObject(text="For how long?"),
        hint=PlainTextObject(text=time_hint(policy)),
        element=PlainTextInputElement(
            action_id=DURATION,
            initial_value=write_length(policy.default_duration),
            max_length=100,
        ),
    )


def _reason(policy: Policy) -> InputBlock:
    return InputBlock(
        block_id=REASON,
        optional=not policy.require_reason,
        label=PlainTextObject(text="What for?"),
        hint=PlainTextObject(text="Your colleague reads this before they decide."),
        element=PlainTextInputElement(action_id=REASON, multiline=True, max_length=REASON_LIMIT),
    )


def _grantee() -> InputBlock:
    return InputBlock(
        block_id=GRANTEE,
        optional=True,
        label=PlainTextObject(text="Who will send, if not you?"),
        hint=PlainTextObject(text="Both of them see that you asked."),
        element=UserSelectElement(action_id=GRANTEE),
    )


def _meaning() -> Block:
    text = (
        "Once a colleague approves, single, bulk and sequence email can be sent from Close in "
        "their name, until the time is up."
    )
    return context(text)

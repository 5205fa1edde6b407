"""The request form: the same questions as the slash command."""

from collections.abc import Sequence
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

from bot.cards import foreign
from bot.cards.parts import context
from bot.cards.time_fields import Reader, picked, time_fields
from bot.times.choices import Picked
from bot.times.span import Span
from models.policy import REASON_LIMIT, Policy

REQUEST_FORM = "request_form"
PERSON, REASON, GRANTEE = "person", "reason", "grantee"
MOST_PEOPLE = 20


@dataclass(frozen=True, slots=True)
class Answers:
    """The form as it was filled in; ``grantee_id`` is None when it is for the asker."""

    grantor_ids: list[str]
    picked: Picked
    reason: str
    grantee_id: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """What the form opens with; ``span`` is None for the policy's default."""

    grantor_ids: Sequence[str] = ()
    span: Span | None = None
    reason: str = ""
    grantee_id: str | None = None


NOTHING_KNOWN = Known()


def request_form(policy: Policy, reader: Reader, known: Known = NOTHING_KNOWN) -> View:
    """Whom, how long, why, for whom; what is ``known`` is filled in."""
    span = known.span or Span(length=policy.default_duration)
    return View(
        type="modal",
        callback_id=REQUEST_FORM,
        title=PlainTextObject(text="Send as a colleague"),
        submit=PlainTextObject(text="Ask"),
        close=PlainTextObject(text="Never mind"),
        blocks=[
            _people(known.grantor_ids),
            *time_fields(policy, reader, span),
            reason_field(policy, known.reason),
            _grantee(known.grantee_id),
            _meaning(),
        ],
    )


def form_values(view: dict[str, Any]) -> Answers:
    """What was picked and typed; missing texts are empty."""
    values = view["state"]["values"]
    return Answers(
        grantor_ids=[str(each) for each in values[PERSON][PERSON].get("selected_users") or []],
        picked=picked(view),
        reason=str(values[REASON][REASON].get("value") or "").strip(),
        grantee_id=values[GRANTEE][GRANTEE].get("selected_user") or None,
    )


def reason_field(policy: Policy, reason: str = "") -> InputBlock:
    """What it is for."""
    return InputBlock(
        block_id=REASON,
        optional=not policy.require_reason,
        label=PlainTextObject(text="What for?"),
        hint=PlainTextObject(text="Your colleague reads this before they decide."),
        element=PlainTextInputElement(
            action_id=REASON,
            initial_value=foreign.plain(reason) or None,
            multiline=True,
            max_length=REASON_LIMIT,
        ),
    )


def _people(grantor_ids: Sequence[str]) -> InputBlock:
    return InputBlock(
        block_id=PERSON,
        label=PlainTextObject(text="Whose name do you need?"),
        hint=PlainTextObject(text="Each of them answers for themselves."),
        element=UserMultiSelectElement(
            action_id=PERSON,
            initial_users=list(grantor_ids) or None,
            max_selected_items=MOST_PEOPLE,
            focus_on_load=True,
        ),
    )


def _grantee(grantee_id: str | None) -> InputBlock:
    return InputBlock(
        block_id=GRANTEE,
        optional=True,
        label=PlainTextObject(text="Who will send, if not you?"),
        hint=PlainTextObject(text="Both of them see that you asked."),
        element=UserSelectElement(action_id=GRANTEE, initial_user=grantee_id),
    )


def _meaning() -> Block:
    text = (
        "Once a colleague approves, single, bulk and sequence email can be sent from Close in "
        "their name, until the time is up."
    )
    return context(text)

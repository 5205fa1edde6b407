"""The request form: the same questions as the slash command."""

from typing import Any

from slack_sdk.models.blocks import (
    ContextBlock,
    InputBlock,
    MarkdownTextObject,
    PlainTextInputElement,
    PlainTextObject,
    UserSelectElement,
)
from slack_sdk.models.views import View

from bot.spans import write_length
from models.policy import REASON_LIMIT, Policy

REQUEST_FORM = "request_form"
PERSON, DURATION, REASON = "person", "duration", "reason"


def request_form(policy: Policy) -> View:
    """Whom, how long, why."""
    return View(
        type="modal",
        callback_id=REQUEST_FORM,
        title=PlainTextObject(text="Send as a colleague"),
        submit=PlainTextObject(text="Ask"),
        close=PlainTextObject(text="Never mind"),
        blocks=[
            InputBlock(
                block_id=PERSON,
                label=PlainTextObject(text="Whose name do you need?"),
                element=UserSelectElement(action_id=PERSON, focus_on_load=True),
            ),
            InputBlock(
                block_id=DURATION,
                label=PlainTextObject(text="For how long?"),
                hint=PlainTextObject(
                    text="For example 45m, 2h30m, 3 days, until friday 17:00, forever"
                ),
                element=PlainTextInputElement(
                    action_id=DURATION,
                    initial_value=write_length(policy.default_duration),
                    max_length=100,
                ),
            ),
            InputBlock(
                block_id=REASON,
                optional=not policy.require_reason,
                label=PlainTextObject(text="What for?"),
                hint=PlainTextObject(text="Your colleague reads this before they decide."),
                element=PlainTextInputElement(
                    action_id=REASON, multiline=True, max_length=REASON_LIMIT
                ),
            ),
            ContextBlock(
                elements=[
                    MarkdownTextObject(
                        text="Once they approve, you can send single, bulk and sequence email "
                        "from Close in their name, until the time is up."
                    )
                ]
            ),
        ],
    )


def form_values(view: dict[str, Any]) -> tuple[str, str, str]:
    """Person id, duration and reason as they were typed; missing ones are empty."""
    values = view["state"]["values"]
    person = values[PERSON][PERSON].get("selected_user") or ""
    duration = values[DURATION][DURATION].get("value") or ""
    reason = values[REASON][REASON].get("value") or ""
    return str(person), str(duration).strip(), str(reason).strip()

"""Submitted forms."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards import answers
from bot.cards.modals import DURATION, PERSON, REASON, REQUEST_FORM, form_values
from bot.listeners.actions import actor_of
from bot.listeners.asking import Asking
from bot.refusals import AlreadyOpen, NotDone, Refused
from bot.slack.errors import SlackError
from bot.spans import DurationError
from models.policy import Policy, Refusal

ABOUT_TIME = {Refusal.TOO_SHORT, Refusal.TOO_LONG, Refusal.PERMANENT}
ABOUT_REASON = {Refusal.REASON_MISSING, Refusal.REASON_TOO_LONG}


class RequestForm:
    """Stores the request, or shows what is wrong beside the field, keeping what was typed."""

    def __init__(self, asking: Asking, policy: Policy) -> None:
        self._asking = asking
        self._policy = policy

    async def submitted(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """An empty acknowledgement closes the form (slack.md §4)."""
        person_id, duration, reason = form_values(view)
        try:
            await self._asking.from_form(actor_of(body), person_id, duration, reason)
        except (NotDone, DurationError, SlackError) as error:
            text = answers.explain(error, self._policy, plain=True)
            await ack(response_action="errors", errors={_field(error): text})
        else:
            await ack()


def register(app: AsyncApp, form: RequestForm) -> None:
    """Listen to the request form."""
    app.view(REQUEST_FORM)(form.submitted)


def _field(error: Exception) -> str:
    if isinstance(error, DurationError):
        return DURATION
    if isinstance(error, AlreadyOpen):
        return PERSON
    if isinstance(error, Refused) and error.refusal in ABOUT_TIME:
        return DURATION
    if isinstance(error, Refused) and error.refusal in ABOUT_REASON:
        return REASON
    return PERSON

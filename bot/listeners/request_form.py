"""The submitted request form."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards import answers
from bot.cards.markup import unmarked
from bot.cards.request_form import (
    DURATION,
    GRANTEE,
    PERSON,
    REASON,
    REQUEST_FORM,
    Answers,
    form_values,
)
from bot.delegations.wishes import Asking
from bot.listeners.delegations import actor_of
from bot.listeners.questions import said
from bot.refusals import NotDone, Refused
from bot.slack.errors import SlackError
from bot.slack.responses import Responses
from bot.times.span import DurationError
from models.policy import Policy, Refusal

ABOUT_TIME = {Refusal.TOO_SHORT, Refusal.TOO_LONG, Refusal.PERMANENT}
ABOUT_REASON = {Refusal.REASON_MISSING, Refusal.REASON_TOO_LONG}


class RequestForm:
    """Stores the requests, or shows what is wrong beside the field, keeping what was typed."""

    def __init__(self, asking: Asking, responses: Responses, policy: Policy) -> None:
        self._asking = asking
        self._responses = responses
        self._policy = policy

    async def submitted(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """An empty acknowledgement closes the form (slack.md §4)."""
        form = form_values(view)
        try:
            done = await self._asking.from_form(
                actor_of(body),
                form.grantor_ids,
                form.duration,
                form.reason,
                grantee_id=form.grantee_id,
            )
        except (NotDone, DurationError, SlackError) as error:
            text = answers.explain(error, self._policy, plain=True)
            await ack(response_action="errors", errors={_field(error, form): text})
            return
        refused = [each for each in done.outcomes if each.problem is not None]
        if len(refused) == len(done.outcomes):
            text = unmarked(said(done, self._policy))
            await ack(response_action="errors", errors={PERSON: text})
            return
        await ack()
        if refused:
            await self._responses.tell(body, said(done, self._policy))


def register(app: AsyncApp, form: RequestForm) -> None:
    """Listen to the request form."""
    app.view(REQUEST_FORM)(form.submitted)


def _field(error: Exception, form: Answers) -> str:
    if isinstance(error, DurationError):
        return DURATION
    if not isinstance(error, Refused):
        return PERSON
    if error.refusal in ABOUT_TIME:
        return DURATION
    if error.refusal in ABOUT_REASON:
        return REASON
    return GRANTEE if error.about == form.grantee_id else PERSON

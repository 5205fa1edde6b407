"""The submitted request form."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards.request_form import (
    GRANTEE,
    PERSON,
    REASON,
    REQUEST_FORM,
    Answers,
    form_values,
)
from bot.cards.time_fields import field_of
from bot.delegations import understanding
from bot.listeners.clicks import actor_of
from bot.listeners.questions import said
from bot.listeners.reception import REFUSALS, Reception
from bot.refusals import NoTime, Refused, TwoTimes
from bot.times.span import DurationError
from models.policy import Refusal

ABOUT_TIME = {Refusal.TOO_SHORT, Refusal.TOO_LONG, Refusal.PERMANENT, Refusal.DATE_PASSED}
ABOUT_REASON = {Refusal.REASON_MISSING, Refusal.REASON_TOO_LONG}


def register(app: AsyncApp, reception: Reception) -> None:
    """Listen to the request form: the requests are stored, or what is wrong stands beside the
    field, and what was typed stays."""
    desk = reception.desk

    async def on_submit(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        form = form_values(view)
        try:
            done = await understanding.from_form(
                desk,
                await actor_of(desk, body),
                form.grantor_ids,
                form.picked,
                form.reason,
                grantee_id=form.grantee_id,
            )
        except REFUSALS as error:
            text = reception.in_form(error)
            await ack(response_action="errors", errors={_field(error, form): text})
            return
        refused = [each for each in done.outcomes if each.problem is not None]
        if len(refused) == len(done.outcomes):
            text = reception.unmarked(said(done, desk.policy))
            await ack(response_action="errors", errors={PERSON: text})
            return
        await ack()  # an empty acknowledgement closes the form (slack.md §4)
        if refused:
            await reception.responses.tell(body, said(done, desk.policy))

    app.view(REQUEST_FORM)(on_submit)


def _field(error: Exception, form: Answers) -> str:
    if isinstance(error, DurationError | TwoTimes | NoTime):
        return field_of(form.picked)
    if not isinstance(error, Refused):
        return PERSON
    if error.refusal in ABOUT_TIME:
        return field_of(form.picked)
    if error.refusal in ABOUT_REASON:
        return REASON
    return GRANTEE if error.about == form.grantee_id else PERSON

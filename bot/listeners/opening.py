"""Opening forms: at once, or the person hears what to do instead."""

from typing import Any

import structlog
from slack_sdk.models.views import View

from bot.cards.answers import CLICK_AGAIN, FORM_NOT_OPENED
from bot.cards.request_form import Known, request_form
from bot.cards.time_fields import Reader
from bot.desk import Actor, Desk, zone_of
from bot.listeners.reception import Reception
from bot.slack.errors import SlackError


async def show(
    reception: Reception, body: dict[str, Any], form: View, *, otherwise: str = CLICK_AGAIN
) -> None:
    """Open ``form`` for whoever has just acted; when Slack does not, say ``otherwise``.

    Nothing was stored yet, so a trigger that came too late costs the person one more try.
    """
    try:
        await reception.views.open(str(body["trigger_id"]), form)
    except SlackError as error:
        log = structlog.get_logger("bot.listeners.opening")
        log.warning("a form could not be opened", form=form.callback_id, code=error.code)
        await reception.responses.tell(body, otherwise)


async def show_request_form(
    reception: Reception, body: dict[str, Any], *, person_id: str | None = None
) -> None:
    """Every way to an empty request form ends here; ``person_id`` is filled in."""
    desk = reception.desk
    user_id = str(body["user_id"] if "user_id" in body else body["user"]["id"])
    known = Known(grantor_ids=[person_id] if person_id else [])
    form = request_form(desk.policy, await reader_of(desk, Actor("", user_id)), known)
    await show(reception, body, form, otherwise=FORM_NOT_OPENED)


async def reader_of(desk: Desk, actor: Actor) -> Reader:
    """Who fills in a form now. Where Slack does not say their zone in time, days are those of UTC:
    they are named by their date."""
    try:
        zone = await zone_of(desk, actor)
    except SlackError:
        zone = "UTC"
    return Reader(desk.now(), zone)

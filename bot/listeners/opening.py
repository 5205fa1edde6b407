"""Opening forms: at once, or the person hears what to do instead."""

from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck
from slack_sdk.models.views import View

from bot.cards.answers import CLICK_AGAIN, FORM_NOT_OPENED
from bot.cards.request_form import request_form
from bot.slack.errors import SlackError
from bot.slack.responses import Responses
from bot.slack.views import Views
from models.policy import Policy


class Forms:
    """Shows a form to whoever has just acted.

    Nothing was stored yet, so a trigger that came too late costs the person one more try.
    """

    def __init__(self, views: Views, responses: Responses) -> None:
        self._views = views
        self._responses = responses
        self._log = structlog.get_logger("bot.listeners.opening")

    async def show(self, body: dict[str, Any], form: View, *, otherwise: str = CLICK_AGAIN) -> None:
        """Open ``form``; when Slack does not, say ``otherwise``."""
        try:
            await self._views.open(str(body["trigger_id"]), form)
        except SlackError as error:
            self._log.warning("a form could not be opened", form=form.callback_id, code=error.code)
            await self._responses.tell(body, otherwise)


class FormOpener:
    """Every way to the request form ends here."""

    def __init__(self, forms: Forms, policy: Policy) -> None:
        self._forms = forms
        self._policy = policy

    async def on_click(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """A button, a command or a shortcut that asks for the empty form."""
        await ack()
        await self.open(body)

    async def open(self, body: dict[str, Any], *, person_id: str | None = None) -> None:
        """Open it, with ``person_id`` filled in."""
        form = request_form(self._policy, person_id=person_id)
        await self._forms.show(body, form, otherwise=FORM_NOT_OPENED)

"""Every way to the request form: it opens at once, or the person hears what to type instead."""

from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from bot.cards.answers import FORM_NOT_OPENED
from bot.cards.modals import request_form
from bot.slack.errors import SlackError
from bot.slack.responses import Responses
from bot.slack.views import Views
from models.policy import Policy


class FormOpener:
    """Opens the request form for whoever has just acted."""

    def __init__(self, views: Views, responses: Responses, policy: Policy) -> None:
        self._views = views
        self._responses = responses
        self._policy = policy
        self._log = structlog.get_logger("bot.listeners.opening")

    async def on_click(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """A button or a shortcut that asks for the empty form."""
        await ack()
        await self.open(body)

    async def open(self, body: dict[str, Any], *, person_id: str | None = None) -> None:
        """Open it, with ``person_id`` filled in.

        Nothing was stored yet, so a trigger that came too late costs the person one more try.
        """
        form = request_form(self._policy, person_id=person_id)
        try:
            await self._views.open(str(body["trigger_id"]), form)
        except SlackError as error:
            self._log.warning("the form could not be opened", code=error.code)
            await self._responses.tell(body, FORM_NOT_OPENED)

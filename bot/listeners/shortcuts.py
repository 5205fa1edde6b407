"""Shortcuts: "Ask to send as…" from anywhere, and on a message: as its author."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.listeners import opening
from bot.listeners.reception import Reception
from bot.refusals import Refused
from models.policy import Refusal

ANYWHERE, ON_MESSAGE = "ask_send_as", "ask_author"
SLACKBOT = "USLACKBOT"


def register(app: AsyncApp, reception: Reception) -> None:
    """Listen to both shortcuts."""

    async def on_anywhere(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await opening.show_request_form(reception, body)

    async def on_message(ack: AsyncAck, body: dict[str, Any]) -> None:
        """Who it may be is checked when the form is submitted; apps and oneself are told now."""
        await ack()
        author = _author(body["message"])
        if author is None:
            await reception.refuse(body, Refused(Refusal.BOT))
        elif author == body["user"]["id"]:
            await reception.refuse(body, Refused(Refusal.ONESELF, author))
        else:
            await opening.show_request_form(reception, body, person_id=author)

    app.global_shortcut(ANYWHERE)(on_anywhere)
    app.message_shortcut(ON_MESSAGE)(on_message)


def _author(message: dict[str, Any]) -> str | None:
    """The person who wrote the message; None when an app did."""
    user = message.get("user")
    if not user or message.get("bot_id") or user == SLACKBOT:
        return None
    return str(user)

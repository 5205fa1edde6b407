"""Shortcuts: "Ask to send as…" from anywhere, and on a message: as its author."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards import answers
from bot.listeners.opening import FormOpener
from bot.refusals import Refused
from bot.slack.responses import Responses
from models.policy import Policy, Refusal

ANYWHERE, ON_MESSAGE = "ask_send_as", "ask_author"
SLACKBOT = "USLACKBOT"


class AskAuthor:
    """Opens the form with the author of a message filled in."""

    def __init__(self, opener: FormOpener, responses: Responses, policy: Policy) -> None:
        self._opener = opener
        self._responses = responses
        self._policy = policy

    async def chosen(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Who it may be is checked when the form is submitted; apps and oneself are told now."""
        await ack()
        author = _author(body["message"])
        refusal = None
        if author is None:
            refusal = Refused(Refusal.BOT)
        elif author == body["user"]["id"]:
            refusal = Refused(Refusal.ONESELF, author)
        if refusal is not None:
            await self._responses.tell(body, answers.explain(refusal, self._policy))
            return
        await self._opener.open(body, person_id=author)


def register(app: AsyncApp, opener: FormOpener, author: AskAuthor) -> None:
    """Listen to both shortcuts."""
    app.global_shortcut(ANYWHERE)(opener.on_click)
    app.message_shortcut(ON_MESSAGE)(author.chosen)


def _author(message: dict[str, Any]) -> str | None:
    """The person who wrote the message; None when an app did."""
    user = message.get("user")
    if not user or message.get("bot_id") or user == SLACKBOT:
        return None
    return str(user)

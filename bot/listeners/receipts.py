"""The button "What was sent"."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards import answers
from bot.cards.faces import Action
from bot.cards.receipts import shown
from bot.delegations.receipts import Receipts
from bot.listeners.delegations import actor_of
from bot.refusals import NotDone
from bot.slack.responses import Responses
from models.policy import Policy


class ReceiptButton:
    """Asks Close after the click was acknowledged: nothing is changed, so nothing can be lost."""

    def __init__(self, receipts: Receipts, responses: Responses, policy: Policy) -> None:
        self._receipts = receipts
        self._responses = responses
        self._policy = policy

    async def on_click(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Answer where only the grantor sees it, also from the App Home."""
        await ack()
        try:
            answer = shown(*await self._receipts.show(actor_of(body), str(action.get("value", ""))))
        except NotDone as error:
            answer = answers.explain(error, self._policy)
        await self._responses.tell(body, answer)


def register(app: AsyncApp, button: ReceiptButton) -> None:
    """Listen to the button."""
    app.action(Action.RECEIPT.value)(button.on_click)

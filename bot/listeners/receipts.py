"""The button "What was sent"."""

import asyncio
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards.faces import Action
from bot.cards.receipts import shown
from bot.delegations.receipts import Receipts
from bot.listeners.clicks import actor_of, value_of
from bot.listeners.reception import Reception
from bot.refusals import NotDone
from bot.slack.errors import SlackError
from models.mark import read_marked


def register(app: AsyncApp, reception: Reception, receipts: Receipts) -> None:
    """Listen to the button."""

    async def on_click(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        try:
            delegation_id, _ = read_marked(value_of(action))
            actor = await actor_of(reception.desk, body)
            delegation = await receipts.find(actor, delegation_id)
        except (NotDone, SlackError) as error:
            await ack()
            await reception.refuse(body, error)
            return
        await ack()  # before Close is asked, which may take longer than Slack waits
        sent, done = await asyncio.gather(receipts.read(delegation), receipts.enrolled(delegation))
        answer = shown(delegation, sent, done)
        await reception.responses.tell(body, answer)

    app.action(Action.RECEIPT)(on_click)

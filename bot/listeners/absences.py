"""Who is away is asked who covers for them: the choice, the click, and never again."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards import absences as cards
from bot.cards import covers
from bot.delegations import absences
from bot.desk import Actor, Desk
from bot.listeners import clicks
from bot.listeners.reception import Reception
from models.mark import read_marked


def register(app: AsyncApp, reception: Reception) -> None:
    """Listen to the buttons."""

    async def on_picked(ack: AsyncAck) -> None:
        """Nothing happens before the click."""
        await ack()

    async def on_cover(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        coverer_id = _picked(body)

        async def answer(desk: Desk, actor: Actor, value: str) -> str:
            absence_id, seen = read_marked(value)
            planned = await absences.answer(desk, actor, absence_id, seen, coverer_id=coverer_id)
            return covers.overlapping(planned.overlapping)

        said = await clicks.carried_out(reception, ack, body, clicks.value_of(action), answer)
        if said:
            await reception.responses.tell(body, said)

    app.action(cards.WHO)(on_picked)
    app.action(cards.COVER)(on_cover)
    clicks.on(app, reception, cards.QUIET, absences.be_quiet)
    clicks.on(app, reception, cards.ASK_ME, absences.ask_again)


def _picked(body: dict[str, Any]) -> str:
    """Whom the select beside the button shows; nobody where nothing was picked."""
    values = (body.get("state") or {}).get("values") or {}
    return str(values.get(cards.WHO, {}).get(cards.WHO, {}).get("selected_user") or "")

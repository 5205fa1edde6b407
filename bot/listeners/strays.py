"""Buttons and the form about rights that the bot did not make."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.models.views import View

from bot.cards import strays as cards
from bot.desk import Actor, Desk, zone_of
from bot.listeners import clicks
from bot.listeners.reception import Reception
from bot.strays import deciding
from bot.times.reading import read_span
from models.mark import read_marked


def register(app: AsyncApp, reception: Reception) -> None:
    """Listen to the three buttons, the form, and the menu of the list."""
    clicks.on(app, reception, cards.SINGLE_OUT, deciding.single_out)
    clicks.decides(app, reception, cards.KEEP, deciding.keep)
    clicks.decides(app, reception, cards.REMOVE, deciding.remove)
    clicks.opens(app, reception, cards.GIVE_END, _end_form)
    clicks.submits(app, reception, cards.END_FORM, _give_end, anew=_end_form, field=cards.DURATION)


async def _end_form(desk: Desk, actor: Actor, value: str) -> View:
    stray = await deciding.adoptable(desk, actor, *read_marked(value))
    return cards.end_form(stray, desk.policy, value)


async def _give_end(desk: Desk, actor: Actor, view: dict[str, Any]) -> None:
    text = str(view["state"]["values"][cards.DURATION][cards.DURATION].get("value") or "")
    span = read_span(text, now=desk.now(), zone=await zone_of(desk, actor))
    await deciding.adopt(desk, actor, *read_marked(str(view["private_metadata"])), span)

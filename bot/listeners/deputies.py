"""Who answers for whom: ``/sendas deputy``, the form behind App Home, the button that ends it."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.models.views import View

from bot.cards import deputies as cards
from bot.cards.card_forms import NOTE, value
from bot.cards.time_fields import MOMENT, picked
from bot.delegations import deputies
from bot.delegations.understanding import read_picked
from bot.desk import Actor, Desk, zone_of
from bot.grammar import Command, as_typed, storable
from bot.listeners import clicks
from bot.listeners.reception import Reception
from bot.refusals import NoUntil
from bot.times.splitting import split_command
from models.policy import Refusal

_BESIDE = {
    Refusal.DATE_PASSED: MOMENT,
    Refusal.DEPUTY_LENGTH: MOMENT,
    Refusal.REASON_TOO_LONG: NOTE,
}


def register(app: AsyncApp, reception: Reception) -> None:
    """Listen to the button in App Home and its form, and to those that end it."""
    clicks.opens(app, reception, cards.NAME, _form)
    clicks.submits(app, reception, cards.FORM, _named, anew=_form, field=cards.WHO, fields=_BESIDE)
    clicks.on(app, reception, cards.END, deputies.end)


async def command(reception: Reception, actor: Actor, said: Command) -> str:
    """``@cleo until monday``, ``end``, or nothing."""
    desk = reception.desk
    if said.is_over:
        person_id = said.person_id or None
        return cards.ended(await deputies.end_with(desk, actor, person_id), actor.user_id)
    if not said.people:
        return cards.listed(await deputies.list_deputies(desk, actor), actor.user_id)
    span, note = split_command(
        as_typed(said.rest),
        now=desk.now(),
        zone=await zone_of(desk, actor),
        default=desk.policy.default_duration,
    )
    if span is None:
        raise NoUntil
    named = await deputies.name(desk, actor, said.person_id, span, storable(note))
    return cards.named_now(named, desk.policy)


async def _form(_desk: Desk, _actor: Actor, _value: str) -> View:
    return cards.form()


async def _named(desk: Desk, actor: Actor, view: dict[str, Any]) -> str:
    chosen = view["state"]["values"][cards.WHO][cards.WHO].get("selected_user")
    span = await read_picked(desk, actor, picked(view))
    note = storable(value(view, NOTE))
    named = await deputies.name(desk, actor, str(chosen or "")[:32], span, note)
    return cards.named_now(named, desk.policy)

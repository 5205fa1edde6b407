"""The forms that open from a card, and what happens when they are submitted."""

from datetime import datetime, timedelta
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.models.views import View

from bot.cards import answers
from bot.cards import card_forms as forms
from bot.cards.faces import Action
from bot.delegations import deciding, extending, finding, standing
from bot.delegations.understanding import read_duration
from bot.desk import Actor, Desk
from bot.grammar import storable
from bot.listeners import clicks
from bot.listeners.reception import Reception
from bot.refusals import Refused
from bot.times.saying import local_time
from bot.times.span import InThePast, NotATime
from models.delegation import State
from models.policy import Refusal

STANDING_FOR = timedelta(days=30)  # what the date of a new standing approval starts out with


def register(app: AsyncApp, reception: Reception) -> None:
    """Listen to the "more" menu, the Extend button and the submitted forms."""
    clicks.opens(app, reception, Action.MORE, _chosen_form)
    clicks.opens(app, reception, Action.EXTEND, _extend_form)
    clicks.submits(app, reception, forms.APPROVE_FOR, _approve_for, field=forms.DURATION)
    clicks.submits(app, reception, forms.DENY_WITH_NOTE, _deny, field=forms.NOTE)
    clicks.submits(app, reception, forms.EXTEND_FORM, _extend, field=forms.DURATION)
    clicks.submits(
        app,
        reception,
        forms.ALWAYS_APPROVE,
        _always,
        field=forms.DURATION,
        fields={Refusal.DATE_PASSED: forms.UNTIL},
    )


async def _chosen_form(desk: Desk, actor: Actor, chosen: str) -> View | None:
    """A choice in the "more" menu: ``choice:delegation id``; a link in it needs no form."""
    choice, _, delegation_id = chosen.partition(":")
    if choice not in (forms.APPROVE_FOR, forms.DENY_WITH_NOTE, forms.ALWAYS_APPROVE):
        return None
    delegation = await finding.get(desk, actor, delegation_id)
    match choice:
        case forms.APPROVE_FOR:
            return forms.approve_for(delegation, desk.policy)
        case forms.DENY_WITH_NOTE:
            return forms.deny_with_note(delegation)
    until = local_time(desk.now() + STANDING_FOR, delegation.grantor_zone).date()
    return forms.always_approve(delegation, desk.policy, until=until.to_stdlib())


async def _extend_form(desk: Desk, actor: Actor, delegation_id: str) -> View:
    """For somebody who wants, or gives, more time."""
    return forms.extend(await finding.get(desk, actor, delegation_id), desk.policy)


async def _approve_for(desk: Desk, actor: Actor, view: dict[str, Any]) -> None:
    span = await read_duration(desk, actor, forms.value(view, forms.DURATION))
    await deciding.approve(desk, actor, view["private_metadata"], span)


async def _deny(desk: Desk, actor: Actor, view: dict[str, Any]) -> None:
    note = storable(forms.value(view, forms.NOTE))
    await deciding.deny(desk, actor, view["private_metadata"], note)


async def _extend(desk: Desk, actor: Actor, view: dict[str, Any]) -> None:
    span = await read_duration(desk, actor, forms.value(view, forms.DURATION))
    await extending.extend(desk, actor, view["private_metadata"], span)


async def _always(desk: Desk, actor: Actor, view: dict[str, Any]) -> str | None:
    """Keep a standing approval, and let it answer this request if it covers it."""
    delegation_id, typed = view["private_metadata"], forms.value(view, forms.DURATION)
    span = await read_duration(desk, actor, typed)
    if span.length is None:
        raise NotATime(typed)
    until = await _last_moment(desk, actor, forms.value(view, forms.UNTIL))
    await standing.always_approve_like(
        desk, actor, delegation_id, max_length=span.length, until=until
    )
    request = await finding.get(desk, actor, delegation_id)
    return answers.NOT_COVERED if request.state is State.REQUESTED else None


async def _last_moment(desk: Desk, actor: Actor, day: str) -> datetime:
    """The last second of a day as the actor's own clock shows it; raises Refused."""
    try:
        span = await read_duration(desk, actor, f"until {day}")
    except InThePast:
        raise Refused(Refusal.DATE_PASSED) from None
    if span.until is None:
        raise NotATime(day)
    return span.until - timedelta(seconds=1)

"""The forms that open from a card, and what happens when they are submitted."""

from datetime import datetime, timedelta
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.models.views import View

from bot.cards import answers
from bot.cards import card_forms as forms
from bot.cards.faces import Action
from bot.cards.request_form import REASON
from bot.cards.time_fields import DURATION, MOMENT, picked
from bot.delegations import deciding, extending, finding, rewriting, standing
from bot.delegations.asking import Terms
from bot.delegations.understanding import read_duration, read_picked
from bot.desk import Actor, Desk
from bot.grammar import storable
from bot.listeners import clicks
from bot.listeners.opening import reader_of
from bot.listeners.reception import Reception
from bot.refusals import NotYours, Refused, Settled
from bot.times.saying import local_time
from bot.times.span import InThePast, NotATime
from models.delegation import State
from models.mark import read_marked
from models.policy import Refusal

_BESIDE = {
    Refusal.DATE_PASSED: MOMENT,
    Refusal.REASON_MISSING: REASON,
    Refusal.REASON_TOO_LONG: REASON,
}
_BESIDE_NOTE = {Refusal.DATE_PASSED: MOMENT, Refusal.REASON_TOO_LONG: forms.NOTE}
STANDING_FOR = timedelta(days=30)  # what the date of a new standing approval starts out with


def register(app: AsyncApp, reception: Reception) -> None:
    """Listen to the "more" menu, the buttons that open forms, and the submitted forms."""
    clicks.opens(app, reception, Action.MORE, _chosen_form)
    clicks.opens(app, reception, Action.EXTEND, _extend_form)
    clicks.opens(app, reception, Action.CHANGE, _change_form)
    clicks.opens(app, reception, Action.ASK_AGAIN, _again_form)
    clicks.submits(
        app,
        reception,
        forms.APPROVE_FOR,
        _approve_for,
        anew=_approve_for_form,
        field=DURATION,
        fields=_BESIDE_NOTE,
    )
    clicks.submits(app, reception, forms.DENY_WITH_NOTE, _deny, anew=_deny_form, field=forms.NOTE)
    clicks.submits(
        app,
        reception,
        forms.EXTEND_FORM,
        _extend,
        anew=_extend_form,
        field=DURATION,
        fields=_BESIDE_NOTE,
    )
    clicks.submits(
        app,
        reception,
        forms.CHANGE_FORM,
        _change,
        anew=_change_form,
        field=DURATION,
        fields=_BESIDE,
    )
    clicks.submits(
        app,
        reception,
        forms.ALWAYS_APPROVE,
        _always,
        anew=_always_form,
        field=DURATION,
        fields={Refusal.DATE_PASSED: forms.UNTIL},
    )


async def _chosen_form(desk: Desk, actor: Actor, chosen: str) -> View | None:
    """A choice in the "more" menu, ``choice:id:mark``; a link in it needs no form."""
    choice, _, value = chosen.partition(":")
    match choice:
        case forms.APPROVE_FOR:
            return await _approve_for_form(desk, actor, value)
        case forms.DENY_WITH_NOTE:
            return await _deny_form(desk, actor, value)
        case forms.ALWAYS_APPROVE:
            return await _always_form(desk, actor, value)
        case _:
            return None


async def _approve_for_form(desk: Desk, actor: Actor, value: str) -> View:
    request, deputy = await deciding.answerable(desk, actor, *read_marked(value))
    return forms.approve_for(request, desk.policy, await reader_of(desk, actor), deputy)


async def _deny_form(desk: Desk, actor: Actor, value: str) -> View:
    return forms.deny_with_note(*await deciding.answerable(desk, actor, *read_marked(value)))


async def _always_form(desk: Desk, actor: Actor, value: str) -> View:
    request, deputy = await deciding.answerable(desk, actor, *read_marked(value))
    if deputy is not None:
        raise NotYours
    until = local_time(desk.now() + STANDING_FOR, request.grantor_zone).date()
    return forms.always_approve(request, desk.policy, until=until.to_stdlib())


async def _extend_form(desk: Desk, actor: Actor, value: str) -> View:
    """For somebody who wants, or gives, more time. It says all that is decided, so whatever was
    read before does not matter."""
    delegation_id, _ = read_marked(value)
    delegation = await extending.extendable(desk, actor, delegation_id)
    return forms.extend(delegation, desk.policy, await reader_of(desk, actor))


async def _change_form(desk: Desk, actor: Actor, value: str) -> View:
    """It says what is changed, so whatever was read before does not matter."""
    delegation_id, _ = read_marked(value)
    request = await rewriting.own_request(desk, actor, delegation_id)
    return forms.change(request, desk.policy, await reader_of(desk, actor))


async def _again_form(desk: Desk, actor: Actor, value: str) -> View:
    """The request form, filled in like a request that came to nothing."""
    delegation_id, _ = read_marked(value)
    before = await finding.get(desk, actor, delegation_id)
    if actor.user_id != before.requester_id:
        raise NotYours
    if before.is_open:
        raise Settled(before)
    return forms.again(before, desk.policy, await reader_of(desk, actor))


async def _approve_for(desk: Desk, actor: Actor, view: dict[str, Any]) -> None:
    span = await read_picked(desk, actor, picked(view))
    note = storable(forms.value(view, forms.NOTE))
    await deciding.approve(desk, actor, *read_marked(view["private_metadata"]), span, note)


async def _deny(desk: Desk, actor: Actor, view: dict[str, Any]) -> None:
    note = storable(forms.value(view, forms.NOTE))
    await deciding.deny(desk, actor, *read_marked(view["private_metadata"]), note)


async def _extend(desk: Desk, actor: Actor, view: dict[str, Any]) -> None:
    span = await read_picked(desk, actor, picked(view))
    note = storable(forms.value(view, forms.NOTE))
    await extending.extend(desk, actor, *read_marked(view["private_metadata"]), span, note)


async def _change(desk: Desk, actor: Actor, view: dict[str, Any]) -> None:
    span = await read_picked(desk, actor, picked(view))
    terms = Terms(span, storable(forms.value(view, REASON)))
    request_id, seen = read_marked(view["private_metadata"])
    await rewriting.change_request(desk, actor, request_id, seen, terms)


async def _always(desk: Desk, actor: Actor, view: dict[str, Any]) -> str | None:
    """Keep a standing approval, and let it answer this request if it covers it."""
    request_id, seen = read_marked(view["private_metadata"])
    longest = await read_duration(desk, actor, forms.value(view, DURATION))
    until = await _last_moment(desk, actor, forms.value(view, forms.UNTIL))
    await standing.always_approve_like(desk, actor, request_id, seen, longest=longest, until=until)
    request = await finding.get(desk, actor, request_id)
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

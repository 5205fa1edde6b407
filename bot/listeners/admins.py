"""What admins see and end: ``/sendas who`` and ``end``, their App Home of everybody, its forms."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.models.views import View

from bot.cards import admin_forms as forms
from bot.cards import answers, everybody
from bot.cards.card_forms import value
from bot.cards.homes import EVERYBODYS_RIGHTS
from bot.delegations import admins
from bot.delegations.homes import MOST_PAGES
from bot.desk import Actor, Desk
from bot.grammar import Command, as_typed, storable
from bot.listeners import clicks
from bot.listeners.reception import Reception
from bot.slack.message import Message
from models.home import read_place


def register(app: AsyncApp, reception: Reception) -> None:
    """Listen to the buttons and forms that only admins have, and to the pages of ``who``."""
    clicks.on(app, reception, EVERYBODYS_RIGHTS, _everybody)
    clicks.on(app, reception, everybody.EARLIER, _everybody)
    clicks.on(app, reception, everybody.FURTHER, _everybody)
    clicks.on(app, reception, everybody.OWN_RIGHTS, _own)
    clicks.opens(app, reception, everybody.END_RIGHT, _end_form)
    clicks.opens(app, reception, everybody.END_ALL, _end_all_form)
    clicks.submits(app, reception, forms.END_ONE, _end, anew=_end_form, field=forms.WHY)
    clicks.submits(
        app, reception, forms.END_EVERYTHING, _end_all, anew=_end_all_form, field=forms.WHY
    )
    clicks.replaces(app, reception, everybody.WHO_BACK, _turned)
    clicks.replaces(app, reception, everybody.WHO_MORE, _turned)


async def who(reception: Reception, actor: Actor, command: Command) -> str | Message:
    """Who can send as somebody, and as whom they can; oneself without a name."""
    return await _who(reception.desk, actor, command.person_id or actor.user_id, 0)


async def end(reception: Reception, actor: Actor, command: Command) -> str | View:
    """One right, at once when it was said why; or everything of one person, which is asked about
    with how much it is."""
    desk, reason = reception.desk, storable(as_typed(command.rest))
    if command.is_all:
        found = await admins.endable_of(desk, actor, command.person_id)
        return forms.end_everything(found, reason)
    grantee_id, grantor_id = command.people
    pair = {"grantee_id": grantee_id, "grantor_id": grantor_id}
    if not reason:
        return forms.end_one(await admins.endable_pair(desk, actor, **pair))
    return answers.ended_as_admin(await admins.end_pair(desk, actor, **pair, reason=reason))


async def _who(desk: Desk, actor: Actor, person_id: str, page: int) -> str | Message:
    return everybody.who(await admins.rights_of(desk, actor, person_id), actor.user_id, page)


async def _turned(desk: Desk, actor: Actor, carried: str) -> str | Message:
    """Another page of it: ``page/person``."""
    page, _, person_id = carried.partition("/")
    wanted = min(int(page), MOST_PAGES) if page.isascii() and page.isdigit() else 0
    return await _who(desk, actor, person_id or actor.user_id, wanted)


async def _everybody(desk: Desk, actor: Actor, place: str) -> None:
    await admins.look_at_everybody(desk, actor, read_place(place))


async def _own(desk: Desk, actor: Actor, _value: str) -> None:
    await admins.look_at_own(desk, actor)


async def _end_form(desk: Desk, actor: Actor, delegation_id: str) -> View:
    return forms.end_one(await admins.endable(desk, actor, delegation_id))


async def _end_all_form(desk: Desk, actor: Actor, person_id: str) -> View:
    return forms.end_everything(await admins.endable_of(desk, actor, person_id))


async def _end(desk: Desk, actor: Actor, view: dict[str, Any]) -> None:
    reason = storable(value(view, forms.WHY))
    await admins.end(desk, actor, view["private_metadata"], reason)


async def _end_all(desk: Desk, actor: Actor, view: dict[str, Any]) -> str:
    person_id, reason = view["private_metadata"], storable(value(view, forms.WHY))
    ended = await admins.end_all_of(desk, actor, person_id, reason)
    return answers.all_ended(person_id, ended.delegations, ended.standing, ended.deputies)

"""``/sendas …``"""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.models.views import View

from bot.cards import answers, questions
from bot.cards.answers import CLICK_AGAIN, FORM_NOT_OPENED
from bot.cards.faces import Action
from bot.cards.lists import LIST_BACK, LIST_MORE, overview
from bot.cards.parts import section
from bot.cards.request_form import REQUEST_FORM, request_form
from bot.cards.strays import checking
from bot.delegations import ending, finding, understanding
from bot.delegations.homes import MOST_PAGES
from bot.delegations.standing import list_standing
from bot.delegations.wishes import Done
from bot.desk import Actor, Desk
from bot.grammar import Command, NotUnderstood, Verb, read_command
from bot.listeners import admins, clicks, connections, covers, deputies, opening, rights
from bot.listeners.questions import said, shown
from bot.listeners.reception import REFUSALS, Reception, explain
from bot.refusals import AlreadyOpen, ConfirmFirst
from bot.slack.message import Message
from bot.strays import deciding as strays
from models.card import Audience
from models.delegation import State

Answer = Done | str | Message | View
DIRECT = "directmessage"  # the name of every conversation of two (slack.md §3)


def register(app: AsyncApp, reception: Reception) -> None:
    """Listen to the slash command: do what was said, and acknowledge with the answer, which only
    the asker sees, once it is committed."""
    desk = reception.desk

    async def on_command(ack: AsyncAck, command: dict[str, Any]) -> None:
        answer: Answer | None = await _answer(reception, command)
        if isinstance(answer, Done):
            is_said = await _is_said_by_card(reception, command, answer)
            # Who was told that the answer will follow gets one.
            answer = None if is_said and ack.response is None else said(answer, desk.policy)
        if isinstance(answer, Message):
            await ack(answer.text, blocks=answer.blocks, response_type="ephemeral")
        elif isinstance(answer, str):
            await ack(answer, response_type="ephemeral")
        else:
            await ack()  # nothing is said beside a form, or beside the card that appears there
        if isinstance(answer, View):
            otherwise = FORM_NOT_OPENED if answer.callback_id == REQUEST_FORM else CLICK_AGAIN
            await opening.show(reception, command, answer, otherwise=otherwise)

    app.command("/sendas")(on_command)
    clicks.replaces(app, reception, LIST_BACK, _turned)
    clicks.replaces(app, reception, LIST_MORE, _turned)


async def _answer(reception: Reception, body: dict[str, Any]) -> Answer:
    """What came of the command."""
    desk, actor = reception.desk, Actor(body["team_id"], body["user_id"])
    try:
        understood = read_command(body.get("text", ""))
        return await VERBS[understood.verb](reception, actor, understood)
    except AlreadyOpen as error:
        return _already_open(desk, actor, error)
    except ConfirmFirst as error:
        return await reception.to_confirm(actor, error)
    except (NotUnderstood, *REFUSALS) as error:
        return explain(error, desk.policy, reader=actor.user_id)


async def _is_said_by_card(reception: Reception, body: dict[str, Any], done: Done) -> bool:
    """Whether one card says all of it, and appears where the command was typed.

    That somebody gave no time, and so gets the usual one, is said in any case. The bot's own
    conversation with a person has the name that every conversation of two has.
    """
    if len(done.outcomes) != 1 or done.is_default:
        return False
    if body.get("channel_name") != DIRECT or "channel_id" not in body:
        return False
    return await reception.responses.is_where_cards_are(body["user_id"], body["channel_id"])


def _already_open(desk: Desk, actor: Actor, error: AlreadyOpen) -> str | Message:
    """Asking again is a wish for more time while it is active, and for other terms before."""
    text = explain(error, desk.policy, reader=actor.user_id)
    d = error.delegation
    if d.state is State.ACTIVE and d.ends_at and actor.user_id in (d.grantee_id, d.grantor_id):
        audience = Audience.GRANTOR if actor.user_id == d.grantor_id else Audience.GRANTEE
        return questions.offer(Action.EXTEND, d, text, audience)
    if d.state is State.REQUESTED and actor.user_id == d.requester_id:
        return questions.offer(Action.CHANGE, d, text, Audience.GRANTEE)
    return text


async def _open(reception: Reception, actor: Actor, _command: Command) -> View:
    return request_form(reception.desk.policy, await opening.reader_of(reception.desk, actor))


async def _ask(reception: Reception, actor: Actor, command: Command) -> Done | str | Message:
    desk = reception.desk
    outcome = await understanding.from_command(desk, actor, command)
    return outcome if isinstance(outcome, Done) else shown(outcome, desk.policy)


async def _away(reception: Reception, actor: Actor, command: Command) -> Answer:
    if not command.people:
        return await covers.empty_form(reception.desk, actor, "")
    return await _ask(reception, actor, command)


async def _list(reception: Reception, actor: Actor, command: Command) -> str | Message:
    person_id = command.people[0] if command.people else None
    listed = await _listed(reception.desk, actor, 0, person_id)
    trouble = await connections.trouble(reception.desk, actor)
    if not trouble:
        return listed
    if isinstance(listed, Message):
        return Message(f"{trouble}\n\n{listed.text}", [section(trouble), *listed.blocks])
    return f"{trouble}\n\n{listed}"


async def _listed(desk: Desk, actor: Actor, page: int, person_id: str | None) -> str | Message:
    delegations = await finding.list_open(desk, actor)
    return overview(
        delegations,
        actor.user_id,
        unconfirmed=await finding.unconfirmed(desk, actor, delegations),
        standing=await list_standing(desk, actor),
        page=page,
        person_id=person_id,
    )


async def _turned(desk: Desk, actor: Actor, value: str) -> str | Message:
    """Another page of the list: ``page/person``, perhaps without a person."""
    page, _, person_id = value.partition("/")
    wanted = min(int(page), MOST_PAGES) if page.isascii() and page.isdigit() else 0
    return await _listed(desk, actor, wanted, person_id or None)


async def _check(reception: Reception, actor: Actor, _command: Command) -> str:
    return checking(is_planned=await strays.check(reception.desk, actor))


async def _revoke(reception: Reception, actor: Actor, command: Command) -> str:
    desk = reception.desk
    if command.is_all:
        return await _revoke_all(desk, actor)
    found = await finding.between(
        desk, actor, grantor_id=actor.user_id, grantee_id=command.person_id
    )
    return answers.taken_back(await ending.revoke(desk, actor, found.id))


async def _revoke_all(desk: Desk, actor: Actor) -> str:
    revoked, before = await ending.revoke_all(desk, actor)
    standing = await list_standing(desk, actor)
    given = [each for each in standing if each.grantor_id == actor.user_id]
    return answers.all_taken_back(revoked, before, given)


async def _release(reception: Reception, actor: Actor, command: Command) -> str:
    desk = reception.desk
    found = await finding.between(
        desk, actor, grantor_id=command.person_id, grantee_id=actor.user_id
    )
    return answers.given_back(await ending.give_back(desk, actor, found.id))


async def _help(reception: Reception, actor: Actor, _command: Command) -> str:
    return answers.help_text(reception.desk.policy, actor.user_id)


VERBS: dict[Verb, Callable[[Reception, Actor, Command], Awaitable[Answer]]] = {
    Verb.OPEN: _open,
    Verb.REQUEST: _ask,
    Verb.GRANT: _ask,
    Verb.LIST: _list,
    Verb.CHECK: _check,
    Verb.CONNECT: connections.connect,
    Verb.DISCONNECT: connections.disconnect,
    Verb.REVOKE: _revoke,
    Verb.RELEASE: _release,
    Verb.CANCEL: rights.cancel,
    Verb.STOP: rights.stop,
    Verb.EXTEND: rights.extend,
    Verb.AWAY: _away,
    Verb.DEPUTY: deputies.command,
    Verb.WHO: admins.who,
    Verb.END: admins.end,
    Verb.HELP: _help,
}

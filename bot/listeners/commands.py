"""``/sendas …``"""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards import answers, questions
from bot.cards.lists import LIST_BACK, LIST_MORE, overview
from bot.cards.parts import section
from bot.cards.strays import checking
from bot.delegations import ending, finding, understanding
from bot.delegations.homes import MOST_PAGES
from bot.delegations.standing import list_standing
from bot.desk import Actor, Desk
from bot.grammar import Command, NotUnderstood, Verb, read_command
from bot.listeners import clicks, connections, opening
from bot.listeners.questions import shown
from bot.listeners.reception import REFUSALS, Reception, explain
from bot.refusals import AlreadyOpen
from bot.slack.message import Message
from bot.strays import deciding as strays
from models.card import Audience
from models.delegation import State


def register(app: AsyncApp, reception: Reception) -> None:
    """Listen to the slash command: do what was said, and acknowledge with the answer, which only
    the asker sees, once it is committed."""

    async def on_command(ack: AsyncAck, command: dict[str, Any]) -> None:
        actor = Actor(command["team_id"], command["user_id"])
        try:
            understood = read_command(command.get("text", ""))
            if understood.verb is Verb.OPEN:
                await ack()
                await opening.show_request_form(reception, command)
                return
            answer = await VERBS[understood.verb](reception, actor, understood)
        except AlreadyOpen as error:
            answer = _already_open(reception.desk, actor, error)
        except (NotUnderstood, *REFUSALS) as error:
            answer = explain(error, reception.desk.policy, reader=actor.user_id)
        if isinstance(answer, Message):
            await ack(answer.text, blocks=answer.blocks, response_type="ephemeral")
        else:
            await ack(answer, response_type="ephemeral")

    app.command("/sendas")(on_command)
    clicks.replaces(app, reception, LIST_BACK, _turned)
    clicks.replaces(app, reception, LIST_MORE, _turned)


def _already_open(desk: Desk, actor: Actor, error: AlreadyOpen) -> str | Message:
    """Asking again while it is active is a wish for more time."""
    text = explain(error, desk.policy, reader=actor.user_id)
    d = error.delegation
    if d.state is State.ACTIVE and d.ends_at and actor.user_id in (d.grantee_id, d.grantor_id):
        audience = Audience.GRANTOR if actor.user_id == d.grantor_id else Audience.GRANTEE
        return questions.offer_extension(d.id, text, audience)
    return text


async def _ask(reception: Reception, actor: Actor, command: Command) -> str | Message:
    desk = reception.desk
    return shown(await understanding.from_command(desk, actor, command), desk.policy)


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
    revoked = await ending.revoke_all(desk, actor)
    ending_still = [
        each
        for each in await finding.list_open(desk, actor)
        if each.grantor_id == actor.user_id and each.state is State.ENDING
    ]
    standing = await list_standing(desk, actor)
    given = [each for each in standing if each.grantor_id == actor.user_id]
    return answers.all_taken_back(revoked, ending_still, given)


async def _release(reception: Reception, actor: Actor, command: Command) -> str:
    desk = reception.desk
    found = await finding.between(
        desk, actor, grantor_id=command.person_id, grantee_id=actor.user_id
    )
    return answers.given_back(await ending.give_back(desk, actor, found.id))


async def _help(reception: Reception, _actor: Actor, _command: Command) -> str:
    return answers.help_text(reception.desk.policy)


VERBS: dict[Verb, Callable[[Reception, Actor, Command], Awaitable[str | Message]]] = {
    Verb.REQUEST: _ask,
    Verb.GRANT: _ask,
    Verb.LIST: _list,
    Verb.CHECK: _check,
    Verb.CONNECT: connections.connect,
    Verb.DISCONNECT: connections.disconnect,
    Verb.REVOKE: _revoke,
    Verb.RELEASE: _release,
    Verb.HELP: _help,
}

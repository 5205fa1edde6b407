"""``/sendas …``"""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards import answers, questions
from bot.cards.lists import overview
from bot.cards.strays import checking
from bot.delegations import Delegations
from bot.delegations.wishes import Asking
from bot.desk import Actor
from bot.grammar import Command, NotUnderstood, Verb, read_command
from bot.listeners.connections import ConnectionCommands
from bot.listeners.opening import FormOpener
from bot.listeners.questions import shown
from bot.refusals import AlreadyOpen, NotDone
from bot.slack.errors import SlackError
from bot.slack.message import Message
from bot.strays.deciding import Strays
from bot.times.span import DurationError
from models.delegation import State
from models.policy import Policy

EXPECTED = (NotUnderstood, NotDone, DurationError, SlackError)


class Commands:
    """One method for each verb; each returns the answer that only the asker sees."""

    def __init__(
        self,
        delegations: Delegations,
        asking: Asking,
        connections: ConnectionCommands,
        opener: FormOpener,
        policy: Policy,
        strays: Strays,
    ) -> None:
        self._strays = strays
        self._delegations = delegations
        self._asking = asking
        self._connections = connections
        self._opener = opener
        self._policy = policy
        self._verbs: dict[Verb, Callable[[Actor, Command], Awaitable[str | Message]]] = {
            Verb.REQUEST: self._ask,
            Verb.GRANT: self._ask,
            Verb.LIST: self._list,
            Verb.CHECK: self._check,
            Verb.CONNECT: self._connect,
            Verb.DISCONNECT: self._disconnect,
            Verb.REVOKE: self._revoke,
            Verb.RELEASE: self._release,
            Verb.HELP: self._help,
        }

    async def answer(self, ack: AsyncAck, command: dict[str, Any]) -> None:
        """Do what was said, and acknowledge with the answer once it is committed."""
        actor = Actor(command["team_id"], command["user_id"])
        try:
            understood = read_command(command.get("text", ""))
            if understood.verb is Verb.OPEN:
                await self._opener.on_click(ack, command)
                return
            answer = await self._verbs[understood.verb](actor, understood)
        except AlreadyOpen as error:
            answer = self._already_open(actor, error)
        except EXPECTED as error:
            answer = answers.explain(error, self._policy)
        if isinstance(answer, Message):
            await ack(answer.text, blocks=answer.blocks, response_type="ephemeral")
        else:
            await ack(answer, response_type="ephemeral")

    def _already_open(self, actor: Actor, error: AlreadyOpen) -> str | Message:
        """Asking again while it is active is a wish for more time."""
        text = answers.explain(error, self._policy)
        d = error.delegation
        if d.state is State.ACTIVE and d.ends_at and actor.user_id in (d.grantee_id, d.grantor_id):
            return questions.offer_extension(d.id, text)
        return text

    async def _ask(self, actor: Actor, command: Command) -> str | Message:
        return shown(await self._asking.from_command(actor, command), self._policy)

    async def _list(self, actor: Actor, command: Command) -> str:
        listed = overview(
            await self._delegations.list_open(actor),
            actor.user_id,
            standing=await self._delegations.list_standing(actor),
        )
        trouble = await self._connections.trouble(actor)
        return f"{trouble}\n\n{listed}" if trouble else listed

    async def _check(self, actor: Actor, command: Command) -> str:
        return checking(is_planned=await self._strays.check(actor))

    async def _connect(self, actor: Actor, command: Command) -> str:
        return await self._connections.connect(actor)

    async def _disconnect(self, actor: Actor, command: Command) -> str | Message:
        return await self._connections.disconnect(actor)

    async def _revoke(self, actor: Actor, command: Command) -> str:
        if command.is_all:
            return await self._revoke_all(actor)
        found = await self._delegations.between(
            actor, grantor_id=actor.user_id, grantee_id=command.person_id
        )
        return answers.taken_back(await self._delegations.revoke(actor, found.id))

    async def _revoke_all(self, actor: Actor) -> str:
        revoked = await self._delegations.revoke_all(actor)
        ending = [
            each
            for each in await self._delegations.list_open(actor)
            if each.grantor_id == actor.user_id and each.state is State.ENDING
        ]
        standing = await self._delegations.list_standing(actor)
        given = [each for each in standing if each.grantor_id == actor.user_id]
        return answers.all_taken_back(revoked, ending, given)

    async def _release(self, actor: Actor, command: Command) -> str:
        found = await self._delegations.between(
            actor, grantor_id=command.person_id, grantee_id=actor.user_id
        )
        return answers.given_back(await self._delegations.give_back(actor, found.id))

    async def _help(self, actor: Actor, command: Command) -> str:
        return answers.help_text(self._policy)


def register(app: AsyncApp, commands: Commands) -> None:
    """Listen to the slash command."""
    app.command("/sendas")(commands.answer)

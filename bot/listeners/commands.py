"""``/sendas …``"""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.cards import answers
from bot.cards.lists import overview
from bot.cards.modals import request_form
from bot.delegations import Actor, Delegations
from bot.grammar import Command, NotUnderstood, Verb, read_command
from bot.links import Links
from bot.listeners.asking import Asking
from bot.refusals import NotDone
from bot.slack.errors import SlackError
from bot.spans import DurationError
from models.policy import Policy

EXPECTED = (NotUnderstood, NotDone, DurationError, SlackError)


class Commands:
    """One method for each verb; each returns the answer that only the asker sees."""

    def __init__(
        self, delegations: Delegations, asking: Asking, links: Links, policy: Policy
    ) -> None:
        self._delegations = delegations
        self._asking = asking
        self._links = links
        self._policy = policy
        self._verbs: dict[Verb, Callable[[Actor, Command], Awaitable[str]]] = {
            Verb.REQUEST: self._request,
            Verb.LIST: self._list,
            Verb.CONNECT: self._connect,
            Verb.REVOKE: self._revoke,
            Verb.RELEASE: self._release,
            Verb.HELP: self._help,
        }

    async def answer(self, ack: AsyncAck, command: dict[str, Any], client: AsyncWebClient) -> None:
        """Do what was said, and acknowledge with the answer once it is committed."""
        actor = Actor(command["team_id"], command["user_id"])
        try:
            understood = read_command(command.get("text", ""))
            if understood.verb is Verb.OPEN:
                await ack()
                await client.views_open(
                    trigger_id=command["trigger_id"], view=request_form(self._policy)
                )
                return
            text = await self._verbs[understood.verb](actor, understood)
        except EXPECTED as error:
            text = answers.explain(error, self._policy)
        await ack(text, response_type="ephemeral")

    async def _request(self, actor: Actor, command: Command) -> str:
        return answers.asked(await self._asking.from_text(actor, command.person_id, command.rest))

    async def _list(self, actor: Actor, command: Command) -> str:
        return overview(await self._delegations.list_open(actor), actor.user_id)

    async def _connect(self, actor: Actor, command: Command) -> str:
        return answers.connect(self._links.connect(actor.team_id, actor.user_id))

    async def _revoke(self, actor: Actor, command: Command) -> str:
        found = await self._delegations.between(
            actor, grantor_id=actor.user_id, grantee_id=command.person_id
        )
        return answers.taken_back(await self._delegations.revoke(actor, found.id))

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

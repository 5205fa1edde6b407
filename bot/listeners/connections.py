"""Connections: the words of ``/sendas connect`` and ``disconnect``, and the buttons about them."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards import answers, notices
from bot.connections.flow import OtherAccountInUse
from bot.connections.leaving import Disconnecting
from bot.connections.links import Links
from bot.connections.pairings import Pairings
from bot.desk import Actor
from bot.listeners.delegations import actor_of
from bot.refusals import NotDone
from bot.slack.message import Message
from bot.slack.responses import Responses
from models.pairing import Pairing
from models.policy import Policy


class ConnectionCommands:
    """What is answered to the asker alone."""

    def __init__(self, disconnecting: Disconnecting, links: Links) -> None:
        self._disconnecting = disconnecting
        self._links = links

    async def connect(self, actor: Actor) -> str:
        """How the actor is connected, with a link."""
        standing = await self._disconnecting.standing(actor)
        url = self._links.connect(actor.team_id, actor.user_id)
        return notices.connection(standing.connection, standing.pairing, url)

    async def disconnect(self, actor: Actor) -> str | Message:
        """Done at once, or a question when something depends on it. Raises NotConnectedYet."""
        standing = await self._disconnecting.leave_if_free(actor)
        if standing.dependents:
            return notices.leaving_question(standing.dependents)
        return notices.leaving((), is_alive=True)

    async def trouble(self, actor: Actor) -> str:
        """A line that says that the actor's connection does not work, or nothing."""
        standing = await self._disconnecting.standing(actor)
        return notices.broken_connection(standing.connection)


class ConnectionButtons:
    """The button that confirms a disconnection, and an admin's answers to a pairing."""

    def __init__(
        self,
        disconnecting: Disconnecting,
        pairings: Pairings,
        responses: Responses,
        policy: Policy,
    ) -> None:
        self._disconnecting = disconnecting
        self._pairings = pairings
        self._responses = responses
        self._policy = policy

    async def disconnected(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Whose connection it is, is who clicked."""
        try:
            standing = await self._disconnecting.leave(actor_of(body))
        except NotDone as error:
            await ack()
            await self._responses.whisper(
                body.get("response_url"), answers.explain(error, self._policy)
            )
            return
        await ack()
        is_alive = standing.connection is not None and standing.connection.is_alive
        await self._responses.whisper(
            body.get("response_url"),
            notices.leaving(standing.dependents, is_alive=is_alive),
            in_place=True,
        )

    async def confirmed(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """It is that person's account."""
        await self._decided(ack, body, action, self._pairings.confirm)

    async def rejected(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """It is not."""
        await self._decided(ack, body, action, self._pairings.reject)

    async def _decided(
        self,
        ack: AsyncAck,
        body: dict[str, Any],
        action: dict[str, Any],
        decide: Callable[[Actor, str], Awaitable[Pairing]],
    ) -> None:
        try:
            await decide(actor_of(body), str(action.get("value", "")))
        except OtherAccountInUse as error:
            await ack()
            await self._responses.whisper(body.get("response_url"), notices.in_use(error.email))
        except NotDone as error:
            await ack()
            await self._responses.whisper(
                body.get("response_url"), answers.explain(error, self._policy)
            )
        else:
            await ack()


def register(app: AsyncApp, buttons: ConnectionButtons) -> None:
    """Listen to the buttons."""
    app.action(notices.DISCONNECT)(buttons.disconnected)
    app.action(notices.CONFIRM_PAIRING)(buttons.confirmed)
    app.action(notices.REJECT_PAIRING)(buttons.rejected)

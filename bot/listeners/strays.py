"""Buttons and the form about rights that the bot did not make."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards import answers
from bot.cards import strays as cards
from bot.cards.markup import unmarked
from bot.desk import Actor
from bot.listeners.delegations import actor_of
from bot.listeners.opening import Forms
from bot.ports import Directory, Now
from bot.refusals import NotDone, StrayDecided
from bot.slack.errors import SlackError
from bot.slack.responses import Responses
from bot.strays.deciding import Strays
from bot.times.reading import read_span
from bot.times.span import DurationError
from models.policy import Policy
from models.stray import Stray


class StrayButtons:
    """Each click calls one use case; the form keeps what was typed when something is wrong."""

    def __init__(
        self,
        strays: Strays,
        directory: Directory,
        opening: Forms,
        responses: Responses,
        policy: Policy,
        now: Now,
    ) -> None:
        self._strays = strays
        self._directory = directory
        self._opening = opening
        self._responses = responses
        self._policy = policy
        self._now = now

    def decide(
        self, use_case: Callable[[Actor, str], Awaitable[Stray]]
    ) -> Callable[..., Awaitable[None]]:
        """A listener for a button that decides at once."""

        async def on_click(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
            try:
                await use_case(actor_of(body), str(action.get("value", "")))
            except NotDone as error:
                await ack()
                await self._responses.whisper(body.get("response_url"), self._explained(error))
            else:
                await ack()

        return on_click

    async def ask_for_end(
        self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]
    ) -> None:
        """Open the form."""
        await ack()
        try:
            stray = await self._strays.adoptable(actor_of(body), str(action.get("value", "")))
        except NotDone as error:
            await self._responses.whisper(body.get("response_url"), self._explained(error))
            return
        view = cards.end_form(stray, self._policy)
        await self._opening.show(body, view)

    async def submitted(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """An empty acknowledgement closes the form (slack.md §4)."""
        actor, typed = actor_of(body), view["state"]["values"]
        text = str(typed[cards.DURATION][cards.DURATION].get("value") or "")
        try:
            person = await self._directory.person(actor.user_id)
            zone = person.time_zone if person else "UTC"
            span = read_span(text, now=self._now(), zone=zone)
            await self._strays.adopt(actor, str(view["private_metadata"]), span)
        except (NotDone, DurationError, SlackError) as error:
            problem = self._explained(error, plain=True)
            await ack(response_action="errors", errors={cards.DURATION: problem})
        else:
            await ack()

    def _explained(self, error: Exception, *, plain: bool = False) -> str:
        if isinstance(error, StrayDecided):
            text = cards.decided(error)
            return unmarked(text) if plain else text
        return answers.explain(error, self._policy, plain=plain)


def register(app: AsyncApp, strays: Strays, buttons: StrayButtons) -> None:
    """Listen to the three buttons and the form."""
    app.action(cards.KEEP)(buttons.decide(strays.keep))
    app.action(cards.REMOVE)(buttons.decide(strays.remove))
    app.action(cards.GIVE_END)(buttons.ask_for_end)
    app.view(cards.END_FORM)(buttons.submitted)

"""The App Home: opened, leafed through, and its own buttons."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards import answers
from bot.cards.homes import ASK, END_STANDING, NEWER, OLDER
from bot.delegations import Delegations
from bot.desk import Actor
from bot.listeners.delegations import actor_of
from bot.listeners.opening import FormOpener
from bot.projections.homes import Homes
from bot.refusals import NotDone
from bot.slack.responses import Responses
from models.policy import Policy


class HomeTab:
    """What people do in their App Home, apart from the buttons that cards have too."""

    def __init__(
        self, homes: Homes, delegations: Delegations, responses: Responses, policy: Policy
    ) -> None:
        self._homes = homes
        self._delegations = delegations
        self._responses = responses
        self._policy = policy

    async def opened(self, event: dict[str, Any], body: dict[str, Any]) -> None:
        """Slack says this at every visit, also to the messages tab (slack.md §8)."""
        if event.get("tab") == "home":
            await self._homes.open(Actor(str(body["team_id"]), str(event["user"])))

    async def turned(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Another page of the history."""
        page = str(action.get("value", ""))
        if page.isascii() and page.isdigit():
            await self._homes.turn(actor_of(body), int(page))
        await ack()

    async def ended_standing(
        self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]
    ) -> None:
        """A standing approval is over."""
        try:
            await self._delegations.end_standing(actor_of(body), str(action.get("value", "")))
        except NotDone as error:
            await ack()
            await self._responses.tell(body, answers.explain(error, self._policy))
        else:
            await ack()


def register(app: AsyncApp, tab: HomeTab, opener: FormOpener) -> None:
    """Listen to the App Home."""
    app.event("app_home_opened")(tab.opened)
    app.action(ASK)(opener.on_click)
    app.action(NEWER)(tab.turned)
    app.action(OLDER)(tab.turned)
    app.action(END_STANDING)(tab.ended_standing)

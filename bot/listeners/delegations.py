"""Buttons on cards. The button carries a delegation's id; who clicked is what Slack signed."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards import answers
from bot.cards.faces import Action
from bot.delegations import Delegations
from bot.desk import Actor
from bot.refusals import NotDone
from bot.slack.responses import Responses
from models.delegation import Delegation
from models.policy import Policy

UseCase = Callable[[Actor, str], Awaitable[Delegation]]


def register(app: AsyncApp, delegations: Delegations, responses: Responses, policy: Policy) -> None:
    """Listen to every button."""
    buttons: dict[Action, UseCase] = {
        Action.APPROVE: delegations.approve,
        Action.DENY: delegations.deny,
        Action.REVOKE: delegations.revoke,
        Action.RELEASE: delegations.release,
        Action.CANCEL: delegations.cancel,
        Action.SNOOZE: delegations.snooze,
        Action.APPROVE_EXTENSION: delegations.approve_extension,
        Action.DECLINE_EXTENSION: delegations.decline_extension,
    }
    for action, use_case in buttons.items():
        app.action(action.value)(_listener(use_case, responses, policy))
    app.action(Action.CONNECT.value)(_acknowledge)


def _listener(
    use_case: UseCase, responses: Responses, policy: Policy
) -> Callable[..., Awaitable[None]]:
    async def on_click(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        try:
            await use_case(actor_of(body), str(action.get("value", "")))
        except NotDone as error:
            await ack()
            await responses.tell(body, answers.explain(error, policy))
        else:
            await ack()

    return on_click


async def _acknowledge(ack: AsyncAck) -> None:
    """A link button opens the page by itself; Slack only wants to know that we saw it."""
    await ack()


def actor_of(body: dict[str, Any]) -> Actor:
    """Who clicked. A person of another workspace keeps their own team, and so has no say here."""
    user = body["user"]
    team = body.get("team") or {}
    return Actor(str(user.get("team_id") or team.get("id") or ""), str(user["id"]))

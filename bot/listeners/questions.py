"""Buttons of questions that the bot asked back."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards import answers, questions
from bot.cards.questions import GRANT_ALL, NEVER_MIND, READINGS
from bot.delegations.wishes import Asking, Done, Question
from bot.desk import Actor
from bot.listeners.delegations import actor_of
from bot.refusals import NotDone
from bot.slack.errors import SlackError
from bot.slack.message import Message
from bot.slack.responses import Responses
from bot.times.span import DurationError
from models.policy import Policy

Act = Callable[[Actor, str], Awaitable[str | Message]]


class DraftButtons:
    """One method for each button; each returns what stands in place of the question."""

    def __init__(self, asking: Asking, policy: Policy) -> None:
        self._asking = asking
        self._policy = policy

    async def first(self, actor: Actor, draft_id: str) -> str | Message:
        """The first reading was meant, or the grant is confirmed."""
        return shown(await self._asking.answered(actor, draft_id, 0), self._policy)

    async def second(self, actor: Actor, draft_id: str) -> str | Message:
        """The second reading was meant."""
        return shown(await self._asking.answered(actor, draft_id, 1), self._policy)

    async def drop(self, actor: Actor, draft_id: str) -> str | Message:
        """Nothing is to be done."""
        await self._asking.dropped(actor, draft_id)
        return answers.NOT_WANTED


def shown(outcome: Done | Question, policy: Policy) -> str | Message:
    """What came of it, or what has to be asked back first."""
    if isinstance(outcome, Done):
        return said(outcome, policy)
    if outcome.choices:
        return questions.which_reading(outcome.draft_id, outcome.text, outcome.choices)
    return questions.really_grant(outcome.draft_id, outcome.people, outcome.text)


def said(done: Done, policy: Policy) -> str:
    """What came of it, in words."""
    tell = answers.granted if done.verb == "grant" else answers.asked
    return tell(done.outcomes, done.said, policy)


def register(app: AsyncApp, buttons: DraftButtons, responses: Responses, policy: Policy) -> None:
    """Listen to the buttons of questions."""
    acts: dict[str, Act] = {
        READINGS[0]: buttons.first,
        READINGS[1]: buttons.second,
        GRANT_ALL: buttons.first,
        NEVER_MIND: buttons.drop,
    }
    for action_id, act in acts.items():
        app.action(action_id)(_listener(act, responses, policy))


def _listener(act: Act, responses: Responses, policy: Policy) -> Callable[..., Awaitable[None]]:
    async def on_click(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        is_answered = True
        try:
            answer = await act(actor_of(body), str(action.get("value", "")))
        except (NotDone, DurationError) as error:
            answer = answers.explain(error, policy)
        except SlackError as error:  # the question stays, with its buttons
            answer, is_answered = answers.explain(error, policy), False
        await ack()
        await responses.whisper(body.get("response_url"), answer, in_place=is_answered)

    return on_click

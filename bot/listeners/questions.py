"""Buttons of questions that the bot asked back."""

from functools import partial

from slack_bolt.async_app import AsyncApp

from bot.cards import answers, covers, questions
from bot.cards.questions import GRANT_ALL, NEVER_MIND, READINGS
from bot.delegations import drafts, understanding
from bot.delegations.understanding import Question
from bot.delegations.wishes import Done
from bot.desk import Actor, Desk
from bot.grammar import Verb
from bot.listeners import clicks
from bot.listeners.reception import Reception
from bot.refusals import ConfirmFirst, NotDone
from bot.slack.message import Message
from bot.times.span import DurationError
from models.policy import Policy


def register(app: AsyncApp, reception: Reception) -> None:
    """Listen to the buttons of questions."""
    for choice, action_id in enumerate(READINGS):
        clicks.replaces(app, reception, action_id, partial(_answered, choice))
    clicks.replaces(app, reception, GRANT_ALL, partial(_answered, 0))
    clicks.replaces(app, reception, NEVER_MIND, _drop)


async def _answered(choice: int, desk: Desk, actor: Actor, draft_id: str) -> str | Message:
    """What stands in place of the question; when Slack does not answer, the question stays."""
    try:
        return shown(await understanding.answered(desk, actor, draft_id, choice), desk.policy)
    except ConfirmFirst:
        raise  # the way to Close is said beside the question
    except (NotDone, DurationError) as error:
        return answers.explain(error, desk.policy, reader=actor.user_id)


async def _drop(desk: Desk, actor: Actor, draft_id: str) -> str:
    try:
        await drafts.drop(desk, actor, draft_id)
    except NotDone as error:
        return answers.explain(error, desk.policy, reader=actor.user_id)
    return answers.NOT_WANTED


def shown(outcome: Done | Question, policy: Policy) -> str | Message:
    """What came of it, or what has to be asked back first."""
    if isinstance(outcome, Done):
        return said(outcome, policy)
    if outcome.refusal is not None:
        problem = answers.rule(outcome.refusal, policy, by=outcome.rule)
        return questions.within_limits(
            outcome.draft_id, problem, outcome.text, outcome.choices[0], outcome.verb
        )
    if outcome.choices:
        return questions.which_reading(outcome.draft_id, outcome.text, outcome.choices)
    problems = answers.cannot_get(outcome.ungrantable, policy)
    return questions.really_grant(outcome.draft_id, outcome.people, outcome.text, problems)


def said(done: Done, policy: Policy) -> str:
    """What came of it, in words."""
    if done.verb is Verb.AWAY:
        others = covers.overlapping(done.overlapping)
        return answers.covered(done.outcomes, done.said, policy, others=others)
    tell = answers.granted if done.verb is Verb.GRANT else answers.asked
    return tell(done.outcomes, done.said, policy)

"""Asking back: two readings of a time, or a last look at whom a grant goes to."""

from collections.abc import Sequence

from slack_sdk.models.blocks import ActionsBlock, Block, ButtonElement

from bot.cards import misread
from bot.cards.delegations import label
from bot.cards.faces import Action
from bot.cards.markup import mention
from bot.cards.parts import button, section
from bot.grammar import Verb
from bot.slack.message import Message
from models.card import Audience

READINGS = ("first_reading", "second_reading", "third_reading", "fourth_reading")
GRANT_ALL, NEVER_MIND = "grant_all", "never_mind"
MOST_LABEL = 70  # characters; Slack takes 75 (slack.md §5)
ORDER = ("The first", "The second", "The third", "The fourth")


def which_reading(draft_id: str, text: str, readings: Sequence[str]) -> Message:
    """A time that can mean several things."""
    said = f"{misread.meanings(text, list(readings))} Which one?"
    fits = all(len(words) <= MOST_LABEL for words in readings)  # cut, both could look the same
    buttons = [
        button(action, label, draft_id)
        for action, label in zip(READINGS, readings if fits else ORDER, strict=False)
    ]
    return _question(said, [*buttons, button(NEVER_MIND, "Never mind", draft_id)], draft_id)


def within_limits(draft_id: str, problem: str, wished: str, offered: str, verb: Verb) -> Message:
    """A time that is longer, or shorter, than the policy allows, and the nearest that it allows."""
    give, label = ("give the right", "Give it") if verb is Verb.GRANT else ("ask", "Ask")
    said = f"I read that as {wished}. {problem} Shall I {give} {offered} instead?"
    fits = len(f"{label} {offered}") <= MOST_LABEL
    yes = button(READINGS[0], f"{label} {offered}" if fits else label, draft_id, style="primary")
    return _question(said, [yes, button(NEVER_MIND, "Never mind", draft_id)], draft_id)


def really_grant(draft_id: str, people: Sequence[str], terms: str) -> Message:
    """Everybody who would get the right, by name."""
    names = ", ".join(mention(person) for person in people)
    count = "this person" if len(people) == 1 else f"these {len(people)} people"
    said = f"Let {count} send email as you {terms}? {names}"
    buttons = [
        button(GRANT_ALL, f"Grant to {len(people)}", draft_id, style="primary"),
        button(NEVER_MIND, "Never mind", draft_id),
    ]
    return _question(said, buttons, draft_id)


def offer_extension(delegation_id: str, said: str, audience: Audience) -> Message:
    """What is active already can be made longer."""
    extend = button(Action.EXTEND, label(Action.EXTEND, audience), delegation_id)
    blocks: list[Block] = [
        section(said),
        ActionsBlock(elements=[extend]),
    ]
    return Message(said, blocks)


def _question(said: str, buttons: Sequence[ButtonElement], draft_id: str) -> Message:
    blocks: list[Block] = [
        section(said),
        ActionsBlock(block_id=f"draft:{draft_id}", elements=list(buttons)),
    ]
    return Message(said, blocks)

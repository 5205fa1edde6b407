"""Asking back: two readings of a time, or a last look at whom a grant goes to."""

from collections.abc import Sequence

from slack_sdk.models.blocks import ActionsBlock, Block, ButtonElement

from bot.cards import misread
from bot.cards.delegations import button as delegation_button
from bot.cards.delegations import label
from bot.cards.faces import Action
from bot.cards.lists import line
from bot.cards.markup import mention
from bot.cards.parts import button, section
from bot.grammar import GIVING, Verb
from bot.slack.message import Message
from models.card import Audience
from models.delegation import Delegation, State
from models.mark import marked

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
    give, label = ("give the right", "Give it") if verb in GIVING else ("ask", "Ask")
    said = f"I read that as {wished}. {problem} Shall I {give} {offered} instead?"
    fits = len(f"{label} {offered}") <= MOST_LABEL
    yes = button(READINGS[0], f"{label} {offered}" if fits else label, draft_id, style="primary")
    return _question(said, [yes, button(NEVER_MIND, "Never mind", draft_id)], draft_id)


def really_grant(
    draft_id: str, people: Sequence[str], terms: str, problems: Sequence[str] = ()
) -> Message:
    """Everybody who would get the right, by name; ``problems`` are why others cannot."""
    others = "\n".join(["These cannot get it:", *problems]) if problems else ""
    if not people:
        said = others or "Nobody was named."
        return Message(said, [section(said)])
    names = ", ".join(mention(person) for person in people)
    count = "this person" if len(people) == 1 else f"these {len(people)} people"
    said = f"Let {count} send email as you {terms}? {names}"
    buttons = [
        button(GRANT_ALL, f"Grant to {len(people)}", draft_id, style="primary"),
        button(NEVER_MIND, "Never mind", draft_id),
    ]
    return _question(said, buttons, draft_id, others)


def offer(action: Action, delegation: Delegation, said: str, audience: Audience) -> Message:
    """What can be done in place of what was asked for: extend what is active, or change what waits
    for an answer."""
    offered = button(action, label(action, audience), marked(delegation))
    blocks: list[Block] = [
        section(said),
        ActionsBlock(elements=[offered]),
    ]
    return Message(said, blocks)


def which_right(found: Sequence[Delegation], reader: str, action: Action | None = None) -> Message:
    """Several of the reader's rights and requests can be meant: each with its button."""
    said = "More than one can be meant. Which one?"
    lines = [line(each, reader) for each in found]
    blocks: list[Block] = [
        section(shown, accessory=_ending(each, reader, action))
        for shown, each in zip(lines, found, strict=True)
    ]
    return Message("\n".join([said, *lines]), [section(said), *blocks])


def _ending(d: Delegation, reader: str, action: Action | None) -> ButtonElement:
    if d.grantor_id == reader:
        return delegation_button(d, Audience.GRANTOR, action or Action.REVOKE, "")
    audience = Audience.GRANTEE if d.grantee_id == reader else Audience.REQUESTER
    ends = Action.RELEASE if d.state is State.ACTIVE else Action.CANCEL
    return delegation_button(d, audience, action or ends, "")


def _question(
    said: str, buttons: Sequence[ButtonElement], draft_id: str, more: str = ""
) -> Message:
    blocks: list[Block] = [
        section(said),
        *([section(more)] if more else []),
        ActionsBlock(block_id=f"draft:{draft_id}", elements=list(buttons)),
    ]
    return Message(f"{said}\n{more}" if more else said, blocks)

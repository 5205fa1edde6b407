"""Asking back: two readings of a time, or a last look at whom a grant goes to."""

from collections.abc import Sequence

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)

from bot.cards.blocks import LABELS
from bot.cards.faces import Action
from bot.cards.markup import mention, quoted
from bot.cards.message import Message

READINGS = ("first_reading", "second_reading")
GRANT_ALL, NEVER_MIND = "grant_all", "never_mind"
LABEL_LIMIT = 75  # characters (slack.md §5)


def which_reading(draft_id: str, text: str, readings: Sequence[str]) -> Message:
    """A time that can mean two things."""
    said = f"“{quoted(text)}” can mean two things. Which one?"
    buttons = [
        _button(action, words[:LABEL_LIMIT], draft_id)
        for action, words in zip(READINGS, readings, strict=True)
    ]
    return _question(said, [*buttons, _button(NEVER_MIND, "Never mind", draft_id)], draft_id)


def really_grant(draft_id: str, people: Sequence[str], terms: str) -> Message:
    """Everybody who would get the right, by name."""
    names = ", ".join(mention(person) for person in people)
    count = "this person" if len(people) == 1 else f"these {len(people)} people"
    said = f"Let {count} send email as you {terms}? {names}"
    buttons = [
        _button(GRANT_ALL, f"Grant to {len(people)}", draft_id, style="primary"),
        _button(NEVER_MIND, "Never mind", draft_id),
    ]
    return _question(said, buttons, draft_id)


def offer_extension(delegation_id: str, said: str) -> Message:
    """What is active already can be made longer."""
    button = _button(Action.EXTEND, LABELS[Action.EXTEND], delegation_id)
    blocks: list[Block] = [
        SectionBlock(text=MarkdownTextObject(text=said)),
        ActionsBlock(elements=[button]),
    ]
    return Message(said, blocks)


def _question(said: str, buttons: Sequence[ButtonElement], draft_id: str) -> Message:
    blocks: list[Block] = [
        SectionBlock(text=MarkdownTextObject(text=said)),
        ActionsBlock(block_id=f"draft:{draft_id}", elements=list(buttons)),
    ]
    return Message(said, blocks)


def _button(action: str, label: str, draft_id: str, style: str | None = None) -> ButtonElement:
    return ButtonElement(
        action_id=action,
        text=PlainTextObject(text=label, emoji=False),
        value=draft_id,
        style=style,
    )

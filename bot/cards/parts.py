"""The parts that every message, form and home is made of.

Text is sent ``verbatim``: what people typed makes no links to addresses or channels by itself,
while mentions and dates, which are markup, work as always (slack.md §6).
"""

from collections.abc import Sequence

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    BlockElement,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    HeaderBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)

from bot.cards.foreign import plain
from bot.cards.markup import heard
from bot.slack.message import Message

ALARM = "\N{LARGE ORANGE CIRCLE}"
CALM = "\N{WHITE HEAVY CHECK MARK}"
QUESTION = "\N{BLACK QUESTION MARK ORNAMENT}"
MOST_SPOKEN = 3900  # characters beside the blocks; an update takes 4,000 (slack.md §5)
MOST_TEXT = 2900  # characters of a section; Slack's limit is 3,000 (slack.md §5)


def section(
    text: str, *, block_id: str | None = None, accessory: BlockElement | None = None
) -> SectionBlock:
    """A paragraph of mrkdwn, cut where Slack would refuse it."""
    shown = text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"
    return SectionBlock(block_id=block_id, text=_markup(shown), accessory=accessory)


def typed(text: str) -> list[SectionBlock]:
    """What somebody typed, as a quotation in which nothing is markup; nothing if none is seen."""
    shown = plain(text)
    return [SectionBlock(text=PlainTextObject(text=f"“{shown}”", emoji=False))] if shown else []


def context(text: str) -> ContextBlock:
    """Small print."""
    return ContextBlock(elements=[_markup(text)])


def header(text: str) -> HeaderBlock:
    """A title."""
    return HeaderBlock(text=PlainTextObject(text=text, emoji=False))


def button(
    action_id: str,
    label: str,
    value: str,
    *,
    style: str | None = None,
    url: str | None = None,
    confirm: ConfirmObject | None = None,
) -> ButtonElement:
    """A button; with ``url`` it is a link as well, and with ``confirm`` Slack asks once more."""
    return ButtonElement(
        action_id=action_id,
        text=PlainTextObject(text=label, emoji=False),
        value=value,
        style=style,
        url=url,
        confirm=confirm,
    )


def notice(
    lines: Sequence[str], *, small: str = "", buttons: Sequence[ButtonElement] = ()
) -> Message:
    """A message of a few paragraphs, with small print and buttons under them."""
    blocks: list[Block] = [section(line) for line in lines]
    if small:
        blocks.append(context(small))
    if buttons:
        blocks.append(ActionsBlock(elements=list(buttons)))
    said = [*lines, small] if small else lines
    return Message("\n".join(heard(line) for line in said), blocks)


def spoken(said: Sequence[str]) -> str:
    """For who hears it, and for the notification; as many lines as fit."""
    text = ""
    for line in said:
        if len(text) + len(line) < MOST_SPOKEN:
            text += heard(line) + "\n"
    return text.rstrip()


def _markup(text: str) -> MarkdownTextObject:
    return MarkdownTextObject(text=text, verbatim=True)

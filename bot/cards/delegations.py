"""A delegation's card, and what may be left of one that has moved, as Block Kit."""

from collections.abc import Collection, Sequence

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    Option,
    OverflowMenuElement,
    PlainTextObject,
)

from bot.cards import dialogs, parts
from bot.cards.faces import Action, Face, face
from bot.cards.foreign import plain
from bot.cards.markup import heard, quoted
from bot.slack.message import Message
from bot.times.saying import say_weekday
from models.card import Audience
from models.delegation import Delegation, State
from models.mark import marked

LABELS = {
    Action.APPROVE: "Approve",
    Action.DENY: "Deny",
    Action.CANCEL: "Cancel",
    Action.REVOKE: "Revoke",
    Action.RELEASE: "I'm done",
    Action.CONNECT: "Connect Close",
    Action.EXTEND: "Ask to extend",
    Action.RECEIPT: "What was sent",
    Action.APPROVE_EXTENSION: "Approve",
    Action.DECLINE_EXTENSION: "Leave as it is",
    Action.SNOOZE: "Remind me next workday",
    Action.REMIND: "Remind them",
    Action.CHANGE: "Change it",
    Action.ASK_AGAIN: "Ask again",
}
MOST_TEXT = 3900  # characters beside the blocks; an update takes 4,000 (slack.md §5)
LONGEST_NAME = 40  # characters on a button
OTHER_LABELS = {  # where the same click means something else to its reader
    (Action.EXTEND, Audience.GRANTOR): "Extend…",
    (Action.RELEASE, Audience.REQUESTER): "End it",
}
CHOICES = {  # behind the "more" menu of a request
    "approve_for": "Approve with a different length…",
    "deny_with_note": "Deny with a reason…",
    "always_approve": "Always approve this person…",
}
STYLES = {
    Action.APPROVE_EXTENSION: "primary",
    Action.APPROVE: "primary",
    Action.REVOKE: "danger",
}
MARKS = {
    State.REQUESTED: "\N{HOURGLASS WITH FLOWING SAND}",
    State.APPROVED: "\N{HOURGLASS WITH FLOWING SAND}",
    State.ACTIVE: "\N{LARGE GREEN CIRCLE}",
    State.ENDING: "\N{LARGE ORANGE CIRCLE}",
    State.ENDED: "\N{MEDIUM WHITE CIRCLE}",
    State.DENIED: "\N{MEDIUM WHITE CIRCLE}",
    State.CANCELLED: "\N{MEDIUM WHITE CIRCLE}",
    State.LAPSED: "\N{MEDIUM WHITE CIRCLE}",
    State.FAILED: "\N{LARGE ORANGE CIRCLE}",
}


def card(
    delegation: Delegation,
    audience: Audience,
    *,
    connect_url: str,
    details: Sequence[str] = (),
    grantor_name: str = "",
    unconfirmed: Collection[str] = (),
) -> Message:
    """The card of one delegation for one audience.

    ``details`` are lines that stand in no row, such as the emails that were sent. A button shows no
    mention, so it needs ``grantor_name`` to name them. ``unconfirmed`` is as in ``faces.face``.
    """
    shown = face(delegation, audience, unconfirmed=unconfirmed)
    blocks: list[Block] = [parts.section(f"{MARKS[delegation.state]} *{shown.headline}*")]
    blocks += [parts.section(line) for line in shown.lines]
    if shown.shows_reason:
        blocks += parts.typed(delegation.reason)
    blocks += [parts.context(line) for line in (*details, *shown.small) if line]
    if shown.actions:
        blocks.append(buttons(delegation, shown.actions, connect_url, audience, grantor_name))
    return Message(_text(shown, delegation.reason, details), blocks)


def moved(delegation: Delegation, audience: Audience) -> Message:
    """What is left of a card that has moved, where Slack does not let it go."""
    shown = face(delegation, audience)
    said = f"{shown.headline}. This card is now further down."
    return Message(said, [parts.context(said)])


def buttons(
    delegation: Delegation,
    actions: Sequence[Action],
    connect_url: str,
    audience: Audience,
    grantor_name: str = "",
) -> ActionsBlock:
    """A row of buttons that carry the delegation's id and the mark of what stands above them."""
    return ActionsBlock(
        block_id=f"delegation:{delegation.id}",
        elements=[
            _menu(delegation)
            if action is Action.MORE
            else button(delegation, audience, action, connect_url, grantor_name)
            for action in actions
        ],
    )


def button(
    delegation: Delegation,
    audience: Audience,
    action: Action,
    connect_url: str,
    grantor_name: str = "",
) -> ButtonElement:
    """One button; what takes away asks once more."""
    if action is Action.CONNECT:
        return connect(marked(delegation), connect_url)
    said = label(action, audience, grantor_name)
    return parts.button(
        action,
        _put_off(delegation) or said if action is Action.SNOOZE else said,
        marked(delegation),
        style=STYLES.get(action),
        confirm=dialogs.before(action, delegation, audience),
    )


def connect(value: str, connect_url: str) -> ButtonElement:
    """The only button that is a link."""
    said = LABELS[Action.CONNECT]
    return parts.button(Action.CONNECT, said, value, style="primary", url=connect_url)


def _put_off(delegation: Delegation) -> str:
    later = delegation.put_off_until
    return f"Remind me {say_weekday(later, delegation.grantor_zone)}" if later else ""


def label(action: Action, audience: Audience, grantor_name: str = "") -> str:
    """What a button says to this audience; ``grantor_name`` as in :func:`card`."""
    first_name = plain(grantor_name, LONGEST_NAME).partition(" ")[0]
    if action is Action.REMIND and first_name:
        return f"Remind {first_name}"
    return OTHER_LABELS.get((action, audience), LABELS[action])


def _menu(delegation: Delegation) -> OverflowMenuElement:
    return OverflowMenuElement(
        action_id=Action.MORE,
        options=[
            Option(text=PlainTextObject(text=label), value=f"{choice}:{marked(delegation)}")
            for choice, label in CHOICES.items()
        ],
    )


def _text(shown: Face, reason: str, details: Sequence[str]) -> str:
    said = [f"{shown.headline}.", *shown.lines, *(line for line in shown.small if line)]
    if shown.shows_reason and (why := quoted(reason)):
        said.insert(1, f"Reason: {why}")
    text = "\n".join(heard(line) for line in said)
    for line in details:
        if len(text) + len(line) < MOST_TEXT:
            text = f"{text}\n{line}"
    return text

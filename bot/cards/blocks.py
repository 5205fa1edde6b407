"""Cards and notices as Block Kit."""

from collections.abc import Sequence

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)

from bot.cards.faces import Action, Face, face
from bot.cards.markup import quoted
from bot.cards.message import Message
from models.card import Audience
from models.delegation import Delegation, State, Trouble

LABELS = {
    Action.APPROVE: "Approve",
    Action.DENY: "Deny",
    Action.CANCEL: "Cancel",
    Action.REVOKE: "Revoke",
    Action.RELEASE: "I'm done",
    Action.CONNECT: "Connect Close",
}
STYLES = {Action.APPROVE: "primary", Action.CONNECT: "primary", Action.REVOKE: "danger"}
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


def card(delegation: Delegation, audience: Audience, *, connect_url: str) -> Message:
    """The card of one delegation for one audience."""
    shown = face(delegation, audience)
    blocks: list[Block] = [_section(f"{MARKS[delegation.state]} *{shown.headline}*")]
    blocks += [_section(line) for line in shown.lines]
    if delegation.reason and shown.shows_reason:
        blocks.append(
            SectionBlock(text=PlainTextObject(text=f"“{delegation.reason}”", emoji=False))
        )
    blocks += [_context(line) for line in shown.small if line]
    if shown.actions:
        blocks.append(_buttons(delegation.id, shown.actions, connect_url))
    return Message(_text(shown, delegation.reason), blocks)


def milestone(delegation: Delegation, audience: Audience) -> str | None:
    """What this reader should get a message of its own about, beside the changed card."""
    is_grantee = audience is Audience.GRANTEE
    match delegation.state:
        case State.ACTIVE if is_grantee:
            return "active"
        case State.ENDED | State.FAILED:
            return delegation.state.value
        case State.DENIED | State.LAPSED if is_grantee:
            return delegation.state.value
        case State.ENDING if delegation.trouble in (
            Trouble.NOT_CONNECTED,
            Trouble.CONNECTION_LOST,
        ):
            return "not_removed"
        case _:
            return None


def notice(delegation: Delegation, audience: Audience, *, connect_url: str) -> Message:
    """A short message of its own: a changed card alone does not notify anybody."""
    shown = face(delegation, audience)
    blocks: list[Block] = [_section(f"{MARKS[delegation.state]} {shown.headline}.")]
    blocks += [_context(line) for line in shown.lines]
    if Action.CONNECT in shown.actions:
        blocks.append(_buttons(delegation.id, [Action.CONNECT], connect_url))
    return Message(_text(shown, ""), blocks)


def _buttons(delegation_id: str, actions: Sequence[Action], connect_url: str) -> ActionsBlock:
    return ActionsBlock(
        block_id=f"delegation:{delegation_id}",
        elements=[
            ButtonElement(
                action_id=action,
                text=PlainTextObject(text=LABELS[action], emoji=False),
                value=delegation_id,
                style=STYLES.get(action),
                url=connect_url if action is Action.CONNECT else None,
            )
            for action in actions
        ],
    )


def _text(shown: Face, reason: str) -> str:
    said = [f"{shown.headline}.", *shown.lines, *(line for line in shown.small if line)]
    plain = [line.replace("*", "") for line in said]  # a screen reader reads marks aloud
    if reason and shown.shows_reason:
        plain.insert(1, f"Reason: {quoted(reason)}")
    return "\n".join(plain)


def _section(text: str) -> SectionBlock:
    return SectionBlock(text=MarkdownTextObject(text=text))


def _context(text: str) -> ContextBlock:
    return ContextBlock(elements=[MarkdownTextObject(text=text)])

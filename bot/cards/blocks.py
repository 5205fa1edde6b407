"""Cards and notices as Block Kit."""

from collections.abc import Sequence
from dataclasses import dataclass

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    Option,
    OverflowMenuElement,
    PlainTextObject,
)

from bot.cards import parts
from bot.cards.faces import Action, Face, face
from bot.cards.markup import quoted
from bot.cards.message import Message
from models.card import Audience
from models.delegation import Delegation, Receipt, State, Trouble

LABELS = {
    Action.APPROVE: "Approve",
    Action.DENY: "Deny",
    Action.CANCEL: "Cancel",
    Action.REVOKE: "Revoke",
    Action.RELEASE: "I'm done",
    Action.CONNECT: "Connect Close",
    Action.EXTEND: "Extend",
    Action.RECEIPT: "What was sent",
    Action.APPROVE_EXTENSION: "Extend",
    Action.DECLINE_EXTENSION: "Leave as it is",
    Action.SNOOZE: "Remind me next workday",
}
CHOICES = {  # behind the "more" menu of a request
    "approve_for": "Approve for another time…",
    "deny_with_note": "Deny with a reason…",
    "always_approve": "Always approve this person…",
}
STYLES = {
    Action.APPROVE_EXTENSION: "primary",
    Action.APPROVE: "primary",
    Action.CONNECT: "primary",
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


def card(delegation: Delegation, audience: Audience, *, connect_url: str) -> Message:
    """The card of one delegation for one audience."""
    shown = face(delegation, audience)
    blocks: list[Block] = [parts.section(f"{MARKS[delegation.state]} *{shown.headline}*")]
    blocks += [parts.section(line) for line in shown.lines]
    if delegation.reason and shown.shows_reason:
        blocks.append(parts.typed(delegation.reason))
    blocks += [parts.context(line) for line in shown.small if line]
    if shown.actions:
        blocks.append(buttons(delegation.id, shown.actions, connect_url))
    return Message(_text(shown, delegation.reason), blocks)


ACCOUNT = "account"  # to which the right went
WISH = "wish:"  # how the key of an asked-for extension begins
EXTENDED = "extended:"  # and that of one that a standing approval gave
WARNED = "warned:"  # how the key of the warning before the end begins


@dataclass(frozen=True, slots=True)
class Milestone:
    """Something a reader gets a message of its own about, since a changed card notifies nobody.

    ``moves_card``: the message is the card itself, with its buttons; the old one loses them.
    """

    key: str
    moves_card: bool = False

    def is_told(self, told: str | None) -> bool:
        """Whether a reader who was last told ``told`` knows this."""
        is_past = self.key == ACCOUNT and (told or "").startswith((WISH, EXTENDED))
        return is_past or self.key == told


def milestone(delegation: Delegation, audience: Audience) -> Milestone | None:
    """What this reader has to be told about the present state, if anything."""
    if audience is Audience.GRANTOR:
        return _for_grantor(delegation)
    return _for_others(delegation, is_grantee=audience is Audience.GRANTEE)


def _for_grantor(d: Delegation) -> Milestone | None:
    match d.state:
        case State.REQUESTED if d.reminders:
            return Milestone(f"reminder:{d.reminders}", moves_card=True)
        case State.ACTIVE if d.extension_asked_at is not None:
            return Milestone(f"{WISH}{int(d.extension_asked_at.timestamp())}", moves_card=True)
        case State.ACTIVE if d.is_extended_by_standing:
            return Milestone(f"{EXTENDED}{_until(d)}", moves_card=True)
        case State.ACTIVE if _is_first_seen(d):
            return Milestone(ACCOUNT, moves_card=True)
        case State.ENDED if d.receipt is Receipt.DUE:
            return None  # told together with the receipt, in a moment
        case State.CANCELLED if d.closed_by != d.grantor_id:
            return Milestone(d.state.value)
        case State.ENDED | State.FAILED:
            return Milestone(d.state.value)
        case State.ENDING if d.trouble is Trouble.STILL_THERE:
            return Milestone("still_there")
        case State.ENDING if d.trouble in (
            Trouble.NOT_CONNECTED,
            Trouble.CONNECTION_LOST,
            Trouble.OTHER_CLOSE_ACCOUNT,
        ):
            return Milestone("not_removed", moves_card=True)
        case _:
            return None


def _is_first_seen(d: Delegation) -> bool:
    """Whether the grantor approved a request without having seen the account that it is about.

    Who grants by themselves has the card before them when it names the account.
    """
    was_asked = d.requester_id != d.grantor_id and d.standing_id is None
    return was_asked and d.grantee_account is not None and d.is_account_unseen


def _for_others(d: Delegation, *, is_grantee: bool) -> Milestone | None:
    match d.state:
        case State.ACTIVE if is_grantee and d.is_extension_asked and not d.is_warned:
            return None
        case State.ACTIVE if is_grantee and d.extension_declined_at is not None:
            return Milestone(f"declined:{int(d.extension_declined_at.timestamp())}")
        case State.ACTIVE if is_grantee and d.is_warned:
            return Milestone(f"{WARNED}{_until(d)}", moves_card=True)
        case State.ACTIVE:
            return Milestone(f"active:{_until(d)}")
        case State.ENDING if d.trouble is Trouble.STILL_THERE:
            return Milestone("still_there")
        case State.CANCELLED if d.closed_by != (d.grantee_id if is_grantee else d.requester_id):
            return Milestone(d.state.value)
        case State.ENDED | State.FAILED | State.DENIED | State.LAPSED:
            return Milestone(d.state.value)
        case _:
            return None


def _until(d: Delegation) -> str:
    return str(int(d.ends_at.timestamp())) if d.ends_at else "revoked"


def moved(delegation: Delegation, audience: Audience) -> Message:
    """What is left of a card that was shown anew further down."""
    shown = face(delegation, audience)
    said = f"{shown.headline}. This card is now further down."
    return Message(said, [parts.context(said)])


def notice(
    delegation: Delegation, audience: Audience, *, connect_url: str, details: Sequence[str] = ()
) -> Message:
    """A short message of its own: a changed card alone does not notify anybody.

    ``details`` are lines that stand in no row, such as the emails that were sent.
    """
    shown = face(delegation, audience)
    blocks: list[Block] = [parts.section(f"{MARKS[delegation.state]} {shown.headline}.")]
    blocks += [parts.context(line) for line in (*shown.lines, *details)]
    if Action.CONNECT in shown.actions:
        blocks.append(buttons(delegation.id, [Action.CONNECT], connect_url))
    return Message("\n".join([_text(shown, ""), *details]), blocks)


def buttons(delegation_id: str, actions: Sequence[Action], connect_url: str) -> ActionsBlock:
    """A row of buttons that carry nothing but the delegation's id."""
    return ActionsBlock(
        block_id=f"delegation:{delegation_id}",
        elements=[
            _menu(delegation_id)
            if action is Action.MORE
            else button(action, delegation_id, connect_url)
            for action in actions
        ],
    )


def button(action: Action, delegation_id: str, connect_url: str) -> ButtonElement:
    """One button; only "Connect Close" is a link."""
    return parts.button(
        action,
        LABELS[action],
        delegation_id,
        style=STYLES.get(action),
        url=connect_url if action is Action.CONNECT else None,
    )


def _menu(delegation_id: str) -> OverflowMenuElement:
    return OverflowMenuElement(
        action_id=Action.MORE,
        options=[
            Option(text=PlainTextObject(text=label), value=f"{choice}:{delegation_id}")
            for choice, label in CHOICES.items()
        ],
    )


def _text(shown: Face, reason: str) -> str:
    said = [f"{shown.headline}.", *shown.lines, *(line for line in shown.small if line)]
    plain = [line.replace("*", "") for line in said]  # a screen reader reads marks aloud
    if reason and shown.shows_reason:
        plain.insert(1, f"Reason: {quoted(reason)}")
    return "\n".join(plain)

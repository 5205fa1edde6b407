"""Many at once in one message: what was asked or granted together, and what ended together."""

from collections.abc import Collection, Sequence

from slack_sdk.models.blocks import ActionsBlock, Block

from bot.cards import aftermath, dialogs, parts, receipts, words
from bot.cards.delegations import MARKS, button, connect
from bot.cards.faces import Action, again
from bot.cards.foreign import plain
from bot.cards.markup import mention, moment, quoted
from bot.slack.message import Message
from models.aftermath import Aftermath
from models.card import Audience
from models.delegation import WAITS_FOR_GRANTOR, Delegation, Event, State, Trouble

REVOKE_BUNDLE = "revoke_bundle"
MOST_REASON = 300  # characters of it in the notification, beside all the lines
MOST_LINES = 20  # people with a line and a button of their own; more are counted
DEAD_ENDS = (State.DENIED, State.LAPSED, State.CANCELLED, State.FAILED)
CONNECTS = (*WAITS_FOR_GRANTOR, Trouble.OTHER_CLOSE_ACCOUNT)

_HOW = {
    State.REQUESTED: "waiting for an answer",
    State.ENDING: "over, not yet removed in Close",
    State.ENDED: "over",
    State.DENIED: "denied",
    State.CANCELLED: "cancelled",
    State.LAPSED: "lapsed",
}


def wished(bundle: Sequence[Delegation], apart: Collection[str], *, connect_url: str) -> Message:
    """To who asked or granted these with one wish, how each of them is.

    ``apart`` are the ids of those that have a message of their own, with their buttons.
    """
    first = bundle[0]
    is_grant = first.requester_id == first.grantor_id
    several, terms = f"{len(bundle)} people", words.terms(first)
    if is_grant:
        headline = f"You let {several} send email as you {terms}"
    elif first.requester_id == first.grantee_id:
        headline = f"You asked {several} whether you can send email as them {terms}"
    else:
        grantee = mention(first.grantee_id)
        headline = f"You asked {several} whether {grantee} can send email as them {terms}"
    said = [f"{mark(bundle)} *{headline}*"]
    blocks: list[Block] = [parts.section(said[0]), *parts.typed(first.reason)]
    if why := quoted(plain(first.reason, MOST_REASON)):
        said.append(f"Reason: {why}")
    for each in bundle[:MOST_LINES]:
        line = person_line(each, is_grant=is_grant, is_apart=each.id in apart)
        said.append(line)
        blocks.append(_with_button(line, each, is_grant=is_grant, is_apart=each.id in apart))
    if len(bundle) > MOST_LINES:
        said.append(f"and {len(bundle) - MOST_LINES} more: my Home tab shows them all.")
        blocks.append(parts.context(said[-1]))
    waits = any(each.trouble in WAITS_FOR_GRANTOR for each in bundle if each.is_open)
    buttons = [connect("bundle", connect_url)] if is_grant and waits else []
    if is_grant and sum(each.state in (State.APPROVED, State.ACTIVE) for each in bundle) > 1:
        revoke = parts.button(
            REVOKE_BUNDLE,
            "Revoke all of these",
            first.bundle_id or "",
            style="danger",
            confirm=dialogs.asked(
                "Revoke all of these?",
                "Everybody in this message can no longer send email as you, at once.",
                yes="Revoke all",
                no="Keep them",
            ),
        )
        buttons.append(revoke)
    if buttons:
        blocks.append(ActionsBlock(elements=buttons))
    return Message(parts.spoken(said), blocks)


def wished_before(bundle: Sequence[Delegation]) -> Message:
    """What is left of an earlier one, where Slack does not let it go."""
    return _followed(f"This was about {len(bundle)} people.")


def ended(
    together: Sequence[Delegation], *, connect_url: str, goes_on: Sequence[Aftermath] = ()
) -> Message:
    """To the grantor: what ended together, what was sent, what Close still holds, and of whom it is
    not known whether what they started goes on."""
    left = [each for each in together if each.state is not State.ENDED]
    gone = [each for each in together if each.state is State.ENDED]
    rights = "1 right" if len(together) == 1 else f"{len(together)} rights"
    said = [f"{mark(together)} *{rights} to send email as you ended*: {_why(together[0])}"]
    said += [_still_there(left)] if left else []
    said += [_unused(gone), *_used(gone), *aftermath.after_several(goes_on)]
    said = [line for line in said if line]
    blocks: list[Block] = [parts.section(line) for line in said]
    if any(each.trouble in CONNECTS for each in left):
        blocks.append(ActionsBlock(elements=[connect("bundle", connect_url)]))
    return Message(parts.spoken(said), blocks)


def ended_before(together: Sequence[Delegation]) -> Message:
    """What is left of an earlier one, where Slack does not let it go."""
    return _followed(f"{len(together)} rights to send email as you ended.")


def _followed(about: str) -> Message:
    said = f"{about} There is a newer message about it."
    return Message(said, [parts.context(said)])


def mark(delegations: Sequence[Delegation]) -> str:
    """The sign of how several are, by the one that matters most."""
    states = {each.state for each in delegations}
    for state in (State.FAILED, State.ENDING, State.ACTIVE, State.APPROVED, State.REQUESTED):
        if state in states:
            return MARKS[state]
    return MARKS[State.ENDED]


def person_line(d: Delegation, *, is_grant: bool, is_apart: bool) -> str:
    """How it is with one of several people; with ``is_apart`` another message says that."""
    who = mention(d.grantee_id if is_grant else d.grantor_id)
    how = "see the message about it" if is_apart and d.is_open else _how(d)
    return f"{who}: {how}"


def _how(d: Delegation) -> str:
    problem = f". {words.trouble(d, d.requester_id)}" if d.trouble is not None else ""
    match d.state:
        case State.APPROVED if d.starts_at is not None and not problem:
            return f"from {moment(d.starts_at)}"
        case State.APPROVED:
            return f"not active yet{problem}" if problem else "setting it up in Close"
        case State.ACTIVE:
            return f"active {words.end(d)}"
        case State.FAILED:
            return f"could not be set up{problem}"
        case _:
            return _HOW[d.state]


def _with_button(line: str, d: Delegation, *, is_grant: bool, is_apart: bool) -> Block:
    action = _action(d, is_grant=is_grant)
    if is_apart or action is None:
        return parts.section(line)
    own = Audience.GRANTEE if d.requester_id == d.grantee_id else Audience.REQUESTER
    pressed = button(d, Audience.GRANTOR if is_grant else own, action, "")
    return parts.section(line, block_id=f"delegation:{d.id}", accessory=pressed)


def _action(d: Delegation, *, is_grant: bool) -> Action | None:
    if is_grant:
        return Action.REVOKE if d.state in (State.APPROVED, State.ACTIVE) else None
    if d.state is State.APPROVED and d.trouble in WAITS_FOR_GRANTOR:
        return Action.REMIND
    if d.state in (State.REQUESTED, State.APPROVED):
        return Action.CANCEL
    return next(iter(again(d, d.requester_id)), None) if d.state in DEAD_ENDS else None


def _why(d: Delegation) -> str:
    match d.end_event:
        case Event.EXPIRE:
            return "the time was up."
        case Event.REVOKE:
            return "you revoked them."
        case Event.END:
            return " ".join([words.how_it_ended(d, d.grantor_id), *words.admins_reason(d)])
        case Event.UNCONFIRMED:
            return "you did not confirm in your review that they are still needed."
        case Event.OFFBOARD:
            return f"{words.who_left(d, d.grantor_id)}."
        case Event.UNINSTALL:
            return "the app was removed from Slack."
        case _:
            return "I have told Close."


def _still_there(left: Sequence[Delegation]) -> str:
    """What somebody may have to do something about comes first."""
    troubled = [each for each in left if each.trouble is not None]
    names = _names(left)
    if not troubled:
        return f"Still being removed in Close: {names}."
    return (
        f"*Not yet removed in Close: {names}.* {words.trouble(troubled[0], troubled[0].grantor_id)}"
    )


def _unused(gone: Sequence[Delegation]) -> str:
    quiet = [each for each in gone if not each.was_used]
    if not quiet:
        return ""
    return f"Gone in Close, and no email that I know of was sent: {_names(quiet)}."


def _used(gone: Sequence[Delegation]) -> list[str]:
    used = [each for each in gone if each.was_used]
    lines = [
        f"• {mention(each.grantee_id)}: {line}"
        for each in used[: words.MOST_NAMED]
        for line in receipts.counted(each)
    ]
    more = len(used) - words.MOST_NAMED
    return [*lines, f"• and {more} more: my Home tab has them."] if more > 0 else lines


def _names(delegations: Sequence[Delegation]) -> str:
    named = [mention(each.grantee_id) for each in delegations[: words.MOST_NAMED]]
    more = len(delegations) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")

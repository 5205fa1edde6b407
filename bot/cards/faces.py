"""What a card says: for each state, once for the grantor and once for the grantee."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.cards import words
from bot.cards.markup import mention, moment
from models.card import Audience
from models.delegation import Delegation, State, Trouble


class Action(StrEnum):
    """The buttons; the value is Slack's action id."""

    APPROVE = "approve"
    DENY = "deny"
    CANCEL = "cancel"
    REVOKE = "revoke"
    RELEASE = "release"
    CONNECT = "connect"


@dataclass(frozen=True, slots=True)
class Face:
    """One card's words: a headline, the lines below it, small print, and buttons."""

    headline: str
    lines: Sequence[str] = ()
    small: Sequence[str] = ()
    actions: Sequence[Action] = ()
    shows_reason: bool = True


def face(delegation: Delegation, audience: Audience) -> Face:
    """What this audience is to read now."""
    if audience is Audience.GRANTOR:
        return _for_grantor(delegation)
    return _for_grantee(delegation)


def _for_grantor(d: Delegation) -> Face:
    grantee = mention(d.grantee_id)
    match d.state:
        case State.REQUESTED:
            return Face(
                f"{grantee} asks to send email as you",
                [f"*How long:* {words.terms(d)}"],
                [
                    (
                        f"If you approve, {grantee} can {words.allows('your')}. "
                        "You can revoke it at any time."
                    ),
                    f"Without an answer, this lapses {moment(d.lapses_at)}.",
                ],
                [Action.APPROVE, Action.DENY],
            )
        case State.APPROVED:
            return _approved_for_grantor(d, grantee)
        case State.ACTIVE:
            return Face(
                f"{grantee} can send email as you {words.end(d)}",
                small=[f"{grantee} can {words.allows('your')}."],
                actions=[Action.REVOKE],
            )
        case State.ENDING:
            return _ending_for_grantor(d, grantee)
        case State.ENDED:
            return Face(f"{grantee} can no longer send email as you", [_over(d)])
        case State.DENIED:
            return Face(f"You denied {grantee}'s request", small=[_when(d)])
        case State.CANCELLED:
            return Face(f"{_closer(d)} took this request back", ["Nothing was changed in Close."])
        case State.LAPSED:
            return Face(f"{grantee}'s request lapsed", [_why_lapsed(d)])
        case State.FAILED:
            return _failed(d, f"{grantee} was not given the right to send as you")


def _approved_for_grantor(d: Delegation, grantee: str) -> Face:
    if d.trouble in (Trouble.NOT_CONNECTED, Trouble.CONNECTION_LOST):
        again = " again" if d.trouble is Trouble.CONNECTION_LOST else ""
        return Face(
            f"You approved {grantee}. One step is left: connect your Close account{again}",
            [
                f"*How long:* {words.terms(d)}",
                "Close lets only you give this right. Connect once; the rest happens by itself.",
            ],
            [f"Your approval is kept until {moment(d.lapses_at)}."],
            [Action.CONNECT, Action.REVOKE],
        )
    waiting = words.trouble(d) if d.trouble else _starting(d)
    return Face(f"You approved {grantee}", [waiting], actions=[Action.REVOKE])


def _ending_for_grantor(d: Delegation, grantee: str) -> Face:
    if d.trouble is None:
        return Face(f"Taking {grantee}'s right back", ["Waiting for Close to confirm."])
    lines = [f"*{grantee} may still be able to send email as you.* {words.trouble(d)}"]
    actions = []
    if d.trouble in (Trouble.NOT_CONNECTED, Trouble.CONNECTION_LOST):
        lines.append(
            "Connect again and the bot removes it at once, or remove it yourself in Close's "
            "settings under Send As."
        )
        actions = [Action.CONNECT]
    return Face(
        f"{grantee}'s right is over but not yet removed in Close",
        lines,
        ["The bot keeps trying until Close confirms."],
        actions,
    )


def _for_grantee(d: Delegation) -> Face:
    grantor = mention(d.grantor_id)
    match d.state:
        case State.REQUESTED:
            return Face(
                f"You asked to send email as {grantor}",
                [f"*How long:* {words.terms(d)}", f"Waiting for {grantor} to answer."],
                [f"Without an answer, this lapses {moment(d.lapses_at)}."],
                [Action.CANCEL],
            )
        case State.APPROVED:
            waiting = words.trouble(d) if d.trouble else _starting(d)
            return Face(f"{grantor} approved your request", [waiting], actions=[Action.CANCEL])
        case State.ACTIVE:
            return Face(
                f"You can send email as {grantor} {words.end(d)}",
                [f"Choose {grantor}'s address as the sender in Close."],
                ["You can " + words.allows(f"{grantor}'s") + "."],
                [Action.RELEASE],
            )
        case State.ENDING:
            note = words.trouble(d) if d.trouble else "Waiting for Close to confirm."
            return Face(
                f"Your right to send as {grantor} is over", [note, "Please send nothing more."]
            )
        case State.ENDED:
            return Face(f"You can no longer send email as {grantor}", [_over(d)])
        case State.DENIED:
            return Face(f"{grantor} denied your request", small=[_when(d)])
        case State.CANCELLED:
            return Face(f"{_closer(d)} took this request back", ["Nothing was changed in Close."])
        case State.LAPSED:
            return Face(f"Your request to {grantor} lapsed", [_why_lapsed(d)])
        case State.FAILED:
            return _failed(d, f"You were not given the right to send as {grantor}")


def _starting(d: Delegation) -> str:
    if d.starts_at is not None:
        return f"It starts {moment(d.starts_at)}."
    return "Setting it up in Close now."


def _failed(d: Delegation, headline: str) -> Face:
    return Face(headline, [words.trouble(d)])


def _over(d: Delegation) -> str:
    return f"{words.how_it_ended(d)} Close confirmed that the right is gone.{_at(d)}"


def _why_lapsed(d: Delegation) -> str:
    if d.decided_at is None:
        return f"{mention(d.grantor_id)} did not answer in time. Nothing was changed in Close."
    return (
        f"{mention(d.grantor_id)} approved, but it could not be carried out in time. "
        "Nothing was changed in Close."
    )


def _when(d: Delegation) -> str:
    return moment(d.ended_at) if d.ended_at else ""


def _at(d: Delegation) -> str:
    return f" ({_when(d)})" if d.ended_at else ""


def _closer(d: Delegation) -> str:
    return mention(d.closed_by or d.grantee_id)

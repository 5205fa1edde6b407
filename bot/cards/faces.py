"""What a card says: for each state, once for the grantor and once for the grantee."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.cards import receipts, words
from bot.cards.markup import mention, moment, quoted, quoted_address
from models.card import Audience
from models.delegation import (
    WAITS_FOR_GRANTEE,
    WAITS_FOR_GRANTOR,
    Delegation,
    Event,
    State,
    Trouble,
)

_NO_ANSWER = "Close's answer never reached the bot when it asked for this."


class Action(StrEnum):
    """The buttons; the value is Slack's action id."""

    APPROVE = "approve"
    DENY = "deny"
    CANCEL = "cancel"
    REVOKE = "revoke"
    RELEASE = "release"
    CONNECT = "connect"
    EXTEND = "extend"
    APPROVE_EXTENSION = "approve_extension"
    DECLINE_EXTENSION = "decline_extension"
    SNOOZE = "snooze"
    REMIND = "remind"
    MORE = "more"
    RECEIPT = "receipt"


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
    match audience:
        case Audience.GRANTOR:
            return _for_grantor(delegation)
        case Audience.GRANTEE:
            return _for_grantee(delegation)
        case _:
            return for_bystander(delegation)


def _for_grantor(d: Delegation) -> Face:
    grantee = mention(d.grantee_id)
    match d.state:
        case State.REQUESTED:
            return Face(
                _asks(d, grantee),
                [*_reminder(d), _how_long(d), *account(d)],
                [
                    (
                        f"If you approve, {grantee} can {words.allows('your')}. "
                        "You can revoke it at any time."
                    ),
                    f"{_next_reminder(d)}Without an answer, this lapses {moment(d.lapses_at)}.",
                ],
                [Action.APPROVE, Action.DENY, *_snooze(d), Action.MORE],
            )
        case State.APPROVED:
            return _approved_for_grantor(d, grantee)
        case State.ACTIVE:
            return _active_for_grantor(d, grantee)
        case State.ENDING:
            return _ending_for_grantor(d, grantee)
        case State.ENDED:
            over = f"The right that you gave {grantee} here is over"
            return Face(
                over if d.has_twin else f"{grantee} can no longer send email as you",
                [_over(d), *_taken_over(d), *receipts.counted(d)],
                actions=[Action.RECEIPT] if d.was_used else [],
            )
        case State.DENIED:
            return Face(f"You denied {grantee}'s request", _note(d), [_when(d)])
        case State.CANCELLED:
            return Face(words.why_cancelled(d), ["Nothing was changed in Close."])
        case State.LAPSED:
            return Face(f"{grantee}'s request lapsed", [_why_lapsed(d)])
        case State.FAILED:
            return _failed(d, f"{grantee} was not given the right to send as you")


def _approved_for_grantor(d: Delegation, grantee: str) -> Face:
    if d.trouble in (Trouble.NOT_CONNECTED, Trouble.CONNECTION_LOST):
        again = " again" if d.trouble is Trouble.CONNECTION_LOST else ""
        return Face(
            f"{_agreed(d, grantee)}. One step is left: connect your Close account{again}",
            [
                *_still_waiting(d, grantee),
                _how_long(d),
                *account(d),
                "Close lets only you give this right. Connect once; the rest happens by itself.",
            ],
            [f"Your approval is kept until {moment(d.lapses_at)}."],
            [Action.CONNECT, Action.REVOKE],
        )
    if d.trouble in WAITS_FOR_GRANTEE:
        return Face(
            f"{_agreed(d, grantee)}. One step is left for {grantee}: their Close account",
            [_how_long(d), words.trouble(d), *words.way_on(d, d.trouble)],
            [f"Your approval is kept until {moment(d.lapses_at)}."],
            [Action.REVOKE],
        )
    waiting = words.trouble(d) if d.trouble else _starting(d)
    return Face(
        _agreed(d, grantee), [_how_long(d), waiting, *_standing(d)], actions=[Action.REVOKE]
    )


def _active_for_grantor(d: Delegation, grantee: str) -> Face:
    if d.extension is not None:
        return Face(
            f"{grantee} asks to go on sending email as you {words.extension(d.extension)}",
            [f"Now it lasts {words.end(d)}. Nothing is interrupted if you agree."],
            actions=[Action.APPROVE_EXTENSION, Action.DECLINE_EXTENSION, Action.REVOKE],
        )
    return Face(
        f"{grantee} can send email as you {words.end(d)}",
        [*_went_unseen(d, grantee), *_taken_over(d), *words.addresses(d), *_standing(d)],
        small=[f"{grantee} can {words.allows('your')}.", *_goes_to(d)],
        actions=[*_extend(d), Action.RECEIPT, Action.REVOKE],
    )


def _ending_for_grantor(d: Delegation, grantee: str) -> Face:
    if d.trouble is None:
        waiting = [*_leaver(d), _unconfirmed(d)]
        return Face(f"Taking {grantee}'s right back", waiting)
    lines = [f"*{grantee} may still be able to send email as you.* {words.trouble(d)}"]
    actions = []
    if d.trouble in (Trouble.NOT_CONNECTED, Trouble.CONNECTION_LOST):
        lines.append(
            "Connect again and the bot removes it at once, or remove it yourself in Close's "
            "settings under Send As."
        )
        actions = [Action.CONNECT]
    if d.trouble is Trouble.OTHER_CLOSE_ACCOUNT:
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
            asked = d.requester_id in (d.grantee_id, d.grantor_id)
            who = "You asked" if asked else f"{mention(d.requester_id)} asked for you"
            return Face(
                f"{who} to send email as {grantor}",
                [_how_long(d), f"Waiting for {grantor} to answer.", *_unknown_account(d)],
                [
                    "If they approve, you can " + words.allows(f"{grantor}'s") + ".",
                    f"Without an answer, this lapses {moment(d.lapses_at)}.",
                ],
                [*_connecting(d), Action.CANCEL],
            )
        case State.APPROVED:
            waiting = words.trouble(d) if d.trouble else _starting(d)
            return Face(
                _agreed_for_grantee(d, grantor),
                [_how_long(d), waiting, *_unknown_account(d)],
                _to_be_reminded(d, grantor),
                [*_connecting(d), *_reminding(d), Action.CANCEL],
            )
        case State.ACTIVE:
            return Face(
                f"You can send email as {grantor} {words.end(d)}",
                [*_warning(d), _how_to_send(d, grantor), *_extension(d, grantor)],
                ["You can " + words.allows(f"{grantor}'s") + "."],
                [*_extend(d), Action.RELEASE],
            )
        case State.ENDING:
            note = words.trouble(d) if d.trouble else _unconfirmed(d)
            return Face(
                f"Your right to send as {grantor} is over",
                [*_leaver(d), note, "Please send nothing more."],
            )
        case State.ENDED:
            over = f"The right to send as {grantor} that you had here is over"
            return Face(
                over if d.has_twin else f"You can no longer send email as {grantor}", [_over(d)]
            )
        case State.DENIED:
            return Face(f"{grantor} denied {_request(d)}", _note(d), [_when(d)])
        case State.CANCELLED:
            return Face(words.why_cancelled(d), ["Nothing was changed in Close."])
        case State.LAPSED:
            request = _request(d)
            return Face(f"{request[0].upper()}{request[1:]} to {grantor} lapsed", [_why_lapsed(d)])
        case State.FAILED:
            return _failed(
                d, f"You were not given the right to send as {grantor}", actions=_connecting(d)
            )


def for_bystander(d: Delegation) -> Face:
    """For somebody who asked for a third person, and for the audit channel."""
    grantor, grantee = mention(d.grantor_id), mention(d.grantee_id)
    pair = f"{grantee} to send email as {grantor}"
    terms = _how_long(d)
    allowed = ["The right is to " + words.allows(f"{grantor}'s") + "."]
    asked = f"{mention(d.requester_id)} asked for {pair}"
    match d.state:
        case State.REQUESTED:
            return Face(asked, [terms, f"Waiting for {grantor}."], allowed, [Action.CANCEL])
        case State.APPROVED:
            waiting = words.trouble(d) if d.trouble else _starting(d)
            return Face(
                f"{grantor} approved {pair}",
                [terms, waiting],
                _to_be_reminded(d, grantor),
                [*_reminding(d), Action.CANCEL],
            )
        case State.ACTIVE:
            headline = f"{grantee} can send email as {grantor} {words.end(d)}"
            return Face(headline, small=allowed, actions=[Action.RELEASE])
        case State.ENDING:
            note = words.trouble(d) if d.trouble else _unconfirmed(d)
            return Face(f"The right of {pair} is over", [*_leaver(d), note])
        case State.ENDED:
            over = f"The right of {pair} that was set up here is over"
            return Face(
                over if d.has_twin else f"{grantee} can no longer send email as {grantor}",
                [_over(d)],
            )
        case State.DENIED:
            return Face(f"{grantor} denied the request for {pair}", _note(d), [_when(d)])
        case State.CANCELLED:
            return Face(f"{words.why_cancelled(d)} ({pair})")
        case State.LAPSED:
            return Face(f"The request for {pair} lapsed", [_why_lapsed(d)])
        case State.FAILED:
            return _failed(d, f"The request for {pair} could not be carried out")


def _asks(d: Delegation, grantee: str) -> str:
    if d.requester_id in (d.grantee_id, d.grantor_id):
        return f"{grantee} asks to send email as you"
    return f"{mention(d.requester_id)} asks that {grantee} may send email as you"


def _agreed(d: Delegation, grantee: str) -> str:
    if d.standing_id is not None:
        return f"{grantee} uses your standing approval to send email as you"
    if d.requester_id == d.grantor_id:
        return f"You let {grantee} send email as you"
    return f"You approved {grantee}"


def _agreed_for_grantee(d: Delegation, grantor: str) -> str:
    if d.requester_id == d.grantor_id:
        return f"{grantor} lets you send email as them"
    if d.standing_id is not None:
        return f"{grantor}'s standing approval covers your request"
    return f"{grantor} approved {_request(d)}"


def _request(d: Delegation) -> str:
    """For the grantee, who may never have asked."""
    if d.requester_id == d.grantee_id:
        return "your request"
    return f"the request that {mention(d.requester_id)} made for you"


def _how_long(d: Delegation) -> str:
    return f"*How long:* {words.terms(d)}"


def _reminder(d: Delegation) -> list[str]:
    return [f"*Still waiting for your answer*, since {moment(d.requested_at)}."] * bool(d.reminders)


def _warning(d: Delegation) -> list[str]:
    if not d.is_warned or d.extension_declined_at is not None:
        return []
    if d.extension is not None:
        return ["*Your time is nearly up*, and your wish for more is not answered yet."]
    return ["*Your time is nearly up.* Extend asks for more, without a gap."]


def _standing(d: Delegation) -> list[str]:
    if d.standing_id is None:
        return []
    if d.is_extended_by_standing:
        what = f"{mention(d.grantee_id)} extended this by your standing approval"
    else:
        what = "This was approved by your standing approval"
    return [f"{what}; App Home lists and ends those."]


def account(d: Delegation) -> list[str]:
    """Which Close account the right would go to, or why that is not known."""
    if d.grantee_account:
        return words.grantee_account("*Will go to:*", d)
    if d.grantee_trouble is not None:
        return [words.trouble(d, d.grantee_trouble), *words.way_on(d, d.grantee_trouble)]
    if not d.grantee_email:
        return ["Which Close account it will go to is looked up when you approve."]
    whose = f"whoever in your Close organization has {mention(d.grantee_id)}'s Slack address"
    when = "It cannot be looked up yet; you read which account it was as soon as it has the right."
    return [f"*Will go to:* {whose}\nAddress: {quoted_address(d.grantee_email)}\n{when}"]


def _goes_to(d: Delegation) -> list[str]:
    return [] if d.is_account_unseen else words.grantee_account("In Close:", d)


def _went_unseen(d: Delegation, grantee: str) -> list[str]:
    """The account that the grantor agreed to without having seen it."""
    if not d.is_account_unseen:
        return []
    went_to = words.grantee_account("*In Close the right went to:*", d)
    return [f"{each}\nIf that is not {grantee}, revoke it." for each in went_to]


def _unknown_account(d: Delegation) -> list[str]:
    """To the grantee, while they can still help."""
    kind = d.trouble or d.grantee_trouble
    return words.way_on(d, kind) if kind is not None else []


def _connecting(d: Delegation) -> list[Action]:
    return [Action.CONNECT] if _unknown_account(d) else []


def _reminding(d: Delegation) -> list[Action]:
    return [Action.REMIND] if d.trouble in WAITS_FOR_GRANTOR else []


def _to_be_reminded(d: Delegation, grantor: str) -> list[str]:
    if d.trouble not in WAITS_FOR_GRANTOR or d.remind_at is None:
        return []
    return [f"I'll remind {grantor} {moment(d.remind_at)}."]


def _still_waiting(d: Delegation, grantee: str) -> list[str]:
    """To whoever has to connect, and was reminded."""
    if not d.reminders:
        return []
    asked = d.nudged_at is not None
    return [f"*{grantee} is still waiting*{' and asked me to remind you' if asked else ''}."]


def _extend(d: Delegation) -> list[Action]:
    return [] if d.ends_at is None else [Action.EXTEND]


def _snooze(d: Delegation) -> list[Action]:
    return [Action.SNOOZE] if d.reminders and _has_next_reminder(d) else []


def _has_next_reminder(d: Delegation) -> bool:
    return d.remind_at is not None and d.remind_at < d.lapses_at


def _next_reminder(d: Delegation) -> str:
    if d.remind_at is None or not _has_next_reminder(d):
        return ""
    return f"I remind you {moment(d.remind_at)}. "


def _note(d: Delegation) -> list[str]:
    note = quoted(d.note)
    return [f"“{note}”"] if note else []


def _how_to_send(d: Delegation, grantor: str) -> str:
    named = words.addresses(d)
    return named[0] if named else f"Choose {grantor}'s address as the sender in Close."


def _extension(d: Delegation, grantor: str) -> list[str]:
    if d.extension is not None:
        return [f"You asked to go on {words.extension(d.extension)}; waiting for {grantor}."]
    if d.extension_declined_at is not None:
        return [f"{grantor} left the end as it is."]
    return []


def _starting(d: Delegation) -> str:
    if d.starts_at is not None:
        return f"It starts {moment(d.starts_at)}."
    return "Setting it up in Close now."


def _failed(d: Delegation, headline: str, *, actions: Sequence[Action] = ()) -> Face:
    return Face(headline, [words.trouble(d), *words.way_on(d, d.trouble)], actions=actions)


def _over(d: Delegation) -> str:
    who = mention(d.confirmed_by) if d.confirmed_by else "Close"
    confirmed = f"{words.how_it_ended(d)} {who} confirmed that the right is gone.{_at(d)}"
    if not d.has_twin:
        return confirmed
    grantor, grantee = mention(d.grantor_id), mention(d.grantee_id)
    twin = f"it held another one, which was set up in Close itself: {grantee} could still send as"
    return f"{confirmed} *But {twin} {grantor}.*"


def _leaver(d: Delegation) -> list[str]:
    """Why it is over, when neither of the two ended it."""
    return [f"{words.who_left(d)}."] if d.end_event is Event.OFFBOARD else []


def _unconfirmed(d: Delegation) -> str:
    if not d.is_unanswered or d.arrives_until is None:
        return "Waiting for Close to confirm."
    until = moment(d.arrives_until)
    return f"{_NO_ANSWER} Until {until} the bot takes away whatever still comes of it."


def _taken_over(d: Delegation) -> list[str]:
    """To the grantor: nobody can tell what was found from one that was made by hand."""
    if not d.is_taken_over:
        return []
    ends = "ended with this one" if d.state is State.ENDED else "ends here"
    what = "The right that was found in Close afterwards was taken over"
    own = "even if you set it up in Close yourself at that moment"
    return [f"{_NO_ANSWER} {what}: it {ends}, {own}."]


def _why_lapsed(d: Delegation) -> str:
    if d.decided_at is None:
        return f"{mention(d.grantor_id)} did not answer in time. Nothing was changed in Close."
    if d.trouble is None:
        why = f"{mention(d.grantor_id)} approved, but it could not be carried out in time."
    else:
        why = f"{mention(d.grantor_id)} approved, but not all was ready in time. {words.trouble(d)}"
    return f"{why} Nothing was changed in Close."


def _when(d: Delegation) -> str:
    return moment(d.ended_at) if d.ended_at else ""


def _at(d: Delegation) -> str:
    return f" ({_when(d)})" if d.ended_at else ""

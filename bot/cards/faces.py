"""What a card says: for each state, once for the grantor and once for the grantee.

At most four things stand above the buttons: a headline, what has to be known, why it was asked, and
small print.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.cards import receipts, words
from bot.cards.foreign import plain
from bot.cards.markup import mention, moment, quoted, quoted_address
from bot.cards.pronouns import Party, party
from models.card import Audience
from models.delegation import (
    WAITS_FOR_GRANTEE,
    WAITS_FOR_GRANTOR,
    Delegation,
    Event,
    State,
    Trouble,
)

MOST_ASKED = 200  # characters of a reason beside an answer; both fit into a notification
_NO_ANSWER = "Close never answered when I asked for this."
_UNTOUCHED = "Nothing changed in Close."


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
    CHANGE = "change"
    ASK_AGAIN = "ask_again"


@dataclass(frozen=True, slots=True)
class Face:
    """One card's words: a headline, the lines below it, small print, and buttons."""

    headline: str
    lines: Sequence[str] = ()
    small: Sequence[str] = ()
    actions: Sequence[Action] = ()
    shows_reason: bool = True


def reader_of(delegation: Delegation, audience: Audience) -> str | None:
    """The Slack id of this audience; None is anybody."""
    match audience:
        case Audience.GRANTOR:
            return delegation.grantor_id
        case Audience.GRANTEE:
            return delegation.grantee_id
        case Audience.REQUESTER:
            return delegation.requester_id
        case Audience.AUDIT:
            return None


def face(delegation: Delegation, audience: Audience, *, unconfirmed: Collection[str] = ()) -> Face:
    """What this audience is to read now; ``unconfirmed`` are the Slack ids of those whose Close
    account waits for an admin's word."""
    match audience:
        case Audience.GRANTOR:
            return _for_grantor(delegation, unconfirmed)
        case Audience.GRANTEE:
            return _for_grantee(delegation, unconfirmed)
        case _:
            return _for_bystander(delegation, reader_of(delegation, audience), unconfirmed)


def _for_grantor(d: Delegation, unconfirmed: Collection[str]) -> Face:
    me, grantee = d.grantor_id, mention(d.grantee_id)
    match d.state:
        case State.REQUESTED:
            return _requested_for_grantor(d, grantee)
        case State.APPROVED:
            return _approved_for_grantor(d, grantee, unconfirmed)
        case State.ACTIVE:
            return _active_for_grantor(d, grantee)
        case State.ENDING:
            return _ending_for_grantor(d, grantee)
        case State.ENDED:
            over = f"The right that you gave {grantee} here is over"
            return Face(
                over if d.has_twin else f"{grantee} can no longer send email as you",
                [_over(d, me), *_taken_over(d), *receipts.counted(d)],
                actions=[Action.RECEIPT] if d.was_used else [],
            )
        case State.DENIED:
            denied = f"{_denier(d, me).first} denied {grantee}'s request"
            return _denied(d, me, f"{denied}{' in your place' * _is_denied_in_place(d)}")
        case State.CANCELLED:
            return Face(words.why_cancelled(d, me), [*words.admins_reason(d), _UNTOUCHED])
        case State.LAPSED:
            return Face(_lapsed_for_grantor(d, grantee), [_why_lapsed(d, me)])
        case State.FAILED:
            headline = f"{grantee} was not given the right to send as you"
            called_off = f"{grantee}'s right to send as you is called off"
            return _failed(d, me, headline, called_off)


def _requested_for_grantor(d: Delegation, grantee: str) -> Face:
    me = d.grantor_id
    if d.waits_for_second:
        agreed = f"{_who_agreed(d, me)} agreed to let {grantee} send email as you"
        return Face(
            f"{agreed}. It needs a second yes",
            [words.length(d, me), words.waits_for_second(d)],
            actions=[Action.REVOKE],
        )
    return Face(
        _asks(d, grantee),
        [words.length(d, me), *account(d)],
        [_if_approved(d, grantee)],
        [Action.APPROVE, Action.DENY, *_snooze(d), Action.MORE],
    )


def _lapsed_for_grantor(d: Delegation, grantee: str) -> str:
    return f"Your grant to {grantee} lapsed" if _is_granted(d) else f"{grantee}'s request lapsed"


def _if_approved(d: Delegation, grantee: str) -> str:
    allowed = f"If you approve, {grantee} can {words.allows('your')}."
    lapses = f"Without an answer, this lapses {moment(d.lapses_at)}."
    return " ".join([f"{allowed} {_next_reminder(d)}{lapses}", *_shared(d)])


def _approved_for_grantor(d: Delegation, grantee: str, unconfirmed: Collection[str]) -> Face:
    me, agreed = d.grantor_id, _agreed(d, grantee)
    if d.trouble in WAITS_FOR_GRANTOR and d.reminders:
        agreed = f"{grantee} is still waiting{' and asked me to remind you' * bool(d.nudged_at)}"
    kept = f"Your approval is kept until {moment(d.lapses_at)}."
    if _waits_for_admin(d, unconfirmed):
        return Face(
            f"{agreed}. An admin has to confirm {_whose_account(d, me)} first",
            [words.length(d, me), waiting(d, me, unconfirmed)],
            [kept],
            [Action.REVOKE],
        )
    if d.trouble in WAITS_FOR_GRANTOR:
        again = " again" if d.trouble is Trouble.CONNECTION_LOST else ""
        return Face(
            f"{agreed}. One step is left: connect your Close account{again}",
            [words.length(d, me), *account(d)],
            [f"Only you can give this right. Connect once; the rest is automatic. {kept}"],
            [Action.CONNECT, Action.REVOKE],
        )
    if d.trouble in WAITS_FOR_GRANTEE:
        return Face(
            f"{agreed}. One step is left for {grantee}: their Close account",
            [words.length(d, me), waiting(d, me, unconfirmed)],
            [kept],
            [Action.REVOKE],
        )
    return Face(
        agreed,
        [words.length(d, me), waiting(d, me, unconfirmed), *_standing(d)],
        actions=[Action.REVOKE],
    )


def _active_for_grantor(d: Delegation, grantee: str) -> Face:
    me = d.grantor_id
    if d.extension is not None and d.waits_for_second:
        agreed = f"{_who_agreed(d, me)} agreed to {words.more(d.extension)} for {grantee}"
        return Face(
            f"{agreed}. It needs a second yes",
            [f"{_capital(words.new_end(d, d.extension))}.", words.waits_for_second(d)],
            actions=[Action.REVOKE],
        )
    if d.extension is not None:
        new_end = words.new_end(d, d.extension)
        return Face(
            f"{grantee} asks for {words.more(d.extension)} to send email as you",
            [f"{_capital(new_end)}. Nothing is interrupted if you agree.", *_said_with(d)],
            _shared(d),
            [Action.APPROVE_EXTENSION, Action.DECLINE_EXTENSION, Action.REVOKE],
        )
    return Face(
        f"{grantee} can send email as you {words.end(d)}{words.asked_for(d, me)}",
        [
            *_by_deputy(d),
            *_went_unseen(d, grantee),
            *_taken_over(d),
            *words.addresses(d),
            *_standing(d),
        ],
        small=_goes_to(d),
        actions=[*_extend(d), Action.RECEIPT, Action.REVOKE],
    )


def _ending_for_grantor(d: Delegation, grantee: str) -> Face:
    if d.trouble is None:
        return Face(f"Ending {grantee}'s right to send email as you", [_ending(d, d.grantor_id)])
    trouble = words.trouble(d, d.grantor_id)
    line = f"*{grantee} may still be able to send email as you.* {trouble}"
    is_mine = d.trouble in (*WAITS_FOR_GRANTOR, Trouble.OTHER_CLOSE_ACCOUNT)
    if d.trouble in WAITS_FOR_GRANTOR:
        line += f" Connect again and I remove it at once, or remove it yourself {words.BY_HAND}."
    why = [_how(d, d.grantor_id)] if d.end_event is Event.END else []
    return Face(
        f"{grantee}'s right is over but not yet removed in Close",
        [line, *why],
        ["I keep trying until Close confirms."],
        [Action.CONNECT] if is_mine else [],
    )


def _for_grantee(d: Delegation, unconfirmed: Collection[str]) -> Face:
    me, grantor = d.grantee_id, mention(d.grantor_id)
    match d.state:
        case State.REQUESTED:
            return _requested_for_grantee(d, grantor)
        case State.APPROVED:
            return Face(
                _agreed_for_grantee(d, grantor),
                [words.length(d, me), waiting(d, me, unconfirmed), *_word(d)],
                _to_be_reminded(d, grantor, unconfirmed),
                [*_connecting(d), *_reminding(d, unconfirmed), Action.CANCEL],
            )
        case State.ACTIVE:
            return Face(
                f"You can send email as {grantor} {words.end(d)}{words.asked_for(d, me)}",
                [*_extension(d, grantor), _how_to_send(d, grantor), *_word(d)],
                actions=[*_extend(d), Action.RELEASE],
            )
        case State.ENDING:
            return Face(
                f"Your right to send as {grantor} is over",
                ["*Please send nothing more.*", _ending(d, me)],
            )
        case State.ENDED:
            over = f"The right to send as {grantor} that you had here is over"
            return Face(
                over if d.has_twin else f"You can no longer send email as {grantor}", [_over(d, me)]
            )
        case State.DENIED:
            denied = f"{_denier(d, me).first} denied {_request(d)}{_in_place(d)}"
            return _denied(d, me, denied, again(d, me))
        case State.CANCELLED:
            lines = [*words.admins_reason(d), _UNTOUCHED]
            return Face(words.why_cancelled(d, me), lines, actions=again(d, me))
        case State.LAPSED:
            headline = _lapsed_for_grantee(d, grantor)
            return Face(headline, [_why_lapsed(d, me)], actions=again(d, me))
        case State.FAILED:
            headline = f"You were not given the right to send as {grantor}"
            called_off = f"Your right to send as {grantor} is called off"
            return _failed(d, me, headline, called_off, actions=[*_connecting(d), *again(d, me)])


def _requested_for_grantee(d: Delegation, grantor: str) -> Face:
    me = d.grantee_id
    if _is_granted(d):  # and a rule asks for a second yes
        given = f"{grantor} wants to let you send email as them"
        return Face(given, [words.length(d, me), _unanswered(d, grantor)], actions=[Action.CANCEL])
    who = "You asked" if d.requester_id == me else f"{mention(d.requester_id)} asked for you"
    return Face(
        f"{who} to send email as {grantor}",
        [words.length(d, me), _unanswered(d, grantor), *_unknown_account(d)],
        actions=[*_connecting(d), *_change(d), Action.CANCEL],
    )


def _lapsed_for_grantee(d: Delegation, grantor: str) -> str:
    if _is_granted(d):
        return f"{grantor}'s grant to you lapsed"
    return f"{_capital(_request(d))} to {grantor} lapsed"


def _for_bystander(d: Delegation, reader: str | None, unconfirmed: Collection[str]) -> Face:
    """For somebody who asked for a third person."""
    grantor, grantee = mention(d.grantor_id), mention(d.grantee_id)
    pair = f"{grantee} to send email as {grantor}"
    request = f"request for {pair}"
    asker = party(d.requester_id, reader)
    ask_again = again(d, d.requester_id)
    match d.state:
        case State.REQUESTED:
            lines = [words.length(d, reader), _unanswered(d, grantor)]
            actions = [*([Action.CHANGE] if d.agreed_at is None else []), Action.CANCEL]
            return Face(f"{asker.first} asked for {pair}", lines, actions=actions)
        case State.APPROVED:
            return Face(
                f"{_who_agreed(d, reader)} approved {grantee} to send email as {_them(d, grantor)}",
                [words.length(d, reader), waiting(d, reader, unconfirmed)],
                _to_be_reminded(d, grantor, unconfirmed),
                [*_reminding(d, unconfirmed), Action.CANCEL],
            )
        case State.ACTIVE:
            headline = f"{grantee} can send email as {grantor} {words.end(d)}"
            return Face(headline + words.asked_for(d, reader), actions=[Action.RELEASE])
        case State.ENDING:
            return Face(f"{grantee}'s right to send as {grantor} is over", [_ending(d, reader)])
        case State.ENDED:
            over = f"{grantee}'s right to send as {grantor} that was set up here is over"
            return Face(
                over if d.has_twin else f"{grantee} can no longer send email as {grantor}",
                [_over(d, reader)],
            )
        case State.DENIED:
            denier = _denier(d, reader).first
            headline = f"{denier} denied {asker.whose} request for {grantee}{_in_place(d)}"
            return _denied(d, reader, headline, ask_again)
        case State.CANCELLED:
            lines = [*words.admins_reason(d), f"It was for {pair}. {_UNTOUCHED}"]
            return Face(words.why_cancelled(d, reader), lines, actions=ask_again)
        case State.LAPSED:
            lines = [_why_lapsed(d, reader)]
            return Face(f"{asker.first_whose} {request} lapsed", lines, actions=ask_again)
        case State.FAILED:
            headline = f"{asker.first_whose} {request} could not be carried out"
            called_off = f"{asker.first_whose} {request} is called off"
            return _failed(d, reader, headline, called_off, actions=ask_again)


def _asks(d: Delegation, grantee: str) -> str:
    again = "Still waiting for your answer: " if d.reminders else ""
    if d.requester_id in (d.grantee_id, d.grantor_id):
        return f"{again}{grantee} asks to send email as you"
    return f"{again}{mention(d.requester_id)} asks for {grantee} to send email as you"


def _agreed(d: Delegation, grantee: str) -> str:
    if d.standing_id is not None:
        return f"{grantee} uses your standing approval to send email as you"
    if _is_granted(d):
        return f"You let {grantee} send email as you"
    if d.deputys_word is not None:
        return f"{mention(d.deputys_word.deputy_id)} approved {grantee} in your place"
    return f"You approved {grantee}"


def _agreed_for_grantee(d: Delegation, grantor: str) -> str:
    if _is_granted(d):
        return f"{grantor} lets you send email as them"
    if d.standing_id is not None:
        return f"{grantor}'s standing approval covers your request"
    if d.deputys_word is not None:
        who = mention(d.deputys_word.deputy_id)
        return f"{who} approved {_request(d)} in {grantor}'s place"
    return f"{grantor} approved {_request(d)}"


def _is_denied_in_place(d: Delegation) -> bool:
    """Whether a deputy did: where they agreed, somebody else said no after that."""
    return d.deputys_word is not None and d.deputys_word.deputy_id == d.closed_by


def _in_place(d: Delegation) -> str:
    """Behind who denied it: whose place they were in."""
    return f" in {mention(d.grantor_id)}'s place" if _is_denied_in_place(d) else ""


def _them(d: Delegation, grantor: str) -> str:
    """The grantor, once named; behind a deputy's name "them" would be the deputy."""
    return "them" if d.deputys_word is None else grantor


def _who_agreed(d: Delegation, reader: str | None) -> str:
    """At the beginning of a sentence: the grantor, or a deputy in their place."""
    if d.deputys_word is None:
        return party(d.grantor_id, reader).first
    who = mention(d.deputys_word.deputy_id)
    return f"{who}, in {party(d.grantor_id, reader).whose} place,"


def _by_deputy(d: Delegation) -> list[str]:
    """To the grantor: what was decided in their place."""
    if d.deputys_word is None:
        return []
    who = mention(d.deputys_word.deputy_id)
    if d.extension_declined_at == d.deputys_word.said_at:
        return [f"{who} left the end as it is, in your place."]
    return [f"*{who} agreed to this in your place.*"]


def _shared(d: Delegation) -> list[str]:
    """To the grantor: who else can answer."""
    return [f"{mention(d.shared_with)} can answer in your place, too."] if d.shared_with else []


def _is_granted(d: Delegation) -> bool:
    """Whether the grantor gave it without being asked."""
    return d.requester_id == d.grantor_id


def _request(d: Delegation) -> str:
    """For the grantee, who may never have asked."""
    if d.requester_id == d.grantee_id:
        return "your request"
    return f"the request that {mention(d.requester_id)} made for you"


def _denier(d: Delegation, reader: str | None) -> Party:
    """The grantor, or whose second yes was asked for."""
    return party(d.closed_by or d.grantor_id, reader)


def _unanswered(d: Delegation, grantor: str) -> str:
    if d.waits_for_second:
        return f"{_who_agreed(d, None)} agreed. {words.waits_for_second(d)}"
    return f"Waiting for {grantor}'s answer. Without one, this lapses {moment(d.lapses_at)}."


def _extension(d: Delegation, grantor: str) -> list[str]:
    """To the grantee: that the end is near, and what became of their asking for a later one."""
    if d.extension is not None and d.waits_for_second:
        nearly = "*Your time is nearly up.* " * d.is_warned
        more = f"{words.more(d.extension)}: {words.new_end(d, d.extension)}"
        agreed = f"{_who_agreed(d, None)} agreed to {more}"
        return [f"{nearly}{agreed}. {words.waits_for_second(d)}"]
    if d.extension is not None and d.is_warned:
        still = f"your request to extend is still waiting for {grantor}'s answer"
        return [f"*Your time is nearly up*, and {still}."]
    if d.extension is not None:
        asked = f"You asked for {words.more(d.extension)}: {words.new_end(d, d.extension)}"
        return [f"{asked}. Waiting for {grantor}'s answer."]
    if d.extension_declined_at is not None and d.second is not None:
        return ["Nothing was added: the end stays as it is."]
    if d.extension_declined_at is not None:
        return [f"{_who_agreed(d, None)} left the end as it is."]
    if d.is_warned:
        return ["*Your time is nearly up.* You can ask for more, without a gap."]
    return []


def _standing(d: Delegation) -> list[str]:
    if d.standing_id is None:
        return []
    if d.state is State.APPROVED:  # its headline has the rest
        return ["You can end your standing approval in my Home tab."]
    how = "Your standing approval covers this"
    if d.is_extended_by_standing:
        how = f"{mention(d.grantee_id)} extended this by your standing approval"
    return [f"{how}, and you can end it in my Home tab."]


def account(d: Delegation) -> list[str]:
    """To the grantor: which Close account the right would go to, or why that is not known."""
    if d.grantee_account:
        return words.grantee_account("*Goes to:*", d)
    if d.grantee_trouble is not None:
        return [_with_what_to_do(d, d.grantee_trouble, d.grantor_id)]
    if not d.grantee_email:
        sought = "The Close account that it goes to is looked up when you approve."
        return [sought] if d.state is State.REQUESTED else []
    address = quoted_address(d.grantee_email)
    return [f"*Goes to:* {address} in Close (checked once you connect)"]


def _goes_to(d: Delegation) -> list[str]:
    return [] if d.is_account_unseen else words.grantee_account("In Close:", d)


def _went_unseen(d: Delegation, grantee: str) -> list[str]:
    """The account that the grantor agreed to without having seen it."""
    if not d.is_account_unseen:
        return []
    went_to = words.grantee_account("*In Close it went to:*", d)
    return [f"{each}\nIf that is not {grantee}, revoke it." for each in went_to]


def _with_what_to_do(d: Delegation, kind: Trouble, reader: str | None) -> str:
    return " ".join([words.trouble(d, reader, kind), *words.what_to_do(d, kind, reader)])


def waiting(d: Delegation, reader: str | None, unconfirmed: Collection[str] = ()) -> str:
    """What an approval waits for."""
    if _waits_for_admin(d, unconfirmed):
        whose = _whose_account(d, reader)
        return f"An admin has been asked to confirm {whose}; the rest is automatic."
    if d.trouble is not None:
        return _with_what_to_do(d, d.trouble, reader)
    if d.starts_at is not None:
        return f"It starts {moment(d.starts_at)}."
    return "I'm setting it up in Close now."


def _waits_for_admin(d: Delegation, unconfirmed: Collection[str]) -> bool:
    if d.trouble in WAITS_FOR_GRANTOR:
        return d.grantor_id in unconfirmed
    return d.trouble in WAITS_FOR_GRANTEE and d.grantee_id in unconfirmed


def _whose_account(d: Delegation, reader: str | None) -> str:
    """Of whom the approval waits for."""
    person = d.grantor_id if d.trouble in WAITS_FOR_GRANTOR else d.grantee_id
    return f"{party(person, reader).whose} Close account"


def _unknown_account(d: Delegation) -> list[str]:
    """To the grantee, while they can still help."""
    kind = d.trouble or d.grantee_trouble
    return [] if kind is None else words.what_to_do(d, kind, d.grantee_id)


def _connecting(d: Delegation) -> list[Action]:
    return [Action.CONNECT] if _unknown_account(d) else []


def _reminding(d: Delegation, unconfirmed: Collection[str]) -> list[Action]:
    waits = d.trouble in WAITS_FOR_GRANTOR and not _waits_for_admin(d, unconfirmed)
    return [Action.REMIND] if waits else []


def _to_be_reminded(d: Delegation, grantor: str, unconfirmed: Collection[str]) -> list[str]:
    if not _reminding(d, unconfirmed) or d.remind_at is None:
        return []
    return [f"I'll remind {grantor} {moment(d.remind_at)}."]


def _extend(d: Delegation) -> list[Action]:
    return [] if d.ends_at is None else [Action.EXTEND]


def _change(d: Delegation) -> list[Action]:
    """To the grantee, if it is their own request, and nobody has agreed to it."""
    return [Action.CHANGE] if d.requester_id == d.grantee_id and d.agreed_at is None else []


def again(d: Delegation, reader: str) -> list[Action]:
    """To whoever asked, unless somebody in it has left: then nothing can come of it."""
    is_gone = d.end_event is Event.OFFBOARD
    return [Action.ASK_AGAIN] if d.requester_id == reader and not is_gone else []


def _snooze(d: Delegation) -> list[Action]:
    return [Action.SNOOZE] if d.put_off_until is not None else []


def _has_next_reminder(d: Delegation) -> bool:
    return d.remind_at is not None and d.remind_at < d.lapses_at


def _next_reminder(d: Delegation) -> str:
    if d.remind_at is None or not _has_next_reminder(d):
        return ""
    return f"I'll remind you {moment(d.remind_at)}. "


def _denied(
    d: Delegation, reader: str | None, headline: str, actions: Sequence[Action] = ()
) -> Face:
    """Who said what: an answer without a name could be anybody's."""
    said = [
        (_speaker(d, reader), quoted(d.note)),
        (f"{party(d.requester_id, reader).first} asked", quoted(plain(d.reason, MOST_ASKED))),
    ]
    lines = [f"{who}: “{what}”" for who, what in said if what]
    small = [moment(d.ended_at)] if d.ended_at else []
    return Face(headline, lines, small, actions, shows_reason=False)


def _speaker(d: Delegation, reader: str | None) -> str:
    """Whose word stands with a decision."""
    return party(d.deputys_word.deputy_id if d.deputys_word else d.grantor_id, reader).first


def _word(d: Delegation) -> list[str]:
    """What was said with the decision."""
    said = quoted(d.note)
    return [f"{_speaker(d, None)}: “{said}”"] if said and d.extension is None else []


def _said_with(d: Delegation) -> list[str]:
    """Why somebody asks for more time."""
    said = quoted(d.note)
    return [f"“{said}”"] if said else []


def _how_to_send(d: Delegation, grantor: str) -> str:
    named = words.addresses(d)
    return named[0] if named else f"Choose {grantor}'s address as the sender in Close."


def _failed(
    d: Delegation,
    reader: str | None,
    headline: str,
    called_off: str,
    *,
    actions: Sequence[Action] = (),
) -> Face:
    """``called_off`` in place of the headline where nobody knows whether it was given."""
    kind = d.trouble or Trouble.CLOSE_UNEXPECTED
    headline = called_off if kind is Trouble.RESTORED else headline
    return Face(headline, [_with_what_to_do(d, kind, reader)], actions=actions)


def _over(d: Delegation, reader: str | None) -> str:
    who = party(d.confirmed_by, reader).first if d.confirmed_by else "Close"
    at = f" ({moment(d.ended_at)})" if d.ended_at else ""
    confirmed = f"{_how(d, reader)} {who} confirmed that the right is gone{at}."
    if not d.has_twin:
        return confirmed
    grantor, grantee = party(d.grantor_id, reader), party(d.grantee_id, reader)
    could = f"{grantee.name} could still send as {grantor.name}"
    return f"{confirmed} *But Close has another one, which was set up there: {could}.*"


def _ending(d: Delegation, reader: str | None) -> str:
    """Why it is over, and what is still to come."""
    why = [_how(d, reader)] if d.end_event is not None else []
    still = words.trouble(d, reader) if d.trouble else _unconfirmed(d)
    return " ".join([*why, still])


def _how(d: Delegation, reader: str | None) -> str:
    how = [words.how_it_ended(d, reader), *words.admins_reason(d), *words.unanswered(d, reader)]
    return " ".join(how)


def _unconfirmed(d: Delegation) -> str:
    if not d.is_unanswered or d.arrives_until is None:
        return "Waiting for Close to confirm."
    return f"{_NO_ANSWER} Until {moment(d.arrives_until)} I remove whatever still comes of it."


def _taken_over(d: Delegation) -> list[str]:
    """To the grantor: nobody can tell what was found from one that was made by hand."""
    if not d.is_taken_over:
        return []
    ends = "ended with this one" if d.state is State.ENDED else "ends here"
    found = "The right that I found there afterwards counts as this one"
    own = "even if you set it up in Close yourself at that moment"
    return [f"{_NO_ANSWER} {found}: it {ends}, {own}."]


def _why_lapsed(d: Delegation, reader: str | None) -> str:
    return f"{words.why_lapsed(d, reader)} {_UNTOUCHED}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

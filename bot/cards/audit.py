"""The audit channel: one thread a delegation, one line for each decision and each end."""

from collections.abc import Sequence

from bot.cards import words
from bot.cards.markup import heard, mention, moment, quoted
from bot.cards.parts import section
from bot.slack.message import Message
from models.delegation import Delegation, Event
from models.event import EventRecord
from models.seal import Seal

LINES = {  # what the channel is told of, and how where there is no more to say
    Event.GRANT: "{who} gave the right without being asked",
    Event.CHANGE: "{who} changed the request",
    Event.APPROVE: "{who} approved it",
    Event.AGREE: "{who} agreed",
    Event.DENY: "{who} denied it",
    Event.CANCEL: "{who} cancelled it before it began",
    Event.LAPSE: "It lapsed.",
    Event.FAIL: "It could not be carried out.",
    Event.EXTEND: "{who} extended it",
    Event.DECLINE_EXTENSION: "{who} left the end as it is",
    Event.REVOKE: "{who} revoked it",
    Event.RELEASE: "{who} ended it early",
    Event.END: "{who} ended it as an admin",
    Event.WITHDRAW: "{who} ended the standing approval that covered it",
    Event.UNCONFIRMED: "It ends",
    Event.OFFBOARD: "It ends",
    Event.DISCONNECT: "It ends, because the grantor disconnected Close",
    Event.UNINSTALL: "It ends, because the app was removed from Slack",
    Event.REMOVE: "The association was removed in Close itself",
    Event.ADOPT: "{who} gave an end to a right that was set up in Close itself",
    Event.REAPPEAR: "Close still has the right, although it had confirmed the end",
    Event.CONFIRM: "Close confirmed that the right is gone",
}


def head(seal: Seal) -> Message:
    """The head of the log, which whoever owns the database cannot change here any more."""
    number = "1 entry" if seal.entries == 1 else f"{seal.entries:,} entries"
    said = f"Log: {number}, head `{seal.digest.hex()}`"
    return Message(heard(said), [section(said)])


def untold(history: Sequence[EventRecord], told: str | None) -> list[EventRecord]:
    """What the channel has not been shown yet; ``told`` is the id of the last event it was."""
    last = int(told or 0)
    return [record for record in history if record.id > last and record.event in LINES]


def is_superseded(history: Sequence[EventRecord], record: EventRecord) -> bool:
    """Whether the same thing happened again later, so that the row no longer says what it did."""
    return any(each.event is record.event and each.id > record.id for each in history)


def line(delegation: Delegation, record: EventRecord, *, is_superseded: bool = False) -> Message:
    """One event; the first line of a thread also says what the delegation is."""
    what = _what(delegation, record, is_superseded=is_superseded)
    text = f"{what} · {moment(record.at)}"
    return Message(text, [section(text)])


def opening(delegation: Delegation, record: EventRecord) -> Message:
    """The first message of a thread."""
    about = (
        f"{mention(delegation.grantee_id)} to send email as {mention(delegation.grantor_id)}, "
        f"{words.terms(delegation)}, asked by {mention(delegation.requester_id)}"
    )
    why = quoted(delegation.reason)
    reason = f"\nReason: “{why}”" if why else ""
    text = f"*{about}*{reason}\n{_what(delegation, record)} · {moment(record.at)}"
    return Message(heard(text), [section(text)])


def _what(d: Delegation, record: EventRecord, *, is_superseded: bool = False) -> str:
    who = mention(record.actor) if record.actor else "The bot"
    said = LINES[record.event].format(who=who) + _in_place(d, record)
    match record.event:
        case Event.APPROVE:
            is_standing = d.standing_id is not None and record.at == d.requested_at
            return said + (" by a standing approval" if is_standing else words.asked_for(d, None))
        case Event.AGREE:
            said = said if record.actor else "The rules have changed"
            return f"{said}; a second yes is needed, from {words.second(d)}"
        case Event.LAPSE | Event.FAIL:
            is_late = record.event is Event.LAPSE
            return f"{said} {words.why_lapsed(d, None) if is_late else words.trouble(d, None)}"
        case Event.DENY | Event.END if note := quoted(d.note):
            return f"{said}: “{note}”"
        case Event.OFFBOARD | Event.UNCONFIRMED:
            return f"{said}: {_why(d, record.event)}"
        case Event.CANCEL:
            return _cancelled(d, said, who)
        case Event.CONFIRM | Event.REMOVE | Event.REAPPEAR:
            return _seen_in_close(d, record, said, is_superseded=is_superseded)
        case Event.CHANGE | Event.EXTEND:
            is_standing = record.event is Event.EXTEND and record.actor == d.grantee_id
            how = " by a standing approval" if is_standing else ""
            terms = (
                f"is {words.terms(d)}" if record.event is Event.CHANGE else f"lasts {words.end(d)}"
            )
            # The row knows only the latest terms.
            return f"{said}{how}" + ("" if is_superseded else f"; now it {terms}")
        case _:
            return said


def _in_place(d: Delegation, record: EventRecord) -> str:
    """Whose place somebody was in who decided as a deputy; the row knows only the latest."""
    word = d.deputys_word
    is_theirs = word is not None and (word.deputy_id, word.said_at) == (record.actor, record.at)
    return f" in {mention(d.grantor_id)}'s place" if is_theirs else ""


def _seen_in_close(d: Delegation, record: EventRecord, said: str, *, is_superseded: bool) -> str:
    """What Close showed, or an admin has seen there."""
    if record.event is Event.REAPPEAR:
        who = mention(d.confirmed_by) if d.confirmed_by is not None else ""
        return f"Close still has the right, although {who} had seen it gone" if who else said
    if record.actor is not None:
        said = f"{mention(record.actor)} has seen in Close that the right is gone"
    twin = "; Close has another one of the two, which was set up there"
    return said + (twin if d.has_twin and not is_superseded else "")


def _why(d: Delegation, event: Event) -> str:
    """Why the bot itself has ended it."""
    if event is Event.UNCONFIRMED:
        return words.unconfirmed(d, None)
    return words.who_left(d, None)


def _cancelled(d: Delegation, said: str, who: str) -> str:
    match d.end_event:
        case Event.OFFBOARD | Event.UNCONFIRMED:
            return f"It ended before it began: {_why(d, d.end_event)}"
        case Event.DISCONNECT:
            return "It ended before it began, because the grantor disconnected Close"
        case Event.UNINSTALL:
            return "It ended before it began, because the app was removed from Slack"
        case Event.REVOKE:
            return f"{who} revoked it before it began"
        case Event.WITHDRAW:
            return f"{who} ended the standing approval that covered it, before it began"
        case Event.END:
            why = quoted(d.note)
            return f"{who} ended it as an admin, before it began" + (f": “{why}”" if why else "")
        case _:
            return said

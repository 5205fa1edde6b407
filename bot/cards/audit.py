"""The audit channel: one thread a delegation, one line for each decision and each end."""

from collections.abc import Sequence

from bot.cards import words
from bot.cards.markup import mention, moment, quoted
from bot.cards.parts import section
from bot.slack.message import Message
from models.delegation import Delegation, Event
from models.event import EventRecord

SHOWN = frozenset(
    {
        Event.GRANT,
        Event.APPROVE,
        Event.DENY,
        Event.CANCEL,
        Event.LAPSE,
        Event.FAIL,
        Event.EXTEND,
        Event.DECLINE_EXTENSION,
        Event.REVOKE,
        Event.RELEASE,
        Event.OFFBOARD,
        Event.DISCONNECT,
        Event.REMOVE,
        Event.ADOPT,
        Event.REAPPEAR,
        Event.CONFIRM,
    }
)


def untold(history: Sequence[EventRecord], told: str | None) -> list[EventRecord]:
    """What the channel has not been shown yet; ``told`` is the id of the last event it was."""
    last = int(told or 0)
    return [record for record in history if record.id > last and record.event in SHOWN]


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
    reason = f"\nReason: “{quoted(delegation.reason)}”" if delegation.reason else ""
    text = f"*{about}*{reason}\n{_what(delegation, record)} · {moment(record.at)}"
    return Message(text, [section(text)])


def _what(d: Delegation, record: EventRecord, *, is_superseded: bool = False) -> str:
    who = mention(record.actor) if record.actor else "The bot"
    match record.event:
        case Event.GRANT:
            return f"{who} gave the right without being asked"
        case Event.APPROVE if d.standing_id is not None and record.at == d.requested_at:
            return f"{who} approved it by a standing approval"
        case Event.APPROVE:
            return f"{who} approved it"
        case Event.DENY:
            return f"{who} denied it" + (f": “{quoted(d.note)}”" if d.note else "")
        case Event.CANCEL if d.end_event is Event.OFFBOARD:
            return "It ended before it began, because one of the two has left"
        case Event.CANCEL if d.end_event is Event.REVOKE:
            return f"{who} revoked it before it began"
        case Event.CANCEL:
            return f"{who} took it back before it began"
        case Event.LAPSE:
            return "It lapsed: nobody answered or connected in time"
        case Event.FAIL:
            return f"It could not be carried out. {words.trouble(d)}"
        case Event.EXTEND if record.actor != d.grantor_id:
            return f"{who} extended it by a standing approval{_new_end(d, is_superseded)}"
        case Event.EXTEND:
            return f"{who} extended it{_new_end(d, is_superseded)}"
        case Event.DECLINE_EXTENSION:
            return f"{who} left the end as it is"
        case Event.REVOKE:
            return f"{who} revoked it"
        case Event.RELEASE:
            return f"{who} gave it back"
        case Event.OFFBOARD:
            return "It ends, because one of the two has left"
        case Event.DISCONNECT:
            return "It ends, because the grantor disconnected Close"
        case Event.ADOPT:
            return f"{who} gave an end to a right that was set up in Close itself"
        case Event.REAPPEAR:
            return "Close still holds the right, although it had confirmed the end"
        case Event.REMOVE:
            return "The association was removed in Close itself"
        case _:
            return "Close confirmed that the right is gone"


def _new_end(d: Delegation, is_superseded: bool) -> str:  # noqa: FBT001
    """The row knows only the latest end."""
    return "" if is_superseded else f"; now it lasts {words.end(d)}"

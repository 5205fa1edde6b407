"""The phrases about a delegation that several surfaces share: its terms, its end, its trouble.

``reader`` is the Slack id of who reads it, and is spoken to as "you"; None is anybody.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.cards.foreign import plain
from bot.cards.markup import clock, mention, moment, quoted, quoted_address, quoted_name
from bot.cards.pronouns import Party, party
from bot.times.saying import say_length
from models.account import name_and_email
from models.delegation import (
    WAITS_FOR_GRANTEE,
    Asked,
    Delegation,
    Event,
    ExtensionWish,
    State,
    Trouble,
)
from models.person import Departure

CHANGED = "This changed while you were reading. Here is what is asked now."
BY_HAND = "in Close's settings under Send As"
ALLOWS = "single, bulk and sequence email"  # close.md §3
MOST_NAMED = 10  # people in one message; more are counted
FOREVER = "until revoked"
_ONE_UNIT = re.compile(r"(\d+) ([a-z]+)")
_NEAR = timedelta(hours=6)


def allows(whose: str) -> str:
    """What the right is good for; ``whose`` is "your" or a mention with 's. Said where it is
    decided, and on top of App Home."""
    return f"send {ALLOWS} from Close in {whose} name"


def several(things: Sequence[str]) -> str:
    """One, or "Cleo and Ben", or "Cleo, Ben and Ada"."""
    *others, last = things
    return f"{', '.join(others)} and {last}" if others else last


def terms(delegation: Delegation) -> str:
    """How long, within a sentence: ``for 2 hours``, ``until …``."""
    start = _start(delegation)
    if delegation.until is None and delegation.length is not None:
        return f"{start}for {say_length(delegation.length)}"
    return f"{start}{_until(delegation.until)}"


def length(delegation: Delegation, reader: str | None) -> str:
    """How long, on a line of its own; and how long was asked for, where that was something else."""
    if delegation.until is None and delegation.length is not None:
        said = f"{say_length(delegation.length)} {_start(delegation)}".strip()
    else:
        said = terms(delegation)
    return f"*Length:* {said}{asked_for(delegation, reader)}"


def asked_for(delegation: Delegation, reader: str | None) -> str:
    """What was asked for, where the grantor agreed to something else: `` (you asked for 3 days)``.
    Empty where nothing else was."""
    if delegation.asked is None:
        return ""
    return f" ({party(delegation.requester_id, reader).name} asked {_asked(delegation.asked)})"


def _asked(asked: Asked) -> str:
    if asked.until is None and asked.length is not None:
        return f"for {say_length(asked.length)}"
    return "for unlimited time" if asked.until is None else f"for it until {moment(asked.until)}"


def _start(delegation: Delegation) -> str:
    return f"from {moment(delegation.starts_at)} " if delegation.starts_at else ""


def _until(when: datetime | None) -> str:
    return FOREVER if when is None else f"until {moment(when)}"


def end(delegation: Delegation) -> str:
    """Until when an active delegation lasts."""
    return _until(delegation.ends_at)


def more(wish: ExtensionWish) -> str:
    """What the grantee asks for, as in "asks for 2 more hours"."""
    if wish.length is not None:
        said = say_length(wish.length)
        one = _ONE_UNIT.fullmatch(said)
        return f"{one[1]} more {one[2]}" if one else f"another {said}"
    return "more time" if wish.until is not None else "unlimited time"


def new_end(delegation: Delegation, wish: ExtensionWish) -> str:
    """What that comes to: ``until 18:43 instead of 16:43``; a date is said once where it can be."""
    now = delegation.ends_at
    later = wish.until
    if wish.length is not None and now is not None:
        later = now + wish.length
    if now is None or later is None:
        return _until(later) + ("" if now is None else f" instead of {moment(now)}")
    present = clock(now) if abs(later - now) <= _NEAR else moment(now)
    return f"until {moment(later)} instead of {present}"


def account(lead: str, name: str, email: str, *, how: str = "") -> str:
    """A Close account: what it is called, and on a line of its own its address, so that no name
    can be taken for one. Close calls an account by its address when it has no name."""
    shown = f"{quoted_address(email)}{how}"
    if not name or name == email:
        return f"{lead} {shown}"
    return f"{lead} {quoted_name(name)}\nAddress in Close: {shown}"


def grantee_account(lead: str, delegation: Delegation) -> list[str]:
    """The one that the right goes to, and how that is known; nothing when it is not."""
    if not delegation.grantee_account:
        return []
    how = "" if delegation.is_grantee_proven else " (matched by email)"
    return [account(lead, *name_and_email(delegation.grantee_account), how=how)]


def addresses(delegation: Delegation) -> list[str]:
    """Which sender addresses the right opens; nothing when that is not known."""
    known = [quoted_address(address) for address in delegation.addresses.split("\n")[:5] if address]
    return [f"Sender in Close: {', '.join(known)}"] if known else []


_ENDS = {
    Event.EXPIRE: "The time was up.",
    Event.REVOKE: "{who} revoked it.",
    Event.RELEASE: "{who} ended it early.",
    Event.END: "{who} ended it as an admin.",
    Event.WITHDRAW: "{who} ended the standing approval that covered it.",
    Event.FAIL: "It could not be carried out.",
    Event.UNINSTALL: "The app was removed from Slack.",
    Event.REMOVE: "It was removed in Close itself.",
}


def how_it_ended(delegation: Delegation, reader: str | None) -> str:
    """Why a delegation is over."""
    who = party(delegation.closed_by, reader).first if delegation.closed_by else "Somebody"
    match delegation.end_event:
        case Event.OFFBOARD:
            return f"{who_left(delegation, reader)}."
        case Event.UNCONFIRMED:
            return f"{unconfirmed(delegation, reader)}."
        case Event.DISCONNECT:
            return f"{_disconnected(delegation, reader)}."
        case Event() as event if event in _ENDS:
            return _ENDS[event].format(who=who)
        case _:
            return f"{who} ended it."


def admins_reason(delegation: Delegation) -> list[str]:
    """Why an admin ended it; nothing where they did not, or gave no reason."""
    why = in_quotes(delegation.note) if delegation.end_event is Event.END else ""
    return [f"Reason: {why}."] if why else []


def in_quotes(typed: str) -> str:
    """What somebody typed, within a sentence: its own full stop would be a second one. Nothing if
    none of it can be seen."""
    said = quoted(plain(typed).rstrip("."))
    return f"“{said}”" if said else ""


def unanswered(delegation: Delegation, reader: str | None) -> list[str]:
    """That the time ran out before anybody answered the request to extend; nothing where it did
    not."""
    if delegation.extension is None or delegation.end_event is not Event.EXPIRE:
        return []
    if delegation.agreed_at is not None:
        return [
            f"The second yes to the extension, from {second(delegation)}, did not come in time."
        ]
    grantor = party(delegation.grantor_id, reader)
    asker = party(delegation.grantee_id, reader)
    return [f"{grantor.first} did not answer {asker.whose} request to extend."]


_DEPARTURES = {
    Departure.LEFT: "{who.first} {who.have} left",
    Departure.GUEST: "{who.first} {who.are} a guest here now",
    Departure.ELSEWHERE: "{who.first} belong{who.s} to another workspace now",
    Departure.APP: "{who.first} {who.are} an app",
    Departure.LEFT_CLOSE: "{who.first} {who.are} no longer a member of the Close organization",
}


def departure(person_id: str, reason: Departure, reader: str | None = None) -> str:
    """How somebody stopped being able to take part."""
    return departed(party(person_id, reader), reason)


def departed(who: Party, reason: Departure) -> str:
    """The same of somebody who was named already."""
    return _DEPARTURES[reason].format(who=who)


def who_left(delegation: Delegation, reader: str | None) -> str:
    """Who could no longer take part. Rows of earlier releases do not say who it was."""
    if delegation.closed_by is None:
        return "One of the two has left"
    return departure(delegation.closed_by, delegation.departure or Departure.LEFT, reader)


def why_cancelled(delegation: Delegation, reader: str | None) -> str:
    """Why nothing came of it, before anything was asked of Close."""
    who = party(delegation.closed_by or delegation.grantee_id, reader).first
    match delegation.end_event:
        case Event.OFFBOARD:
            return who_left(delegation, reader)
        case Event.REVOKE:
            return f"{who} withdrew the approval"
        case Event.END:
            return f"{who} ended this as an admin, before it began"
        case Event.WITHDRAW:
            return f"{who} ended the standing approval that covered this"
        case Event.UNCONFIRMED:
            return unconfirmed(delegation, reader)
        case Event.DISCONNECT:
            return _disconnected(delegation, reader)
        case Event.UNINSTALL:
            return "The app was removed from Slack"
        case _ if delegation.requester_id == delegation.grantor_id:
            return f"{who} gave it back before it began"
        case _:
            return f"{who} cancelled the request"


def unconfirmed(delegation: Delegation, reader: str | None) -> str:
    """That a review was not answered."""
    who = party(delegation.grantor_id, reader).first
    return f"{who} did not confirm in a review that it is still needed"


def _disconnected(delegation: Delegation, reader: str | None) -> str:
    grantor = party(delegation.grantor_id, reader)
    return f"{grantor.first} disconnected {grantor.their} Close account"


_WAITED_FOR = {  # in vain, between an approval and the end of its time
    Trouble.NOT_CONNECTED: "{grantor.they} did not connect Close in time",
    Trouble.CONNECTION_LOST: "{grantor.they} did not connect Close again in time",
    **dict.fromkeys(
        WAITS_FOR_GRANTEE, "{grantee.name} did not connect {grantee.their} Close account in time"
    ),
    Trouble.PERSON_UNKNOWN: "Slack did not say in time who could take part",
    Trouble.SLACK_SILENT: "Slack did not say in time who could take part",
    Trouble.CLOSE_BUSY: "Close did not take it in time",
    Trouble.CLOSE_DOWN: "Close did not answer in time",
}


def second(delegation: Delegation) -> str:
    """Whose yes a rule asks for, after the grantor's: a person, or any of a group."""
    if delegation.second is None:
        return "somebody else"
    if delegation.second_name:
        return quoted(delegation.second_name)
    return mention(delegation.second)


def waits_for_second(delegation: Delegation) -> str:
    """That the second yes is missing, and until when it can be given."""
    if delegation.trouble is Trouble.NOBODY_TO_SECOND:
        missing = _TROUBLES[Trouble.NOBODY_TO_SECOND].format(second=second(delegation))
    else:
        missing = f"A rule here asks for a second yes, from {second(delegation)}."
    if delegation.state is not State.REQUESTED:
        return missing
    return f"{missing} Without one, this lapses {moment(delegation.lapses_at)}."


def why_lapsed(delegation: Delegation, reader: str | None) -> str:
    """What did not happen in time."""
    grantor = party(delegation.grantor_id, reader)
    if delegation.agreed_at is not None:
        agreed = f"{grantor.first} agreed, but the second yes"
        return f"{agreed}, from {second(delegation)}, did not come in time."
    if delegation.decided_at is None:
        return f"{grantor.first} did not answer in time."
    grantee = party(delegation.grantee_id, reader)
    why = "it could not be set up in time"
    if delegation.trouble in _WAITED_FOR:
        why = _WAITED_FOR[delegation.trouble].format(grantor=grantor, grantee=grantee)
    is_given = delegation.requester_id == delegation.grantor_id
    return f"{grantor.first} {'granted' if is_given else 'approved'} it, but {why}."


# Here the grantee can help, by showing which Close account is theirs.
FOR_THE_GRANTEE = WAITS_FOR_GRANTEE | {Trouble.SAME_CLOSE_ACCOUNT, Trouble.OTHER_ORGANIZATION}


def what_to_do(delegation: Delegation, kind: Trouble | None, reader: str | None) -> list[str]:
    """What the grantee can do about it; nothing when that would not help."""
    if kind not in FOR_THE_GRANTEE:
        return []
    grantor, grantee = party(delegation.grantor_id, reader), party(delegation.grantee_id, reader)
    account = f"{grantee.their} own Close account"
    if kind is Trouble.OTHER_ORGANIZATION:
        account = f"an account of {grantor.whose} organization"
    verb = "connect" if grantee.is_reader else f"{grantee.name} connects"
    connects = f"*What to do:* {verb} {account} (`/sendas connect`)"
    waits = kind in WAITS_FOR_GRANTEE  # an approval is kept; for the others it fails
    if delegation.state is State.REQUESTED and not waits:
        return [f"{connects} before {grantor.name} approve{grantor.s}."]
    then = "the rest is automatic" if delegation.is_open else f"then {grantee.they} can ask again"
    return [f"{connects}; {then}."]


_TROUBLES = {  # what is wrong, and what helps; both parties can read it
    Trouble.NOT_CONNECTED: "{grantor.first} {grantor.have} not connected a Close account yet.",
    Trouble.CONNECTION_LOST: "{grantor.first_whose} connection to Close no longer works.",
    Trouble.GRANTEE_NOT_IN_CLOSE: "Nobody in {grantor.whose} Close organization has "
    "{grantee.whose} Slack email address.",
    Trouble.GRANTEE_FOUND_TWICE: "More than one account in {grantor.whose} Close organization has "
    "{grantee.whose} Slack email address, so I can't tell which one is {grantee.their} own.",
    Trouble.GRANTEE_WITHOUT_EMAIL: "Slack does not show a confirmed email address for "
    "{grantee.name}, so I can't find {grantee.their} Close account.",
    Trouble.GRANTEE_NOT_CONNECTED: "{grantee.first} {grantee.have} not connected {grantee.their} "
    "own Close account yet, which is needed here.",
    Trouble.GRANTEE_CHANGED: "{grantee.first_whose} Close account is no longer the one that "
    "{grantor.name} approved. Please ask again.",
    Trouble.SAME_CLOSE_ACCOUNT: "{grantor.first} and {grantee.name} use the same Close account.",
    Trouble.OTHER_ORGANIZATION: "{grantor.first} and {grantee.name} are in different Close "
    "organizations, and a right can't reach from one into the other.",
    Trouble.OTHER_CLOSE_ACCOUNT: "{grantor.first} {grantor.have} connected another Close account "
    "since. Only the account that gave the right can take it away: connect that one again, or "
    "remove the right in Close.",
    Trouble.NO_SENDING_ADDRESS: "{grantor.first_whose} Close account has no email address to send "
    "from. {grantor.first} can connect one in Close (Settings, Connected Accounts); then ask "
    "again.",
    Trouble.STILL_THERE: "Close still has it, although it had confirmed the end. I'm removing it "
    "again.",
    Trouble.EXISTED_BEFORE: "{grantee.first} can already send as {grantor.name}: this was set up "
    "in Close itself, so I leave it alone and it has no end here. For one with an end, remove it "
    "in Close and ask again.",
    Trouble.PERSON_UNKNOWN: "Slack does not know {grantor.name} or {grantee.name} at the moment, "
    "so I set nothing up until it is clear whether somebody has left.",
    Trouble.SLACK_SILENT: "Slack is not answering, so I can't see whether everybody is still here. "
    "I keep trying.",
    Trouble.CLOSE_BUSY: "Close asked me to slow down. I keep trying.",
    Trouble.CLOSE_DOWN: "Close is not answering at the moment. I keep trying.",
    Trouble.CLOSE_INVALID: "Close did not accept it: one of the two accounts may no longer be "
    "active there.",
    Trouble.CLOSE_EXISTS: "Close says that {grantee.name} can already send as {grantor.name}, but "
    "does not list that right, so I leave it alone. If {grantor.name} can see it in Close's "
    "settings under Send As, remove it there; then ask again.",
    Trouble.CLOSE_PLAN_LIMIT: "A limit of your Close plan has been reached. Your Close admin can "
    "help.",
    Trouble.CLOSE_FORBIDDEN: "Close does not allow {grantor.name} to do this. Your Close admin can "
    "help.",
    Trouble.CLOSE_NOT_FOUND: "Close no longer knows {grantee.whose} account.",
    Trouble.CLOSE_APP_REJECTED: "Close rejects this app's own credentials. Whoever runs it has to "
    "look.",
    Trouble.CLOSE_UNEXPECTED: "Close gave an answer that I don't understand.",
    Trouble.RESTORED: "I was restored from a backup, and can't tell whether this was carried out "
    "meanwhile, so I leave it. Please ask again, if it is still needed.",
    Trouble.AGAINST_RULES: "The rules here do not allow it.",
    Trouble.NOBODY_TO_SECOND: "A rule here asks for a second yes, from {second}, but nobody there "
    "can give it: it has to be somebody else than the people this is about. Whoever runs this bot "
    "can change the rule.",
    Trouble.UNKNOWN: "Something went wrong on our side. It has been noted, and I keep trying.",
}


def trouble(delegation: Delegation, reader: str | None, kind: Trouble | None = None) -> str:
    """The sentence for what stands in the way; ``kind`` is in place of the delegation's own."""
    known = kind or delegation.trouble or Trouble.CLOSE_UNEXPECTED
    if known is Trouble.NOBODY_TO_SECOND:
        return waits_for_second(delegation)
    if known is Trouble.AGAINST_RULES and delegation.rule:
        return f"{quoted(delegation.rule)}. Nothing was set up in Close."
    if known is Trouble.STILL_THERE and delegation.confirmed_by is not None:
        who = party(delegation.confirmed_by, reader).name
        return f"Close still has it, although {who} said that it was gone. I'm removing it now."
    grantee = party(delegation.grantee_id, reader)
    return trouble_between(known, party(delegation.grantor_id, reader), grantee)


def trouble_between(kind: Trouble, grantor: Party, grantee: Party) -> str:
    """The sentence for what stands in the way between these two."""
    second = "somebody else"
    return _TROUBLES[kind].format(grantor=grantor, grantee=grantee, second=second)

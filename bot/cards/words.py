"""The phrases about a delegation that several surfaces share: its terms, its end, its trouble."""

from datetime import datetime, timedelta

from bot.cards.markup import mention, moment, quoted_address, quoted_name
from bot.times.saying import say_length
from models.account import name_and_email
from models.delegation import WAITS_FOR_GRANTEE, Delegation, Event, ExtensionWish, State, Trouble
from models.person import Departure

CHANGED = "This changed while you were reading. Here is what is asked now."
BY_HAND = "in Close's settings under Send As"
MOST_NAMED = 10  # people in one message; more are counted
FOREVER = "∞ until it is revoked"  # the mark tells it from a date at a glance


def allows(whose: str) -> str:
    """What the right is good for (close.md §3); ``whose`` is "your" or a mention with 's."""
    return f"send single, bulk and sequence email from Close in {whose} name"


def terms(delegation: Delegation) -> str:
    """How long, as it was asked for."""
    start = f"from {moment(delegation.starts_at)} " if delegation.starts_at else ""
    if delegation.until is not None:
        return f"{start}until {moment(delegation.until)}"
    if delegation.length is not None:
        return f"{start}for {say_length(delegation.length)}"
    return f"{start}{FOREVER} (no end date)"


def end(delegation: Delegation) -> str:
    """Until when an active delegation lasts."""
    return f"until {moment(delegation.ends_at)}" if delegation.ends_at else FOREVER


def extension(wish: ExtensionWish) -> str:
    """For how much longer the grantee asks."""
    if wish.length is not None:
        return f"for {say_length(wish.length)} more"
    if wish.until is not None:
        return f"until {moment(wish.until)}"
    return FOREVER


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
    how = "" if delegation.is_grantee_proven else " (matched by e-mail)"
    return [account(lead, *name_and_email(delegation.grantee_account), how=how)]


def addresses(delegation: Delegation) -> list[str]:
    """Which sender addresses the right opens; nothing when that is not known."""
    known = [quoted_address(address) for address in delegation.addresses.split("\n")[:5] if address]
    return [f"Sender in Close: {', '.join(known)}"] if known else []


def left(ends_at: datetime, now: datetime) -> str:
    """How much of an active delegation's time is left, roughly; its end stands beside it."""
    rest = max(ends_at - now, timedelta())
    if rest < timedelta(minutes=1):
        return "Less than a minute left."
    if rest < timedelta(hours=1):
        coarse = timedelta(minutes=rest // timedelta(minutes=1))
    elif rest < timedelta(days=2):
        coarse = timedelta(hours=rest // timedelta(hours=1))
    else:
        coarse = timedelta(days=rest // timedelta(days=1))
    return f"About {say_length(coarse)} left."


def how_it_ended(delegation: Delegation) -> str:
    """Why a delegation is over."""
    who = mention(delegation.closed_by) if delegation.closed_by else "The bot"
    match delegation.end_event:
        case Event.EXPIRE:
            return "The time was up."
        case Event.REVOKE:
            return f"{who} revoked it."
        case Event.RELEASE:
            return f"{who} was done."
        case Event.WITHDRAW:
            return f"{who} ended the standing approval that covered it."
        case Event.FAIL:
            return "It could not be carried out."
        case Event.OFFBOARD:
            return f"{who_left(delegation)}."
        case Event.DISCONNECT:
            return f"{mention(delegation.grantor_id)} disconnected their Close account."
        case Event.REMOVE:
            return "It was removed in Close itself."
        case _:
            return f"{who} ended it."


_DEPARTURES = {
    Departure.LEFT: "{who} has left",
    Departure.GUEST: "{who} is a guest here now",
    Departure.ELSEWHERE: "{who} belongs to another workspace now",
    Departure.APP: "{who} is an app",
    Departure.LEFT_CLOSE: "{who} is no longer a member of the Close organization",
}


def departure(person_id: str, reason: Departure) -> str:
    """How somebody stopped being able to take part."""
    return _DEPARTURES[reason].format(who=mention(person_id))


def who_left(delegation: Delegation) -> str:
    """Who could no longer take part. Rows of earlier releases do not say who it was."""
    if delegation.closed_by is None:
        return "One of the two has left"
    return departure(delegation.closed_by, delegation.departure or Departure.LEFT)


def why_cancelled(delegation: Delegation) -> str:
    """Why nothing came of it, before anything was asked of Close."""
    who = mention(delegation.closed_by or delegation.grantee_id)
    match delegation.end_event:
        case Event.OFFBOARD:
            return who_left(delegation)
        case Event.REVOKE:
            return f"{who} took the approval back"
        case Event.WITHDRAW:
            return f"{who} ended the standing approval that covered this"
        case Event.DISCONNECT:
            return f"{mention(delegation.grantor_id)} disconnected their Close account"
        case _ if delegation.requester_id == delegation.grantor_id:
            return f"{who} gave it back before it began"
        case _:
            return f"{who} took this request back"


# Whose way on is that the grantee shows which Close account is theirs.
FOR_THE_GRANTEE = WAITS_FOR_GRANTEE | {Trouble.SAME_CLOSE_ACCOUNT, Trouble.OTHER_ORGANIZATION}


def way_on(delegation: Delegation, kind: Trouble | None) -> list[str]:
    """What the grantee can do about it; nothing when that would not help."""
    if kind not in FOR_THE_GRANTEE:
        return []
    grantee = mention(delegation.grantee_id)
    which = f" one of {mention(delegation.grantor_id)}'s organization"
    account = which if kind is Trouble.OTHER_ORGANIZATION else " their own Close account"
    connects = f"*The way on:* {grantee} connects{account} (`/sendas connect`)"
    waits = kind in WAITS_FOR_GRANTEE  # an approval is kept; for the others it fails
    if delegation.state is State.REQUESTED and not waits:
        return [f"{connects} before {mention(delegation.grantor_id)} approves."]
    then = "it goes on by itself" if delegation.is_open else "can then ask again"
    return [f"{connects}, and {then}."]


_TROUBLES = {  # what is wrong, and what helps; both parties can read it
    Trouble.NOT_CONNECTED: "{grantor} has not connected a Close account yet.",
    Trouble.CONNECTION_LOST: "The connection to {grantor}'s Close account no longer works.",
    Trouble.GRANTEE_NOT_IN_CLOSE: "Nobody in {grantor}'s Close organization has {grantee}'s Slack "
    "email address.",
    Trouble.GRANTEE_FOUND_TWICE: "More than one account in {grantor}'s Close organization has "
    "{grantee}'s Slack email address, so it is not clear which one is theirs.",
    Trouble.GRANTEE_WITHOUT_EMAIL: "Slack does not show a confirmed email address of {grantee}, so "
    "their Close account could not be found.",
    Trouble.GRANTEE_NOT_CONNECTED: "{grantee} has not connected their own Close account yet; that "
    "is needed here.",
    Trouble.GRANTEE_CHANGED: "{grantee}'s Close account is not the one any more that {grantor} saw "
    "when they approved. Please ask again.",
    Trouble.SAME_CLOSE_ACCOUNT: "{grantor} and {grantee} use the same Close account.",
    Trouble.OTHER_ORGANIZATION: "{grantor} and {grantee} are in different Close organizations, and "
    "a right cannot reach from one into the other.",
    Trouble.OTHER_CLOSE_ACCOUNT: "{grantor} has connected another Close account since. Only the "
    "account that gave the right can take it back: connect that one again, or remove the right in "
    "Close.",
    Trouble.NO_SENDING_ADDRESS: "{grantor}'s Close account has no email address that can send, so "
    "there is nothing that {grantee} could send from. {grantor} can connect one in Close "
    "(Settings, Connected Accounts); then ask again.",
    Trouble.STILL_THERE: "Close still holds it, although it had confirmed the end. It is removed "
    "again.",
    Trouble.EXISTED_BEFORE: "{grantee} can already send as {grantor}: this was set up in Close "
    "itself, so it has no end here and the bot leaves it alone. For one with an end, remove it in "
    "Close and ask again.",
    Trouble.PERSON_UNKNOWN: "Slack does not know {grantor} or {grantee} at the moment. Nothing is "
    "set up until it is clear whether one of them has left.",
    Trouble.SLACK_SILENT: "Slack does not answer at the moment, so the bot cannot see whether both "
    "are still here. It keeps trying by itself.",
    Trouble.CLOSE_BUSY: "Close asked the bot to slow down. It keeps trying by itself.",
    Trouble.CLOSE_DOWN: "Close is not answering at the moment. The bot keeps trying by itself.",
    Trouble.CLOSE_INVALID: "Close did not accept it: one of the two accounts may no longer be "
    "active there.",
    Trouble.CLOSE_EXISTS: "Close says that {grantee} can already send as {grantor}, but does not "
    "list that right, so the bot leaves it alone. If {grantor} finds it in Close's settings under "
    "Send As, it can be removed there; then ask again.",
    Trouble.CLOSE_PLAN_LIMIT: "A limit of your Close plan has been reached. Your Close admin can "
    "help.",
    Trouble.CLOSE_FORBIDDEN: "Close does not allow {grantor} to do this. Your Close admin can "
    "help.",
    Trouble.CLOSE_NOT_FOUND: "Close no longer knows {grantee}'s account.",
    Trouble.CLOSE_APP_REJECTED: "Close rejects this bot's own credentials. Whoever runs the bot "
    "has to look.",
    Trouble.CLOSE_UNEXPECTED: "Close answered in a way the bot does not understand.",
    Trouble.UNKNOWN: "Something went wrong on our side. It has been noted, and the bot keeps "
    "trying.",
}


def trouble(delegation: Delegation, kind: Trouble | None = None) -> str:
    """The sentence for what stands in the way; ``kind`` is in place of the delegation's own."""
    known = kind or delegation.trouble or Trouble.CLOSE_UNEXPECTED
    return trouble_between(known, delegation.grantor_id, mention(delegation.grantee_id))


def trouble_between(kind: Trouble, grantor_id: str, grantee: str) -> str:
    """The sentence for what stands in the way between these two."""
    return _TROUBLES[kind].format(grantor=mention(grantor_id), grantee=grantee)

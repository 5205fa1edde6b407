"""The sentences for all that can stand in the way, and the terms of a right."""

from bot.cards.markup import mention, moment, quoted
from bot.spans import say_length
from models.delegation import Delegation, Event, Trouble


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
    return f"{start}until revoked (no end date)"


def end(delegation: Delegation) -> str:
    """Until when an active delegation lasts."""
    return f"until {moment(delegation.ends_at)}" if delegation.ends_at else "until it is revoked"


def wish(delegation: Delegation) -> str:
    """For how much longer the grantee asks."""
    if delegation.extension_length is not None:
        return f"for {say_length(delegation.extension_length)} more"
    if delegation.extension_until is not None:
        return f"until {moment(delegation.extension_until)}"
    return "until it is revoked"


def addresses(delegation: Delegation) -> list[str]:
    """Which sender addresses the right opens; nothing when that is not known."""
    known = [quoted(address) for address in delegation.addresses.splitlines()[:5]]
    return [f"Sender in Close: {', '.join(known)}"] if known else []


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
        case Event.OFFBOARD:
            return "One of the two has left."
        case Event.DISCONNECT:
            return f"{mention(delegation.grantor_id)} disconnected their Close account."
        case Event.REMOVE:
            return "It was removed in Close itself."
        case _:
            return f"{who} ended it."


def trouble(delegation: Delegation) -> str:
    """What is wrong, and what helps; both parties can read it."""
    grantor, grantee = mention(delegation.grantor_id), mention(delegation.grantee_id)
    match delegation.trouble:
        case Trouble.NOT_CONNECTED:
            return f"{grantor} has not connected a Close account yet."
        case Trouble.CONNECTION_LOST:
            return f"The connection to {grantor}'s Close account no longer works."
        case Trouble.GRANTEE_NOT_IN_CLOSE:
            return (
                f"No single account in {grantor}'s Close organization has {grantee}'s Slack email "
                f"address. If {grantee} uses another address in Close, `/sendas connect` tells us."
            )
        case Trouble.GRANTEE_WITHOUT_EMAIL:
            return (
                f"Slack does not show {grantee}'s email address, so their Close account could not "
                f"be found. {grantee} can run `/sendas connect`, then ask again."
            )
        case Trouble.SAME_CLOSE_ACCOUNT:
            return f"{grantor} and {grantee} use the same Close account."
        case Trouble.OTHER_ORGANIZATION:
            return f"{grantor} and {grantee} are in different Close organizations."
        case Trouble.EXISTED_BEFORE:
            return (
                f"{grantee} can already send as {grantor}: this was set up in Close itself, so it "
                "has no end here and the bot leaves it alone. For a time-boxed one, remove it in "
                "Close and ask again."
            )
        case Trouble.TIME_PASSED:
            return "The end time had passed before it could start."
        case Trouble.CLOSE_BUSY:
            return "Close asked us to slow down. The bot keeps trying by itself."
        case Trouble.CLOSE_DOWN:
            return "Close is not answering at the moment. The bot keeps trying by itself."
        case Trouble.CLOSE_INVALID:
            return "Close did not accept it: one of the two accounts may no longer be active there."
        case Trouble.CLOSE_PLAN_LIMIT:
            return "A limit of your Close plan has been reached. Your Close admin can help."
        case Trouble.CLOSE_FORBIDDEN:
            return f"Close does not allow {grantor} to do this. Your Close admin can help."
        case Trouble.CLOSE_NOT_FOUND:
            return f"Close no longer knows {grantee}'s account."
        case Trouble.CLOSE_APP_REJECTED:
            return "Close rejects this bot's own credentials. Whoever runs the bot has to look."
        case _:
            return "Close answered in a way the bot does not understand."

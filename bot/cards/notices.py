"""What people read about their connection to Close, and admins about whose account one is."""

from collections.abc import Sequence

from slack_sdk.models.blocks import (
    ButtonElement,
)

from bot.cards import words
from bot.cards.faces import Action
from bot.cards.markup import mention, moment, quoted_address
from bot.cards.parts import ALARM, CALM, QUESTION, button, notice
from bot.slack.message import Message
from models.account import Account
from models.address import is_same_address
from models.connection import Connection
from models.delegation import Delegation, State
from models.mark import mark_of_leaving, marked
from models.pairing import Pairing, Verdict

CONFIRM_PAIRING, REJECT_PAIRING, DISCONNECT = "confirm_pairing", "reject_pairing", "disconnect"


def connection_lost(
    connection: Connection, served: Sequence[Delegation], *, connect_url: str
) -> Message:
    """To a grantor whose connection Close no longer accepts."""
    account = quoted_address(connection.account.email)
    alarm = (
        f"{ALARM} *The bot can no longer act for you in Close.* Close no longer accepts the "
        f"connection of {account}."
    )
    lines = [alarm]
    active = [each for each in served if each.state is not State.APPROVED]
    if active:
        lines.append(
            f"Until you connect again, it cannot take this back:\n{_named(active)}\nConnect "
            f"again and it is taken back in time, or remove it yourself {words.BY_HAND}."
        )
    approved = [each for each in served if each.state is State.APPROVED]
    if approved:
        lines.append(f"This cannot begin until you connect again:\n{_named(approved)}")
    return notice(lines, small="The bot keeps trying by itself.", buttons=[_connect(connect_url)])


def connection_works() -> Message:
    """In place of the alarm, once it is over."""
    return notice([f"{CALM} Your connection to Close works again. What waited for it goes on."])


def pairing(pairing: Pairing, held: Account | None = None) -> Message:
    """To an admin: is this Close account that person's? ``held`` is the one that they have now."""
    person = mention(pairing.slack_user_id)
    address = (
        quoted_address(pairing.slack_email) if pairing.slack_email else "none that is confirmed"
    )
    account = words.account("*In Close:*", pairing.account.name, pairing.account.email)
    has_address = is_same_address(pairing.slack_email, pairing.account.email)
    which = "that somebody else uses" if has_address else "with another address"
    question = f"{person} connected a Close account {which}"
    if pairing.verdict is not Verdict.WAITING:
        return notice([f"{question}. {_outcome(pairing)}", account])
    return notice(
        [
            f"{QUESTION} *{question}. Is it theirs?*",
            f"*Address in Slack:* {address}\n{account}",
            *_known_as(pairing, person),
            *_replaces(held, pairing, person),
        ],
        small="Once confirmed, the bot acts in Close with that account whenever "
        f"{person} approves something. If you are not sure, ask {person}, or reject.",
        buttons=[
            button(CONFIRM_PAIRING, "Confirm", marked(pairing, held), style="primary"),
            button(REJECT_PAIRING, "Reject", marked(pairing, held), style="danger"),
        ],
    )


def _known_as(pairing: Pairing, person: str) -> list[str]:
    if pairing.other_id is None:
        return []
    other = mention(pairing.other_id)
    line = (
        f"{ALARM} *This account is known here as {other}'s*: they are connected with it, or have "
        f"its address in Slack. Confirm only if {person} and {other} are to share it. {other} has "
        "been told."
    )
    return [line]


def _replaces(held: Account | None, pairing: Pairing, person: str) -> list[str]:
    if held is None or held.membership == pairing.account.membership:
        return []
    account = quoted_address(held.email)
    return [f"{person} is connected as {account} now. Once confirmed, this takes its place."]


def _asked_about(claim: str, person: str) -> str:
    return (
        f"{ALARM} *{claim}, which is known here as yours.* An admin has been asked whether "
        f"{person} may use it, too."
    )


def account_claimed(pairing: Pairing) -> Message:
    """To whoever else is known by an account that somebody connected."""
    person, account = mention(pairing.slack_user_id), quoted_address(pairing.account.email)
    claim = f"{person}'s link was used to connect the Close account {account}"
    if pairing.verdict is not Verdict.WAITING:
        return notice([f"{claim}, which is known here as yours. {_outcome(pairing)}"])
    return notice(
        [
            _asked_about(claim, person),
            "If that was not you, or you did not know whose link it was, please tell an admin.",
        ],
        small=f"Once confirmed, the bot acts with that account for what {person} approves.",
    )


def pairing_decided(pairing: Pairing, *, connect_url: str) -> Message:
    """To the person who connected the account."""
    account = quoted_address(pairing.account.email)
    if pairing.verdict is Verdict.CONFIRMED:
        return notice([f"{CALM} Your Close account {account} is connected. {_outcome(pairing)}"])
    return notice(
        [
            f"Your Close account {account} was not connected. {_outcome(pairing)}",
            "You can connect an account with your own Slack address, or speak with an admin.",
        ],
        buttons=[_connect(connect_url)],
    )


def disconnected(*, was_key: bool) -> Message:
    """To the person, once nothing is left of their connection."""
    done = "the bot's access is revoked there, and its tokens are deleted here."
    if was_key:
        done = (
            "the bot has deleted your API key here. Please delete it in Close as well, under "
            "Settings, Developer, API Keys."
        )
    return notice(
        [f"{CALM} Close is disconnected: {done}"], small="`/sendas connect` connects again."
    )


def keys_lost() -> Message:
    """To an admin: some connections were stored with a key that the bot does not have any more."""
    problem = (
        f"{ALARM} *The bot cannot open some of its connections to Close.* The encryption key that "
        "they were stored with is missing."
    )
    ways = (
        "Whoever runs the bot can add it to `ENCRYPTION_KEYS`, after the new one. If it is lost, "
        "the people concerned have to connect again with `/sendas connect`. Until then the bot "
        "can neither give nor take back rights for them."
    )
    return notice([problem, ways], small="`python -m bot doctor` says how many they are.")


def tokens_forgotten() -> Message:
    """The same, when somebody else is connected with the same Close account."""
    done = (
        "the bot no longer acts in your name. Its access is revoked in Close once nobody else here "
        "uses the same Close account."
    )
    return notice(
        [f"{CALM} Close is disconnected: {done}"], small="`/sendas connect` connects again."
    )


def leaving_question(
    connection: Connection, dependents: Sequence[Delegation], *, is_new: bool = True
) -> Message:
    """The answer to ``/sendas disconnect`` when something depends on the connection, and to a
    click on an earlier one that is no longer true."""
    mark = mark_of_leaving(connection.account, dependents)
    return notice(
        [
            *([] if is_new else [words.CHANGED]),
            f"*If you disconnect, this ends first:*\n{_named(dependents)}",
            "Then the bot's access is revoked in Close, and its tokens are deleted.",
        ],
        small="`/sendas list` shows how things are. Without a click here, nothing changes.",
        buttons=[button(DISCONNECT, "End these and disconnect", f"mine:{mark}", style="danger")],
    )


def leaving(dependents: Sequence[Delegation], *, is_alive: bool) -> str:
    """Said once a disconnection is stored."""
    if not dependents:
        return "Disconnecting Close. I tell you once Close has revoked the bot's access."
    if not is_alive:
        return (
            f"Stored. But Close no longer accepts your connection, so the bot cannot remove this "
            f"there:\n{_named(dependents)}\nPlease remove it yourself {words.BY_HAND}, or connect "
            "again with `/sendas connect`; the bot keeps trying."
        )
    return (
        f"Taking back what you lent, then disconnecting:\n{_named(dependents)}\n"
        "I tell you once Close confirms."
    )


def connection(held: Connection | None, waiting: Pairing | None, url: str) -> str:
    """The answer to ``/sendas connect``: how things are, and the link."""
    if waiting is not None:
        return (
            f"<{url}|Connect another account>, or wait: an admin has been asked whether "
            f"{quoted_address(waiting.account.email)} in Close is yours."
        )
    if held is None:
        return (
            f"<{url}|Connect your Close account> once, and you can give colleagues the right to "
            "send as you. The link is yours alone: please do not pass it on."
        )
    account = quoted_address(held.account.email)
    if held.leaving_at is not None:
        return f"<{url}|Connect again> to stop it: your account {account} is being disconnected."
    if not held.is_alive:
        return (
            f"<{url}|Connect again>: Close no longer accepts the connection of {account}. What "
            "waits for it goes on at once."
        )
    return (
        f"You are connected to Close as {account}. Nothing is to be done; <{url}|connect again> "
        "only to change something. `/sendas disconnect` ends it."
    )


def in_use(email: str) -> str:
    """To an admin: confirming would leave rights behind that nobody could take back."""
    return (
        f"Nothing was changed. They have lent rights as {quoted_address(email)}, and only that "
        "account can take them back. Once these are over, and they have answered what I asked them "
        "about rights set up in Close, you can confirm this."
    )


def broken_connection(connection: Connection | None) -> str:
    """A line for lists and homes; empty when all is well."""
    if connection is None or connection.is_alive:
        return ""
    since = f" since {moment(connection.died_at)}" if connection.died_at else ""
    return (
        f"{ALARM} *Your connection to Close does not work{since}.* `/sendas connect` mends it; "
        "until then the bot can neither give nor take back rights for you."
    )


def _outcome(pairing: Pairing) -> str:
    if pairing.verdict is Verdict.REJECTED and pairing.decided_by is None:
        return "It is rejected, because they have left or may no longer take part."
    who = mention(pairing.decided_by) if pairing.decided_by else "Nobody"
    return {
        Verdict.WAITING: "",
        Verdict.CONFIRMED: f"{who} confirmed it.",
        Verdict.REJECTED: f"{who} rejected it.",
        Verdict.REPLACED: "They have connected another account since.",
        Verdict.EXPIRED: "No admin confirmed it within a week.",
        Verdict.UNREADABLE: "The bot's encryption key for it is lost; connecting again helps.",
    }[pairing.verdict]


def _named(delegations: Sequence[Delegation]) -> str:
    lines = [f"• {_line(each)}" for each in delegations[: words.MOST_NAMED]]
    if len(delegations) > words.MOST_NAMED:
        lines.append(f"• and {len(delegations) - words.MOST_NAMED} more")
    return "\n".join(lines)


def _line(d: Delegation) -> str:
    grantee = mention(d.grantee_id)
    match d.state:
        case State.ACTIVE:
            return f"{grantee} can send as you {words.end(d)}"
        case State.ENDING:
            return f"{grantee}'s right is over, and waits to be removed in Close"
        case _:
            return f"{grantee}, approved {words.terms(d)}"


def _connect(url: str) -> ButtonElement:
    return button(Action.CONNECT.value, "Connect Close", "connect", style="primary", url=url)

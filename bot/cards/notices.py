"""What people read about their connection to Close and about pairings, and admins about alarms."""

from collections.abc import Sequence

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
)

from bot.cards import words
from bot.cards.faces import Action
from bot.cards.markup import mention, moment, quoted
from bot.cards.parts import button, context, section
from bot.slack.message import Message
from models.connection import Connection
from models.delegation import Delegation, State, Trouble
from models.pairing import Pairing, Verdict

CONFIRM_PAIRING, REJECT_PAIRING, DISCONNECT = "confirm_pairing", "reject_pairing", "disconnect"
MOST_NAMED = 10  # people; more are counted

_ALARM = "\N{LARGE ORANGE CIRCLE}"
_CALM = "\N{WHITE HEAVY CHECK MARK}"
_QUESTION = "\N{BLACK QUESTION MARK ORNAMENT}"
_UNCONNECTED = (Trouble.NOT_CONNECTED, Trouble.CONNECTION_LOST)
_BY_HAND = "in Close's settings under Send As"


def connection_lost(
    connection: Connection, served: Sequence[Delegation], *, connect_url: str
) -> Message:
    """To a grantor whose connection Close no longer accepts."""
    account = quoted(connection.account.email)
    alarm = (
        f"{_ALARM} *The bot can no longer act for you in Close.* Close no longer accepts the "
        f"connection of {account}."
    )
    lines = [alarm]
    active = [each for each in served if each.state is not State.APPROVED]
    if active:
        lines.append(
            f"Until you connect again, it cannot take this back:\n{_named(active)}\nConnect "
            f"again and it is taken back in time, or remove it yourself {_BY_HAND}."
        )
    approved = [each for each in served if each.state is State.APPROVED]
    if approved:
        lines.append(f"This cannot begin until you connect again:\n{_named(approved)}")
    return _message(lines, small="The bot keeps trying by itself.", buttons=[_connect(connect_url)])


def connection_works() -> Message:
    """In place of the alarm, once it is over."""
    return _message([f"{_CALM} Your connection to Close works again. What waited for it goes on."])


def overdue(delegation: Delegation) -> Message:
    """To an admin: a right has outlived its end, and why."""
    grantor, grantee = mention(delegation.grantor_id), mention(delegation.grantee_id)
    if not delegation.is_open:
        return _message(
            [f"{_CALM} {grantee}'s right to send as {grantor} is gone now; Close confirmed it."]
        )
    since = f" since {moment(delegation.ended_at)}" if delegation.ended_at else ""
    problem = (
        f"{_ALARM} *{grantee} may still be able to send email as {grantor}.* The right is "
        f"over{since}, but Close has not confirmed that it is gone."
    )
    if delegation.trouble is not None and delegation.trouble not in _UNCONNECTED:
        why = words.trouble(delegation)
        ways = f"{why} Until the bot succeeds, {grantor} can remove it {_BY_HAND}."
    else:
        ways = (
            f"{grantor}'s connection to Close does not work, and only {grantor} can take it "
            f"away: they can connect again with `/sendas connect`, or remove it {_BY_HAND}. "
            "Please make sure that one of the two happens."
        )
    return _message(
        [problem, ways],
        small="The bot keeps trying, and this message changes once Close confirms.",
    )


def pairing(pairing: Pairing) -> Message:
    """To an admin: is this Close account that person's?"""
    person = mention(pairing.slack_user_id)
    address = quoted(pairing.slack_email) if pairing.slack_email else "not visible"
    account = f"{quoted(pairing.account.name)}, {quoted(pairing.account.email)}"
    question = f"{person} connected a Close account with another address"
    if pairing.verdict is not Verdict.WAITING:
        return _message([f"{question} ({account}). {_outcome(pairing)}"])
    return _message(
        [
            f"{_QUESTION} *{question}. Is it theirs?*",
            f"*In Slack:* {address}\n*In Close:* {account}",
        ],
        small="Once confirmed, the bot acts in Close with that account whenever "
        f"{person} approves something. If you are not sure, ask {person}, or reject.",
        buttons=[
            button(CONFIRM_PAIRING, "Confirm", pairing.id, style="primary"),
            button(REJECT_PAIRING, "Reject", pairing.id, style="danger"),
        ],
    )


def pairing_decided(pairing: Pairing, *, connect_url: str) -> Message:
    """To the person who connected the account."""
    account = quoted(pairing.account.email)
    if pairing.verdict is Verdict.CONFIRMED:
        return _message([f"{_CALM} Your Close account {account} is connected. {_outcome(pairing)}"])
    return _message(
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
    return _message(
        [f"{_CALM} Close is disconnected: {done}"], small="`/sendas connect` connects again."
    )


def tokens_forgotten() -> Message:
    """The same, when somebody else is connected with the same Close account."""
    done = (
        "the bot's tokens are deleted here. Its access is not revoked in Close, because somebody "
        "else here uses the same Close account."
    )
    return _message(
        [f"{_CALM} Close is disconnected: {done}"], small="`/sendas connect` connects again."
    )


def leaving_question(dependents: Sequence[Delegation]) -> Message:
    """The answer to ``/sendas disconnect`` when something depends on the connection."""
    return _message(
        [
            f"*If you disconnect, this ends first:*\n{_named(dependents)}",
            "Then the bot's access is revoked in Close, and its tokens are deleted.",
        ],
        small="`/sendas list` shows how things are. Without a click here, nothing changes.",
        buttons=[button(DISCONNECT, "End these and disconnect", "mine", style="danger")],
    )


def leaving(dependents: Sequence[Delegation], *, is_alive: bool) -> str:
    """Said once a disconnection is stored."""
    if not dependents:
        return "Disconnecting Close. I tell you once Close has revoked the bot's access."
    if not is_alive:
        return (
            f"Stored. But Close no longer accepts your connection, so the bot cannot remove this "
            f"there:\n{_named(dependents)}\nPlease remove it yourself {_BY_HAND}, or connect "
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
            f"{quoted(waiting.account.email)} in Close is yours."
        )
    if held is None:
        return (
            f"<{url}|Connect your Close account> once, and you can give colleagues the right to "
            "send as you. The link is yours alone: please do not pass it on."
        )
    account = quoted(held.account.email)
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
        f"Nothing was changed. They have lent rights as {quoted(email)}, and only that account "
        "can take them back. Once these are over, and they have answered what I asked them about "
        "rights set up in Close, you can confirm this."
    )


def broken_connection(connection: Connection | None) -> str:
    """A line for lists and homes; empty when all is well."""
    if connection is None or connection.is_alive:
        return ""
    since = f" since {moment(connection.died_at)}" if connection.died_at else ""
    return (
        f"{_ALARM} *Your connection to Close does not work{since}.* `/sendas connect` mends it; "
        "until then the bot can neither give nor take back rights for you."
    )


def _outcome(pairing: Pairing) -> str:
    if pairing.verdict is Verdict.REJECTED and pairing.decided_by is None:
        return "It is rejected, because they have left."
    who = mention(pairing.decided_by) if pairing.decided_by else "Nobody"
    return {
        Verdict.WAITING: "",
        Verdict.CONFIRMED: f"{who} confirmed it.",
        Verdict.REJECTED: f"{who} rejected it.",
        Verdict.REPLACED: "They have connected another account since.",
        Verdict.EXPIRED: "No admin confirmed it within a week.",
    }[pairing.verdict]


def _named(delegations: Sequence[Delegation]) -> str:
    lines = [f"• {_line(each)}" for each in delegations[:MOST_NAMED]]
    if len(delegations) > MOST_NAMED:
        lines.append(f"• and {len(delegations) - MOST_NAMED} more")
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


def _message(
    lines: Sequence[str], *, small: str = "", buttons: Sequence[ButtonElement] = ()
) -> Message:
    blocks: list[Block] = [section(line) for line in lines]
    if small:
        blocks.append(context(small))
    if buttons:
        blocks.append(ActionsBlock(elements=list(buttons)))
    said = [*lines, small] if small else lines
    return Message("\n".join(line.replace("*", "") for line in said), blocks)


def _connect(url: str) -> ButtonElement:
    return button(Action.CONNECT.value, "Connect Close", "connect", style="primary", url=url)

"""What people read about their connection to Close, and admins about whose account one is."""

from collections.abc import Sequence
from datetime import datetime

from slack_sdk.models.blocks import (
    ButtonElement,
    ConfirmObject,
)

from bot.cards import dialogs, foreign, words
from bot.cards.faces import Action
from bot.cards.markup import mention, moment, quoted_address
from bot.cards.parts import ALARM, CALM, QUESTION, button, notice
from bot.cards.pronouns import party
from bot.slack.message import Message
from models.account import Account
from models.address import is_same_address
from models.connection import Connection
from models.delegation import Delegation, State
from models.mark import mark_of_leaving, marked
from models.pairing import Pairing, Verdict
from models.standing import StandingApproval

CONFIRM_PAIRING, REJECT_PAIRING = "confirm_pairing", "reject_pairing"
DISCONNECT, STAY = "disconnect", "stay_connected"
STAYED = "OK, cancelled. You are still connected to Close."


def connection_lost(
    connection: Connection, served: Sequence[Delegation], *, connect_url: str
) -> Message:
    """To a grantor whose connection Close no longer accepts."""
    account = quoted_address(connection.account.email)
    alarm = (
        f"{ALARM} *I can no longer act for you in Close.* It no longer accepts the connection of "
        f"{account}."
    )
    lines = [alarm]
    active = [each for each in served if each.state is not State.APPROVED]
    if active:
        lines.append(
            f"Until you connect again, I can't end this:\n{_named(active)}\nConnect again and it "
            f"ends in time, or remove it yourself {words.BY_HAND}."
        )
    approved = [each for each in served if each.state is State.APPROVED]
    if approved:
        lines.append(f"This cannot begin until you connect again:\n{_named(approved)}")
    return notice(lines, small="I keep trying.", buttons=[_connect(connect_url)])


def connection_works() -> Message:
    """In place of the alarm, once it is over."""
    return notice([f"{CALM} Your connection to Close works again. Whatever waited for it goes on."])


def pairing(pairing: Pairing, held: Account | None = None, *, reader: str | None = None) -> Message:
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
        return notice([f"{question}. {_outcome(pairing, reader)}", account])
    return notice(
        [
            f"{QUESTION} *{question}. Is it theirs?*",
            f"*Address in Slack:* {address}\n{account}",
            *_known_as(pairing, person),
            *_replaces(held, pairing, person),
        ],
        small=f"Once you confirm, I use that account in Close for what {person} approves. If you "
        f"are not sure, ask {person}, or reject.",
        buttons=[
            button(CONFIRM_PAIRING, "Confirm", marked(pairing, held), style="primary"),
            _reject(pairing, held),
        ],
    )


def _reject(pairing: Pairing, held: Account | None) -> ButtonElement:
    account = foreign.address(pairing.account.email)
    question = dialogs.asked(
        "Reject this account?",
        f"{account} is not connected for them, and they are told so. They can connect again.",
        yes="Reject",
        no="Not yet",
    )
    value = marked(pairing, held)
    return button(REJECT_PAIRING, "Reject", value, style="danger", confirm=question)


def _known_as(pairing: Pairing, person: str) -> list[str]:
    if pairing.other_id is None:
        return []
    other = mention(pairing.other_id)
    line = (
        f"{ALARM} *This account is known here as {other}'s*: they are connected with it, or have "
        f"its address in Slack. Confirm only if {person} and {other} should share it. I have told "
        f"{other}."
    )
    return [line]


def _replaces(held: Account | None, pairing: Pairing, person: str) -> list[str]:
    if held is None or held.membership == pairing.account.membership:
        return []
    account = quoted_address(held.email)
    return [f"{person} is connected as {account} now. Once you confirm, this takes its place."]


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
        about = f"{claim}, which is known here as yours."
        return notice([f"{about} {_outcome(pairing, pairing.other_id)}"])
    return notice(
        [
            _asked_about(claim, person),
            "If that was not you, or you did not know whose link it was, please tell an admin.",
        ],
        small=f"If an admin confirms it, I use that account for what {person} approves.",
    )


def pairing_decided(pairing: Pairing, *, connect_url: str) -> Message:
    """To the person who connected the account."""
    account = quoted_address(pairing.account.email)
    outcome = _outcome(pairing, pairing.slack_user_id)
    if pairing.verdict is Verdict.CONFIRMED:
        return notice([f"{CALM} Your Close account {account} is connected. {outcome}"])
    return notice(
        [
            f"Your Close account {account} was not connected. {outcome}",
            "You can connect an account with your own Slack address, or speak to an admin.",
        ],
        buttons=[_connect(connect_url)],
    )


def disconnected(*, was_key: bool) -> Message:
    """To the person, once nothing is left of their connection."""
    done = "my access there is revoked, and its tokens are deleted here."
    if was_key:
        done = (
            "I have deleted your API key here. Please delete it in Close as well, under Settings, "
            "Developer, API Keys."
        )
    return notice(
        [f"{CALM} Close is disconnected: {done}"], small="`/sendas connect` connects again."
    )


def keys_lost() -> Message:
    """To an admin: some connections were stored with a key that the bot does not have any more."""
    problem = (
        f"{ALARM} *I can't open some of my connections to Close.* The encryption key that they "
        "were saved with is missing."
    )
    ways = (
        "Whoever runs this app can add it to `ENCRYPTION_KEYS`, after the new one. If it is lost, "
        "the people concerned have to connect again with `/sendas connect`. Until then I can "
        "neither give nor take away rights for them."
    )
    return notice([problem, ways], small="`python -m bot doctor` says how many they are.")


def restored(
    connection: Connection | None, *, since: datetime, until: datetime, connect_url: str
) -> Message:
    """To whoever gave anything: the bot has forgotten what happened between these two."""
    problem = (
        f"{ALARM} *I was restored from a backup.* What happened between {moment(since)} and "
        f"{moment(until)} is not known to me any more."
    )
    consequence = (
        "What was approved and had not begun is called off, and no standing approval holds any "
        "longer: please approve again what is still needed. What runs ends when I last knew that "
        "it should."
    )
    lines = [problem, consequence]
    if connection is None:
        return notice(lines)
    if not connection.is_alive:
        lines.append(
            "Close no longer accepts my connection of then, so I can't see which rights you have "
            "given, nor end them. Please connect again: I then ask you about each that I don't "
            "know, also if I set it up myself."
        )
        return notice(lines, buttons=[_connect(connect_url)])
    lines.append(
        "I have looked at what Close holds, and ask you about each right that I don't know, also "
        "if I set it up myself. Until you answer, it stays."
    )
    again = "If you had disconnected Close since then, please do so again: `/sendas disconnect`."
    return notice(lines, small=again)


def tokens_forgotten() -> Message:
    """The same, when somebody else is connected with the same Close account."""
    done = (
        "I no longer act in your name. My access is revoked in Close once nobody else here uses "
        "the same Close account."
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
            "Then my access is revoked in Close, and its tokens are deleted.",
        ],
        small="Nothing changes until you click.",
        buttons=[
            button(
                DISCONNECT,
                "End these and disconnect",
                f"mine:{mark}",
                style="danger",
                confirm=_really_leave(len(dependents)),
            ),
            button(STAY, "Never mind", "mine"),
        ],
    )


def _really_leave(count: int) -> ConfirmObject:
    ends = "It ends the right" if count == 1 else f"It ends the {count} rights"
    text = f"{ends} that you read here, and then my access to your Close account."
    return dialogs.asked("Disconnect Close?", text, yes="End and disconnect", no="Stay connected")


def leaving(dependents: Sequence[Delegation], *, is_alive: bool) -> str:
    """Said once a disconnection is stored."""
    if not dependents:
        return "Disconnecting Close. I'll tell you when Close has revoked my access."
    if not is_alive:
        return (
            "Disconnecting Close. But it no longer accepts your connection, so I can't remove this "
            f"there:\n{_named(dependents)}\nPlease remove it yourself {words.BY_HAND}, or connect "
            "again with `/sendas connect`. I keep trying."
        )
    return (
        f"Ending what you lent, then disconnecting:\n{_named(dependents)}\n"
        "I'll tell you when Close confirms."
    )


def connection(held: Connection | None, waiting: Pairing | None, url: str) -> str:
    """The answer to ``/sendas connect``: how things are, and the link."""
    if waiting is not None:
        return (
            "An admin has been asked whether "
            f"{quoted_address(waiting.account.email)} in Close is yours. You can wait for the "
            f"answer, or <{url}|connect another account>."
        )
    if held is None:
        return (
            f"<{url}|Connect your Close account> once, and you can let colleagues send as you. "
            "The link is yours alone: please don't pass it on."
        )
    account = quoted_address(held.account.email)
    if held.leaving_at is not None:
        return f"<{url}|Connect again> to stop it: your account {account} is being disconnected."
    if not held.is_alive:
        return (
            f"<{url}|Connect again>: Close no longer accepts the connection of {account}. "
            "Whatever waits for it then goes on at once."
        )
    return (
        f"You are connected to Close as {account}. There is nothing to do; <{url}|connect again> "
        "only to change something. `/sendas disconnect` ends it."
    )


def in_use(email: str) -> str:
    """To an admin: confirming would leave rights behind that nobody could take back."""
    return (
        f"Nothing changed. They have given rights as {quoted_address(email)}, and only that "
        "account can take them away. Once these are over, and they have answered what I asked them "
        "about rights set up in Close, you can confirm this."
    )


def broken_connection(connection: Connection | None) -> str:
    """A line for lists and homes; empty when all is well."""
    if connection is None or connection.is_alive:
        return ""
    since = f" since {moment(connection.died_at)}" if connection.died_at else ""
    return (
        f"{ALARM} *Your connection to Close does not work{since}.* `/sendas connect` fixes it; "
        "until then I can neither give nor take away rights for you."
    )


def _outcome(pairing: Pairing, reader: str | None) -> str:
    person = party(pairing.slack_user_id, reader)
    if pairing.verdict is Verdict.REJECTED and pairing.decided_by is None:
        return f"It is rejected, because {person.they} have left or may no longer take part."
    who = party(pairing.decided_by, reader).first if pairing.decided_by else "Nobody"
    return {
        Verdict.WAITING: "",
        Verdict.CONFIRMED: f"{who} confirmed it.",
        Verdict.REJECTED: f"{who} rejected it.",
        Verdict.REPLACED: f"{person.first} {person.have} connected another account since.",
        Verdict.EXPIRED: "No admin confirmed it within a week.",
        Verdict.UNREADABLE: "Its encryption key is lost; connecting again helps.",
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
            return f"{grantee}'s right is over, but not yet removed in Close"
        case _:
            return f"{grantee}, approved {words.terms(d)}"


def _connect(url: str) -> ButtonElement:
    return button(Action.CONNECT.value, "Connect Close", "connect", style="primary", url=url)


def standing_ended(ended: Sequence[StandingApproval], reader: str) -> Message:
    """To somebody who gave or had these standing approvals, which an admin has ended."""
    who = party(ended[0].ended_by or "", reader).first
    lines = [_always_approved(each, reader) for each in ended[: words.MOST_NAMED]]
    if more := len(ended) - len(lines):
        lines.append(f"• and {more} more")
    several = "a standing approval" if len(ended) == 1 else f"{len(ended)} standing approvals"
    why = words.in_quotes(ended[0].note or "")
    return notice(
        [f"*{who} ended {several} as an admin.* Reason: {why}.", "\n".join(lines)],
        small="Requests wait for an answer again.",
    )


def _always_approved(standing: StandingApproval, reader: str) -> str:
    grantor, grantee = party(standing.grantor_id, reader), party(standing.grantee_id, reader)
    return f"• {grantor.first} always approved {grantee.name}"

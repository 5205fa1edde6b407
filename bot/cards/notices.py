"""What people read about their connection to Close and about pairings, and admins about alarms."""

from collections.abc import Mapping, Sequence

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
)

from bot.cards import words
from bot.cards.faces import Action
from bot.cards.markup import mention, moment, quoted, quoted_address, quoted_name
from bot.cards.parts import button, context, section
from bot.slack.message import Message
from models.account import Account
from models.address import is_same_address
from models.card import Audience, Card
from models.connection import Connection
from models.delegation import Delegation, State, Trouble
from models.departure import Departed, Toll
from models.mark import mark_of_leaving, mark_of_leftovers, marked
from models.overdue import Leftover
from models.pairing import Pairing, Verdict
from models.person import Departure
from models.round import Round, Word

CONFIRM_PAIRING, REJECT_PAIRING, DISCONNECT = "confirm_pairing", "reject_pairing", "disconnect"
IS_GONE, END_THEM, KEEP_THEM = "is_gone", "end_them", "keep_them"
AUDIT_WAYS = {  # what an admin can do, by Slack's word
    "not_in_channel": "Please invite me there.",
    "channel_not_found": "Please invite me there, if it is a private channel.",
    "is_archived": "Please unarchive it.",
}
MOST_NAMED = 10  # people; more are counted
MOST_GRANTORS = 4  # in one list: with all their words it stays below 4,000 characters
MOST_GRANTEES = 5  # of each

WHY_HELD = (
    "It would end {losses}. That is so much that I have ended nothing: while Slack or Close have "
    "trouble, they can say this of everybody."
)

_ALARM = "\N{LARGE ORANGE CIRCLE}"
_CALM = "\N{WHITE HEAVY CHECK MARK}"
_QUESTION = "\N{BLACK QUESTION MARK ORNAMENT}"
_UNCONNECTED = (Trouble.NOT_CONNECTED, Trouble.CONNECTION_LOST)
_BY_HAND = "in Close's settings under Send As"


def connection_lost(
    connection: Connection, served: Sequence[Delegation], *, connect_url: str
) -> Message:
    """To a grantor whose connection Close no longer accepts."""
    account = quoted_address(connection.account.email)
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


def overdue_list(leftovers: Sequence[Leftover], gone: Mapping[str, Departure]) -> Message:
    """To an admin: all that may be left over in Close, by who gave it. ``gone`` has those grantors
    who have left."""
    by_grantor: dict[str, list[Leftover]] = {}
    for each in leftovers:
        by_grantor.setdefault(each.grantor_id, []).append(each)
    shown = list(by_grantor.items())[:MOST_GRANTORS]
    blocks: list[Block] = []
    said: list[str] = []
    for grantor_id, theirs in shown:
        text = _overdue_of(grantor_id, theirs, gone.get(grantor_id))
        said.append(text.replace("*", ""))
        value = f"{grantor_id}:{mark_of_leftovers(theirs)}"
        blocks.append(section(text, accessory=button(IS_GONE, "It is gone in Close", value)))
    if hidden := len(by_grantor) - len(shown):
        said.append(f"… and what {hidden} more people gave. They move up as these are settled.")
        blocks.append(context(said[-1]))
    said.append(
        "The bot keeps trying, and this list changes once Close confirms. “It is gone in Close” "
        "is noted with your name, and looked up as soon as it can be."
    )
    blocks.append(context(said[-1]))
    return Message("\n".join(said), blocks)


def overdue_before(leftovers: Sequence[Leftover]) -> Message:
    """What stands in place of an earlier day's list."""
    first = leftovers[0]
    more = f" and {len(leftovers) - 1} more" if len(leftovers) > 1 else ""
    headline = (
        f"{_ALARM} {_grantee(first)} may still be able to send email as "
        f"{mention(first.grantor_id)}{more}."
    )
    return _message([headline], small="Today's list is further down.")


def overdue_over() -> Message:
    """In place of a list, once nothing of it is left."""
    return _message([f"{_CALM} Everything that was listed here is gone now."])


def departures(held: Round, toll: Toll, some: Sequence[Departed]) -> Message:
    """To an admin: so many people are gone that somebody should look before anything ends."""
    if held.answered_by is not None:
        who = mention(held.answered_by)
        if held.answer is Word.END:
            done = f"{who} had them ended. Whoever is there after all keeps everything."
        else:
            done = f"{who} kept them. Nothing was ended; I look again within a day."
        return _message([f"Many people could no longer take part. {done}"])
    people = "1 person" if toll.people == 1 else f"{toll.people} people"
    names = [f"• {words.departure(each.slack_user_id, each.reason)}" for each in some[:MOST_NAMED]]
    if toll.people > len(names):
        names.append(f"• and {toll.people - len(names)} more")
    return _message(
        [
            f"{_QUESTION} *{people} may no longer take part, as Slack and Close say. Is that so?*",
            "\n".join(names),
            WHY_HELD.format(losses=_losses(toll)),
        ],
        small="Everybody is looked up once more before anything ends. Without an answer nothing "
        "ends, and I look again within a day.",
        buttons=[
            button(END_THEM, "End them", held.question or "", style="danger"),
            button(KEEP_THEM, "Keep them", held.question or ""),
        ],
    )


def departures_over() -> Message:
    """In place of the question, once everybody was looked up again."""
    return _message(["Many people seemed to be gone. Everybody was looked up again since."])


def unreachable(delegation: Delegation, card: Card) -> Message:
    """To whoever waits for somebody whom Slack does not let the bot write to."""
    who = mention(card.recipient)
    is_asked = card.audience is Audience.GRANTOR and delegation.state is State.REQUESTED
    there = "has the request, and it can be answered there" if is_asked else "shows how things are"
    return _message(
        [
            f"{_ALARM} *I cannot reach {who} by message.* It is about {_pair(delegation)}.",
            f"{who}'s App Home (open the app, then Home) {there}. Please tell {who}.",
        ],
        small=f"{_refusal(card)} I keep trying, and this message changes once it works.",
    )


def reached(delegation: Delegation, card: Card) -> Message:
    """In place of that, once it has arrived or does not matter any more."""
    who, about = mention(card.recipient), _pair(delegation)
    if card.refused_at is None and card.message_ts is not None:
        return _message([f"{_CALM} {who} has my message now. It is about {about}."])
    return _message([f"I could not reach {who} by message about {about}. That is over now."])


def audit_silent(card: Card) -> Message:
    """To an admin: decisions are missing in the audit channel."""
    way = AUDIT_WAYS.get(card.refusal or "", "Please see to it that I can write there.")
    problem = f"*I cannot write to the audit channel {_channel(card.recipient)}.*"
    return _message(
        [f"{_ALARM} {problem} {_refusal(card)} {way}"],
        small="Nothing is lost: what is missing there is written in order once it works.",
    )


def audit_speaks(channel_id: str) -> Message:
    """In place of that, once nothing is missing any more."""
    where = _channel(channel_id)
    return _message(
        [f"{_CALM} I can write to the audit channel {where} again. Nothing is missing."]
    )


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
        return _message([f"{question}. {_outcome(pairing)}", account])
    return _message(
        [
            f"{_QUESTION} *{question}. Is it theirs?*",
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
        f"{_ALARM} *This account is known here as {other}'s*: they are connected with it, or have "
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
        f"{_ALARM} *{claim}, which is known here as yours.* An admin has been asked whether "
        f"{person} may use it, too."
    )


def account_claimed(pairing: Pairing) -> Message:
    """To whoever else is known by an account that somebody connected."""
    person, account = mention(pairing.slack_user_id), quoted_address(pairing.account.email)
    claim = f"{person}'s link was used to connect the Close account {account}"
    if pairing.verdict is not Verdict.WAITING:
        return _message([f"{claim}, which is known here as yours. {_outcome(pairing)}"])
    return _message(
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


def keys_lost() -> Message:
    """To an admin: some connections were stored with a key that the bot does not have any more."""
    problem = (
        f"{_ALARM} *The bot cannot open some of its connections to Close.* The encryption key that "
        "they were stored with is missing."
    )
    ways = (
        "Whoever runs the bot can add it to `ENCRYPTION_KEYS`, after the new one. If it is lost, "
        "the people concerned have to connect again with `/sendas connect`. Until then the bot "
        "can neither give nor take back rights for them."
    )
    return _message([problem, ways], small="`python -m bot doctor` says how many they are.")


def tokens_forgotten() -> Message:
    """The same, when somebody else is connected with the same Close account."""
    done = (
        "the bot no longer acts in your name. Its access is revoked in Close once nobody else here "
        "uses the same Close account."
    )
    return _message(
        [f"{_CALM} Close is disconnected: {done}"], small="`/sendas connect` connects again."
    )


def leaving_question(
    connection: Connection, dependents: Sequence[Delegation], *, is_new: bool = True
) -> Message:
    """The answer to ``/sendas disconnect`` when something depends on the connection, and to a
    click on an earlier one that is no longer true."""
    mark = mark_of_leaving(connection.account, dependents)
    return _message(
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
        f"{_ALARM} *Your connection to Close does not work{since}.* `/sendas connect` mends it; "
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


def _overdue_of(grantor_id: str, theirs: Sequence[Leftover], reason: Departure | None) -> str:
    """What one person gave and Close may still hold, why, and what an admin can do."""
    grantor = mention(grantor_id)
    whom = ", ".join(dict.fromkeys(_grantee(each) for each in theirs[:MOST_GRANTEES]))
    if len(theirs) > MOST_GRANTEES:
        whom += f" and {len(theirs) - MOST_GRANTEES} more"
    over = [each.over_since for each in theirs if each.over_since is not None]
    since = (
        f"Over since {moment(min(over))}, but Close has not confirmed that it is gone."
        if over
        else "It was set up in Close itself, and has no end."
    )
    headline = f"{_ALARM} *{whom} may still be able to send email as {grantor}.* {since}"
    trouble = next((each.trouble for each in theirs if each.trouble is not None), None)
    if reason is not None:
        way = (
            f"{words.departure(grantor_id, reason)}, and only they could take it away. Look "
            f"whether {grantor}'s address can still be chosen as the sender in Close. If not, "
            f"press the button. If so, a Close admin can remove {grantor}'s connected email "
            f"account there, or reactivate {grantor} and remove this {_BY_HAND}."
        )
    elif trouble in _UNCONNECTED:
        way = (
            f"{grantor}'s connection to Close does not work, and only {grantor} can take it "
            f"away: they can connect again with `/sendas connect`, or remove it {_BY_HAND}. "
            "Please make sure that one of the two happens."
        )
    elif trouble is not None:
        why = words.trouble_between(trouble, grantor_id, _grantee(theirs[0]))
        way = f"{why} Until the bot succeeds, {grantor} can remove it {_BY_HAND}."
    else:
        way = f"Until the bot succeeds, {grantor} can remove it {_BY_HAND}."
    return f"{headline} {way}"


def _grantee(leftover: Leftover) -> str:
    if leftover.grantee_id is not None:
        return mention(leftover.grantee_id)
    return quoted_name(leftover.grantee_name) or "Somebody whom I do not know"


def _pair(d: Delegation) -> str:
    return f"{mention(d.grantee_id)} sending email as {mention(d.grantor_id)}"


def _refusal(card: Card) -> str:
    return f"Slack says “{quoted(card.refusal or '')}”."


def _channel(channel_id: str) -> str:
    return f"<#{channel_id}>"


def _losses(toll: Toll) -> str:
    kinds = {
        "rights": toll.rights,
        "requests": toll.requests,
        "standing approvals": toll.standing,
        "connections to Close": toll.connections,
    }
    return ", ".join(
        f"{each.lost} of {each.total} {name}" for name, each in kinds.items() if each.lost
    )


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

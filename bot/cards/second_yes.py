"""To whose yes a rule asks for, after the grantor's: what was agreed to, and how it came out."""

from bot.cards import words
from bot.cards.delegations import MARKS
from bot.cards.faces import MOST_ASKED, account
from bot.cards.foreign import plain
from bot.cards.markup import moment, quoted
from bot.cards.parts import QUESTION, button, notice
from bot.cards.pronouns import party
from bot.slack.message import Message
from models.delegation import Delegation, State
from models.mark import marked

AGREE_TOO, DISAGREE = "agree_too", "disagree"


def asked(d: Delegation, reader: str, *, is_last: bool = True) -> Message:
    """The question, as long as it waits for an answer; not ``is_last`` where it was asked again."""
    if not d.waits_for_second:
        return notice([f"{MARKS[d.state]} {_outcome(d, reader)}"])
    if not is_last:
        return notice([f"{QUESTION} {_question(d, reader)}"], small="I asked again further down.")
    why = quoted(plain(d.reason, MOST_ASKED))
    lines = [f"{QUESTION} *{_question(d, reader)}*", _length(d), *_goes_to(d)]
    return notice(
        [*lines, *([f"Reason: “{why}”"] if why else [])],
        small=_what_follows(d, reader),
        buttons=[
            button(AGREE_TOO, "Approve", marked(d), style="primary"),
            button(DISAGREE, "Deny", marked(d)),
        ],
    )


def _question(d: Delegation, reader: str) -> str:
    grantor, grantee = party(d.grantor_id, reader), party(d.grantee_id, reader)
    if d.extension is not None and d.state is State.ACTIVE:
        more = words.more(d.extension)
        return f"{grantor.first} agreed to {more} for {grantee.name} to send email as them"
    return f"{grantor.first} agreed to let {grantee.name} send email as them"


def _length(d: Delegation) -> str:
    if d.extension is not None and d.state is State.ACTIVE:
        return f"*New end:* {words.new_end(d, d.extension)}"
    return words.length(d, None)


def _goes_to(d: Delegation) -> list[str]:
    return account(d) if d.grantee_account else []


def _what_follows(d: Delegation, reader: str) -> str:
    asks = "A rule here asks for your yes, too."
    if d.state is State.REQUESTED:
        whose = party(d.grantor_id, reader).whose
        can = f"{party(d.grantee_id, reader).first} can then {words.allows(whose)}."
        return f"{asks} {can} Without an answer, this lapses {moment(d.lapses_at)}."
    return f"{asks} Without it, the end stays as it is."


def _outcome(d: Delegation, reader: str) -> str:
    """What became of it; it is about others, so one sentence is enough."""
    pair = f"{party(d.grantee_id, reader).name} to send email as {party(d.grantor_id, reader).name}"
    who = party(d.closed_by, reader).first if d.closed_by else "Nobody"
    match d.state:
        case State.DENIED:
            return f"{who} denied it: the request for {pair}."
        case State.CANCELLED:
            return f"It was cancelled: the request for {pair}."
        case State.LAPSED:
            return f"It lapsed: the request for {pair}."
        case State.REQUESTED:
            return f"It is asked anew: the request for {pair}."
        case _ if d.seconded_by is not None:
            return f"{party(d.seconded_by, reader).first} approved it: the right of {pair}."
        case _:
            return f"It was answered: the right of {pair}."

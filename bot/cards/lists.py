"""What ``/sendas list`` shows: everything open, in both directions."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from slack_sdk.models.blocks import ActionsBlock

from bot.cards import words
from bot.cards.faces import waiting
from bot.cards.foreign import plain
from bot.cards.markup import mention, moment, quoted
from bot.cards.parts import button, context, section
from bot.cards.pronouns import party
from bot.slack.message import Message
from bot.times.saying import say_length
from models.delegation import Delegation, State
from models.standing import StandingApproval

MOST_TEXT = 2600  # characters of a page's lines; with titles they fit into a section (slack.md §5)
MOST_REASON = 80  # characters of it in a line
LIST_BACK, LIST_MORE = "list_back", "list_more"
WAITING_FOR_YOU, WAITING = "Waiting for you", "Waiting for an answer"
GIVEN, RECEIVED, FOR_OTHERS = "Who can send as you", "You can send as", "You asked for others"
NOTHING = (
    "Nobody can send as you, you can send as nobody, and nothing is pending. "
    "`/sendas @colleague 2h` asks."
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line, under its title."""

    title: str
    line: str


def overview(
    delegations: Sequence[Delegation],
    reader: str,
    *,
    standing: Sequence[StandingApproval] = (),
    page: int = 0,
    person_id: str | None = None,
    unconfirmed: Collection[str] = (),
) -> str | Message:
    """Short lists, in pages with buttons where one does not hold them; what is empty is left out.

    ``page`` counts from 0, and with ``person_id`` it is only what that person has a part in.
    ``unconfirmed`` as in ``faces.face``.
    """
    entries = _entries(delegations, reader, standing, person_id, unconfirmed)
    if not entries:
        return NOTHING if person_id is None else f"Nothing is open with {mention(person_id)}."
    hint = "`/sendas list @colleague` shows one colleague only."
    return leafed(entries, page, turns=(LIST_BACK, LIST_MORE), about=person_id or "", hint=hint)


def leafed(
    entries: Sequence[Entry],
    page: int,
    *,
    turns: tuple[str, str],
    about: str,
    hint: str = "",
    below: str = "",
) -> str | Message:
    """One page of these, with the two buttons that turn it where one does not hold them; ``about``
    is the person whom it is about, and ``below`` stands under each page."""
    pages = _pages(entries)
    page = min(page, len(pages) - 1)
    text = "\n\n".join(each for each in (_text(pages[page]), below) if each)
    if len(pages) == 1:
        return text
    last = " ".join(each for each in (f"Page {page + 1} of {len(pages)}.", hint) if each)
    labels = ((turns[0], "Back", page - 1), (turns[1], "More", page + 1))
    buttons = [
        button(action, label, f"{to}/{about}")
        for action, label, to in labels
        if 0 <= to < len(pages)
    ]
    row = ActionsBlock(block_id="list", elements=buttons)
    return Message(f"{text}\n\n{last}", [section(text), context(last), row])


def _entries(
    delegations: Sequence[Delegation],
    reader: str,
    standing: Sequence[StandingApproval],
    person_id: str | None,
    unconfirmed: Collection[str],
) -> list[Entry]:
    concerned = [
        each
        for each in delegations
        if person_id in (None, each.grantor_id, each.grantee_id, each.requester_id)
    ]
    entries = [
        Entry(f"*{title}*", line(each, reader, unconfirmed=unconfirmed))
        for title in (WAITING_FOR_YOU, WAITING, GIVEN, RECEIVED, FOR_OTHERS)
        for each in concerned
        if _title(each, reader) == title
    ]
    return entries + [
        Entry("*Standing approvals*", _standing_line(each, reader))
        for each in standing
        if person_id in (None, each.grantor_id, each.grantee_id)
    ]


def _pages(entries: Iterable[Entry]) -> list[list[Entry]]:
    pages: list[list[Entry]] = []
    room = 0
    for each in entries:
        needed = len(each.line) + len("\n• ")
        if needed > room:
            pages.append([])
            room = MOST_TEXT
        room -= needed
        pages[-1].append(each)
    return pages


def _text(entries: Iterable[Entry]) -> str:
    parts = [
        "\n".join([title, *(f"• {each.line}" for each in group)])
        for title, group in groupby(entries, lambda each: each.title)
    ]
    return "\n\n".join(parts)


def _title(d: Delegation, reader: str) -> str:
    if d.grantor_id == reader:
        is_asked = d.state is State.REQUESTED or (d.state is State.ACTIVE and d.extension)
        return WAITING_FOR_YOU if is_asked and not d.waits_for_second else GIVEN
    if d.state is State.REQUESTED:
        return WAITING
    return RECEIVED if d.grantee_id == reader else FOR_OTHERS


def _standing_line(standing: StandingApproval, reader: str) -> str:
    grantor, grantee = party(standing.grantor_id, reader), party(standing.grantee_id, reader)
    return f"{grantor.first} always approve{grantor.s} {grantee.name}: {limits(standing)}"


def limits(standing: StandingApproval) -> str:
    """What a standing approval covers."""
    longest = say_length(standing.max_length)
    return f"up to {longest} at a time, until {moment(standing.until)}"


def line(d: Delegation, reader: str, *, unconfirmed: Collection[str] = ()) -> str:
    """A delegation in one line: who, until when, and why; ``unconfirmed`` as in ``faces.face``."""
    why = quoted(plain(d.reason, MOST_REASON))
    said = f"{_who(d, reader)} {_terms(d, reader, unconfirmed)}"
    return f"{said} · “{why}”" if why else said


def _who(d: Delegation, reader: str) -> str:
    """The other one of the two, or both for somebody who asked for others."""
    if d.grantor_id == reader:
        return mention(d.grantee_id)
    if d.grantee_id == reader:
        return mention(d.grantor_id)
    return f"{mention(d.grantee_id)} as {mention(d.grantor_id)}"


def _terms(d: Delegation, reader: str, unconfirmed: Collection[str]) -> str:
    match d.state:
        case State.REQUESTED if d.waits_for_second:
            return f"{words.terms(d)}. {words.waits_for_second(d)}"
        case State.REQUESTED if d.requester_id in (d.grantee_id, reader):
            return words.terms(d)
        case State.REQUESTED:
            return f"{words.terms(d)}, asked by {mention(d.requester_id)}"
        case State.APPROVED:
            return f"{words.terms(d)}, approved. {waiting(d, reader, unconfirmed)}"
        case State.ENDING:
            still = f" {words.trouble(d, reader)}" if d.trouble else ""
            return f"over, but not yet removed in Close.{still}"
        case _ if d.extension is None:
            return words.end(d)
        case _ if d.waits_for_second:
            more = f"{words.more(d.extension)}: {words.new_end(d, d.extension)}"
            return f"{more}. {words.waits_for_second(d)}"
        case _ if d.grantor_id == reader:
            return f"asks for {words.more(d.extension)}: {words.new_end(d, d.extension)}"
        case _:
            return f"{words.end(d)}; the request to extend is still waiting"

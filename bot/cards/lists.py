"""What ``/sendas list`` shows: everything open, in both directions."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from slack_sdk.models.blocks import ActionsBlock

from bot.cards import words
from bot.cards.markup import mention, moment
from bot.cards.parts import button, context, section
from bot.slack.message import Message
from bot.times.saying import say_length
from models.delegation import Delegation, State
from models.standing import StandingApproval

MOST_TEXT = 2600  # characters of a page's lines; with titles they fit into a section (slack.md §5)
LIST_BACK, LIST_MORE = "list_back", "list_more"
NOTHING = (
    "Nobody may send as you, you may send as nobody, and nothing is pending. "
    "`/sendas @colleague 2h` asks."
)

Line = Callable[[Delegation], str]


@dataclass(frozen=True, slots=True)
class _Entry:
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
) -> str | Message:
    """Short lists, in pages with buttons where one does not hold them; what is empty is left out.

    ``page`` counts from 0, and with ``person_id`` it is only what that person has a part in.
    """
    pages = _pages(_entries(delegations, reader, standing, person_id))
    if not pages:
        return NOTHING if person_id is None else f"Nothing is open with {mention(person_id)}."
    if len(pages) == 1:
        return _text(pages[0])
    page = min(page, len(pages) - 1)
    last = (
        f"Page {page + 1} of {len(pages)}. `/sendas list @colleague` shows what is open with one."
    )
    turns = [(LIST_BACK, "Back", page - 1), (LIST_MORE, "More", page + 1)]
    buttons = [
        button(action, label, f"{to}/{person_id or ''}")
        for action, label, to in turns
        if 0 <= to < len(pages)
    ]
    text = _text(pages[page])
    row = ActionsBlock(block_id="list", elements=buttons)
    return Message(f"{text}\n\n{last}", [section(text), context(last), row])


def _entries(
    delegations: Sequence[Delegation],
    reader: str,
    standing: Sequence[StandingApproval],
    person_id: str | None,
) -> list[_Entry]:
    titles = {
        _given: "*Who may send as you*",
        _received: "*Whom you may send as*",
        _for_another: "*What you asked for others*",
    }
    entries = [
        _Entry(title, line(d))
        for line, title in titles.items()
        for d in delegations
        if _line(d, reader) is line
        and person_id in (None, d.grantor_id, d.grantee_id, d.requester_id)
    ]
    return entries + [
        _Entry("*Standing approvals*", _standing_line(each, reader))
        for each in standing
        if person_id in (None, each.grantor_id, each.grantee_id)
    ]


def _pages(entries: Iterable[_Entry]) -> list[list[_Entry]]:
    pages: list[list[_Entry]] = []
    room = 0
    for each in entries:
        needed = len(each.line) + len("\n• ")
        if needed > room:
            pages.append([])
            room = MOST_TEXT
        room -= needed
        pages[-1].append(each)
    return pages


def _text(entries: Iterable[_Entry]) -> str:
    parts = [
        "\n".join([title, *(f"• {each.line}" for each in group)])
        for title, group in groupby(entries, lambda each: each.title)
    ]
    return "\n\n".join(parts)


def _line(d: Delegation, reader: str) -> Line:
    if d.grantor_id == reader:
        return _given
    return _received if d.grantee_id == reader else _for_another


def _standing_line(standing: StandingApproval, reader: str) -> str:
    limits = f"up to {say_length(standing.max_length)} at a time, until {moment(standing.until)}"
    if standing.grantor_id == reader:
        return (
            f"you approve the requests of {mention(standing.grantee_id)} without a click: {limits}"
        )
    return f"{mention(standing.grantor_id)} approves your requests without a click: {limits}"


def _given(d: Delegation) -> str:
    grantee = mention(d.grantee_id)
    if d.state is State.REQUESTED:
        return f"{grantee} asks, {words.terms(d)}: waiting for *your answer* in our direct messages"
    return f"{grantee}: {_standing(d)}"


def _received(d: Delegation) -> str:
    grantor = mention(d.grantor_id)
    if d.state is State.REQUESTED:
        return f"{grantor}: you asked, {words.terms(d)}; waiting for their answer"
    return f"{grantor}: {_standing(d)}"


def _for_another(d: Delegation) -> str:
    pair = f"{mention(d.grantee_id)} as {mention(d.grantor_id)}"
    if d.state is State.REQUESTED:
        return f"{pair}: you asked, {words.terms(d)}; waiting for an answer"
    return f"{pair}: {_standing(d)}"


def _standing(d: Delegation) -> str:
    problem = f" {words.trouble(d)}" if d.trouble else ""
    match d.state:
        case State.APPROVED:
            return f"approved {words.terms(d)}, not active yet.{problem}"
        case State.ENDING:
            return f"over, but not yet confirmed as removed in Close.{problem}"
        case _:
            return f"active {words.end(d)}"

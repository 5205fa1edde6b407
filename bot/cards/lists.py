"""What ``/sendas list`` shows: everything open, in both directions."""

from collections.abc import Callable, Sequence

from bot.cards import words
from bot.cards.markup import mention, moment
from bot.times.saying import say_length
from models.delegation import Delegation, State
from models.standing import StandingApproval

MOST_TEXT = 3500  # characters of lines; with titles it stays below Slack's 4,000 (slack.md §5)

BULLET = "\n• "

Line = Callable[[Delegation], str]


def overview(
    delegations: Sequence[Delegation], reader: str, *, standing: Sequence[StandingApproval] = ()
) -> str:
    """Four short lists as one text; what is empty is left out.

    What is open comes first: standing approvals get the room that is left.
    """
    shown = _that_fit(delegations, reader)
    room = MOST_TEXT - sum(len(_line(each, reader)(each)) + len(BULLET) for each in shown)
    parts = [
        _part("*Who may send as you*", [d for d in shown if d.grantor_id == reader], _given),
        _part("*Whom you may send as*", [d for d in shown if d.grantee_id == reader], _received),
        _part(
            "*What you asked for others*",
            [d for d in shown if reader not in (d.grantor_id, d.grantee_id)],
            _for_another,
        ),
    ]
    parts.append(_standing_part(standing, reader, room))
    text = "\n\n".join(part for part in parts if part)
    if len(delegations) > len(shown):
        text += f"\n\n… and {len(delegations) - len(shown)} more."
    return text or (
        "Nobody may send as you, you may send as nobody, and nothing is pending. "
        "`/sendas @colleague 2h` asks."
    )


def _that_fit(delegations: Sequence[Delegation], reader: str) -> Sequence[Delegation]:
    room = MOST_TEXT
    for count, each in enumerate(delegations):
        room -= len(_line(each, reader)(each)) + len(BULLET)
        if room < 0:
            return delegations[:count]
    return delegations


def _line(d: Delegation, reader: str) -> Line:
    if d.grantor_id == reader:
        return _given
    return _received if d.grantee_id == reader else _for_another


def _part(title: str, rows: Sequence[Delegation], line: Line) -> str:
    if not rows:
        return ""
    return "\n".join([title, *(f"• {line(row)}" for row in rows)])


def _standing_part(standing: Sequence[StandingApproval], reader: str, room: int) -> str:
    lines: list[str] = []
    for each in standing:
        line = f"• {_standing_line(each, reader)}"
        room -= len(line) + 1
        if room < 0:
            break
        lines.append(line)
    if hidden := len(standing) - len(lines):
        lines.append(f"… and {hidden} more.")
    return "\n".join(["*Standing approvals*", *lines]) if standing else ""


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

"""What is promised, looked at from outside: the database, Close, and what people read."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.store import Database
from bot.store.rows import many
from models.card import Audience, Card, cards
from models.delegation import TRANSITIONS, Delegation, Event, State, delegations
from models.event import EventRecord, events
from models.notice import Notice, notices
from models.particulars import particulars
from models.stray import Stray, StrayState, strays
from sandbox.people import SandboxPerson
from sandbox.slack import SandboxSlack
from sandbox.slack.workspace import Message

ASKED = (StrayState.FOUND, StrayState.KEPT)
LIVE = {"Approve", "Deny", "Cancel", "Revoke", "I'm done", "Extend"}


@dataclass(frozen=True, slots=True)
class Books:
    """What is stored at one moment."""

    delegations: Sequence[Delegation]
    events: Sequence[EventRecord]
    cards: Sequence[Card]
    notices: Sequence[Notice] = ()
    strays: Sequence[Stray] = ()

    def history(self, delegation: Delegation) -> list[EventRecord]:
        """Its audit rows, oldest first."""
        return [each for each in self.events if each.delegation_id == delegation.id]

    def attempts(self, delegation: Delegation) -> int:
        """How often Close was asked for it."""
        return sum(each.event is Event.ATTEMPT for each in self.history(delegation))

    def open(self) -> list[Delegation]:
        """All that are not over."""
        return [each for each in self.delegations if each.is_open]


@dataclass
class Close:
    """What Close holds, as pairs by ids, and which of it the bot had it make; and what the bot had
    it delete, although people had made it."""

    held: dict[str, tuple[str, str]]
    made: dict[str, tuple[str, str]]
    removed_by_hand: set[str] = field(default_factory=set)
    foreign_deletes: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def ours(self) -> dict[str, tuple[str, str]]:
        """What is there and was made by the bot."""
        return {each: pair for each, pair in self.held.items() if each in self.made}


async def read_books(database: Database) -> Books:
    """All of it, in one transaction."""

    def read(connection: Connection) -> Books:
        actor = func.coalesce(particulars.c.actor, events.c.actor).label("actor")
        happened = (
            select(*(each for each in events.c if each.name != "actor"), actor)
            .outerjoin(particulars, particulars.c.event_id == events.c.id)
            .where(events.c.event.is_not(None))
            .order_by(events.c.id)
        )
        return Books(
            many(connection, Delegation, delegations.select().order_by(delegations.c.requested_at)),
            many(connection, EventRecord, happened),
            many(connection, Card, cards.select()),
            many(connection, Notice, notices.select()),
            many(connection, Stray, strays.select()),
        )

    books: Books = await database.run_connection(read)
    return books


def check(books: Books, close: Close) -> None:
    """What holds at every moment."""
    check_audit(books)
    check_one_open(books)
    for each in books.delegations:
        check_said(each, close)
    pairs = Counter(close.ours.values())
    for held, pair in close.ours.items():
        rows = [each for each in books.open() if pair_of(each) == pair]
        is_accounted_for = rows or is_the_other_one(books, close, held)
        assert is_accounted_for, f"{held} of {pair} stands at Close, and nothing here is open"
        is_known = any(each.is_unclear or each.is_unanswered for each in rows)
        assert pairs[pair] == 1 or is_known, f"two of ours for {pair}"


def is_the_other_one(books: Books, close: Close, held: str) -> bool:
    """Whether the bot took what people had made for its own, as only a guess was left, and ended
    that: what stands is the other one of the two, and its grantor is asked about it.

    A guess is what was found in place of an answer, and beside a right that runs what is taken for
    an attempt before, which may have arrived late (bot/delegations/steps/settle.py).
    """
    guessed = {each.association_id for each in books.delegations if each.is_taken_over}
    tried_again = {pair_of(each) for each in books.delegations if books.attempts(each) > 1}
    deleted = {
        pair
        for each, pair in close.foreign_deletes.items()
        if each in guessed or pair in tried_again
    }
    asked = {each.association_id for each in books.strays if each.state in ASKED}
    return close.held[held] in deleted and held in asked


def check_said(each: Delegation, close: Close) -> None:
    """Whoever reads "active" or "ended" reads what is true."""
    held = each.association_id
    if each.state is State.ACTIVE:
        is_there = held in close.held or held in close.removed_by_hand
        assert is_there, f"active, and Close has no {held}"
    if each.state is State.ENDED:
        assert held not in close.held, f"ended, and Close holds {held}"
        assert each.confirmed_by or each.ended_at, each
    if each.state in (State.DENIED, State.CANCELLED, State.LAPSED, State.FAILED):
        assert each.attempted_at is None, f"{each.state}, and Close was asked for it"
        assert held is None, each


def check_audit(books: Books) -> None:
    """Each transition has its row, in order, and the last one is what the delegation says."""
    for each in books.delegations:
        state, moment = None, each.requested_at
        for record in books.history(each):
            assert TRANSITIONS[state].get(record.event) is record.state, (state, record)
            assert record.at >= moment, record
            if record.event is Event.EXPIRE and each.end_event is Event.EXPIRE:
                is_early = each.ends_at is not None and record.at < each.ends_at
                assert not is_early, f"over before {each.ends_at}: {record}"
            state, moment = record.state, record.at
        assert state is each.state, f"the last audit row says {state}, the row {each.state}"


def check_one_open(books: Books) -> None:
    """At most one open delegation a pair."""
    pairs = Counter((each.grantor_id, each.grantee_id) for each in books.open())
    assert max(pairs.values(), default=0) <= 1, pairs


def check_over(books: Books, close: Close, now: datetime) -> None:
    """What holds once everything was reachable for long enough, and every right has had its end."""
    assert not books.open(), f"at {now} not over: {books.open()}"
    left = [each for each in close.ours if not is_the_other_one(books, close, each)]
    assert not left, f"still at Close: {left}"


def check_told(books: Books, slack: SandboxSlack, people: Iterable[SandboxPerson]) -> None:
    """Each reader has one living message of each delegation, which says that it is over."""
    states = {each.id: each for each in books.delegations}
    for person in people:
        shown = slack.messages(person)
        for card in books.cards:
            if card.recipient == person.id and card.audience is not Audience.AUDIT:
                over = states[card.delegation_id]
                _check_card(over, card, person, slack, shown)
                if person.id == over.grantor_id and over.ended_with is not None:
                    _check_list(books, over, shown)


def _check_card(
    over: Delegation,
    card: Card,
    person: SandboxPerson,
    slack: SandboxSlack,
    shown: Sequence[Message],
) -> None:
    mine = [each for each in shown if _mark(each).startswith(f"{card.id}:card:")]
    is_optional = over.state is State.CANCELLED
    assert len(mine) == 1 or (is_optional and not mine), (over.state, card, mine)
    for message in mine:
        assert not LIVE & set(message.buttons()), message.buttons()
        if over.state is State.ENDED:
            text = slack.read(message, person)
            assert "can no longer send email" in text or "is over" in text, text
            is_among_others = card.audience is Audience.GRANTOR and over.ended_with is not None
            is_known = over.closed_by == person.id or is_among_others
            assert is_known or _is_news(_mark(message)), _mark(message)


def _check_list(books: Books, over: Delegation, shown: Sequence[Message]) -> None:
    """What ended together with others is told in one message."""
    told = {f"notice:{each.id}" for each in books.notices if each.subject_id == over.ended_with}
    assert told & {_mark(each) for each in shown}, f"nobody says that {over.ended_with} has ended"


def _is_news(mark: str) -> bool:
    """Whether its reader was notified of an end: by the end itself, or by what came before it and
    said that it is over."""
    return mark.split(":card:", 1)[1].startswith(("ended:", "over", "still_there", "connect:"))


def _mark(message: Message) -> str:
    payload = (message.metadata or {}).get("event_payload") or {}
    return str(payload.get("mark") or "")


def pair_of(delegation: Delegation) -> tuple[str, str]:
    """Its two Close users."""
    return delegation.grantor_close_id or "", delegation.grantee_close_id or ""

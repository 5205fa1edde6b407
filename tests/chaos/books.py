"""The books: what people were promised, against what the database, Close and Slack hold now.

Everything is counted from outside. Each line that does not balance is one sentence.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.cards.audit import LINES
from bot.delegations.steps.attempts import ARRIVES_WITHIN
from bot.store import Database
from bot.store.rows import many
from models.card import Audience, Card, cards
from models.delegation import (
    TRANSITIONS,
    Delegation,
    Event,
    State,
    delegations,
)
from models.event import EventRecord, events
from models.mark import mark_of, read_marked
from sandbox.close.state import HeldAssociation
from sandbox.slack.workspace import Message
from tests.chaos.faults import MOST_SKEW
from tests.chaos.ledger import ENDS, EVENTS, PROMISES, Deed, Entry, Ledger
from tests.chaos.seen import mark_in

RESUMED = timedelta(seconds=2)  # so long after it goes on a process sends what it was sending
SKEW = timedelta(seconds=2 * MOST_SKEW)  # between what two processes call the same moment
LIVING = frozenset({"Approve", "Deny", "Cancel", "Revoke", "I'm done", "Extend…"})
OVER = frozenset(
    {
        *(Event.CANCEL, Event.DENY, Event.LAPSE, Event.FAIL, Event.EXPIRE, Event.REVOKE),
        *(Event.RELEASE, Event.REMOVE, Event.CONFIRM),
    }
)


@dataclass(frozen=True, slots=True)
class Rows:
    """What the database holds."""

    delegations: Sequence[Delegation]
    events: Mapping[str, Sequence[EventRecord]]
    cards: Sequence[Card]


@dataclass(frozen=True, slots=True)
class Outside:
    """What Close and Slack hold: all associations that ever were, and all messages that are."""

    there: Sequence[HeldAssociation]
    gone: Sequence[tuple[datetime, HeldAssociation]]
    came: Mapping[str, datetime]
    messages: Sequence[Message]
    posted: Sequence[tuple[str, datetime]]  # each post that Slack took: its mark, and when


async def read_restless(url: str) -> Rows:
    """Only what is not at rest, without its history."""

    def read(connection: Any) -> Rows:
        rights, shown = delegations.c, cards.c
        some = rights.wake_at.is_not(None) | rights.leased_until.is_not(None)
        others = shown.wake_at.is_not(None) | shown.leased_until.is_not(None)
        return Rows(
            many(connection, Delegation, delegations.select().where(some)),
            {},
            many(connection, Card, cards.select().where(others)),
        )

    return await _read(url, read)


async def read_rows(url: str) -> Rows:
    """Read it directly."""

    def read(connection: Any) -> Rows:
        history: defaultdict[str, list[EventRecord]] = defaultdict(list)
        happened = events.select().where(events.c.event.is_not(None)).order_by(events.c.id)
        for each in many(connection, EventRecord, happened):
            history[each.delegation_id].append(each)
        return Rows(
            many(connection, Delegation, delegations.select().order_by(delegations.c.requested_at)),
            history,
            many(connection, Card, cards.select()),
        )

    return await _read(url, read)


async def _read(url: str, read: Callable[[Any], Rows]) -> Rows:
    database = Database(url)
    try:
        found: Rows = await database.run_connection(read)
    finally:
        await database.dispose()
    return found


def balance(ledger: Ledger, rows: Rows, outside: Outside) -> list[str]:
    """Everything that does not balance, each as a sentence; empty when nothing was lost, doubled,
    deleted that was not ours, or left over."""
    return [
        *_requests(ledger, rows),
        *_clicks(ledger, rows),
        *_histories(rows),
        *_extensions(ledger, rows),
        *_associations(ledger, rows, outside),
        *_messages(ledger, rows, outside),
        *_audit(ledger, rows, outside),
    ]


def _requests(ledger: Ledger, rows: Rows) -> Iterable[str]:
    """Each promise is one row, and each row was asked for."""
    stored = Counter(each.reason for each in rows.delegations)
    typed: Counter[str] = Counter()
    promised: Counter[str] = Counter()
    for entry in ledger.entries:
        if entry.deed in PROMISES:
            reason = f"life-{entry.life}"
            typed[reason] += not entry.is_copy
            promised[reason] += entry.is_promise
    for reason in sorted(stored.keys() | promised.keys()):
        if stored[reason] < promised[reason]:
            yield f"lost: {reason} was promised {promised[reason]} times, {stored[reason]} stored"
        if stored[reason] > typed[reason]:
            yield f"doubled: {reason} was typed {typed[reason]} times, {stored[reason]} stored"


def _clicks(ledger: Ledger, rows: Rows) -> Iterable[str]:
    """Each click that was acknowledged had its effect, or came too late for it."""
    known = {each.id: each for each in rows.delegations}
    for entry in ledger.entries:
        if entry.deed in PROMISES or not entry.is_acknowledged:
            continue
        row = known.get(entry.delegation_id)
        if row is None:
            yield f"lost: {entry.deed} of life-{entry.life}: there is no such row"
        elif not _has_effect(entry, row, rows.events[row.id]):
            said = ", ".join(f"{each.event} {each.at}" for each in rows.events[row.id])
            yield f"lost: {entry} had no effect on {row}, of which is said: {said}"


def _has_effect(entry: Entry, row: Delegation, history: Sequence[EventRecord]) -> bool:
    by_then = {each.event for each in history if each.at <= entry.answered_at + SKEW}
    if entry.deed in ENDS or by_then & OVER:
        return bool(by_then & OVER)  # done, or too late
    if EVENTS[entry.deed] in {each.event for each in history}:
        return True
    if entry.deed in (Deed.APPROVE, Deed.DENY):
        if row.state is State.LAPSED and row.lapses_at <= entry.answered_at + SKEW:
            return True  # its time was over, which is noted when a worker comes to it
        is_decided = by_then & {Event.APPROVE, Event.DENY}
        return bool(is_decided) or read_marked(entry.carried)[1] != _mark_when_asked(row)
    return True  # extensions have a line of their own


def _mark_when_asked(row: Delegation) -> str:
    """The mark that its buttons carried while it was unanswered, by what is known of it now."""
    return mark_of(replace(row, state=State.REQUESTED, ends_at=None, extension=None))


def _histories(rows: Rows) -> Iterable[str]:
    """Each row is where its audit trail leads, each step of which is possible."""
    for row in rows.delegations:
        state: State | None = None
        for record in rows.events[row.id]:
            if TRANSITIONS.get(state, {}).get(record.event) is not record.state:
                yield f"audit: {row.reason}: {record.event} after {state} leads to {record.state}"
            state = record.state
        if state is not row.state:
            yield f"audit: {row.reason} is {row.state}, its trail says {state}"
        if row.is_open:
            yield f"left over: {row.reason} is still {row.state} ({row.trouble})"


def _extensions(ledger: Ledger, rows: Rows) -> Iterable[str]:
    """No end moved more often than it was agreed to."""
    forms = {
        (entry.delegation_id, entry.deed, entry.carried)
        for entry in ledger.entries
        if entry.deed in (Deed.EXTEND, Deed.APPROVE_EXTENSION)
    }
    agreed = Counter(delegation_id for delegation_id, _, _ in forms)
    for row in rows.delegations:
        times = sum(each.event is Event.EXTEND for each in rows.events[row.id])
        if times > agreed[row.id]:
            yield f"doubled: {row.reason} was extended {times} times, agreed {agreed[row.id]} times"


def _associations(ledger: Ledger, rows: Rows, outside: Outside) -> Iterable[str]:
    """Close holds what people made there, and nothing else; ours came once for each row."""
    alike = indistinguishable(ledger, rows, outside)
    for each in outside.there:
        if each.id not in ledger.by_hand | alike:
            yield f"left over: {each} is still at Close"
    for when, each in outside.gone:
        is_foreign = each.id in ledger.by_hand and each.id not in ledger.removed_by_hand
        if is_foreign and each.id not in alike:
            yield f"foreign delete: {each} was made by hand, and deleted at {when}"
    yield from _doubled(ledger, outside)
    known = {row.association_id for row in rows.delegations}
    for each in ours(ledger, outside):
        if each.id not in known | alike:
            yield f"unknown: {each} was made by the bot, and stands in no row"


def _doubled(ledger: Ledger, outside: Outside) -> Iterable[str]:
    """No pair had two of ours at the same time."""
    went = {each.id: when for when, each in outside.gone}
    latest: dict[tuple[str, str], HeldAssociation] = {}
    for each in sorted(ours(ledger, outside), key=lambda each: outside.came[each.id]):
        pair = _pair(each)
        before = latest.get(pair)
        came = outside.came[each.id]
        if before is not None and (before.id not in went or went[before.id] > came):
            yield f"doubled: {before} and {each} were there at the same time"
        latest[pair] = each


def indistinguishable(ledger: Ledger, rows: Rows, outside: Outside) -> frozenset[str]:
    """What was made by hand and is taken for ours, and what is ours in its place, where nothing can
    tell the two apart (docs/guarantees.md): both came to the same pair in the minute after a create
    whose answer nobody has got."""
    known = {row.association_id: row for row in rows.delegations if row.association_id}
    found: set[str] = set()
    unknown = [each for each in ours(ledger, outside) if each.id not in known]
    taken = [each for _, each in outside.gone if each.id in ledger.by_hand and each.id in known]
    for each, other in itertools.product(taken, unknown):
        asked = [
            record.at for record in rows.events[known[each.id].id] if record.event is Event.ATTEMPT
        ]
        if _pair(each) == _pair(other) and any(
            _arrived(outside.came[each.id], at) and _arrived(outside.came[other.id], at)
            for at in asked
        ):
            found |= {each.id, other.id}
    return frozenset(found)


def _arrived(came: datetime, asked: datetime) -> bool:
    return asked - SKEW <= came <= asked + ARRIVES_WITHIN + SKEW


def _pair(association: HeldAssociation) -> tuple[str, str]:
    return association.allowing_user_id, association.allowed_user_id


def ours(ledger: Ledger, outside: Outside) -> list[HeldAssociation]:
    """All associations that the bot made."""
    everything = [*outside.there, *(each for _, each in outside.gone)]
    return [each for each in everything if each.id not in ledger.by_hand]


def lateness(ledger: Ledger, rows: Rows, outside: Outside) -> list[tuple[timedelta, str]]:
    """For each of ours how long it stood after its end while it could have been taken away, with
    its row's reason; longest first."""
    of = {row.association_id: row for row in rows.delegations if row.association_id}
    found = []
    for when, each in outside.gone:
        row = of.get(each.id)
        if row is None or each.id in ledger.by_hand:
            continue
        late = ledger.reachable(_due(row, rows.events[row.id], outside.came[each.id]), when)
        found.append((late, row.reason))
    return sorted(found, reverse=True)


def _due(row: Delegation, history: Sequence[EventRecord], came: datetime) -> datetime:
    """Since when it should be gone."""
    said = [each.at for each in history if each.event in OVER and each.event is not Event.EXPIRE]
    planned = [row.ends_at] if row.ends_at is not None else []
    return max(min([*said, *planned]), came)


def _messages(ledger: Ledger, rows: Rows, outside: Outside) -> Iterable[str]:
    """One living message for each delegation and reader; no news was posted twice, but by a process
    that was paused in the middle of a post."""
    standing: defaultdict[str, list[Message]] = defaultdict(list)
    for message in outside.messages:
        standing[mark_in(message).partition(":")[0]].append(message)
    subjects = {row.id: row for row in rows.delegations}
    for card in rows.cards:
        subject = subjects[card.delegation_id]
        if card.wake_at is not None:
            yield f"left over: {subject.reason} is still to be shown to its {card.audience}"
        if card.audience is not Audience.AUDIT:
            yield from _card(card, subject, standing[card.id])
    late = late_posts(ledger, outside)
    for mark, moments in _by_mark(outside).items():
        if len(moments) > 1 and mark not in late:
            times = ", ".join(f"{each:%H:%M:%S.%f}" for each in moments)
            yield f"doubled: {mark} was posted at {times}"


def _by_mark(outside: Outside) -> Mapping[str, Sequence[datetime]]:
    posted: defaultdict[str, list[datetime]] = defaultdict(list)
    for mark, when in outside.posted:
        posted[mark].append(when)
    return posted


def late_posts(ledger: Ledger, outside: Outside) -> frozenset[str]:
    """The marks of what was posted twice because a process was paused in the middle of a post, and
    sent it when it went on: another one had posted it meanwhile (docs/guarantees.md)."""
    return frozenset(
        mark
        for mark, (first, *more) in _by_mark(outside).items()
        if len(more) == 1
        and any(
            each.begin < first < more[0] and each.end <= more[0] <= each.end + RESUMED
            for each in ledger.pauses
        )
    )


def _card(card: Card, subject: Delegation, messages: Sequence[Message]) -> Iterable[str]:
    whose = f"{subject.reason} for its {card.audience}"
    if len(messages) > 1:
        yield f"doubled: {whose} has {len(messages)} cards"
    if not messages and subject.state is not State.CANCELLED:
        yield f"lost: {whose} has no card"
    if card.shown_version != subject.version:
        yield f"stale: {whose} shows version {card.shown_version} of {subject.version}"
    for message in messages:
        if message.ts != card.message_ts:
            yield f"stray card: {whose} is shown at {message.ts}, known at {card.message_ts}"
        if subject.state is not State.ACTIVE and set(message.buttons()) & LIVING:
            yield f"stale: {whose} is {subject.state} and shows {message.buttons()}"


def _audit(ledger: Ledger, rows: Rows, outside: Outside) -> Iterable[str]:
    """The audit channel has one line for each event that it is told of."""
    lines = Counter(mark_in(message) for message in outside.messages)
    late = late_posts(ledger, outside)
    for card in rows.cards:
        if card.audience is not Audience.AUDIT:
            continue
        for record in rows.events[card.delegation_id]:
            mark = f"{card.id}:{record.id}:{record.at.timestamp():.0f}"
            if record.event in LINES and lines[mark] != 1 + (mark in late):
                times = lines[mark]
                yield f"audit: {record.event} of {card.delegation_id} has {times} lines"

"""Cards in SQL: which message shows which delegation to whom, and which of them are stale."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Case,
    ColumnElement,
    Connection,
    Insert,
    Integer,
    Select,
    Update,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from bot.store.due import Due
from bot.store.executing import Asked, execute, prepared
from bot.store.rows import batched, by_id, filled, many, one
from models.base import UtcTime, new_id
from models.card import Audience, Card, cards
from models.delegation import OPEN_STATES, Delegation, State, delegations
from models.rows import from_row, to_row

_columns = cards.c
IS_AS_CLAIMED = "is_as_claimed"
APART = timedelta(seconds=1)  # what is made up for: Slack takes about one message a second
MOST_AT_ONCE = 100  # of them; the next ones follow when one of these has arrived
SOON = MOST_AT_ONCE * APART  # it is coming already
IDENTIFYING = timedelta(seconds=2)  # so long an approval card waits for the grantee's account,
ASKED = timedelta(seconds=0.5)  # that of whoever asked,
PASSING = timedelta(seconds=1)  # and a card of what is set up, or taken away, for what comes of it
TICK = timedelta(microseconds=1)  # two moments differ by this at least


@dataclass(frozen=True, kw_only=True)
class StaleCard(Card):
    """A card that was claimed, and the delegation that it is about, as both were then;
    ``claimed_at`` in monotonic seconds, not later than it was."""

    delegation: Delegation
    claimed_at: float


class _StaleCards(Due[StaleCard]):
    """What is claimed together is looked up together: nothing has to be read to show it."""

    def _leased(self, statement: ReturningUpdate[Any], **wanted: object) -> Sequence[StaleCard]:
        claimed_at = time.monotonic()
        claimed = many(self._connection, Card, statement, **wanted)
        if not claimed:
            return []
        these = sorted({each.delegation_id for each in claimed})
        found = many(self._connection, Delegation, _subjects(), of_these=these)
        about = {each.id: each for each in found}
        return [
            StaleCard(**to_row(card), delegation=about[card.delegation_id], claimed_at=claimed_at)
            for card in claimed
        ]

    def _present(self, item_id: str) -> Card | None:
        return by_id(self._connection, Card, cards, item_id)


class Cards:
    """Reads and changes card rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.due = _StaleCards(connection, cards, StaleCard, counts_claims=True)

    def opening(
        self, delegation: Delegation, *, audit_channel: str | None, now: datetime
    ) -> Sequence[Asked]:
        """What writes one card for each audience of a new delegation."""
        readers = {
            Audience.GRANTOR: delegation.grantor_id,
            Audience.GRANTEE: delegation.grantee_id,
        }
        if delegation.requester_id not in readers.values():
            readers[Audience.REQUESTER] = delegation.requester_id
        if audit_channel is not None:
            readers[Audience.AUDIT] = audit_channel
        new = [
            Card(
                id=new_id(),
                delegation_id=delegation.id,
                audience=audience,
                recipient=recipient,
                wake_at=_first_shown(delegation, audience, now),
            )
            for audience, recipient in readers.items()
        ]
        return [Asked(_adding(), *filled([to_row(card)])) for card in new]

    def get(self, card_id: str) -> Card | None:
        """One card."""
        return by_id(self._connection, Card, cards, card_id)

    def with_message(self, delegation_ids: Sequence[str], recipient: str) -> set[str]:
        """Those of these delegations of which this reader has a message of their own."""
        statement = select(_columns.delegation_id).where(
            _columns.delegation_id.in_(delegation_ids),
            _columns.recipient == recipient,
            _columns.message_ts.is_not(None),
        )
        return set(self._connection.execute(statement).scalars())

    def refused(self, recipient: str) -> Card | None:
        """Of what Slack does not take for this person or channel, that which waits longest."""
        statement = (
            select(cards)
            .where(_columns.recipient == recipient, _columns.refused_at.is_not(None))
            .order_by(_columns.refused_at, _columns.id)
            .limit(1)
        )
        return one(self._connection, Card, statement)

    def go_on(self, recipient: str, *, now: datetime) -> None:
        """Slack has just taken something for this person or channel: what it refused before is
        tried again soon, in the order in which it was refused.

        What another transaction holds is left out: it waits for its own next attempt.
        """
        wanted = {"whose": recipient, "soon": now + SOON}
        refused = self._connection.execute(_refused(), wanted).scalars().all()
        for place, card_id in enumerate(refused, 1):
            self._connection.execute(
                update(cards)
                .where(_columns.id == card_id)
                .values(wake_at=now + place * APART, attempts=1)  # looked for before it is posted
            )

    def mark_stale(
        self,
        *delegation_ids: str,
        now: datetime,
        is_passing: bool = False,
        is_logged: bool = True,
    ) -> None:
        """Have every card of these delegations shown anew; of what ``is_passing`` in a moment, so
        that one message shows what has come of it. What is not ``is_logged`` has no new entry in
        the log, and so no line in the audit channel."""
        moments = {"due_at": now, "or_at": now - TICK}
        if is_passing:
            moments = {"due_at": now + PASSING, "present": now}
        statement = _stale(is_passing=is_passing, is_logged=is_logged)
        for some in batched(delegation_ids):
            execute(self._connection, statement, moments | {"of_these": some})

    def mark_counted(self, delegation_id: str, *, version: int, now: datetime) -> None:
        """At this ``version`` it is known what was sent, and nothing else is new. The grantor reads
        that; what shows the version before to anybody else would show them the same again."""
        moments = {"due_at": now, "or_at": now - TICK}
        of_this = {"of_this": delegation_id, "at_version": version}
        execute(self._connection, _counted(), moments | of_this)

    def show_anew(self, delegation_id: str, *, now: datetime) -> None:
        """The same, also where the present version is shown: somebody has read another one."""
        self._connection.execute(
            update(cards)
            .where(_columns.delegation_id == delegation_id)
            .values(wake_at=_anew(), shown_version=0),
            {"due_at": now, "or_at": now - TICK},
        )

    def look_for_open(self, *, now: datetime) -> None:
        """Have every card of what is open shown anew, and each looked for that is to be shown.

        Not the lines of the audit channel: they are known by numbers that were given anew since.
        """
        is_open = select(delegations.c.id).where(delegations.c.state.in_(OPEN_STATES))
        self._connection.execute(
            update(cards)
            .where(_columns.delegation_id.in_(is_open))
            .values(wake_at=now, shown_version=0)
        )
        self.due.doubt(_columns.audience != Audience.AUDIT)

    def save(self, card: Card, *, shown_version: int, **changes: Any) -> bool:
        """Note what the message of this claimed ``card`` shows now; it stays stale if the
        delegation has moved on, even where somebody else has shown that already, and if it was to
        be shown anew meanwhile: what it says beside its delegation's row may have changed.

        Returns whether Slack has refused something for the same reader.

        That it was marked stale since is seen by its ``wake_at``, too: on PostgreSQL an update that
        had to wait for somebody's ``mark_stale`` still compares with the version of before.
        """
        noted = {f"new_{name}": value for name, value in changes.items()}
        shown = {"at_version": shown_version, "due_at": card.wake_at}
        statement = _noting(tuple(changes))
        is_refused = execute(self._connection, statement, noted | shown | _claimed(card)).scalar
        if is_refused is None:
            self._show_again(card)
        return bool(is_refused)

    def note(self, card: Card, **changes: Any) -> None:
        """Note what was posted so far; the card stays stale."""
        noted = {f"new_{name}": value for name, value in changes.items()}
        execute(self._connection, _noting_only(tuple(changes)), noted | {"this": card.id})

    def put_off(self, card: StaleCard, *, wake_at: datetime | None) -> None:
        """Give the lease back and try again at ``wake_at``; None waits for the next change.

        Lines of the audit channel are noted one by one and never change: what was noted since the
        claim is no reason to show anything again.
        """
        if card.audience is Audience.AUDIT or self.is_as_claimed(card, lock=True):
            self.due.put_off(card, wake_at=wake_at)
        else:
            self._show_again(card)

    def is_as_claimed(self, card: Card, *, lock: bool = False) -> bool:
        """Whether nobody else has shown it since: whose lease ran out may have been overtaken."""
        present = by_id(self._connection, Card, cards, card.id, lock=lock)
        return present is not None and _shown(present) == _shown(card)

    def subject(self, card: Card) -> tuple[Delegation, bool]:
        """The delegation that this claimed ``card`` is about, and :meth:`is_as_claimed`."""
        [row] = execute(self._connection, _subject(), _claimed(card)).mappings
        return from_row(Delegation, row), row[IS_AS_CLAIMED]

    def _show_again(self, card: Card) -> None:
        """Two had it at once: whatever stands there is looked for, and shows what is true.

        What the other one noted stays.
        """
        self._connection.execute(
            update(cards)
            .where(_columns.id == card.id)
            .values(
                wake_at=card.wake_at,
                leased_until=None,
                shown_version=0,
                attempts=case((_columns.attempts == 0, 1), else_=_columns.attempts),
            )
        )


@prepared
def _adding() -> Insert:
    return insert(cards)


@prepared
def _stale(*, is_passing: bool, is_logged: bool) -> Update:
    """Never the moment that it was claimed with: by that its ``save`` sees it. What waits for such
    a moment already waits no longer for the next."""
    is_of_these = _columns.delegation_id.in_(bindparam("of_these", expanding=True))
    wake_at, due_at = _columns.wake_at, bindparam("due_at", type_=UtcTime)
    if is_passing:
        is_ahead = and_(wake_at > bindparam("present", type_=UtcTime), wake_at < due_at)
        new = case((and_(is_ahead, _columns.leased_until.is_(None)), wake_at), else_=due_at)
    else:
        new = _anew()
    shown = true() if is_logged else _columns.audience != Audience.AUDIT
    return update(cards).where(is_of_these, shown).values(wake_at=new)


def _anew() -> Case[Any]:
    wake_at, due_at = _columns.wake_at, bindparam("due_at", type_=UtcTime)
    return case((wake_at == due_at, bindparam("or_at", type_=UtcTime)), else_=due_at)


@prepared
def _counted() -> Update:
    version = bindparam("at_version", type_=Integer)
    is_same = and_(
        _columns.audience != Audience.GRANTOR,
        _columns.wake_at.is_(None),
        _columns.shown_version == version - 1,
    )
    is_of_this = _columns.delegation_id == bindparam("of_this")
    return (
        update(cards)
        .where(is_of_this, _columns.audience != Audience.AUDIT)
        .values(
            wake_at=case((is_same, _columns.wake_at), else_=_anew()),
            shown_version=case((is_same, version), else_=_columns.shown_version),
        )
    )


@prepared
def _subjects() -> Select[Any]:
    return select(delegations).where(delegations.c.id.in_(bindparam("of_these", expanding=True)))


@prepared
def _subject() -> Select[Any]:
    return (
        select(delegations, and_(*_is_as_claimed()).label(IS_AS_CLAIMED))
        .join(cards, _columns.delegation_id == delegations.c.id)
        .where(_columns.id == bindparam("this"))
    )


@prepared
def _refused() -> Select[tuple[str]]:
    return (
        select(_columns.id)
        .where(
            _columns.recipient == bindparam("whose"),
            _columns.refused_at.is_not(None),
            or_(_columns.wake_at.is_(None), _columns.wake_at > bindparam("soon")),
        )
        .order_by(_columns.refused_at, _columns.id)
        .limit(MOST_AT_ONCE)
        .with_for_update(skip_locked=True)
    )


@prepared
def _noting_only(changed: tuple[str, ...]) -> Update:
    new: dict[str, Any] = {name: bindparam(f"new_{name}") for name in changed}
    return update(cards).where(_columns.id == bindparam("this")).values(new)


@prepared
def _noting(changed: tuple[str, ...]) -> Update:
    version = bindparam("at_version", type_=Integer)
    is_current = exists().where(
        delegations.c.id == _columns.delegation_id, delegations.c.version == version
    )
    due_at = bindparam("due_at", type_=UtcTime)
    is_unmarked = _columns.wake_at.is_not_distinct_from(due_at)
    is_done = and_(is_current, is_unmarked)
    others = cards.alias("others")
    is_refused = exists().where(
        others.c.recipient == _columns.recipient, others.c.refused_at.is_not(None)
    )
    return (
        update(cards)
        .where(_columns.id == bindparam("this"), *_is_as_claimed())
        .values(
            shown_version=case((is_unmarked, version), else_=0),
            wake_at=case((is_done, None), else_=func.coalesce(_columns.wake_at, due_at)),
            **{name: bindparam(f"new_{name}") for name in changed},
        )
        .returning(is_refused)
    )


def _is_as_claimed() -> Sequence[ColumnElement[bool]]:
    return [
        column.is_not_distinct_from(bindparam(f"claimed_{column.name}", type_=column.type))
        for column in (_columns.message_ts, _columns.told, _columns.shown_version)
    ]


def _claimed(card: Card) -> dict[str, Any]:
    """What :func:`_is_as_claimed` compares with."""
    return {
        "this": card.id,
        "claimed_message_ts": card.message_ts,
        "claimed_told": card.told,
        "claimed_shown_version": card.shown_version,
    }


def _shown(card: Card) -> tuple[str | None, str | None, int]:
    return card.message_ts, card.told, card.shown_version


def _first_shown(delegation: Delegation, audience: Audience, now: datetime) -> datetime | None:
    """The grantor reads at once to which Close account the right would go (steps/identify.py), and
    by that the marks of everybody's buttons change. The audit channel reads of what was decided, so
    of nothing that is only asked for."""
    d = delegation
    if audience is Audience.AUDIT and d.state is State.REQUESTED and d.agreed_at is None:
        return None
    if d.state is not State.REQUESTED or d.identified_at is not None:
        return now
    return now + (IDENTIFYING if audience is Audience.GRANTOR else ASKED)

"""Delegations and their audit trail in SQL."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from bot.store.cards import Cards
from bot.store.claims import claim, next_wake, prolong
from bot.store.homes import Homes
from models.delegation import (
    OPEN_STATES,
    Delegation,
    Event,
    State,
    Trouble,
    default_wake,
    delegations,
    next_state,
)
from models.event import EventRecord, events

_columns = delegations.c


class PairTaken(Exception):
    """This grantor and grantee have an open delegation already."""


class Delegations:
    """Reads rows, and changes them only together with their audit row and their cards."""

    def __init__(self, connection: Connection, cards: Cards, homes: Homes) -> None:
        self._connection = connection
        self._cards = cards
        self._homes = homes

    def get(self, delegation_id: str, *, lock: bool = False) -> Delegation | None:
        """One delegation; with ``lock`` nobody else can change it in this transaction's time."""
        statement = select(delegations).where(_columns.id == delegation_id)
        if lock:
            statement = statement.with_for_update(key_share=True)
        row = self._connection.execute(statement).mappings().one_or_none()
        return Delegation(**row) if row else None

    def open_for_pair(self, team_id: str, grantor_id: str, grantee_id: str) -> Delegation | None:
        """The open delegation of this pair; there is at most one (a partial unique index)."""
        statement = select(delegations).where(
            _columns.team_id == team_id,
            _columns.grantor_id == grantor_id,
            _columns.grantee_id == grantee_id,
            _columns.state.in_(OPEN_STATES),
        )
        row = self._connection.execute(statement).mappings().one_or_none()
        return Delegation(**row) if row else None

    def open_for_person(self, team_id: str, person_id: str) -> Sequence[Delegation]:
        """Everything open in which this person is grantor, grantee or requester, oldest first."""
        statement = (
            select(delegations)
            .where(
                _columns.team_id == team_id,
                _columns.state.in_(OPEN_STATES),
                or_(
                    _columns.grantor_id == person_id,
                    _columns.grantee_id == person_id,
                    _columns.requester_id == person_id,
                ),
            )
            .order_by(_columns.requested_at, _columns.id)
        )
        rows = self._connection.execute(statement).mappings()
        return [Delegation(**row) for row in rows]

    def add(
        self,
        delegation: Delegation,
        *,
        event: Event,
        actor: str,
        audit_channel: str | None = None,
    ) -> Delegation:
        """Store a new delegation; raises PairTaken when the pair is already open."""
        try:
            self._connection.execute(insert(delegations).values(asdict(delegation)))
        except IntegrityError as error:
            raise PairTaken from error
        self._record(delegation, event, delegation.requested_at, actor)
        if delegation.standing_id is not None:
            self._record(delegation, Event.APPROVE, delegation.requested_at, delegation.grantor_id)
        self._cards.open_for(delegation, audit_channel=audit_channel, now=delegation.requested_at)
        self._touch_homes(delegation, delegation.requested_at)
        return delegation

    def apply(
        self,
        delegation: Delegation,
        event: Event,
        *,
        now: datetime,
        actor: str | None = None,
        **changes: Any,
    ) -> Delegation:
        """Move a delegation on: the new row, its audit row and its stale cards in one step.

        Raises :class:`models.delegation.ImpossibleTransition`. A trouble of before is over unless
        ``changes`` names one.
        """
        moved = replace(
            delegation,
            state=next_state(delegation.state, event),
            version=delegation.version + 1,
            **{"trouble": None, "attempts": 0, **changes},
        )
        if "wake_at" not in changes:
            moved = replace(moved, wake_at=default_wake(moved, now))
        self._write(delegation, moved)
        self._record(moved, event, now, actor)
        self._cards.mark_stale(moved.id, now=now)
        self._touch_homes(moved, now)
        return moved

    def postpone(
        self, delegation: Delegation, *, wake_at: datetime, trouble: Trouble | None, now: datetime
    ) -> Delegation:
        """Try again at ``wake_at``. Its readers hear of a trouble once, not at every attempt."""
        changed = trouble is not delegation.trouble
        moved = replace(
            delegation,
            wake_at=wake_at,
            leased_until=None,
            trouble=trouble,
            attempts=delegation.attempts + 1,
            version=delegation.version + changed,
        )
        self._write(delegation, moved)
        if changed:
            self._cards.mark_stale(moved.id, now=now)
            self._touch_homes(moved, now)
        return moved

    def free(self, delegation_id: str) -> None:
        """Give back a lease without changing anything else."""
        self._connection.execute(
            update(delegations).where(_columns.id == delegation_id).values(leased_until=None)
        )

    def note_unclear(self, delegation_id: str) -> None:
        """Remember that the answer to a create was lost."""
        self._connection.execute(
            update(delegations).where(_columns.id == delegation_id).values(is_unclear=True)
        )

    def wake_for_grantor(self, team_id: str, grantor_id: str, *, now: datetime) -> None:
        """Let everything that waits for this grantor's connection go on at once."""
        self._connection.execute(
            update(delegations)
            .where(
                _columns.team_id == team_id,
                _columns.grantor_id == grantor_id,
                _columns.state.in_((State.APPROVED, State.ENDING)),
            )
            .values(wake_at=now, attempts=0)
        )

    def claim(self, *, now: datetime, lease: timedelta, limit: int) -> Sequence[Delegation]:
        """Lease what is due; see :func:`bot.store.claims.claim`."""
        rows = claim(self._connection, delegations, now=now, lease=lease, limit=limit)
        return [Delegation(**row) for row in rows]

    def prolong(self, ids: Sequence[str], *, until: datetime) -> None:
        """Keep leases; see :func:`bot.store.claims.prolong`."""
        prolong(self._connection, delegations, ids, until=until)

    def next_wake(self) -> datetime | None:
        """When the next delegation is due."""
        return next_wake(self._connection, delegations)

    def history(self, delegation_id: str) -> Sequence[EventRecord]:
        """The audit trail of one delegation, oldest first."""
        statement = (
            select(events).where(events.c.delegation_id == delegation_id).order_by(events.c.id)
        )
        return [EventRecord(**row) for row in self._connection.execute(statement).mappings()]

    def _touch_homes(self, delegation: Delegation, now: datetime) -> None:
        people = (delegation.grantor_id, delegation.grantee_id, delegation.requester_id)
        self._homes.touch(delegation.team_id, *people, now=now)

    def _write(self, before: Delegation, after: Delegation) -> None:
        old, new = asdict(before), asdict(after)
        changed = {name: value for name, value in new.items() if old[name] != value}
        self._connection.execute(update(delegations).where(_columns.id == after.id).values(changed))

    def _record(
        self, delegation: Delegation, event: Event, now: datetime, actor: str | None
    ) -> None:
        self._connection.execute(
            insert(events).values(
                delegation_id=delegation.id,
                at=now,
                event=event,
                state=delegation.state,
                actor=actor,
                trouble=delegation.trouble,
            )
        )

"""Receipts in SQL: what came of counting the email that was sent under a right."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, exists, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from bot.store.cards import Cards
from bot.store.delegations import over_by
from bot.store.executing import execute, prepared
from bot.store.notices import Notices
from bot.store.rows import is_any
from bot.store.whose import IS_RECEIPT_DUE
from models.base import UtcTime
from models.delegation import Receipt, ReceiptState, State, delegations

_columns = delegations.c


class Receipts:
    """Changes the receipt of a delegation that has ended, and nothing else of it."""

    def __init__(self, connection: Connection, cards: Cards, notices: Notices) -> None:
        self._connection = connection
        self._cards = cards
        self._notices = notices

    def settle(
        self, delegation_id: str, receipt: Receipt, *, has_twin: bool | None, now: datetime
    ) -> bool:
        """Note how it came out, and what else Close holds, and have the cards say so; whether it
        was still to be noted."""
        noted = {
            "this": delegation_id,
            "how": receipt.state,
            "emails": receipt.emails,
            "people": receipt.people,
            "in_bulk": receipt.in_bulk,
            "in_sequences": receipt.in_sequences,
            "twin": has_twin,
        }
        changed = execute(self._connection, _settling(), noted).rows
        for _, version in changed:
            if has_twin:
                self._cards.mark_stale(delegation_id, now=now, is_logged=False)
            else:
                self._cards.mark_counted(delegation_id, version=version, now=now)
        for ended_with, _ in changed:
            if ended_with is not None:
                self._notices.mark_stale(ended_with, now=now)
        return bool(changed)

    def are_ends_due(
        self,
        team_id: str,
        grantor_id: str,
        organization_id: str | None,
        *,
        now: datetime,
        but: str = "",
    ) -> bool:
        """Whether rights of this grantor, or in this Close organization, wait to be taken back at
        this moment, ``but`` for one; those go first."""
        whose = {"of_team": team_id, "from_grantor": grantor_id, "in_organization": organization_id}
        asked = whose | {"but_for": but, "at_now": now}
        return bool(execute(self._connection, _are_ends_due(), asked).scalar)

    def is_due(self, team_id: str, grantor_id: str) -> bool:
        """Whether a receipt for this grantor is still being made, for which Close is asked."""
        return is_any(
            self._connection,
            _columns.team_id == team_id,
            _columns.grantor_id == grantor_id,
            IS_RECEIPT_DUE,
            _columns.state == State.ENDED,
            _columns.wake_at.is_not(None),
        )


@prepared
def _settling() -> ReturningUpdate[Any]:
    is_due = (_columns.state == State.ENDED, _columns.receipt == ReceiptState.DUE)
    return (
        update(delegations)
        .where(_columns.id == bindparam("this"), *is_due)
        .values(
            receipt=bindparam("how"),
            sent_count=bindparam("emails"),
            sent_people=bindparam("people"),
            sent_in_bulk=bindparam("in_bulk"),
            sent_in_sequences=bindparam("in_sequences"),
            has_twin=bindparam("twin"),
            version=_columns.version + 1,
            attempts=0,
            wake_at=None,
            leased_until=None,
        )
        .returning(_columns.ended_with, _columns.version)
    )


@prepared
def _are_ends_due() -> Select[tuple[bool]]:
    now = bindparam("at_now", type_=UtcTime)
    is_theirs = and_(
        _columns.team_id == bindparam("of_team"), _columns.grantor_id == bindparam("from_grantor")
    )
    is_there = [
        exists().where(
            is_over,
            _columns.id != bindparam("but_for"),
            _columns.wake_at <= now,
            or_(is_theirs, _columns.organization_id == bindparam("in_organization")),
        )
        for is_over in over_by(now)
    ]
    return select(or_(*is_there))

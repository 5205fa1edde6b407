"""Receipts in SQL: what came of counting the email that was sent under a right."""

from datetime import datetime

from sqlalchemy import Connection, and_, exists, or_, select, update

from bot.store.cards import Cards
from bot.store.delegations import over_by
from bot.store.notices import Notices
from bot.store.rows import is_any
from bot.store.whose import IS_RECEIPT_DUE
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
    ) -> None:
        """Note how it came out, and what else Close holds, and have the cards say so."""
        changed = self._connection.execute(
            update(delegations)
            .where(
                _columns.id == delegation_id,
                _columns.state == State.ENDED,
                _columns.receipt == ReceiptState.DUE,
            )
            .values(
                receipt=receipt.state,
                sent_count=receipt.emails,
                sent_people=receipt.people,
                has_twin=has_twin,
                version=_columns.version + 1,
                attempts=0,
                wake_at=None,
                leased_until=None,
            )
            .returning(_columns.ended_with)
        ).all()
        if changed:
            self._cards.mark_stale(delegation_id, now=now)
        for (ended_with,) in changed:
            if ended_with is not None:
                self._notices.mark_stale(ended_with, now=now)

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
        is_theirs = and_(_columns.team_id == team_id, _columns.grantor_id == grantor_id)
        is_there = [
            exists().where(
                is_over,
                _columns.id != but,
                _columns.wake_at <= now,
                or_(is_theirs, _columns.organization_id == organization_id),
            )
            for is_over in over_by(now)
        ]
        return bool(self._connection.execute(select(or_(*is_there))).scalar())

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

"""Cards in SQL: which message shows which delegation to whom, and which of them are stale."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, case, exists, insert, select, update

from bot.store.due import Due
from models.base import new_id
from models.card import Audience, Card, cards
from models.delegation import Delegation, State, delegations
from models.rows import to_row

_columns = cards.c
IDENTIFYING = timedelta(seconds=2)  # so long an approval card waits for the grantee's account


class Cards:
    """Reads and changes card rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.due = Due(connection, cards, Card, counts_claims=True)

    def open_for(self, delegation: Delegation, *, audit_channel: str | None, now: datetime) -> None:
        """One stale card for each audience of a new delegation."""
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
                wake_at=now + _held_back(delegation, audience),
            )
            for audience, recipient in readers.items()
        ]
        self._connection.execute(insert(cards), [to_row(card) for card in new])

    def mark_stale(self, delegation_id: str, *, now: datetime) -> None:
        """Have every card of the delegation shown anew."""
        self._connection.execute(
            update(cards).where(_columns.delegation_id == delegation_id).values(wake_at=now)
        )

    def show_anew(self, delegation_id: str, *, now: datetime) -> None:
        """The same, also where the present version is shown: somebody has read another one."""
        self._connection.execute(
            update(cards)
            .where(_columns.delegation_id == delegation_id)
            .values(wake_at=now, shown_version=0)
        )

    def save(self, card: Card, *, shown_version: int, **changes: Any) -> None:
        """Note what the message shows now; it stays stale if the delegation has moved on.

        The row is locked first: on PostgreSQL an update that had to wait for somebody's
        ``mark_stale`` would still compare with the version of before.
        """
        self._connection.execute(
            select(_columns.id).where(_columns.id == card.id).with_for_update(key_share=True)
        )
        is_current = exists().where(
            delegations.c.id == card.delegation_id, delegations.c.version == shown_version
        )
        self._connection.execute(
            update(cards)
            .where(_columns.id == card.id)
            .values(
                shown_version=shown_version,
                wake_at=case((is_current, None), else_=_columns.wake_at),
                **changes,
            )
        )

    def note(self, card: Card, **changes: Any) -> None:
        """Note what was posted so far; the card stays stale."""
        self._connection.execute(update(cards).where(_columns.id == card.id).values(**changes))


def _held_back(delegation: Delegation, audience: Audience) -> timedelta:
    """The grantor reads at once to which Close account the right would go (steps/identify.py)."""
    is_asked = delegation.state is State.REQUESTED and delegation.identified_at is None
    return IDENTIFYING if is_asked and audience is Audience.GRANTOR else timedelta()

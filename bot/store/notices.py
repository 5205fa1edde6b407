"""Notices in SQL: what somebody is to be told outside the cards, and where that message is."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, insert, update
from sqlalchemy.exc import IntegrityError

from bot.store.due import Due
from bot.store.rows import is_any
from models.base import new_id
from models.delegation import Delegation
from models.notice import Notice, NoticeKind, notices
from models.overdue import DAY, over_since
from models.rows import to_row

_columns = notices.c


class Notices:
    """Reads and changes notice rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.due = Due(connection, notices, Notice, seen="changes", counts_claims=True)

    def tell(
        self,
        kind: NoticeKind,
        *,
        team_id: str,
        recipients: Iterable[str],
        subject_id: str,
        incident: str,
        now: datetime,
    ) -> None:
        """Have each recipient told, unless they were already told of this ``incident``."""
        for recipient in recipients:
            key = f"{kind}:{subject_id}:{incident}:{recipient}"
            if is_any(self._connection, _columns.key == key):
                continue
            notice = Notice(
                id=new_id(),
                key=key,
                team_id=team_id,
                recipient=recipient,
                kind=kind,
                subject_id=subject_id,
                created_at=now,
                wake_at=now,
            )
            self._add(notice)

    def tell_overdue(self, delegation: Delegation, admins: Iterable[str], *, now: datetime) -> None:
        """Admins hear of a right that outlives its end: once now, and once more for each day."""
        days = (now - over_since(delegation, now)) // DAY
        self.tell(
            NoticeKind.OVERDUE,
            team_id=delegation.team_id,
            recipients=sorted(admins),
            subject_id=delegation.id,
            incident=f"late:{days}",
            now=now,
        )

    def mark_stale(self, subject_id: str, *, now: datetime) -> None:
        """Have every notice about this shown anew."""
        self._connection.execute(
            update(notices)
            .where(_columns.subject_id == subject_id)
            .values(wake_at=now, changes=_columns.changes + 1)
        )

    def _add(self, notice: Notice) -> None:
        try:
            with self._connection.begin_nested():
                self._connection.execute(insert(notices).values(to_row(notice)))
        except IntegrityError:
            return  # two noticed the same thing at the same moment

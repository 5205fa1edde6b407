"""Notices in SQL: what somebody is to be told outside the cards, and where that message is."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Insert, Update, bindparam, func, select, update

from bot.store.due import Due
from bot.store.executing import execute, prepared
from bot.store.rows import batched, by_id, ids_in_order, is_any, one
from bot.store.upserts import insert_into
from models.base import new_id
from models.notice import Notice, NoticeKind, notices
from models.overdue import DAY
from models.rows import to_row

_columns = notices.c
ASKING = (
    *(NoticeKind.PAIRING, NoticeKind.DEPARTURES, NoticeKind.STRAYS),
    *(NoticeKind.BUNDLE, NoticeKind.REVIEW, NoticeKind.SECOND_YES, NoticeKind.DEPUTY_ASKED),
    NoticeKind.AWAY,
)


class Notices:
    """Reads and changes notice rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.due = Due(connection, notices, Notice, seen="changes", counts_claims=True)
        self._overdue_changed: dict[str, datetime] = {}

    def get(self, notice_id: str) -> Notice | None:
        """One notice."""
        return by_id(self._connection, Notice, notices, notice_id)

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
            notice = Notice(
                id=new_id(),
                key=_key(kind, subject_id, incident, recipient),
                team_id=team_id,
                recipient=recipient,
                kind=kind,
                subject_id=subject_id,
                created_at=now,
                wake_at=now,
            )
            self._add(notice)

    def is_told(self, kind: NoticeKind, subject_id: str) -> bool:
        """Whether anybody was told this of this subject, or is about to be."""
        return is_any(self._connection, _columns.subject_id == subject_id, _columns.kind == kind)

    def recipient(self, kind: NoticeKind, subject_id: str) -> str | None:
        """Who was told this of this subject first, if anybody was."""
        statement = (
            select(_columns.recipient)
            .where(_columns.subject_id == subject_id, _columns.kind == kind)
            .order_by(_columns.created_at)
            .limit(1)
        )
        found: str | None = self._connection.execute(statement).scalar()
        return found

    def tell_overdue(self, team_id: str, admins: Iterable[str], *, now: datetime) -> None:
        """Every admin has a list of what is overdue, and a new one each day that it lasts."""
        for admin in sorted(admins):
            newest = self.newest_overdue(team_id, admin)
            if newest is not None and now - newest.created_at < DAY:
                continue
            if newest is not None:
                self.mark_stale(newest.id, now=now, is_own=True)
            self._add(
                Notice(
                    id=new_id(),
                    key=f"overdue_list:{team_id}:{self._count_overdue(team_id, admin)}:{admin}",
                    team_id=team_id,
                    recipient=admin,
                    kind=NoticeKind.OVERDUE_LIST,
                    subject_id=team_id,
                    created_at=now,
                    wake_at=now,
                )
            )

    def tell_bundle(
        self, team_id: str, recipient: str, bundle_id: str, *, now: datetime, incident: str = ""
    ) -> None:
        """Who wished several things together reads in one message how they are; once more with
        each ``incident``, in place of the message before."""
        self.tell(
            NoticeKind.BUNDLE,
            team_id=team_id,
            recipients=[recipient],
            subject_id=bundle_id,
            incident=incident,
            now=now,
        )

    def tell_ends(
        self, team_id: str, grantor_id: str, ended_with: str, *, now: datetime, reminder: int = 0
    ) -> None:
        """The grantor reads in one message of what ended together; once more with each reminder."""
        self.tell(
            NoticeKind.ENDS,
            team_id=team_id,
            recipients=[grantor_id],
            subject_id=ended_with,
            incident=str(reminder),
            now=now,
        )

    def is_followed(self, notice: Notice) -> bool:
        """Whether its recipient was told the same about the same subject again later."""
        return is_any(
            self._connection,
            _columns.kind == notice.kind,
            _columns.subject_id == notice.subject_id,
            _columns.recipient == notice.recipient,
            _columns.created_at > notice.created_at,
        )

    def count_posted(
        self, kind: NoticeKind, recipient: str, subject_id: str, incidents: Sequence[str]
    ) -> int:
        """How many of these have reached Slack."""
        keys = [_key(kind, subject_id, each, recipient) for each in incidents]
        statement = select(func.count(_columns.id)).where(
            _columns.key.in_(keys), _columns.message_ts.is_not(None)
        )
        return int(self._connection.execute(statement).scalar_one())

    def newest_overdue(self, team_id: str, admin: str) -> Notice | None:
        """The list that this admin works with, as long as anything is on it."""
        statement = (
            select(notices)
            .where(
                _columns.subject_id == team_id,
                _columns.kind == NoticeKind.OVERDUE_LIST,
                _columns.recipient == admin,
            )
            .order_by(_columns.created_at.desc(), _columns.id)
            .limit(1)
        )
        return one(self._connection, Notice, statement)

    def overdue_changed(self, team_id: str, *, now: datetime) -> None:
        """What is on the lists, or what they say about it, has changed: they are shown anew."""
        self._overdue_changed[team_id] = now

    def mark_touched(self) -> None:
        """Have those lists shown anew; the last thing that a transaction does, in a fixed order."""
        for team_id, now in sorted(self._overdue_changed.items()):
            execute(self._connection, _stale_lists(), {"of_team": team_id, "due_at": now})

    def _count_overdue(self, team_id: str, admin: str) -> int:
        """How many such lists the admin ever had; two that are begun at once get one number."""
        kinds = (NoticeKind.OVERDUE_LIST, NoticeKind.OVERDUE_OVER)
        statement = select(func.count(_columns.id)).where(
            _columns.subject_id == team_id, _columns.kind.in_(kinds), _columns.recipient == admin
        )
        return int(self._connection.execute(statement).scalar_one())

    def ask_again(self, *, now: datetime) -> None:
        """What was asked, and what lists what is open, may have been answered since by what nobody
        knows any more: it is shown as it is known here, with its buttons."""
        self._connection.execute(
            update(notices)
            .where(_columns.message_ts.is_not(None), _columns.kind.in_(ASKING))
            .values(wake_at=now, changes=_columns.changes + 1)
        )

    def mark_stale(self, *subject_ids: str, now: datetime, is_own: bool = False) -> None:
        """Have every notice about these shown anew; with ``is_own`` those of these very ids."""
        for some in batched(sorted(subject_ids)):
            execute(self._connection, _stale(is_own=is_own), {"of_these": some, "due_at": now})

    def shown(
        self,
        notice: Notice,
        *,
        place: dict[str, str],
        wake_at: datetime | None = None,
        **noted: Any,
    ) -> None:
        """Note where the message of this claimed ``notice`` is; it rests until ``wake_at`` or the
        next change, unless somebody else has shown it since."""
        present = by_id(self._connection, Notice, notices, notice.id, lock=True)
        if present is None:
            return
        if (present.message_ts, present.changes) == (notice.message_ts, notice.changes):
            self.due.put_off(notice, wake_at=wake_at, attempts=0, **place, **noted)
            return
        place = place if present.message_ts is None else {}
        self.due.put_off(notice, wake_at=notice.wake_at, attempts=1, **place)

    def _add(self, notice: Notice) -> None:
        """Unless it is there already; two may notice the same thing at the same moment."""
        execute(self._connection, _adding(self._connection.dialect.name), to_row(notice))


@prepared
def _adding(dialect: str) -> Insert:
    statement: Insert = insert_into(notices, dialect).on_conflict_do_nothing(index_elements=["key"])
    return statement


@prepared
def _stale(*, is_own: bool) -> Update:
    column = _columns.id if is_own else _columns.subject_id
    return _showing_anew(column.in_(bindparam("of_these", expanding=True)))


@prepared
def _stale_lists() -> Update:
    return _showing_anew(
        _columns.subject_id == bindparam("of_team"), _columns.kind == NoticeKind.OVERDUE_LIST
    )


def _showing_anew(*conditions: ColumnElement[bool]) -> Update:
    return (
        update(notices)
        .where(_columns.id.in_(ids_in_order(notices, *conditions)))
        .values(wake_at=bindparam("due_at"), changes=_columns.changes + 1)
    )


def _key(kind: NoticeKind, subject_id: str, incident: str, recipient: str) -> str:
    return f"{kind}:{subject_id}:{incident}:{recipient}"

"""Deputies in SQL: who answers in whose place, and what waits for them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Update,
    and_,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError

from bot.store.due import Due
from bot.store.executing import execute, prepared
from bot.store.homes import Homes
from bot.store.log import Log
from bot.store.notices import Notices
from bot.store.only_reads import only_reads
from bot.store.rows import by_id, ids_in_order, many, one
from bot.store.whose import IS_OPEN
from models.base import UtcTime
from models.delegation import Delegation, State, delegations
from models.deputy import IN_FORCE, Deputy, DeputyEnd, deputies
from models.event import Deed
from models.notice import NoticeKind
from models.person import Departure
from models.rows import to_row

_columns, _rights = deputies.c, delegations.c
_IS_IN_FORCE: ColumnElement[bool] = literal_column(f"(deputies.{IN_FORCE})")
WAITS_FOR_GRANTOR = and_(
    _rights.agreed_at.is_(None),
    or_(
        _rights.state == State.REQUESTED,
        and_(_rights.state == State.ACTIVE, _rights.extension_asked_at.is_not(None)),
    ),
)


class Deputies:
    """Reads and changes deputies; a grantor has one at a time.

    Whoever holds a delegation under lock may ask for its grantor's deputy next, never the other way
    round: no two transactions wait for each other.
    """

    def __init__(self, connection: Connection, homes: Homes, notices: Notices, log: Log) -> None:
        self._connection = connection
        self._homes = homes
        self._notices = notices
        self._log = log
        self.due = Due(connection, deputies, Deputy, seen="changes")

    def get(self, deputy_id: str, *, lock: bool = False) -> Deputy | None:
        """One, in force or not."""
        return by_id(self._connection, Deputy, deputies, deputy_id, lock=lock)

    def of_grantor(self, team_id: str, grantor_id: str, *, lock: bool = False) -> Deputy | None:
        """The one that was not ended; its date may have passed. With ``lock`` it does not end
        before this transaction does."""
        statement = select(deputies).where(
            _columns.team_id == team_id, _columns.grantor_id == grantor_id, _IS_IN_FORCE
        )
        if lock and not only_reads(self._connection):
            statement = statement.with_for_update(key_share=True)
        return one(self._connection, Deputy, statement)

    def of_person(self, team_id: str, person_id: str, *, now: datetime) -> Sequence[Deputy]:
        """All in force by which this person answers, or is answered for; the earliest end first."""
        parts = [
            select(deputies).where(
                _columns.team_id == team_id, _IS_IN_FORCE, _columns.until > now, part == person_id
            )
            for part in (_columns.grantor_id, _columns.deputy_id)
        ]
        found = union_all(*parts).subquery()
        statement = select(found).order_by(found.c.until, found.c.id)
        return many(self._connection, Deputy, statement)

    def last_of(self, team_id: str, grantor_id: str, deputy_id: str) -> Deputy | None:
        """The latest by which this person answered for the other, in force or not."""
        statement = (
            select(deputies)
            .where(
                _columns.team_id == team_id,
                _columns.grantor_id == grantor_id,
                _columns.deputy_id == deputy_id,
            )
            .order_by(_columns.created_at.desc(), _columns.id)
            .limit(1)
        )
        return one(self._connection, Deputy, statement)

    def count_named(self, team_id: str, grantor_id: str, *, since: datetime) -> int:
        """How often this grantor has named somebody since then."""
        statement = select(func.count(_columns.id)).where(
            _columns.team_id == team_id,
            _columns.grantor_id == grantor_id,
            _columns.created_at > since,
        )
        return int(self._connection.execute(statement).scalar_one())

    def put(self, deputy: Deputy, *, audit_channel: str | None) -> None:
        """Store a new one in place of the grantor's earlier one. Of two at the same moment the
        later takes the place of the other."""
        now, grantor_id = deputy.created_at, deputy.grantor_id
        before = self.of_grantor(deputy.team_id, grantor_id, lock=True)
        if before is not None:
            self.end([before], before.gives_way_to(deputy.deputy_id), grantor_id, now=now)
        try:
            with self._connection.begin_nested():
                self._connection.execute(insert(deputies).values(to_row(deputy)))
        except IntegrityError:  # the other one has been committed since we looked
            self.put(deputy, audit_channel=audit_channel)
            return
        self._note(Deed.DEPUTY_NAMED, deputy, grantor_id, deputy.note, now=now)
        self._tell(NoticeKind.DEPUTY_NAMED, deputy, [deputy.deputy_id], now=now)
        if audit_channel is not None:
            self._tell(NoticeKind.DEPUTY_AUDIT, deputy, [audit_channel], now=now)
        self._homes.touch(deputy.team_id, grantor_id, deputy.deputy_id, now=now)

    def end(
        self,
        ending: Iterable[Deputy],
        cause: DeputyEnd,
        by: str | None,
        *,
        now: datetime,
        departure: Departure | None = None,
    ) -> Sequence[Deputy]:
        """None of these, which are locked, answers any longer; those that did."""
        ended = []
        for each in ending:
            if each.ended_at is not None:
                continue
            how: dict[str, Any] = {"cause": cause, "ended_by": by, "departure": departure}
            self._connection.execute(
                update(deputies)
                .where(_columns.id == each.id)
                .values(ended_at=now, wake_at=None, **how)
            )
            self._note(Deed.DEPUTY_ENDED, each, by, cause.value, now=now)
            self._notices.mark_stale(each.id, *self.shared_ids(each), now=now)
            self._tell(NoticeKind.DEPUTY_OVER, each, _to_be_told(each, cause, by), now=now)
            if channel := self._notices.recipient(NoticeKind.DEPUTY_AUDIT, each.id):
                self._tell(NoticeKind.DEPUTY_AUDIT, each, [channel], now=now, incident="over")
            self._homes.touch(each.team_id, each.grantor_id, each.deputy_id, now=now)
            ended.append(replace(each, ended_at=now, **how))
        return ended

    def end_everybodys(self, cause: DeputyEnd, *, now: datetime) -> Sequence[Deputy]:
        """Nobody answers for anybody any longer; those that did."""
        held = select(deputies).where(_IS_IN_FORCE, _columns.until > now).order_by(_columns.id)
        return self.end(many(self._connection, Deputy, held), cause, None, now=now)

    def look_after(self, team_id: str, grantor_id: str, *, now: datetime) -> None:
        """Something of this grantor's may have to be shared with their deputy, if they have one."""
        whose = {"of_team": team_id, "of_grantor": grantor_id}
        execute(self._connection, _looking_after(), whose | {"due_at": now})

    def waiting_ids(self, deputy: Deputy) -> Sequence[str]:
        """The ids of what waits for the grantor's answer, and is not the deputy's own."""
        statement = select(_rights.id).where(*_theirs(deputy.team_id, [deputy]))
        return list(self._connection.execute(statement).scalars())

    def shared_ids(self, deputy: Deputy) -> Sequence[str]:
        """Those of which the deputy has a card, and that still wait."""
        is_shared = _rights.shared_with == deputy.deputy_id
        statement = select(_rights.id).where(*_theirs(deputy.team_id, [deputy]), is_shared)
        return list(self._connection.execute(statement).scalars())

    def waiting(self, serving: Sequence[Deputy]) -> Sequence[Delegation]:
        """What waits for this deputy of several grantors, and was shared with them; the oldest
        first."""
        if not serving:
            return []
        statement = (
            select(delegations)
            .where(
                *_theirs(serving[0].team_id, serving),
                _rights.shared_with == serving[0].deputy_id,
            )
            .order_by(_rights.requested_at, _rights.id)
        )
        return many(self._connection, Delegation, statement)

    def share(self, deputy: Deputy, delegation: Delegation, *, now: datetime) -> None:
        """The deputy has a card about this one, and a new one about each wish for more time."""
        self._tell_of_wish(NoticeKind.DEPUTY_ASKED, deputy, delegation, deputy.deputy_id, now=now)

    def answered(self, deputy: Deputy, delegation: Delegation, *, now: datetime) -> None:
        """Write down that the deputy has answered for the grantor."""
        d = delegation
        self._log.note(
            Deed.DEPUTY_ANSWERED,
            team_id=d.team_id,
            now=now,
            subject_id=deputy.id,
            delegation_id=d.id,
            actor=deputy.deputy_id,
            grantor=d.grantor_id,
            grantee=d.grantee_id,
            ends_at=deputy.until,
        )

    def needs_grantor(self, deputy: Deputy, delegation: Delegation, *, now: datetime) -> None:
        """Tell the grantor that their deputy would agree, and only they can."""
        kind, grantor_id = NoticeKind.DEPUTY_NEEDS_YOU, deputy.grantor_id
        self._tell_of_wish(kind, deputy, delegation, grantor_id, now=now)

    def _tell_of_wish(
        self,
        kind: NoticeKind,
        deputy: Deputy,
        delegation: Delegation,
        recipient: str,
        *,
        now: datetime,
    ) -> None:
        """Once for the request itself, and once for each wish for more time."""
        wish = delegation.extension
        asked = 0 if wish is None else int(wish.asked_at.timestamp())
        self._notices.tell(
            kind,
            team_id=deputy.team_id,
            recipients=[recipient],
            subject_id=delegation.id,
            incident=f"{deputy.id}-{asked}",
            now=now,
        )

    def _note(
        self, deed: Deed, deputy: Deputy, by: str | None, text: str, *, now: datetime
    ) -> None:
        self._log.note(
            deed,
            team_id=deputy.team_id,
            now=now,
            subject_id=deputy.id,
            actor=by,
            grantor=deputy.grantor_id,
            grantee=deputy.deputy_id,
            ends_at=deputy.until,
            text=text,
        )

    def _tell(
        self,
        kind: NoticeKind,
        deputy: Deputy,
        recipients: Sequence[str],
        *,
        now: datetime,
        incident: str = "named",
    ) -> None:
        self._notices.tell(
            kind,
            team_id=deputy.team_id,
            recipients=recipients,
            subject_id=deputy.id,
            incident=incident,
            now=now,
        )


def _to_be_told(deputy: Deputy, cause: DeputyEnd, by: str | None) -> Sequence[str]:
    """Whoever of the two neither did it nor knew of it."""
    if cause in (DeputyEnd.DATE, DeputyEnd.RENEWED, DeputyEnd.UNINSTALLED):
        return ()
    return [each for each in (deputy.grantor_id, deputy.deputy_id) if each != by]


def _theirs(team_id: str, serving: Sequence[Deputy]) -> Sequence[ColumnElement[bool]]:
    """What waits for these grantors, and is not their common deputy's own."""
    me = serving[0].deputy_id
    return (
        _rights.team_id == team_id,
        _rights.grantor_id.in_([each.grantor_id for each in serving]),
        IS_OPEN,
        WAITS_FOR_GRANTOR,
        _rights.grantee_id != me,
        _rights.requester_id != me,
    )


@prepared
def _looking_after() -> Update:
    found = ids_in_order(
        deputies,
        _columns.team_id == bindparam("of_team"),
        _columns.grantor_id == bindparam("of_grantor"),
        _IS_IN_FORCE,
    )
    due_at = bindparam("due_at", type_=UtcTime)
    changed: dict[str, Any] = {"wake_at": due_at, "changes": _columns.changes + 1}
    return update(deputies).where(_columns.id.in_(found)).values(changed)

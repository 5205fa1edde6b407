"""Strays in SQL: associations that the bot did not make, and what their grantors said."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, insert, select, update

from bot.store.due import Due
from bot.store.log import Log
from bot.store.rows import by_id, is_any, many
from models.event import Deed
from models.rows import to_row
from models.stray import Stray, StrayState, strays

DEEDS = {
    StrayState.FOUND: Deed.STRAY_FOUND,
    StrayState.KEPT: Deed.STRAY_KEPT,
    StrayState.ADOPTED: Deed.STRAY_ADOPTED,
    StrayState.REMOVING: Deed.STRAY_REFUSED,
    StrayState.REMOVED: Deed.STRAY_REMOVED,
    StrayState.VANISHED: Deed.STRAY_VANISHED,
}

_columns = strays.c


class Strays:
    """Reads and changes stray rows."""

    def __init__(self, connection: Connection, log: Log) -> None:
        self._connection = connection
        self._log = log
        self.due = Due(connection, strays, Stray, counts_claims=True)

    def get(self, stray_id: str, *, lock: bool = False) -> Stray | None:
        """One stray; with ``lock`` nobody else can change it in this transaction's time."""
        return by_id(self._connection, Stray, strays, stray_id, lock=lock)

    def of_grantor(self, team_id: str, grantor_id: str) -> Sequence[Stray]:
        """Every stray of this grantor that there ever was."""
        statement = (
            select(strays)
            .where(_columns.team_id == team_id, _columns.grantor_id == grantor_id)
            .order_by(_columns.found_at, _columns.id)
        )
        return many(self._connection, Stray, statement)

    def are_removing(self, team_id: str, grantor_id: str) -> bool:
        """Whether Close has still to confirm that one of this grantor's is gone."""
        return is_any(
            self._connection,
            _columns.team_id == team_id,
            _columns.grantor_id == grantor_id,
            _columns.state == StrayState.REMOVING,
        )

    def wake_for_person(self, team_id: str, grantor_id: str, *, now: datetime) -> None:
        """Let every removal that waits for this grantor's connection go on at once."""
        self._connection.execute(
            update(strays)
            .where(
                _columns.team_id == team_id,
                _columns.grantor_id == grantor_id,
                _columns.state == StrayState.REMOVING,
            )
            .values(wake_at=now, attempts=_begun())
        )

    def ask_again(self, team_id: str, grantee_id: str, *, now: datetime) -> Sequence[str]:
        """The grantee has left: whoever gave the right is asked, in a new message, even if they
        once kept it. Returns those who are asked."""
        statement = (
            update(strays)
            .where(
                _columns.team_id == team_id,
                _columns.grantee_id == grantee_id,
                _columns.state.in_((StrayState.FOUND, StrayState.KEPT)),
            )
            .values(
                state=StrayState.FOUND,
                is_listed=False,
                channel_id=None,
                wake_at=now,
                attempts=0,
            )
            .returning(_columns.grantor_id)
        )
        return sorted(set(self._connection.execute(statement).scalars()))

    def ask_everybody_again(self, *, now: datetime) -> None:
        """Whoever once kept one may have said something else since, which nobody knows any more."""
        self._connection.execute(
            update(strays)
            .where(_columns.state.in_((StrayState.FOUND, StrayState.KEPT)))
            .values(state=StrayState.FOUND, wake_at=now)
        )

    def unsought(self, team_id: str, grantor_id: str) -> Sequence[Stray]:
        """Those of this grantor of whom Slack has not yet said whom they are for."""
        statement = (
            select(strays)
            .where(
                _columns.team_id == team_id,
                _columns.grantor_id == grantor_id,
                _columns.state.in_((StrayState.FOUND, StrayState.KEPT)),
                _columns.grantee_id.is_(None),
                _columns.sought_at.is_(None),
            )
            .order_by(_columns.found_at, _columns.id)
        )
        return many(self._connection, Stray, statement)

    def listed(self, team_id: str, grantor_id: str) -> Sequence[Stray]:
        """Those that this grantor is asked about in a list, by name."""
        statement = (
            select(strays)
            .where(
                _columns.team_id == team_id,
                _columns.grantor_id == grantor_id,
                _columns.state == StrayState.FOUND,
                _columns.is_listed,
            )
            .order_by(_columns.grantee_name, _columns.id)
        )
        return many(self._connection, Stray, statement)

    def sought(
        self, stray: Stray, *, grantee_id: str | None, is_proven: bool, now: datetime
    ) -> None:
        """Note who it is for, or that it is nobody in Slack, and have its message say so."""
        self._connection.execute(
            update(strays)
            .where(_columns.id == stray.id, _columns.sought_at.is_(None))
            .values(grantee_id=grantee_id, is_grantee_proven=is_proven, sought_at=now, wake_at=now)
        )

    def show(self, team_id: str, grantor_id: str, *, now: datetime) -> None:
        """Have its grantor asked about each that was not asked about yet."""
        self._connection.execute(
            update(strays)
            .where(
                _columns.team_id == team_id,
                _columns.grantor_id == grantor_id,
                _columns.state == StrayState.FOUND,
                _columns.shown.is_(None),
                _columns.wake_at.is_(None),
            )
            .values(wake_at=now)
        )

    def single_out(self, stray: Stray, *, now: datetime) -> None:
        """Have it asked about in a message of its own."""
        self._connection.execute(
            update(strays)
            .where(_columns.id == stray.id)
            .values(is_listed=False, wake_at=now, attempts=0)
        )

    def add(self, stray: Stray) -> None:
        """Store a new stray."""
        self._connection.execute(insert(strays).values(to_row(stray)))
        self._note(stray, StrayState.FOUND, stray.found_at, by=None)

    def decide(
        self,
        stray: Stray,
        state: StrayState,
        *,
        now: datetime,
        by: str | None = None,
        **changes: Any,
    ) -> None:
        """Move it on, and have its message say so."""
        self._note(stray, state, now, by=by, delegation_id=changes.get("delegation_id"))
        self._connection.execute(
            update(strays)
            .where(_columns.id == stray.id)
            .values(state=state, decided_at=now, wake_at=now, attempts=_begun(), **changes)
        )

    def _note(
        self,
        stray: Stray,
        state: StrayState,
        now: datetime,
        *,
        by: str | None,
        delegation_id: str | None = None,
    ) -> None:
        self._log.note(
            DEEDS[state],
            team_id=stray.team_id,
            now=now,
            subject_id=stray.id,
            delegation_id=delegation_id,
            association_id=stray.association_id,
            actor=by,
            grantor=stray.grantor_id,
            grantee=stray.grantee_id,
            text=stray.grantee_email,
        )

    def show_anew(self, stray_id: str, *, now: datetime) -> None:
        """Have its message say how it is."""
        self._connection.execute(
            update(strays).where(_columns.id == stray_id).values(wake_at=now, attempts=_begun())
        )

    def shown(self, stray: Stray, *, channel_id: str, message_ts: str) -> None:
        """Note what the message of this claimed ``stray`` shows; it stays due when there is more
        to do, when it was to be shown anew meanwhile, and where somebody else has shown something
        since. A message that was shown where it is does not take the place of a new one."""
        present = self.get(stray.id, lock=True)
        if present is None:
            return
        noted: dict[str, Any] = {"shown": stray.state, "wake_at": None, "attempts": 0}
        if message_ts != present.message_ts:
            noted |= {"channel_id": channel_id, "message_ts": message_ts}
        is_unchanged = (present.state, present.wake_at) == (stray.state, stray.wake_at)
        if (present.message_ts, present.shown) != (stray.message_ts, stray.shown):
            noted = {"wake_at": stray.wake_at, "attempts": max(present.attempts, 1)}
        elif present.state is StrayState.REMOVING or not is_unchanged:
            noted["wake_at"] = present.wake_at or stray.wake_at
        self._connection.execute(
            update(strays).where(_columns.id == stray.id).values(leased_until=None, **noted)
        )


def _begun() -> ColumnElement[int]:
    """Attempts anew, but for one that may have posted something: that is looked for first."""
    return case((_columns.attempts > 0, 1), else_=0)

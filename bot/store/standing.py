"""Standing approvals in SQL."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    insert,
    select,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError

from bot.store.executing import prepared
from bot.store.homes import Homes
from bot.store.log import About, Log
from bot.store.needs import Needs
from bot.store.reviews import Reviews
from bot.store.rows import batched, by_id, many, one
from models.event import Deed
from models.rows import to_row
from models.standing import StandingApproval, standing_approvals

_columns = standing_approvals.c


class StandingApprovals:
    """Reads and changes standing approvals; there is at most one that holds for a pair."""

    def __init__(
        self, connection: Connection, homes: Homes, log: Log, needs: Needs, reviews: Reviews
    ) -> None:
        self._connection = connection
        self._log = log
        self._homes = homes
        self._needs = needs
        self._reviews = reviews

    def get(self, standing_id: str, *, lock: bool = False) -> StandingApproval | None:
        """One standing approval."""
        return by_id(self._connection, StandingApproval, standing_approvals, standing_id, lock=lock)

    def for_pair(
        self, team_id: str, grantor_id: str, grantee_id: str, *, lock: bool = False
    ) -> StandingApproval | None:
        """The one that was not ended; its date may have passed. With ``lock`` it does not end
        before this transaction does."""
        pair = {"of_team": team_id, "from_grantor": grantor_id, "to_grantee": grantee_id}
        return one(self._connection, StandingApproval, _for_pair(lock=lock), **pair)

    def for_person(
        self, team_id: str, person_id: str, *, now: datetime
    ) -> Sequence[StandingApproval]:
        """All that hold now and that this person gave or profits from, newest first."""
        return many(self._connection, StandingApproval, held_by(team_id, person_id, now=now))

    def put(self, standing: StandingApproval) -> StandingApproval | None:
        """Store a new one in place of the pair's earlier one, which is returned. Of two at the same
        moment the later takes the place of the other."""
        pair = (standing.team_id, standing.grantor_id, standing.grantee_id)
        before = self.for_pair(*pair, lock=True)
        if before is not None:
            self.end(before, now=standing.created_at, by=standing.grantor_id)
        try:
            with self._connection.begin_nested():
                self._connection.execute(insert(standing_approvals).values(to_row(standing)))
        except IntegrityError:  # the other one has been committed since we looked
            return self.put(standing)
        self._note(Deed.STANDING_GIVEN, [standing], standing.created_at, standing.grantor_id, "")
        self._needs.begin(standing.id, now=standing.created_at)
        self._touch_homes(standing, standing.created_at)
        return before

    def end_all(self, team_id: str, person_id: str, *, now: datetime) -> Sequence[StandingApproval]:
        """None that this person, who has left, gave or profits from holds any longer; those that
        did."""
        return self._end(self.for_person(team_id, person_id, now=now), now, person_id)

    def end_everybodys(self, *, now: datetime) -> Sequence[StandingApproval]:
        """None holds any longer; those that did."""
        held = select(standing_approvals).where(_columns.ended_at.is_(None), _columns.until > now)
        return self._end(many(self._connection, StandingApproval, held), now, None)

    def end(
        self, standing: StandingApproval, *, now: datetime, by: str | None = None
    ) -> StandingApproval:
        """It holds no longer."""
        return standing if standing.ended_at is not None else self._end([standing], now, by)[0]

    def end_as_admin(
        self,
        ending: Sequence[StandingApproval],
        *,
        by: str,
        ended_with: str,
        note: str,
        now: datetime,
    ) -> Sequence[StandingApproval]:
        """None of these holds any longer, by an admin's word; those that did."""
        held = [each for each in ending if each.ended_at is None]
        return self._end(held, now, by, ended_by=by, ended_with=ended_with, note=note)

    def ended_together(self, ended_with: str) -> Sequence[StandingApproval]:
        """All that an admin ended at once."""
        statement = (
            select(standing_approvals)
            .where(_columns.ended_with == ended_with)
            .order_by(_columns.created_at, _columns.id)
        )
        return many(self._connection, StandingApproval, statement)

    def _end(
        self, ending: Sequence[StandingApproval], now: datetime, by: str | None, **why: Any
    ) -> Sequence[StandingApproval]:
        for some in batched([each.id for each in ending]):
            self._connection.execute(
                update(standing_approvals).where(_columns.id.in_(some)).values(ended_at=now, **why)
            )
        self._note(Deed.STANDING_ENDED, ending, now, by, why.get("note", ""))
        for each in ending:
            self._touch_homes(each, now)
            self._reviews.touch(each.team_id, each.grantor_id, now=now)
        return [replace(each, ended_at=now, **why) for each in ending]

    def _note(
        self,
        deed: Deed,
        these: Sequence[StandingApproval],
        now: datetime,
        by: str | None,
        text: str,
    ) -> None:
        for team_id in sorted({each.team_id for each in these}):
            theirs = [
                (each.id, _about(each, by, text)) for each in these if each.team_id == team_id
            ]
            self._log.note_all(deed, theirs, team_id=team_id, now=now)

    def _touch_homes(self, standing: StandingApproval, now: datetime) -> None:
        self._homes.touch(standing.team_id, standing.grantor_id, standing.grantee_id, now=now)


def _about(standing: StandingApproval, by: str | None, text: str) -> About:
    return {
        "actor": by,
        "grantor": standing.grantor_id,
        "grantee": standing.grantee_id,
        "ends_at": standing.until,
        "length": standing.max_length,
        "text": text,
    }


@prepared
def _for_pair(*, lock: bool) -> Select[Any]:
    statement = select(standing_approvals).where(*is_for_pair())
    return statement.with_for_update(key_share=True) if lock else statement


def is_for_pair() -> Sequence[ColumnElement[bool]]:
    """It is this pair's, and was not ended."""
    return (
        _columns.team_id == bindparam("of_team"),
        _columns.grantor_id == bindparam("from_grantor"),
        _columns.grantee_id == bindparam("to_grantee"),
        _columns.ended_at.is_(None),
    )


def held_by(team_id: str, person_id: str, *, now: datetime) -> Select[Any]:
    """All that hold now and that this person gave or profits from, newest first; one index serves
    each part."""
    holds = (_columns.team_id == team_id, _columns.ended_at.is_(None), _columns.until > now)
    theirs = [
        select(standing_approvals).where(*holds, part == person_id)
        for part in (_columns.grantor_id, _columns.grantee_id)
    ]
    found = union_all(*theirs).subquery()
    return select(found).order_by(found.c.created_at.desc(), found.c.id)

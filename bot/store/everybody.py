"""What admins see of a whole workspace, in SQL: how much there is, and a page of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
)

from bot.store.overdue import Overdue
from bot.store.reviews import unanswered
from bot.store.rows import many
from bot.store.standing import held_by
from bot.store.whose import GRANTEE, GRANTOR, IS_BY_WORD, IS_OPEN, REQUESTER, open_of
from models.connection import DEAD, connections
from models.delegation import Delegation, State, delegations
from models.home import Place
from models.overview import AdminsWork, Counts, Rights, Slice
from models.pairing import WAITING, Pairing, pairings
from models.round import Stage, rounds
from models.standing import StandingApproval
from models.stray import UNSETTLED, Stray, strays

_columns, _connected, _asked, _strays = delegations.c, connections.c, pairings.c, strays.c
_IS_DEAD: ColumnElement[bool] = literal_column(f"({DEAD})")
_IS_WAITING: ColumnElement[bool] = literal_column(f"(pairings.{WAITING})")


class Everybody:
    """Reads across all people of a workspace, and changes nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._overdue = Overdue(connection)

    def counts(self, team_id: str, *, now: datetime) -> Counts:
        """How much there is of each kind: everything that is open is read, and nothing else."""
        is_past = case((_columns.ends_at <= now, 1))
        statement = (
            select(
                _columns.state,
                func.count(),
                func.count(_columns.ends_at),
                func.count(is_past),
            )
            .where(_columns.team_id == team_id, IS_OPEN)
            .group_by(_columns.state)
        )
        found = {row[0]: tuple(row)[1:] for row in self._connection.execute(statement)}
        active, with_end, past = found.get(State.ACTIVE, (0, 0, 0))
        return Counts(
            active=active - past,
            until_revoked=active - with_end,
            being_set_up=found.get(State.APPROVED, (0,))[0],
            waiting=found.get(State.REQUESTED, (0,))[0],
            not_removed=found.get(State.ENDING, (0,))[0] + past,
            by_word=self._count(_ended_by_word(team_id)),
            dead_connections=self._count(
                select(func.count()).where(_connected.team_id == team_id, _IS_DEAD)
            ),
        )

    def _count(self, statement: Select[Any]) -> int:
        return int(self._connection.execute(statement).scalar_one())

    def rights(
        self, team_id: str, *, place: Place | None, person_id: str | None, size: int
    ) -> Slice:
        """What is open, by grantor and grantee, from this place on; with ``person_id`` only what
        they have a part in. Where all that was there is over, it is the first page."""
        is_back = place is not None and place.is_before
        found = self._pairs(team_id, place, person_id, is_back=is_back, limit=size + 1)
        if place is not None and not found:
            return self.rights(team_id, place=None, person_id=person_id, size=size)
        shown = sorted(found[:size], key=lambda each: each[1:])
        ids = [row_id for row_id, _, _ in shown]
        rows = {each.id: each for each in self._rows(ids)} if ids else {}
        has_more = len(found) > size
        is_first = not shown or not (has_more if is_back else place is not None)
        is_last = not shown or not (is_back or has_more)
        return Slice(
            rows=[rows[row_id] for row_id in ids],
            before=None if is_first else Place(*shown[0][1:], is_before=True),
            after=None if is_last else Place(*shown[-1][1:]),
        )

    def _pairs(
        self,
        team_id: str,
        place: Place | None,
        person_id: str | None,
        *,
        is_back: bool,
        limit: int,
    ) -> Sequence[tuple[str, str, str]]:
        if person_id is not None:
            mine = open_of(team_id, person_id, GRANTOR, GRANTEE, REQUESTER).c
            theirs = self._read(select(mine.id, mine.grantor_id, mine.grantee_id))
            further = [each for each in theirs if place is None or place.leads_to(*each[1:])]
            return sorted(further, key=lambda each: each[1:], reverse=is_back)[:limit]
        order = [each.desc() if is_back else each.asc() for each in (GRANTOR, GRANTEE)]
        return self._read(
            select(_columns.id, GRANTOR, GRANTEE)
            .where(_columns.team_id == team_id, IS_OPEN, *_from(place))
            .order_by(*order)
            .limit(limit)
        )

    def _read(self, statement: Select[Any]) -> Sequence[tuple[str, str, str]]:
        return [(row[0], row[1], row[2]) for row in self._connection.execute(statement)]

    def _rows(self, ids: Sequence[str]) -> Sequence[Delegation]:
        statement = select(delegations).where(_columns.id.in_(ids))
        return many(self._connection, Delegation, statement)

    def disconnected(self, team_id: str, *, limit: int) -> Sequence[str]:
        """Those whose connection is dead and would be needed to take something away, the longest
        first."""
        needed = exists().where(
            _columns.team_id == team_id,
            _columns.grantor_id == _connected.slack_user_id,
            IS_OPEN,
            _columns.state.in_((State.APPROVED, State.ACTIVE, State.ENDING)),
        )
        statement = (
            select(_connected.slack_user_id)
            .where(_connected.team_id == team_id, _IS_DEAD, needed)
            .order_by(_connected.died_at, _connected.slack_user_id)
            .limit(limit)
        )
        return list(self._connection.execute(statement).scalars())

    def work(
        self, team_id: str, *, now: datetime, asked_before: datetime, limit: int
    ) -> AdminsWork:
        """What waits for an admin: of pairings those that were asked about before this moment,
        because each has a message of its own; ``limit`` is for how many people are named."""
        waiting = (
            select(pairings)
            .where(_asked.team_id == team_id, _IS_WAITING, _asked.created_at <= asked_before)
            .order_by(_asked.created_at, _asked.id)
            .limit(limit)
        )
        held = select(func.count()).where(
            rounds.c.team_id == team_id,
            rounds.c.stage == Stage.HELD,
            rounds.c.question.is_not(None),
            rounds.c.answer.is_(None),
        )
        return AdminsWork(
            leftovers=self._overdue.of(team_id, now=now),
            pairings=many(self._connection, Pairing, waiting),
            disconnected=self.disconnected(team_id, limit=limit),
            reviews=unanswered(self._connection, team_id, limit=limit),
            is_asked_about_leavers=self._count(held) > 0,
        )

    def of_person(self, team_id: str, person_id: str, *, now: datetime) -> Rights:
        """All that is open of one person, both ways, with what was set up in Close itself."""
        mine = open_of(team_id, person_id, GRANTOR, GRANTEE, REQUESTER)
        in_order = select(mine).order_by(mine.c.requested_at, mine.c.id)
        open_rows = many(self._connection, Delegation, in_order)
        return replace(self.about(team_id, person_id, now=now), delegations=open_rows)

    def about(self, team_id: str, person_id: str, *, now: datetime) -> Rights:
        """The same without the delegations."""
        alive = select(_connected.is_alive).where(
            _connected.team_id == team_id,
            _connected.slack_user_id == person_id,
            _connected.leaving_at.is_(None),
        )
        return Rights(
            person_id=person_id,
            standing=many(self._connection, StandingApproval, held_by(team_id, person_id, now=now)),
            strays=[
                each
                for part in (_strays.grantor_id, _strays.grantee_id)
                for each in self._found_in_close(team_id, part, person_id)
            ],
            is_connected=self._connection.execute(alive).scalar(),
        )

    def _found_in_close(
        self, team_id: str, part: ColumnElement[str | None], person_id: str
    ) -> Sequence[Stray]:
        statement = (
            select(strays)
            .where(_strays.team_id == team_id, part == person_id, _strays.state.in_(UNSETTLED))
            .order_by(_strays.found_at, _strays.id)
        )
        return many(self._connection, Stray, statement)


def _ended_by_word(team_id: str) -> Select[Any]:
    return select(func.count()).where(
        _columns.team_id == team_id, IS_BY_WORD, _columns.state == State.ENDED
    )


def _from(place: Place | None) -> Sequence[ColumnElement[bool]]:
    """As :meth:`models.home.Place.leads_to`. The first condition is what an index is used for."""
    if place is None:
        return ()
    grantor, grantee, columns = place.grantor_id, place.grantee_id, _columns
    same = columns.grantor_id == grantor
    if place.is_before:
        further = or_(columns.grantor_id < grantor, and_(same, columns.grantee_id < grantee))
        return columns.grantor_id <= grantor, further
    further = or_(columns.grantor_id > grantor, and_(same, columns.grantee_id > grantee))
    return columns.grantor_id >= grantor, further

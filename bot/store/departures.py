"""Departures in SQL: who may no longer take part, whom a round has to ask about, what would end."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    union,
    update,
)

from bot.store.executing import prepared
from bot.store.rows import by_team, many, one
from bot.store.upserts import insert_into
from bot.store.whose import IS_OPEN
from models.connection import connections
from models.delegation import State, delegations
from models.departure import LEAVING, Departed, Loss, Toll, departures
from models.deputy import IN_FORCE, deputies
from models.pairing import WAITING, Verdict, pairings
from models.person import Departure
from models.rows import to_row
from models.standing import standing_approvals
from models.stray import UNSETTLED, strays

_columns = departures.c
_rights = delegations.c
_IS_WAITING: ColumnElement[bool] = literal_column(f"(pairings.{WAITING})")
_IS_LEAVING: ColumnElement[bool] = literal_column(f"(departures.{LEAVING})")
_IS_DEPUTY: ColumnElement[bool] = literal_column(f"(deputies.{IN_FORCE})")
_IS_RIGHT = _rights.state.in_((State.APPROVED, State.ACTIVE))


@dataclass(frozen=True, slots=True)
class _Part:
    """The column that names a person, in the rows where these conditions are true: they are found
    by an index, whoever it is and however many others there are."""

    person: Column[Any]
    conditions: tuple[ColumnElement[bool], ...]


class Departures:
    """Reads and changes departures; there is at most one of each person."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._carried_out: dict[tuple[str, str], datetime] = {}

    def get(self, team_id: str, slack_user_id: str) -> Departed | None:
        """The departure of one person, if there is one."""
        whose = {"of_team": team_id, "of_these": [slack_user_id]}
        return one(self._connection, Departed, _of_people(), **whose)

    def reasons(self, team_id: str, people: Iterable[str]) -> Mapping[str, Departure]:
        """Those of these who may no longer take part, and why."""
        found = self._of(team_id, people)
        return {each.slack_user_id: each.reason for each in found if each.carried_out_at}

    def reason(self, team_id: str, user_id: str | None) -> Departure | None:
        """How this one person has left, if they have."""
        return self.reasons(team_id, [user_id]).get(user_id) if user_id is not None else None

    def left_slack(self, team_id: str, people: Iterable[str]) -> frozenset[str]:
        """Those of these who are gone from Slack, or pending as such: that counts for more."""
        found = self._of(team_id, people)
        return frozenset(
            each.slack_user_id for each in found if each.reason is not Departure.LEFT_CLOSE
        )

    def _of(self, team_id: str, people: Iterable[str]) -> Sequence[Departed]:
        whose = {"of_team": team_id, "of_these": sorted(set(people))}
        return many(self._connection, Departed, _of_people(), **whose)

    def note(self, departed: Departed) -> None:
        """Note that somebody may no longer take part, in place of what was noted before."""
        kept = {"id", "team_id", "slack_user_id", "found_at"}
        if (departed.team_id, departed.slack_user_id) not in self._carried_out:
            kept.add("gone_at")
        values = to_row(departed)
        self._connection.execute(
            insert_into(departures, self._connection.dialect.name)
            .values(values)
            .on_conflict_do_update(
                index_elements=["team_id", "slack_user_id"],
                set_={name: value for name, value in values.items() if name not in kept},
            )
        )

    def carry_out(self, departed: Departed, *, now: datetime) -> None:
        """Note that what they gave and had ends now; when the last of it is gone is still to be
        seen."""
        self._carried_out[departed.team_id, departed.slack_user_id] = now
        self.note(replace(departed, carried_out_at=now, gone_at=None))

    def note_gone(self, over: Mapping[tuple[str, str], datetime]) -> Sequence[Departed]:
        """Those of these people who have left and of whom Close holds nothing any more: ``over``
        has of whom something has closed, and when. The last thing that a transaction does; those
        who left in it are looked at as well."""
        looked_at = {**over, **self._carried_out}
        if not looked_at:
            return []
        found: list[Departed] = []
        now = max(looked_at.values())
        for team_id, people in by_team(looked_at):
            whose = {"of_team": team_id, "of_these": people}
            gone = many(self._connection, Departed, _gone(), **whose)
            found += [replace(each, gone_at=now) for each in gone]
            ids = [each.id for each in gone]
            if ids:
                is_gone = update(departures).where(_columns.id.in_(ids))
                self._connection.execute(is_gone.values(gone_at=now))
        return found

    def leaving(self) -> Sequence[datetime]:
        """When it was said of each that they had left, for those of whom Close may still hold
        something; the longest ago first."""
        theirs = (
            _rights.team_id == _columns.team_id,
            IS_OPEN,
            or_(
                _rights.state == State.ENDING,
                and_(_is_pending(), _rights.state.in_((State.APPROVED, State.ACTIVE))),
            ),
        )
        parts = (_rights.grantor_id, _rights.grantee_id)
        held = [exists().where(*theirs, part == _columns.slack_user_id) for part in parts]
        statement = (
            select(_columns.found_at).where(_IS_LEAVING, or_(*held)).order_by(_columns.found_at)
        )
        return list(self._connection.execute(statement).scalars())

    def gone(self, *, since: datetime, until: datetime) -> Sequence[Departed]:
        """Those of whom the last right was gone in this time, with when it was said that they had
        left: the difference is how long it took."""
        statement = (
            select(departures)
            .where(_columns.gone_at >= since, _columns.gone_at < until)
            .order_by(_columns.gone_at, _columns.id)
        )
        return many(self._connection, Departed, statement)

    def forget(
        self, team_id: str, people: Iterable[str], *, from_close: bool | None = None
    ) -> None:
        """These are here after all, or again; only as far as Slack, or Close, can say so."""
        conditions = [_columns.team_id == team_id, _columns.slack_user_id.in_(sorted(set(people)))]
        if from_close is not None:
            is_of_close = _columns.reason == Departure.LEFT_CLOSE
            conditions.append(is_of_close if from_close else ~is_of_close)
        self._connection.execute(delete(departures).where(*conditions))

    def pending(self, team_id: str, *, after: str = "", limit: int) -> Sequence[Departed]:
        """The next of those that are not carried out, by their Slack ids."""
        statement = (
            select(departures)
            .where(*_pending(team_id), _columns.slack_user_id > after)
            .order_by(_columns.slack_user_id)
            .limit(limit)
        )
        return many(self._connection, Departed, statement)

    def drop_pending(self, team_id: str) -> None:
        """A new round finds out for itself."""
        self._connection.execute(delete(departures).where(*_pending(team_id)))

    def is_concerned(self, team_id: str, slack_user_id: str) -> bool:
        """Whether anything here depends on whether this person may take part."""
        return bool(self._among(_people(team_id), [slack_user_id]))

    def losing(self, team_id: str, people: Iterable[str]) -> frozenset[str]:
        """Those of these of whom anything is left that would end with them."""
        return self._among(_people(team_id, with_ended=False), people)

    def losing_with_account(self, gone: Sequence[Departed]) -> frozenset[str]:
        """The same for those whose account is gone from a Close organization, which is one for all
        of these: nothing but what that account gave and had ends, and standing approvals."""
        team_id, people = gone[0].team_id, [each.slack_user_id for each in gone]
        mine = (
            _rights.team_id == team_id,
            IS_OPEN,
            _rights.organization_id == gone[0].organization_id,
            _IS_RIGHT,
        )
        of_rights = union(
            select(_rights.grantor_close_id, _rights.grantor_id).where(
                *mine, _rights.grantor_id.in_(people)
            ),
            select(_rights.grantee_close_id, _rights.grantee_id).where(
                *mine, _rights.grantee_id.in_(people)
            ),
        )
        accounts = {(row[0], row[1]) for row in self._connection.execute(of_rights)}
        named = self._among(_named(team_id), people)
        return frozenset(
            each.slack_user_id
            for each in gone
            if (each.close_user_id, each.slack_user_id) in accounts or each.slack_user_id in named
        )

    def people(self, team_id: str, *, after: str, limit: int) -> Sequence[str]:
        """The next of those who take part in anything, by their Slack ids."""
        nexts = [
            select(each.person.label("person"))
            .distinct()
            .where(*each.conditions, each.person > after)
            .order_by(each.person)
            .limit(limit)
            .subquery()
            for each in _people(team_id)
        ]
        everybody = union(*(select(each) for each in nexts)).subquery()
        statement = select(everybody.c.person).order_by(everybody.c.person).limit(limit)
        return list(self._connection.execute(statement).scalars())

    def _among(self, parts: Sequence[_Part], people: Iterable[str]) -> frozenset[str]:
        """Those of these who have any of these parts."""
        these = sorted(set(people))
        found = union(
            *(select(each.person).where(*each.conditions, each.person.in_(these)) for each in parts)
        )
        return frozenset(self._connection.execute(found).scalars())

    def accounts(self, team_id: str) -> Sequence[tuple[str, str, str]]:
        """Whose account in which Close organization something depends on: the organization, the
        Close user, and the person in Slack."""
        parts = [
            _accounts(team_id, _rights.grantor_id, _rights.grantor_close_id),
            _accounts(team_id, _rights.grantee_id, _rights.grantee_close_id),
            select(
                connections.c.organization_id,
                connections.c.close_user_id,
                connections.c.slack_user_id,
            ).where(connections.c.team_id == team_id),
        ]
        found = union(*parts).subquery()
        statement = select(found).order_by(*found.c)
        return [(row[0], row[1], row[2]) for row in self._connection.execute(statement)]

    def toll(self, team_id: str) -> Toll:
        """What would end with those that are not carried out."""
        gone_people = self._count(departures, *_pending(team_id))
        if not gone_people:
            return Toll()
        gone = select(_columns.slack_user_id).where(
            *_pending(team_id), _columns.reason != Departure.LEFT_CLOSE
        )
        all_gone = select(_columns.slack_user_id).where(*_pending(team_id))
        of_right = or_(
            _rights.grantor_id.in_(gone), _rights.grantee_id.in_(gone), _is_account_gone(team_id)
        )
        people = (_rights.grantor_id, _rights.grantee_id, _rights.requester_id)
        of_request = or_(*(column.in_(gone) for column in people))
        standing = standing_approvals.c
        holds = standing.ended_at.is_(None)
        of_standing = or_(standing.grantor_id.in_(all_gone), standing.grantee_id.in_(all_gone))
        stays = connections.c.leaving_at.is_(None)
        of_connection = connections.c.slack_user_id.in_(gone)
        is_request = _rights.state == State.REQUESTED
        return Toll(
            people=gone_people,
            rights=self._loss(delegations, team_id, _IS_RIGHT, of_right),
            requests=self._loss(delegations, team_id, is_request, of_request),
            standing=self._loss(standing_approvals, team_id, holds, of_standing),
            connections=self._loss(connections, team_id, stays, of_connection),
        )

    def _loss(
        self, table: Table, team_id: str, counts: ColumnElement[bool], is_lost: ColumnElement[bool]
    ) -> Loss:
        all_of_it = (table.c.team_id == team_id, counts)
        return Loss(self._count(table, *all_of_it, is_lost), self._count(table, *all_of_it))

    def _count(self, table: Table, *conditions: ColumnElement[bool]) -> int:
        statement = select(func.count(table.c.id)).where(*conditions)
        return int(self._connection.execute(statement).scalar_one())


@prepared
def _of_people() -> Select[Any]:
    return select(departures).where(
        _columns.team_id == bindparam("of_team"),
        _columns.slack_user_id.in_(bindparam("of_these", expanding=True)),
    )


@prepared
def _gone() -> Select[Any]:
    """Those who have left and neither give nor have what is over and not confirmed as gone: a
    leaver has nothing else."""
    mine = (_rights.team_id == _columns.team_id, IS_OPEN, _rights.state == State.ENDING)
    parts = (_rights.grantor_id, _rights.grantee_id)
    held = (exists().where(*mine, part == _columns.slack_user_id) for part in parts)
    return _of_people().where(_IS_LEAVING, ~_is_pending(), ~or_(*held))


def _pending(team_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (_columns.team_id == team_id, _is_pending())


def _is_pending() -> ColumnElement[bool]:
    """Whether it waits for the round that found it."""
    return _columns.carried_out_at.is_(None)


def _is_account_gone(team_id: str) -> ColumnElement[bool]:
    """Whether one of the two accounts that a right is between is gone from Close."""
    gone = select(_columns.organization_id, _columns.close_user_id).where(
        *_pending(team_id), _columns.reason == Departure.LEFT_CLOSE
    )
    accounts = (_rights.grantor_close_id, _rights.grantee_close_id)
    return or_(*(tuple_(_rights.organization_id, each).in_(gone) for each in accounts))


def _people(team_id: str, *, with_ended: bool = True) -> Sequence[_Part]:
    """Everybody in an open row, a standing approval, a waiting pairing, a connection, or a right
    that was found in Close, and who answers for whom. Whoever asked for others matters only until
    they are answered.

    ``with_ended``: also what is ending or only known of, and connections that are being given up.
    """
    mine: list[Any] = [_rights.team_id == team_id, IS_OPEN]
    connected: list[Any] = [connections.c.team_id == team_id]
    waiting = (pairings.c.team_id == team_id, _IS_WAITING, pairings.c.verdict == Verdict.WAITING)
    if not with_ended:
        mine.append(_rights.state != State.ENDING)
        connected.append(connections.c.leaving_at.is_(None))
    parts = [
        _Part(_rights.grantor_id, tuple(mine)),
        _Part(_rights.grantee_id, tuple(mine)),
        _Part(_rights.requester_id, (*mine, _rights.state == State.REQUESTED)),
        *_named(team_id),
        *_answering(team_id),
        _Part(pairings.c.slack_user_id, waiting),
        _Part(connections.c.slack_user_id, tuple(connected)),
    ]
    unsettled = (strays.c.team_id == team_id, strays.c.state.in_(UNSETTLED))
    found = [_Part(each, unsettled) for each in (strays.c.grantor_id, strays.c.grantee_id)]
    return [*parts, *found] if with_ended else parts


def _named(team_id: str) -> Sequence[_Part]:
    """Whoever gave or has a standing approval that was not ended."""
    columns = standing_approvals.c
    given = (columns.team_id == team_id, columns.ended_at.is_(None))
    return [_Part(each, given) for each in (columns.grantor_id, columns.grantee_id)]


def _answering(team_id: str) -> Sequence[_Part]:
    """Whoever has named a deputy, or is one."""
    columns = deputies.c
    in_force = (columns.team_id == team_id, _IS_DEPUTY)
    return [_Part(each, in_force) for each in (columns.grantor_id, columns.deputy_id)]


def _accounts(team_id: str, person: Column[Any], account: Column[Any]) -> Select[Any]:
    return select(_rights.organization_id, account, person).where(
        _rights.team_id == team_id,
        IS_OPEN,
        _rights.organization_id.is_not(None),
        account.is_not(None),
    )

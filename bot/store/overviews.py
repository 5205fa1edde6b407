"""What one person's App Home shows, in SQL. What is shown is read in full, and nothing else."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    Subquery,
    and_,
    case,
    or_,
    select,
    union_all,
)

from bot.store.covers import HOLDS
from bot.store.rows import many
from bot.store.standing import held_by
from bot.store.whose import GRANTEE, GRANTOR, IS_OPEN, IS_OVER, REQUESTER
from models.cover import MOST_COVERS, covers
from models.delegation import Delegation, State, Trouble, delegations
from models.home import Home, HomeList
from models.overview import Excerpt
from models.standing import StandingApproval

Row = TypeVar("Row")
MOST_IN_COVERS = 100  # rights of all covers together

_columns = delegations.c
_MENDED_BY_CONNECTING = (
    Trouble.NOT_CONNECTED,
    Trouble.CONNECTION_LOST,
    Trouble.OTHER_CLOSE_ACCOUNT,
)
_NEEDS_GRANTOR = or_(
    and_(_columns.state == State.REQUESTED, _columns.agreed_at.is_(None)),
    and_(
        _columns.state == State.ACTIVE,
        _columns.extension_asked_at.is_not(None),
        _columns.agreed_at.is_(None),
    ),
    and_(
        _columns.state.in_((State.APPROVED, State.ENDING)),
        _columns.trouble.is_not(None),
        _columns.trouble.in_(_MENDED_BY_CONNECTING),
    ),
)
_IS_ASKED = _columns.state == State.REQUESTED


class Overviews:
    """Reads delegations from the point of view of a home's owner."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(self, home: Home, *, size: int) -> Mapping[HomeList, Excerpt[Delegation]]:
        """A page of each list of what is open, oldest first; each row is in one list."""
        listed: defaultdict[HomeList, list[str]] = defaultdict(list)
        found: dict[str, None] = {}
        for row in self._connection.execute(_listed(home)):
            listed[HomeList(row.list)].append(row.id)
            if row.list == HomeList.COVERS:
                found[row.bundle_id] = None
        sizes = defaultdict(lambda: size, {HomeList.COVERS: MOST_IN_COVERS})
        sizes[HomeList.GIVEN] = size - min(len(found), MOST_COVERS)  # they share their place
        pages = {name: _page(ids, home.page_of(name), sizes[name]) for name, ids in listed.items()}
        shown = [row_id for page in pages.values() for row_id in page.rows]
        rows = {each.id: each for each in self._rows(_columns.id.in_(shown))} if shown else {}
        return defaultdict(
            Excerpt,
            {
                name: Excerpt([rows[row_id] for row_id in page.rows], page.total, page.before)
                for name, page in pages.items()
            },
        )

    def standing(
        self, home: Home, *, size: int, now: datetime
    ) -> Mapping[HomeList, Excerpt[StandingApproval]]:
        """The standing approvals that this person gave and got, and that hold now, newest first."""
        held = [
            each
            for each in many(
                self._connection,
                StandingApproval,
                held_by(home.team_id, home.slack_user_id, now=now),
            )
            if home.with_person in (None, each.grantor_id, each.grantee_id)
        ]
        me = home.slack_user_id
        by_list = {
            HomeList.TRUSTED: [each for each in held if each.grantor_id == me],
            HomeList.TRUSTING: [each for each in held if each.grantor_id != me],
        }
        return {name: _page(rows, home.page_of(name), size) for name, rows in by_list.items()}

    def history(self, home: Home, *, size: int) -> tuple[Sequence[Delegation], bool]:
        """One page of what is over between this person and others, newest first, and whether there
        is an older one."""
        before = home.page * size
        latest = [_over(home, part, limit=before + size + 1) for part in (GRANTOR, GRANTEE)]
        over = union_all(*(select(each) for each in latest)).subquery()
        ids = (
            select(over.c.id)
            .order_by(over.c.ended_at.desc(), over.c.id)
            .offset(before)
            .limit(size + 1)
        )
        rows = self._rows(
            _columns.id.in_(ids.scalar_subquery()), _columns.ended_at.desc(), _columns.id
        )
        return rows[:size], len(rows) > size

    def _rows(
        self, wanted: ColumnElement[bool], *order: ColumnElement[Any]
    ) -> Sequence[Delegation]:
        return many(
            self._connection, Delegation, select(delegations).where(wanted).order_by(*order)
        )


def _listed(home: Home) -> Select[Any]:
    """In which list each open row is, oldest first: what this person, as a grantor, has to answer
    or to mend, what they give while they are away, and what else they give; what they have, or
    asked for others, agreed or not."""
    me = home.slack_user_id
    of_cover = and_(
        _columns.state != State.ENDING,
        _columns.bundle_id.is_not(None),
        _columns.bundle_id.in_(_covers_of(home)),
    )
    given = case(
        (_NEEDS_GRANTOR, HomeList.WAITING), (of_cover, HomeList.COVERS), else_=HomeList.GIVEN
    )
    received = case((_IS_ASKED, HomeList.ASKED), else_=HomeList.RECEIVED)
    for_others = case((_IS_ASKED, HomeList.ASKED), else_=HomeList.FOR_OTHERS)
    is_given, is_received = _columns.grantor_id == me, _columns.grantee_id == me
    parts: CompoundSelect[Any] = union_all(
        _open(home, given, is_given),
        _open(home, received, is_received, ~is_given),
        _open(home, for_others, _columns.requester_id == me, ~is_given, ~is_received),
    )
    found = parts.subquery()
    return select(found.c.list, found.c.id, found.c.bundle_id).order_by(
        found.c.requested_at, found.c.id
    )


def _covers_of(home: Home) -> Select[tuple[str]]:
    """The ids of what this person planned for when they are away."""
    return select(covers.c.id).where(
        covers.c.team_id == home.team_id,
        covers.c.grantor_id == home.slack_user_id,
        HOLDS,
    )


def _open(home: Home, name: ColumnElement[str], *conditions: ColumnElement[bool]) -> Select[Any]:
    return select(name.label("list"), _columns.id, _columns.requested_at, _columns.bundle_id).where(
        _columns.team_id == home.team_id, IS_OPEN, *conditions, *_with(home.with_person)
    )


def _over(home: Home, part: ColumnElement[str], *, limit: int) -> Subquery:
    """The latest of what is over and has this person in this part, read from the end of an index
    of its own; who asked for others has the cards about it."""
    return (
        select(_columns.id, _columns.ended_at)
        .where(
            _columns.team_id == home.team_id,
            part == home.slack_user_id,
            IS_OVER,
            *_with(home.with_person),
        )
        .order_by(_columns.ended_at.desc(), _columns.id)
        .limit(limit)
        .subquery()
    )


def _with(person_id: str | None) -> Sequence[ColumnElement[bool]]:
    """Only what this person has a part in, if it is about somebody."""
    if person_id is None:
        return ()
    return (or_(*(part == person_id for part in (GRANTOR, GRANTEE, REQUESTER))),)


def _page(rows: Sequence[Row], page: int, size: int) -> Excerpt[Row]:
    """A page, counted from 0; the last one where there are fewer by now."""
    last = max(len(rows) - 1, 0) // size
    before = min(page, last) * size
    return Excerpt(rows[before : before + size], len(rows), before)

"""Reviews in SQL: which grantors are asked what is still needed, and what they are asked about."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    func,
    literal_column,
    or_,
    select,
    union,
    update,
)

from bot.store.due import Due
from bot.store.homes import Homes
from bot.store.needs import Needs
from bot.store.notices import Notices
from bot.store.rows import batched, by_id, by_team, ids_in_order, many, one
from bot.store.upserts import insert_into
from bot.store.whose import IS_HELD, IS_OPEN
from models.base import new_id
from models.delegation import Delegation, State, delegations
from models.review import IS_ASKING, IS_LATE, Item, Review, is_reviewed, reviews
from models.rows import to_row
from models.standing import StandingApproval, standing_approvals

_columns = reviews.c
_IS_OPEN: ColumnElement[bool] = literal_column(f"(reviews.{IS_ASKING})")
_IS_LATE: ColumnElement[bool] = literal_column(IS_LATE)


class Reviews:
    """Reads and changes reviews; there is one row for each grantor.

    Whose open review is about something that has changed is collected while the transaction runs,
    and written at its end, in a fixed order.
    """

    def __init__(
        self, connection: Connection, needs: Needs, homes: Homes, notices: Notices
    ) -> None:
        self._connection = connection
        self._needs = needs
        self._homes = homes
        self._notices = notices
        self.due = Due(connection, reviews, Review)
        self._touched: set[tuple[str, str]] = set()
        self._now: datetime | None = None

    def get(self, review_id: str, *, lock: bool = False) -> Review | None:
        """One grantor's; with ``lock`` nobody else changes it in this transaction's time."""
        return by_id(self._connection, Review, reviews, review_id, lock=lock)

    def of(self, team_id: str, grantor_id: str) -> Review | None:
        """This grantor's, whether one is open or not."""
        statement = select(reviews).where(
            _columns.team_id == team_id, _columns.grantor_id == grantor_id
        )
        return one(self._connection, Review, statement)

    def open_of(self, team_id: str, grantor_id: str) -> Review | None:
        """The one that waits for this grantor's answer, if one does."""
        statement = select(reviews).where(
            _columns.team_id == team_id, _columns.grantor_id == grantor_id, _IS_OPEN
        )
        return one(self._connection, Review, statement)

    def items(self, team_id: str, grantor_id: str, *, now: datetime) -> Sequence[Item]:
        """All that reviews ask this grantor about, oldest first, with what shows its need."""
        found = self.given(team_id, grantor_id, now=now)
        return [each for each in found if is_reviewed(each.subject)]

    def given(self, team_id: str, grantor_id: str, *, now: datetime) -> Sequence[Item]:
        """The same with the rights that end soon enough by themselves."""
        columns, standing = delegations.c, standing_approvals.c
        rights = many(
            self._connection,
            Delegation,
            select(delegations).where(
                columns.team_id == team_id,
                columns.grantor_id == grantor_id,
                IS_OPEN,
            ),
        )
        approvals = many(
            self._connection,
            StandingApproval,
            select(standing_approvals).where(
                standing.team_id == team_id,
                standing.grantor_id == grantor_id,
                standing.ended_at.is_(None),
                standing.until > now,
            ),
        )
        subjects: list[Delegation | StandingApproval] = [
            *(each for each in rights if each.state is State.ACTIVE and not each.has_run_out(now)),
            *approvals,
        ]
        known = self._needs.of(each.id for each in subjects)
        items = [Item(each, known.get(each.id)) for each in subjects]
        return sorted(items, key=lambda each: (each.began_at, each.id))

    def asked_about(self, review: Review, *, now: datetime) -> Sequence[Item]:
        """What an open review is about and nobody has answered, oldest first."""
        found = self.items(review.team_id, review.grantor_id, now=now)
        return [each for each in found if review.asks_about(each)]

    def enroll(self, team_id: str, *, installed_at: datetime, now: datetime) -> None:
        """Everybody who gives anything in this workspace is looked at now, unless they are already
        in turn."""
        givers = list(self._connection.execute(_without_turn(team_id, now)).scalars())
        kind = self._connection.dialect.name
        for some in batched(sorted(givers), 100):
            rows = [
                Review(
                    id=new_id(),
                    team_id=team_id,
                    grantor_id=each,
                    installed_at=installed_at,
                    wake_at=now,
                )
                for each in some
            ]
            statement = insert_into(reviews, kind).values([to_row(each) for each in rows])
            self._connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["team_id", "grantor_id"],
                    set_={"wake_at": func.coalesce(_columns.wake_at, now)},
                )
            )

    def write(self, review: Review, *, now: datetime) -> None:
        """Store this one, of which the row is locked, and have every place show it."""
        row = to_row(review) | {"attempts": 0, "leased_until": None}
        self._connection.execute(update(reviews).where(_columns.id == review.id).values(row))
        self._notices.mark_stale(review.id, now=now)
        if review.told_at is not None:  # admins have it on their list
            self._notices.overdue_changed(review.team_id, now=now)
        self._homes.touch(review.team_id, review.grantor_id, now=now)

    def touch(self, team_id: str, *grantors: str, now: datetime) -> None:
        """Something that these grantors may be asked about has changed, or is over."""
        self._touched.update((team_id, each) for each in grantors)
        self._now = now

    def mark_touched(self) -> None:
        """Have those open reviews looked at; to be done before the homes are marked."""
        now = self._now
        if now is None:
            return
        for team_id, grantors in by_team(self._touched):
            stale = ids_in_order(
                reviews,
                _columns.team_id == team_id,
                _columns.grantor_id.in_(grantors),
                _IS_OPEN,
            )
            self._connection.execute(
                update(reviews).where(_columns.id.in_(stale)).values(wake_at=now)
            )

    def count_open(self) -> int:
        """How many wait for an answer, in all workspaces."""
        statement = select(func.count(_columns.id)).where(_IS_OPEN)
        return int(self._connection.execute(statement).scalar_one())


def unanswered(connection: Connection, team_id: str, *, limit: int) -> Sequence[Review]:
    """Those of which the admins have heard and that are still open, oldest first."""
    statement = (
        select(reviews)
        .where(_columns.team_id == team_id, _IS_LATE)
        .order_by(_columns.opened_at, _columns.id)
        .limit(limit)
    )
    return many(connection, Review, statement)


def _without_turn(team_id: str, now: datetime) -> Select[Any]:
    """The ids of all who give a right or a standing approval, and are not in turn."""
    columns, standing = delegations.c, standing_approvals.c
    given = select(columns.grantor_id.label("grantor_id")).where(
        IS_HELD, columns.state == State.ACTIVE, columns.team_id == team_id
    )
    approving = select(standing.grantor_id).where(
        standing.team_id == team_id, standing.ended_at.is_(None), standing.until > now
    )
    givers = union(given, approving).subquery()
    in_turn = exists().where(
        and_(
            _columns.team_id == team_id,
            _columns.grantor_id == givers.c.grantor_id,
            or_(_columns.wake_at.is_not(None), _columns.leased_until.is_not(None)),
        )
    )
    return select(givers.c.grantor_id).where(~in_turn)

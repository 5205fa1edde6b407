"""Connections to Close, and the one-time states of people who are about to connect, in SQL."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Unpack

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import (
    Select,
    Update,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import ReturningUpdate

from bot.store.due import Due, lease_clock
from bot.store.executing import execute, prepared
from bot.store.homes import Homes
from bot.store.log import About, Log
from bot.store.notices import Notices
from bot.store.rows import batched, by_id, by_team, ids_in_order, is_any, many, one
from models.base import UtcTime
from models.connection import USABLE, Connection, ConnectState, connect_states, connections
from models.event import Deed
from models.rows import to_row

_columns = connections.c
_IS_USABLE = text(USABLE)
MOST_STATES = 8  # of one person; each is a tab that may still come back


class Connections:
    """Reads and changes connection rows; a home shows whether its owner's works."""

    def __init__(self, connection: SqlConnection, homes: Homes, notices: Notices, log: Log) -> None:
        self._connection = connection
        self._log = log
        self._homes = homes
        self._notices = notices
        self.due = Due(connection, connections, Connection)

    def get(self, team_id: str, slack_user_id: str, *, lock: bool = False) -> Connection | None:
        """The connection of one person, if they ever connected and did not leave."""
        whose = {"of_team": team_id, "of_person": slack_user_id}
        return one(self._connection, Connection, _of_person(lock=lock), **whose)

    def of_these(self, team_id: str, people: Sequence[str]) -> Mapping[str, Connection]:
        """The connections of a few people, by their person."""
        whose = {"of_team": team_id, "of_these": people}
        found = many(self._connection, Connection, _of_people(), **whose)
        return {each.slack_user_id: each for each in found}

    def of_account(self, team_id: str, close_user_id: str) -> Connection | None:
        """Whoever proved in this workspace that this Close account is theirs."""
        statement = (
            select(connections)
            .where(_columns.team_id == team_id, _columns.close_user_id == close_user_id)
            .order_by(_columns.connected_at.desc())
            .limit(1)
        )
        return one(self._connection, Connection, statement)

    def holder(self, team_id: str, close_user_id: str, *, besides: str) -> str | None:
        """Somebody else in this workspace who is connected with this Close account."""
        statement = (
            select(_columns.slack_user_id)
            .where(
                _columns.team_id == team_id,
                _columns.close_user_id == close_user_id,
                _columns.slack_user_id != besides,
            )
            .order_by(_columns.connected_at)
            .limit(1)
        )
        found: str | None = self._connection.execute(statement).scalar()
        return found

    def put(self, connection: Connection) -> None:
        """Store a person's connection, in place of an earlier one."""
        self._touch_shown(connection, connection.connected_at)
        before = self.get(connection.team_id, connection.slack_user_id, lock=True)
        if before is None:
            try:
                with self._connection.begin_nested():
                    self._connection.execute(insert(connections).values(to_row(connection)))
            except IntegrityError:  # the same person finished in another browser just now
                self.put(connection)
            else:
                self._note_connected(connection, connection.id)
            return
        self._note_connected(connection, before.id)
        values = to_row(replace(connection, id=before.id, version=before.version + 1))
        self._connection.execute(update(connections).where(_columns.id == before.id).values(values))

    def find(self, connection_id: str) -> Connection | None:
        """One connection by its own id."""
        return by_id(self._connection, Connection, connections, connection_id)

    def usable(self, team_id: str) -> Sequence[Connection]:
        """One living connection for each Close organization that is known in this workspace."""
        found: list[Connection] = []
        while newest := self._newest(team_id, after=found[-1] if found else None):
            found.append(newest)
        return sorted(found, key=lambda each: each.connected_at)

    def _newest(self, team_id: str, *, after: Connection | None) -> Connection | None:
        """That of the next organization: there are few, with very many connections each."""
        statement = select(connections).where(_columns.team_id == team_id, _IS_USABLE)
        if after is not None:
            organization_id = after.account.organization_id
            statement = statement.where(_columns.organization_id < organization_id)
        order = (_columns.organization_id.desc(), _columns.connected_at.desc())
        statement = statement.order_by(*order).limit(1)
        return one(self._connection, Connection, statement)

    def is_anybody(self, team_id: str) -> bool:
        """Whether anybody in this workspace has a connection that works."""
        return self._newest(team_id, after=None) is not None

    def is_known(self, close_user_id: str) -> bool:
        """Whether anybody is connected with this Close account."""
        return is_any(self._connection, _columns.close_user_id == close_user_id)

    def is_shared(self, connection: Connection) -> bool:
        """Whether somebody else is connected with the same Close account."""
        return is_any(
            self._connection,
            _columns.close_user_id == connection.account.close_user_id,
            _columns.id != connection.id,
        )

    def all(self) -> Sequence[Connection]:
        """Every connection."""
        return many(self._connection, Connection, select(connections))

    def count(self) -> dict[str, int]:
        """How many connections are alive, dead, and being given up."""
        state = case(
            (_columns.leaving_at.is_not(None), "leaving"),
            (_columns.is_alive, "alive"),
            else_="dead",
        )
        rows = self._connection.execute(select(state, func.count()).group_by(state))
        return {"alive": 0, "dead": 0, "leaving": 0} | {row[0]: row[1] for row in rows}

    def teams(self) -> Sequence[str]:
        """The workspaces in which anybody is connected."""
        statement = select(_columns.team_id).distinct().order_by(_columns.team_id)
        return list(self._connection.execute(statement).scalars())

    def count_of(self, team_id: str, accounts: Sequence[str]) -> int:
        """How many of these Close accounts are connected in this workspace, and work."""
        found = 0
        for some in batched(accounts):
            statement = select(func.count(_columns.close_user_id.distinct())).where(
                _columns.team_id == team_id, _columns.close_user_id.in_(some), _IS_USABLE
            )
            found += int(self._connection.execute(statement).scalar_one())
        return found

    def lease(self, connection: Connection, *, lease: timedelta) -> bool:
        """Take the right to refresh this version of the tokens; False when somebody else has it."""
        is_over = _columns.refreshing_until <= lease_clock(self._connection)
        statement = (
            update(connections)
            .where(
                _columns.id == connection.id,
                _columns.version == connection.version,
                or_(_columns.refreshing_until.is_(None), is_over),
            )
            .values(refreshing_until=lease_clock(self._connection, ahead=lease))
        )
        return self._connection.execute(statement).rowcount == 1

    def renew(
        self,
        connection: Connection,
        *,
        secret: bytes,
        access_expires_at: datetime,
        checked_at: datetime,
    ) -> Connection | None:
        """Store new tokens over this version; None when the person reconnected meanwhile.

        If it was found dead meanwhile, the watch sees at once that it is not.
        """
        return self._change(
            connection,
            secret=secret,
            access_expires_at=access_expires_at,
            checked_at=checked_at,
            wake_at=case((_columns.is_alive, _columns.wake_at), else_=checked_at),
        )

    def reseal(self, connection: Connection, *, secret: bytes) -> Connection | None:
        """Store the same tokens under another key; None when they changed meanwhile."""
        return self._change(connection, secret=secret)

    def mark_dead(self, connection: Connection, *, now: datetime) -> Connection | None:
        """Note that only the person can mend this connection, and have the watch tell them."""
        self._touch_shown(connection, now)
        dead = self._change(
            connection,
            is_alive=False,
            died_at=func.coalesce(_columns.died_at, now),
            wake_at=case((_columns.is_alive, now), else_=_columns.wake_at),
        )
        if dead is not None and connection.is_alive:
            self._note(Deed.CONNECTION_LOST, connection, now)
        return dead

    def mark_checked(self, connection: Connection, *, now: datetime) -> None:
        """Note that Close accepted it just now."""
        if not connection.is_alive:
            self._note(Deed.CONNECTION_BACK, connection, now)
            self._touch_shown(connection, now)
        self._connection.execute(
            update(connections)
            .where(_columns.id == connection.id)
            .values(checked_at=now, is_alive=True, died_at=None)
        )

    def unlease(self, connection: Connection) -> None:
        """Give back the right to refresh, with nothing changed."""
        self._connection.execute(
            update(connections)
            .where(_columns.id == connection.id, _columns.version == connection.version)
            .values(refreshing_until=None)
        )

    def leave(self, connection: Connection, *, now: datetime, by: str | None = None) -> None:
        """Note that its owner wants it forgotten, or has left; the watch does so when nothing
        depends on it."""
        self._note(Deed.DISCONNECTED, connection, now, actor=by)
        self._touch_shown(connection, now)
        self._connection.execute(
            update(connections)
            .where(_columns.id == connection.id)
            .values(leaving_at=now, wake_at=now, attempts=0)
        )

    def leave_with(self, team_id: str, slack_user_id: str, *, now: datetime) -> None:
        """The same of somebody who has left, unless it is noted already."""
        whose = {"of_team": team_id, "of_person": slack_user_id, "present": now}
        connection = one(self._connection, Connection, _leaving(), **whose)
        if connection is not None:
            self._note(Deed.DISCONNECTED, connection, now)
            self._touch_shown(connection, now)

    def remove(self, connection: Connection, *, now: datetime) -> bool:
        """Forget a connection that is being left; False when its owner came back meanwhile."""
        statement = delete(connections).where(
            _columns.id == connection.id,
            _columns.version == connection.version,
            _columns.leaving_at.is_not(None),
        )
        is_removed = self._connection.execute(statement).rowcount == 1
        if is_removed:
            self._note(Deed.CONNECTION_FORGOTTEN, connection, now)
            self._touch_shown(connection, now)
        return is_removed

    def look_by(
        self, team_id: str, slack_user_id: str, *, moment: datetime, only_troubled: bool = False
    ) -> None:
        """Have the watch look at it at ``moment`` at the latest.

        With ``only_troubled`` only if it is dead or being left.
        """
        self.look_at_all([(team_id, slack_user_id)], moment=moment, only_troubled=only_troubled)

    def look_at_all(
        self, people: Iterable[tuple[str, str]], *, moment: datetime, only_troubled: bool = False
    ) -> None:
        """The same for the connections of all these, each by its team and its person."""
        for team_id, some in by_team(people):
            whose = {"of_team": team_id, "of_these": some}
            statement = _looking(only_troubled=only_troubled)
            execute(self._connection, statement, whose | {"due_at": moment})

    def look_now(self, ids: Sequence[str], *, now: datetime) -> None:
        """Have the watch look at these at once."""
        for few in batched(ids):
            self._connection.execute(
                update(connections).where(_columns.id.in_(few)).values(wake_at=now)
            )

    def schedule(self, connection_id: str, *, wake_at: datetime | None, attempts: int) -> None:
        """Give the watch's lease back and say when it is to look next."""
        self._connection.execute(
            update(connections)
            .where(_columns.id == connection_id)
            .values(wake_at=wake_at, attempts=attempts, leased_until=None)
        )

    def _note_connected(self, connection: Connection, row_id: str) -> None:
        """An earlier one's row is this one's now."""
        self._note(
            Deed.CONNECTED,
            replace(connection, id=row_id),
            connection.connected_at,
            actor=connection.slack_user_id,
            text=connection.account.email,
        )

    def _note(
        self, deed: Deed, connection: Connection, now: datetime, **about: Unpack[About]
    ) -> None:
        owner = connection.slack_user_id
        about |= {"grantor": owner}
        self._log.note(deed, team_id=connection.team_id, now=now, subject_id=connection.id, **about)

    def _touch_shown(self, connection: Connection, now: datetime) -> None:
        """Its owner sees it in their Home, and admins on their list where it is dead."""
        self._notices.overdue_changed(connection.team_id, now=now)
        self._homes.touch(connection.team_id, connection.slack_user_id, now=now)

    def _change(self, connection: Connection, **values: object) -> Connection | None:
        statement = (
            update(connections)
            .where(_columns.id == connection.id, _columns.version == connection.version)
            .values(version=connection.version + 1, refreshing_until=None, **values)
            .returning(*_columns)
        )
        return one(self._connection, Connection, statement)


@prepared
def _of_person(*, lock: bool) -> Select[Any]:
    statement = select(connections).where(
        _columns.team_id == bindparam("of_team"), _columns.slack_user_id == bindparam("of_person")
    )
    return statement.with_for_update(key_share=True) if lock else statement


@prepared
def _of_people() -> Select[Any]:
    return select(connections).where(
        _columns.team_id == bindparam("of_team"),
        _columns.slack_user_id.in_(bindparam("of_these", expanding=True)),
    )


@prepared
def _leaving() -> ReturningUpdate[Any]:
    now = bindparam("present", type_=UtcTime)
    return (
        update(connections)
        .where(
            _columns.team_id == bindparam("of_team"),
            _columns.slack_user_id == bindparam("of_person"),
            _columns.leaving_at.is_(None),
        )
        .values(leaving_at=now, wake_at=now, attempts=0)
        .returning(*_columns)
    )


@prepared
def _looking(*, only_troubled: bool) -> Update:
    is_troubled = or_(~_columns.is_alive, _columns.leaving_at.is_not(None))
    # In the value, not in the condition: a row that the watch is about to put off would not
    # match what this statement sees, and the wish would be lost.
    moment = bindparam("due_at", type_=UtcTime)
    later = or_(_columns.wake_at.is_(None), _columns.wake_at > moment)
    theirs = ids_in_order(
        connections,
        _columns.team_id == bindparam("of_team"),
        _columns.slack_user_id.in_(bindparam("of_these", expanding=True)),
        is_troubled if only_troubled else true(),
        by=_columns.slack_user_id,
    )
    return (
        update(connections)
        .where(_columns.id.in_(theirs))
        .values(wake_at=case((later, moment), else_=_columns.wake_at))
    )


class ConnectStates:
    """One-time states of the OAuth flow; the database holds only their hashes."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def add(self, state: ConnectState, *, now: datetime) -> None:
        """Store a new state. Those whose time is over are swept out, and of one person's only the
        newest few stay."""
        columns = connect_states.c
        kept = (
            select(columns.state_hash)
            .where(columns.team_id == state.team_id, columns.slack_user_id == state.slack_user_id)
            .order_by(columns.expires_at.desc())
            .limit(MOST_STATES - 1)
        )
        is_beyond = and_(
            columns.team_id == state.team_id,
            columns.slack_user_id == state.slack_user_id,
            columns.state_hash.not_in(kept),
        )
        self._connection.execute(
            delete(connect_states).where(or_(columns.expires_at <= now, is_beyond))
        )
        self._connection.execute(insert(connect_states).values(to_row(state)))

    def take(self, state_hash: str, browser_hash: str) -> ConnectState | None:
        """Use a state up, from the browser that it was made for; from any other it stays.

        Of two at the same moment, one gets it and the other gets None.
        """
        columns = connect_states.c
        statement = (
            delete(connect_states)
            .where(columns.state_hash == state_hash, columns.browser_hash == browser_hash)
            .returning(*columns)
        )
        return one(self._connection, ConnectState, statement)

"""What is erased, in SQL: of one person, or of all that is old. Ids become keyed hashes; what is
personal besides is emptied; times and decisions stay, and so does the log with its seals.

Columns that hold what is personal say so themselves (``models.base.PERSONAL``), and ids of people
are found wherever they are, so that a new table is no exception.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    String,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    not_,
    or_,
    select,
    union_all,
    update,
)

from bot.store.rows import batched, many, one
from bot.store.whose import IS_OPEN, IS_OVER
from models.absence import absences
from models.aftermath import aftermaths
from models.base import PERSONAL, metadata
from models.card import cards
from models.chore import ErasureKey, erasure_keys
from models.comparison import comparisons
from models.connection import connect_states, connections
from models.cover import covers
from models.delegation import delegations
from models.departure import departures
from models.deputy import deputies
from models.draft import drafts
from models.event import events
from models.home import homes
from models.key_try import key_tries
from models.notice import notices
from models.pairing import Verdict, pairings
from models.particulars import ERASED, PEOPLE, Particulars, particulars
from models.particulars import PERSONAL as DETAILS
from models.review import reviews
from models.revocation import revocations
from models.rows import to_row
from models.seal import sealings, seals
from models.standing import standing_approvals
from models.stray import UNSETTLED, strays

KEY = "ids"
ID = 32  # characters of a column that can hold somebody's id
LOG = (events, particulars, seals, sealings)  # what is erased of these stands beside
# Rows that are of one person alone and say nothing about a right: they go as a whole.
OWN = (
    departures.c.slack_user_id,
    homes.c.slack_user_id,
    key_tries.c.slack_user_id,
    connect_states.c.slack_user_id,
    drafts.c.slack_user_id,
    comparisons.c.grantor_id,
    reviews.c.grantor_id,
    absences.c.slack_user_id,
    notices.c.recipient,
    cards.c.recipient,
)

Hashed = Callable[[str], str]

_d, _p = delegations.c, particulars.c
_CONCERNED = (_d.grantor_id, _d.grantee_id, _d.requester_id, _d.second, _d.seconded_by)
_RIGHTS = (*_CONCERNED, _d.closed_by, _d.confirmed_by, _d.deputy_id, _d.shared_with)
_EVERYBODY = {
    delegations: _RIGHTS,
    standing_approvals: (
        standing_approvals.c.grantor_id,
        standing_approvals.c.grantee_id,
        standing_approvals.c.ended_by,
    ),
    covers: (covers.c.grantor_id,),
    deputies: (deputies.c.grantor_id, deputies.c.deputy_id, deputies.c.ended_by),
    strays: (strays.c.grantor_id, strays.c.grantee_id),
    pairings: (pairings.c.slack_user_id, pairings.c.other_id, pairings.c.decided_by),
}


class Erasures:
    """Reads what is to be erased, and erases it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def key(self) -> bytes | None:
        """The sealed key of the hashes, if there is one."""
        statement = select(erasure_keys).where(erasure_keys.c.id == KEY)
        found = one(self._connection, ErasureKey, statement)
        return None if found is None else found.secret

    def put_key(self, secret: bytes) -> None:
        """Keep it, in place of an earlier one."""
        self._connection.execute(delete(erasure_keys).where(erasure_keys.c.id == KEY))
        row = ErasureKey(id=KEY, secret=secret)
        self._connection.execute(insert(erasure_keys).values(to_row(row)))

    def hindrances(self, person_id: str, *, now: datetime) -> Mapping[str, int]:
        """What somebody still has, by its name, that has to be over before they are forgotten."""
        s, t, y = standing_approvals.c, strays.c, deputies.c
        wanted: dict[str, tuple[ColumnElement[bool], ...]] = {
            "rights": (IS_OPEN, or_(*(each == person_id for each in _CONCERNED))),
            "standing approvals": (
                or_(s.grantor_id == person_id, s.grantee_id == person_id),
                s.ended_at.is_(None),
                s.until > now,
            ),
            "deputies": (
                or_(y.grantor_id == person_id, y.deputy_id == person_id),
                y.ended_at.is_(None),
                y.until > now,
            ),
            "rights that were set up in Close itself": (
                or_(t.grantor_id == person_id, t.grantee_id == person_id),
                t.state.in_(UNSETTLED),
            ),
            "connections": (connections.c.slack_user_id == person_id,),
            "grants that Close has not ended yet": (revocations.c.slack_user_id == person_id,),
            "accounts that wait for an admin": (
                or_(pairings.c.slack_user_id == person_id, pairings.c.other_id == person_id),
                pairings.c.verdict == Verdict.WAITING,
            ),
        }
        counted = {
            name: int(
                self._connection.execute(select(func.count()).where(*conditions)).scalar_one()
            )
            for name, conditions in wanted.items()
        }
        return {name: number for name, number in counted.items() if number}

    def details_of(self, person_id: str, *, limit: int) -> Sequence[Particulars]:
        """The next entries in which somebody is named."""
        named = or_(*(_p[name] == person_id for name in PEOPLE))
        statement = select(particulars).where(named).order_by(_p.event_id).limit(limit)
        return many(self._connection, Particulars, statement)

    def erase_details(
        self, rows: Sequence[Particulars], hashed: Hashed, *, now: datetime, of: str | None = None
    ) -> int:
        """Take the text out of these, and the people, or only one of them; how many details went.

        What goes takes its salt along: nobody can tell from its digest any more what it was.
        """
        changed = [_without(each, hashed, now, of) for each in rows]
        if changed:
            columns = [each.name for each in particulars.c if each.name != "event_id"]
            new = {name: bindparam(f"new_{name}", type_=_p[name].type) for name in columns}
            statement = update(particulars).where(_p.event_id == bindparam("of_event")).values(new)
            self._connection.execute(statement, [values for values, _ in changed])
        return sum(number for _, number in changed)

    def erase_person(self, person_id: str, hashed: Hashed) -> Mapping[str, int]:
        """Take somebody out of all tables but the log; how many rows of which were changed."""
        counted: dict[str, int] = {}
        for column in OWN:
            gone = self._connection.execute(delete(column.table).where(column == person_id))
            _count(counted, column.table, gone.rowcount)
        self._erase_within(person_id, hashed)
        for table in metadata.sorted_tables:
            if table in LOG:
                continue
            ids = [each for each in table.c if _can_be_person(each)]
            if not ids:
                continue
            emptied = self._emptied(table)
            if emptied:
                concerned = or_(*(each == person_id for each in ids))
                self._connection.execute(update(table).where(concerned).values(emptied))
            for column in ids:
                changed = self._connection.execute(
                    update(table)
                    .where(column == person_id)
                    .values({column.name: hashed(person_id)})
                )
                _count(counted, table, changed.rowcount)
        return counted

    def _erase_within(self, person_id: str, hashed: Hashed) -> None:
        """Where an id stands among other words: the place at which an admin leafs, and what the
        notices to others are told apart by."""
        place, key = homes.c.everybody_at, notices.c.key
        is_named = place.contains(person_id, autoescape=True)
        self._connection.execute(update(homes).where(is_named).values(everybody_at=""))
        named, instead = f":{person_id}:", f":{hashed(person_id)}:"
        self._connection.execute(
            update(notices)
            .where(key.contains(named, autoescape=True))
            .values(key=func.replace(key, named, instead))
        )

    def old_rights(self, before: datetime, *, limit: int) -> Sequence[str]:
        """The ids of delegations that were over before then, and name somebody."""
        over = func.coalesce(_d.ended_at, _d.decided_at, _d.lapses_at)
        statement = select(_d.id).where(IS_OVER, over < before, _names_somebody(delegations))
        return list(self._connection.execute(statement.limit(limit)).scalars())

    def details_of_rights(self, delegation_ids: Iterable[str]) -> Sequence[Particulars]:
        """What stands beside the entries of these."""
        found: list[Particulars] = []
        for some in batched(sorted(delegation_ids)):
            statement = (
                select(particulars)
                .join(events, events.c.id == _p.event_id)
                .where(events.c.delegation_id.in_(some), _p.erased_at.is_(None))
            )
            found += many(self._connection, Particulars, statement)
        return found

    def old_details(self, before: datetime, *, limit: int) -> Sequence[Particulars]:
        """What stands beside older deeds that are about no delegation, and about nothing that held
        since."""
        s, subject = standing_approvals.c, events.c.subject_id
        held = (or_(s.ended_at.is_(None), s.ended_at >= before), s.until >= before)
        answering = select(deputies.c.id).where(deputies.c.until >= before)
        covering = select(covers.c.id).where(covers.c.until >= before)
        standing = select(s.id).where(*held)
        lasting = union_all(standing, answering, covering, select(connections.c.id))
        statement = (
            select(particulars)
            .join(events, events.c.id == _p.event_id)
            .where(
                _p.erased_at.is_(None),
                events.c.at < before,
                events.c.deed.is_not(None),
                events.c.delegation_id.is_(None),
                or_(subject.is_(None), subject.not_in(lasting)),
            )
            .order_by(_p.event_id)
            .limit(limit)
        )
        return many(self._connection, Particulars, statement)

    def erase_rights(self, delegation_ids: Sequence[str], hashed: Hashed) -> None:
        """Take everybody out of these delegations, and forget where their messages are."""
        for some in batched(delegation_ids):
            self._connection.execute(delete(cards).where(cards.c.delegation_id.in_(some)))
        self._erase_rows(delegations, delegation_ids, hashed)

    def erase_old_rows(self, before: datetime, hashed: Hashed, *, limit: int) -> int:
        """Take everybody out of what else is over since before then; how many rows that were."""
        s, t, a, y = standing_approvals.c, strays.c, pairings.c, deputies.c
        c = covers.c
        old: dict[Table, ColumnElement[bool]] = {
            standing_approvals: or_(s.ended_at < before, s.until < before),
            deputies: or_(y.ended_at < before, y.until < before),
            covers: or_(c.ended_at < before, c.until < before),
            strays: and_(t.state.not_in(UNSETTLED), t.decided_at < before),
            pairings: and_(a.verdict != Verdict.WAITING, a.created_at < before),
        }
        number = 0
        for table, is_old in old.items():
            wanted = select(table.c.id).where(is_old, _names_somebody(table)).limit(limit)
            ids = list(self._connection.execute(wanted).scalars())
            self._erase_rows(table, ids, hashed)
            number += len(ids)
        self._connection.execute(delete(departures).where(departures.c.gone_at < before))
        n, r, h, f, w = notices.c, reviews.c, homes.c, aftermaths.c, absences.c
        was_over = or_(w.until < before, w.until.is_(None))  # without an end nobody was asked
        for table, is_old in (
            (notices, and_(n.created_at < before, n.wake_at.is_(None))),
            (aftermaths, and_(f.created_at < before, f.wake_at.is_(None))),
            (absences, and_(was_over, w.wake_at.is_(None), not_(w.is_quiet))),
            (homes, and_(h.opened_at < before, h.wake_at.is_(None))),
            (
                reviews,
                and_(
                    r.opened_at.is_(None),
                    r.wake_at.is_(None),
                    func.coalesce(r.closed_at, r.installed_at) < before,
                ),
            ),
        ):
            self._connection.execute(delete(table).where(is_old))
        return number

    def _erase_rows(self, table: Table, ids: Sequence[str], hashed: Hashed) -> None:
        people = _EVERYBODY[table]
        for some in batched(ids):
            named = self._connection.execute(
                select(table.c.id, *people).where(table.c.id.in_(some))
            ).mappings()
            for row in named.all():
                values = {each.name: row[each.name] for each in people}
                hashes = {name: hashed(value) for name, value in values.items() if value}
                self._connection.execute(
                    update(table)
                    .where(table.c.id == row["id"])
                    .values(hashes | self._emptied(table))
                )

    @staticmethod
    def _emptied(table: Table) -> dict[str, Any]:
        """The columns of a row that are personal, with nothing in them."""
        personal = [each for each in table.c if each.info == PERSONAL]
        return {each.name: None if each.nullable else "" for each in personal}


def _can_be_person(column: Column[Any]) -> bool:
    kind = column.type
    is_id = isinstance(kind, String) and kind.length == ID and type(kind) is String
    return is_id and not column.primary_key and not column.foreign_keys


def _names_somebody(table: Table) -> ColumnElement[bool]:
    return or_(
        *(and_(each.is_not(None), not_(each.startswith(ERASED))) for each in _EVERYBODY[table])
    )


def _count(counted: dict[str, int], table: Any, number: int) -> None:
    if number > 0:
        counted[table.name] = counted.get(table.name, 0) + number


def _without(
    row: Particulars, hashed: Hashed, now: datetime, of: str | None
) -> tuple[dict[str, Any], int]:
    """The columns of a row once it is erased, and how many details went with that."""
    values = to_row(row)
    number = 0
    for name in DETAILS:
        value, salt = values[name], values[f"{name}_salt"]
        is_meant = name == "text" or of is None or value == of
        if salt is None or not is_meant:
            continue
        values |= {name: None if name == "text" else hashed(value), f"{name}_salt": None}
        number += 1
    is_all_gone = all(values[f"{name}_salt"] is None for name in DETAILS)
    values["erased_at"] = now if is_all_gone else None
    event_id = values.pop("event_id")
    return {"of_event": event_id, **{f"new_{name}": each for name, each in values.items()}}, number

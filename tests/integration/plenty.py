"""A database as it is after years: one workspace with very many rows, written by a few statements.

One in ten of all delegations is open, and there are a tenth as many people. A few rights are being
ended. All but the history of ``HUB`` is shared out evenly: of that person's rights as many are open
however much is stored, and a tenth of all that is over was theirs.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    FromClause,
    String,
    Table,
    cast,
    func,
    insert,
    literal,
    literal_column,
    select,
    text,
    update,
)

from models.absence import Absence, Offer, absences
from models.aftermath import Aftermath, Course, aftermaths
from models.base import UtcTime
from models.card import Audience, Card, cards
from models.comparison import Comparison, comparisons
from models.connection import connections
from models.cover import Cover, covers
from models.delegation import Delegation, Event, Receipt, ReceiptState, State, delegations
from models.departure import Departed, departures
from models.event import events
from models.home import Home, homes
from models.need import Need, needs
from models.notice import Notice, NoticeKind, notices
from models.pairing import Pairing, Verdict, pairings
from models.person import Departure
from models.review import Review, reviews
from models.rows import to_row
from models.seal import sealings
from models.standing import StandingApproval, standing_approvals
from models.stray import Stray, StrayState, strays
from tests.integration.rows import NOON, TEAM, account, connection, delegation

HUB = "U0HUB"
ADMINS = ("U0ONE", "U0TWO", "U0SIX")
OPEN = 25  # rights of the hub, on each side
DAY = timedelta(days=1)
Column = ColumnElement[Any]


def fill(into: Connection, size: int) -> None:
    """About so many delegations, and what belongs to them; in a transaction, on empty tables."""
    people = size // 10
    _delegations(into, size, people)
    _beside_delegations(into)
    _beside_people(into, people)
    _reviews(into, people)
    _covers(into, people)
    _aftermaths(into, people)
    _of_admins(into)
    if into.dialect.name == "postgresql":
        into.execute(text("ANALYZE"))  # as autovacuum does


def _delegations(into: Connection, size: int, people: int) -> None:
    active = _right(State.ACTIVE, ends_at=NOON, association_id="")
    over = _right(
        State.ENDED, ended_at=NOON, wake_at=None, association_id="", receipt=Receipt(MADE, 3, 2)
    )
    kinds: list[tuple[Delegation, int]] = [
        (active, size // 12),
        (delegation(), size // 100),
        (_right(State.APPROVED), size // 200),
        (_right(State.ENDING, ended_at=NOON, association_id=""), 50),
        (over, size * 6 // 10),
        (_right(State.DENIED, ended_at=NOON, wake_at=None, attempted_at=None), size // 10),
    ]
    for offset, (row, number) in enumerate(kinds, 1):
        i = _counted(number)
        grantor, grantee = _person(i.c.i % people), _person((i.c.i * 7 + offset) % people)
        _write(into, row, i, f"all{offset}", grantor=grantor, grantee=grantee)
    for offset, row in enumerate((over, active), 1):
        i = _counted(size // 10 if row is over else OPEN)
        _write(into, row, i, f"given{offset}", grantor=literal(HUB), grantee=_person(i.c.i))
        _write(into, row, i, f"had{offset}", grantor=_person(i.c.i), grantee=literal(HUB))
        others = {"grantor": _person(i.c.i), "grantee": _person(i.c.i + people)}
        _write(into, row, i, f"other{offset}", requester=literal(HUB), **others)


MADE = ReceiptState.MADE


def _right(state: State, **changes: Any) -> Delegation:
    values: dict[str, Any] = {
        "decided_at": NOON,
        "attempted_at": NOON,
        "organization_id": "orga_one",
        "wake_at": NOON,
        **changes,
    }
    return delegation(state=state, **values)


def _write(
    into: Connection,
    row: Delegation,
    numbers: CTE,
    name: str,
    *,
    grantor: Column,
    grantee: Column,
    requester: Column | None = None,
) -> None:
    """As many like this as there are numbers, a minute apart."""
    moments = {
        name: _moved(into, numbers, later=name in ("ends_at", "wake_at", "lapses_at"))
        for name in ("requested_at", "ends_at", "ended_at", "wake_at", "lapses_at")
        if getattr(row, name) is not None
    }
    known = {} if row.association_id is None else {"association_id": _named("sdas_", name, numbers)}
    _multiply(
        into,
        delegations,
        row,
        numbers,
        id=_named("d", name, numbers),
        grantor_id=grantor,
        grantee_id=grantee,
        requester_id=grantee if requester is None else requester,
        grantor_close_id=_close(grantor),
        grantee_close_id=_close(grantee),
        **moments,
        **known,
    )


def _beside_delegations(into: Connection) -> None:
    """Each has a card and an event."""
    d = delegations.c
    card = Card(
        id="", delegation_id="", audience=Audience.REQUESTER, recipient="", message_ts="1.0"
    )
    mine = {"id": literal("c") + d.id, "delegation_id": d.id, "recipient": d.grantor_id}
    _multiply(into, cards, card, delegations, **mine)
    needed = Need(id="", used_at=NOON, asked_from=NOON, asked_until=NOON)
    _multiply(into, needs, needed, delegations, id=d.id)
    names = ("delegation_id", "at", "event", "state")
    event = literal(Event.REQUEST.value)
    values = select(d.id, d.requested_at, event, d.state)
    into.execute(insert(events).from_select(names, values))
    is_old = sealings.c.event_id > 5
    into.execute(update(sealings).where(is_old).values(seal=1, digest=bytes(32)))


def _beside_people(into: Connection, people: int) -> None:
    """Each is connected and has a home, a stray, a standing approval, and something that they were
    told; some wait for an admin, and some have left."""
    i = _counted(people)
    who, other = _person(i.c.i), _person(i.c.i + 1)
    whose = {"id": _named("", "", i), "team_id": literal(TEAM), "slack_user_id": who}
    given = {"id": _named("", "", i), "grantor_id": who}
    later = _moved(into, i, later=True)
    home = Home(id="", team_id="", slack_user_id="", opened_at=NOON)
    _multiply(into, homes, home, i, **whose)
    hubs = Home(id="hub", team_id=TEAM, slack_user_id=HUB, opened_at=NOON, page=1)
    into.execute(insert(homes).values(to_row(hubs)))
    connected = connection(checked_at=NOON, wake_at=NOON)
    close = {"close_user_id": _close(who), "connected_at": _moved(into, i), "wake_at": later}
    _multiply(into, connections, connected, i, **whose, **close)
    compared = Comparison(id="", team_id=TEAM, grantor_id="", wake_at=NOON)
    _multiply(into, comparisons, compared, i, **given, wake_at=later)
    found = {"association_id": _named("sdas_", "stray", i), "grantee_id": other}
    _multiply(into, strays, stray(), i, **given, **found)
    standing = StandingApproval(
        id="",
        team_id=TEAM,
        grantor_id="",
        grantee_id="",
        max_length=DAY,
        until=NOON + DAY,
        created_at=NOON,
    )
    _multiply(into, standing_approvals, standing, i, **given, grantee_id=other)
    told = _notice(NoticeKind.ENDS, "")
    about = {"recipient": who, "subject_id": _named("e", "", i), "key": _named("ends:", "", i)}
    _multiply(into, notices, told, i, id=_named("", "", i), **about)
    some = _counted(people // 20)
    whose |= {"id": _named("", "", some), "slack_user_id": _person(some.c.i + people)}
    waiting = Pairing(
        id="", team_id=TEAM, slack_user_id="", slack_email=None, account=account(), created_at=NOON
    )
    _multiply(into, pairings, waiting, some, **whose, verdict=literal(Verdict.CONFIRMED.value))
    departed = Departed(
        id="",
        team_id=TEAM,
        slack_user_id="",
        reason=Departure.LEFT,
        found_at=NOON,
        carried_out_at=NOON,
    )
    _multiply(into, departures, departed, some, **whose)


def _reviews(into: Connection, people: int) -> None:
    """Each person has a row; the hub and a few others are asked, and have not answered."""
    i, few = _counted(people), _counted(OPEN)
    at_rest = Review(id="", team_id=TEAM, grantor_id="", installed_at=NOON)
    whose = {"id": _named("", "", i), "grantor_id": _person(i.c.i)}
    _multiply(into, reviews, at_rest, i, **whose, wake_at=_moved(into, i, later=True))
    asked = replace(at_rest, number=1, opened_at=NOON, told_at=NOON, wake_at=NOON)
    late = {"id": _named("late", "", few), "grantor_id": _person(few.c.i + people)}
    _multiply(into, reviews, asked, few, **late)
    into.execute(insert(reviews).values(to_row(replace(asked, id="hub", grantor_id=HUB))))


def _covers(into: Connection, people: int) -> None:
    """Each person has planned one, and was asked once; the hub is asked now."""
    i = _counted(people)
    cover = Cover(id="", team_id=TEAM, grantor_id="", until=NOON, created_at=NOON)
    whose = {"id": _named("", "", i), "grantor_id": _person(i.c.i)}
    _multiply(into, covers, cover, i, **whose, until=_moved(into, i, later=True))
    asked = Absence(id="", team_id=TEAM, slack_user_id="", number=1, offer=Offer.PASSED)
    who = {"id": _named("", "", i), "slack_user_id": _person(i.c.i)}
    _multiply(into, absences, asked, i, **who)
    hub = replace(asked, id="hub", slack_user_id=HUB, offer=Offer.OPEN, until=NOON, wake_at=NOON)
    into.execute(insert(absences).values(to_row(hub)))


def _aftermaths(into: Connection, people: int) -> None:
    """Each person had one under which nothing went on; the hub is asked about a few."""
    i, few = _counted(people), _counted(OPEN)
    nothing = Aftermath(
        id="",
        team_id=TEAM,
        grantor_id="",
        grantee_id=HUB,
        together="",
        course=Course.NOTHING,
        created_at=NOON,
    )
    ids = _named("over", "", i)
    _multiply(into, aftermaths, nothing, i, id=ids, together=ids, grantor_id=_person(i.c.i))
    at_work = replace(nothing, grantor_id=HUB, course=Course.LOOKING, together="t", wake_at=NOON)
    _multiply(into, aftermaths, at_work, few, id=_named("dgiven", "", few))


def _of_admins(into: Connection) -> None:
    """A year of days on which something was overdue."""
    i = _counted(365)
    for admin in ADMINS:
        listed = _notice(NoticeKind.OVERDUE_OVER, TEAM, recipient=admin)
        key = _named("overdue_list:", admin, i)
        _multiply(into, notices, listed, i, id=_named("", admin, i), key=key)


def _notice(kind: NoticeKind, subject_id: str, recipient: str = "") -> Notice:
    return Notice(
        id="",
        key="",
        team_id=TEAM,
        recipient=recipient,
        kind=kind,
        subject_id=subject_id,
        created_at=NOON,
        message_ts="1.0",
    )


def stray(**changes: Any) -> Stray:
    """One that its grantor has kept."""
    values: dict[str, Any] = {
        "id": "",
        "team_id": TEAM,
        "grantor_id": "",
        "association_id": "",
        "organization_id": "orga_one",
        "grantor_close_id": "user_one",
        "grantee_close_id": "user_two",
        "grantee_name": "Somebody",
        "grantee_email": "somebody@example.com",
        "grantee_id": None,
        "is_grantee_proven": False,
        "state": StrayState.KEPT,
        "found_at": NOON,
        **changes,
    }
    return Stray(**values)


def _multiply(
    into: Connection, table: Table, row: Any, source: FromClause, **different: Column
) -> None:
    """A row like this one for each of ``source``."""
    same = {name: literal(value, table.c[name].type) for name, value in to_row(row).items()}
    values = same | different
    made = select(*(value.label(name) for name, value in values.items())).select_from(source)
    into.execute(insert(table).from_select(list(values), made))


def _counted(number: int) -> CTE:
    first = select(literal_column("0").label("i")).cte("numbers", recursive=True)
    return first.union_all(select(first.c.i + 1).where(first.c.i < number - 1))


def _person(number: Column) -> Column:
    return literal("U") + cast(number, String)


def _close(person: Column) -> Column:
    return literal("user_") + person


def _named(what: str, name: str, numbers: CTE) -> Column:
    return literal(what + name) + cast(numbers.c.i, String)


def _moved(into: Connection, numbers: CTE, *, later: bool = False) -> Column:
    """So many minutes before noon, or after it."""
    minutes = numbers.c.i if later else -numbers.c.i
    if into.dialect.name == "postgresql":
        return literal(NOON, UtcTime) + func.make_interval(0, 0, 0, 0, 0, minutes)
    form, noon = "%Y-%m-%d %H:%M:%S.000000", f"{NOON:%Y-%m-%d %H:%M:%S}"
    return func.strftime(form, noon, cast(minutes, String) + " minutes")

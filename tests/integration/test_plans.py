"""However many rows there are, no question of the store reads more than a few of them.

Each public method of everything in a ``Store`` is called, whatever there is, with values that are
known by the names of its parameters; so a new question is asked by itself. What the database then
does for each statement is what it says itself: both for how it finds rows, and for how many.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, Table, event, select, text

from bot.store import Database, Store
from bot.store.due import Due
from bot.store.ledger import Stretch
from models.absence import Absence, absences
from models.aftermath import Aftermath, Course, aftermaths
from models.card import Card, cards
from models.chore import Chore, ChoreKind
from models.comparison import Comparison, comparisons
from models.connection import Connection as CloseConnection
from models.connection import ConnectState, connections
from models.cover import Cover, covers
from models.delegation import Delegation, Event, Receipt, ReceiptState, delegations
from models.departure import Departed
from models.deputy import Deputy, DeputyEnd
from models.draft import Draft
from models.event import Deed, events
from models.home import Home, Place, homes
from models.key_try import KeyTry
from models.need import Need, needs
from models.notice import Notice, NoticeKind, notices
from models.pairing import Pairing, Verdict, pairings
from models.person import Departure
from models.review import Review, reviews
from models.revocation import Revocation
from models.round import Round
from models.rows import from_row
from models.rules_in_force import RulesInForce
from models.seal import sealings
from models.seen_request import Arrival
from models.standing import StandingApproval, standing_approvals
from models.stray import Stray, StrayState, strays
from tests.integration.plenty import ADMINS, HUB, fill, stray
from tests.integration.rows import NOON, TEAM, account, delegation

ROWS = 100_000
MOST_READ = 1_000  # rows, for one statement
STEPS = 25  # of SQLite's machine for a row, about (sqlite.org/opcode.html)
# Only these read everything, and are not asked here.
FOR_EXPORT = "how many of all members are connected, once at the end of an export"
FOR_ONE = "for one person who asked to be forgotten"
ONCE_A_DAY = "once a day: what is old is erased"
AFTER_A_RESTORE = "once, before the bot works with a restored database"
EXCEPTIONS = {
    "cards.look_for_open": AFTER_A_RESTORE,
    "delegations.call_off": AFTER_A_RESTORE,
    "delegations.forget_guesses": AFTER_A_RESTORE,
    "delegations.last_change": AFTER_A_RESTORE,
    "delegations.teams": AFTER_A_RESTORE,
    "notices.ask_again": AFTER_A_RESTORE,
    "standing.end_everybodys": AFTER_A_RESTORE,
    "covers.end_everybodys": "once, when the app is gone from Slack",
    "absences.stop": "once, when the app is gone from Slack",
    "log.last_of": "an operator gives up what a lost key sealed",
    "strays.ask_everybody_again": AFTER_A_RESTORE,
    "due.doubt": AFTER_A_RESTORE,
    "connections.all": "the same, and when the keys change: all that is sealed is sealed anew",
    "connections.teams": FOR_EXPORT,
    "connections.count_of": FOR_EXPORT,
    "connections.count": "a gauge; there are as many as people, not as rights",
    "delegations.every_open_id": "once, when the app is gone from Slack",
    "erasures.details_of": FOR_ONE,
    "erasures.erase_person": FOR_ONE,
    "erasures.hindrances": FOR_ONE,
    "erasures.erase_old_rows": ONCE_A_DAY,
    "erasures.old_details": ONCE_A_DAY,
    "erasures.old_rights": ONCE_A_DAY,
    "everybody.counts": "an admin looks at everybody's rights: all that is open is counted",
    "departures.accounts": "once a day: Close is asked about everybody of an organization at once",
    "reviews.count_open": "a gauge; it reads the index of just those",
    "reviews.enroll": "once a day: whoever gives anything is given a turn",
    "departures.toll": "once a day, and only if anybody seems to be gone",
}
BIG: tuple[Table, ...] = (
    delegations,
    cards,
    events,
    sealings,
    notices,
    homes,
    connections,
    comparisons,
    strays,
    standing_approvals,
    reviews,
    needs,
    covers,
    absences,
)


@dataclass
class Asked:
    """One statement: for which question, how its rows are found, and how many were read."""

    question: str
    statement: str
    scans: list[str]
    read: int = 0


@dataclass
class Look:
    """Sees what the database does for each statement, beside what it is told to do."""

    question: str = ""
    asked: list[Asked] = field(default_factory=list)

    def note(
        self,
        connection: Connection,
        cursor: Any,
        statement: str,
        parameters: Any,
        _context: Any,
        executemany: bool,
    ) -> None:
        """Before a statement is sent."""
        if not statement.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
            return
        # Rows that come back are inserted by one statement with the values of all.
        is_each = executemany and isinstance(parameters[0], tuple | list | dict)
        first = parameters[0] if is_each else parameters
        explain = _explained if connection.dialect.name == "postgresql" else _planned
        scans, read = explain(cursor, statement, first)
        self.asked.append(Asked(self.question, statement, scans, read))

    def step(self) -> None:
        """SQLite has done so much for the latest statement."""
        if self.asked:
            self.asked[-1].read += 1


def _planned(cursor: Any, statement: str, parameters: Any) -> tuple[list[str], int]:
    cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
    lines = [str(row[3]) for row in cursor.fetchall()]
    return [line for line in lines if _is_scan(line)], 0


def _is_scan(line: str) -> bool:
    return any(line.split()[:2] == ["SCAN", table.name] for table in BIG)


def _explained(cursor: Any, statement: str, parameters: Any) -> tuple[list[str], int]:
    """It is carried out, and taken back."""
    cursor.execute("SAVEPOINT before")
    try:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", parameters)
        [(found,)] = cursor.fetchall()
    except Exception:  # noqa: BLE001 - it fails again where it is meant to run
        found = []
    cursor.execute("ROLLBACK TO SAVEPOINT before")
    nodes = [node for each in found for node in _nodes(each["Plan"])]
    names = {table.name for table in BIG}
    scans = [
        f"{node['Node Type']} {node['Relation Name']}"
        for node in nodes
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in names
    ]
    return scans, sum(_read(node) for node in nodes if "Scan" in node["Node Type"])


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _nodes(each)


def _read(node: dict[str, Any]) -> int:
    removed = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    rows = node["Actual Rows"] + sum(node.get(name, 0) for name in removed)
    return int(rows * node["Actual Loops"])


def _questions(store: Store) -> Iterator[tuple[str, Callable[..., Any]]]:
    yield from _methods("store", store)
    for name, subject in _tables(store):
        yield from _methods(name, subject)
        if isinstance(due := getattr(subject, "due", None), Due):
            yield from _methods(f"{name}.due", due)


def _dues(store: Store) -> list[Due[Any]]:
    found = (getattr(each, "due", None) for _, each in _tables(store))
    return [each for each in found if isinstance(each, Due)]


def _tables(store: Store) -> list[tuple[str, Any]]:
    """All that a transaction can ask, also what is only there once it is asked for."""
    found = inspect.getmembers(store, lambda each: not inspect.isroutine(each))
    return [(name, each) for name, each in found if not name.startswith("_")]


def _is_exception(question: str) -> bool:
    if question.endswith(".due.claim_with"):  # only what can share a call to Close
        return question != "delegations.due.claim_with"
    return question in EXCEPTIONS or question.split(".", 1)[-1] in EXCEPTIONS


def _methods(name: str, subject: object) -> Iterator[tuple[str, Callable[..., Any]]]:
    for method, function in inspect.getmembers(subject, inspect.ismethod):
        if not method.startswith("_"):
            yield f"{name}.{method}", function


def _first(kind: type[Any], table: Table, row_id: str) -> Callable[[Connection], Any]:
    def find(connection: Connection) -> Any:
        statement = select(table).where(table.c.id == row_id)
        return from_row(kind, connection.execute(statement).mappings().one())

    return find


FOUND: dict[str, Callable[[Connection], Any]] = {
    "delegation": _first(Delegation, delegations, "dgiven21"),
    "card": _first(Card, cards, "cdgiven21"),
    "notice": _first(Notice, notices, "1"),
    "connection": _first(CloseConnection, connections, "1"),
    "comparison": _first(Comparison, comparisons, "1"),
    "stray": _first(Stray, strays, "1"),
    "standing": _first(StandingApproval, standing_approvals, "1"),
    "pairing": _first(Pairing, pairings, "1"),
    "home": _first(Home, homes, "hub"),
    "review": _first(Review, reviews, "hub"),
    "absence": _first(Absence, absences, "hub"),
    "cover": _first(Cover, covers, "1"),
    "aftermath": _first(Aftermath, aftermaths, "dgiven21"),
}
ITEMS = {
    "delegations": "delegation",
    "cards": "card",
    "chores": "chore",
    "notices": "notice",
    "connections": "connection",
    "comparisons": "comparison",
    "strays": "stray",
    "pairings": "pairing",
    "homes": "home",
    "revocations": "revocation",
    "rounds": "round",
    "reviews": "review",
    "absences": "absence",
    "aftermaths": "aftermath",
    "deputies": "deputy",
}
LATER, MINUTE = NOON + timedelta(days=1), timedelta(minutes=1)
GONE = Departed(id="gone", team_id=TEAM, slack_user_id="U7", reason=Departure.LEFT, found_at=NOON)
OF_CLOSE = replace(
    GONE, reason=Departure.LEFT_CLOSE, organization_id="orga_one", close_user_id="user_U7"
)
REVOKED = Revocation(
    id="one", team_id=TEAM, slack_user_id=HUB, close_user_id="user_U1", secret=b"", created_at=NOON
)
CHORE = Chore(id="seal", kind=ChoreKind.SEAL, wake_at=NOON)
ALWAYS = StandingApproval(
    id="new",
    team_id=TEAM,
    grantor_id=HUB,
    grantee_id="U1",
    max_length=MINUTE,
    until=LATER,
    created_at=NOON,
)
DEPUTY = Deputy(
    id="y", team_id=TEAM, grantor_id=HUB, deputy_id="U1", until=LATER, created_at=NOON, wake_at=NOON
)
# What is said for a parameter of this name,
VALUES: dict[str, Any] = {
    "rules": RulesInForce(team_id=TEAM, digest="0" * 32, since=NOON),
    "absence_id": "hub",
    "access_expires_at": LATER,
    "account": "Ben, ben@example.com",
    "actor": HUB,
    "admin": ADMINS[0],
    "admin_id": ADMINS[0],
    "admins": ADMINS,
    "amount": 1,
    "after": "U5",
    "arrival": Arrival("0" * 64, NOON, NOON),
    "asked_at": NOON,
    "asked_before": NOON,
    "asker_id": HUB,
    "association_id": "sdas_given21",
    "association_ids": [f"sdas_given2{each}" for each in range(20)],
    "at_once": True,
    "attempts": 1,
    "audit_channel": "C0AUDIT",
    "before": NOON,
    "besides": HUB,
    "browser_hash": "b",
    "bundle_id": "none",
    "but": "none",
    "by": HUB,
    "card_id": "cdgiven21",
    "channel_id": "D1",
    "chore": CHORE,
    "checked_at": NOON,
    "close_id": "user_U1",
    "close_user_id": "user_U1",
    "connection_id": "1",
    "counts": True,
    "cover_id": "1",
    "coverers": 2,
    "together": "t",
    "course": Course.LOOKING,
    "delegation_id": "dgiven21",
    "deed": Deed.CONNECTED,
    "delegation_ids": ["dgiven21", "dhad21"],
    "departed": GONE,
    "departure": Departure.LEFT,
    "deputy": DEPUTY,
    "deputy_id": "U1",
    "draft": Draft(id="d", team_id=TEAM, slack_user_id=HUB, content="", expires_at=LATER),
    "draft_id": "none",
    "ended_with": "none",
    "event": Event.REVOKE,
    "from_close": False,
    "gone": [OF_CLOSE],
    "grantee_close_id": "user_U1",
    "grantee_id": "U1",
    "grantor_id": HUB,
    "has_twin": False,
    "ids": ["1", "2"],
    "incident": "asked",
    "incidents": ["1.2", "1.3"],
    "installed_at": NOON,
    "is_answered": True,
    "is_away": True,
    "is_own": True,
    "is_passing": True,
    "is_logged": True,
    "is_proven": True,
    "item_id": "1",
    "kind": NoticeKind.ENDS,
    "lease": MINUTE,
    "limit": 25,
    "lock": True,
    "looked_up": [Need(id="dgiven21", used_at=NOON), Need(id="new")],
    "message_ts": "1.0",
    "moment": NOON,
    "name": None,
    "notice_id": "1",
    "now": NOON,
    "at": NOON,
    "only_attempted": True,
    "only_troubled": True,
    "note": "Lost laptop",
    "organization_id": "orga_one",
    "other_id": "U1",
    "over": {(TEAM, HUB): NOON, (TEAM, "U1"): NOON},
    "page": 1,
    "pair": (TEAM, HUB, "U5"),
    "pairing_id": "1",
    "people": [HUB, "U1", "U2"],
    "person_id": HUB,
    "place": {},
    "question": "none",
    "receipt": Receipt(ReceiptState.MADE, 1, 1),
    "recipient": HUB,
    "recipients": [HUB],
    "remind_at": LATER,
    "reminder": 1,
    "review_id": "hub",
    "revocation": REVOKED,
    "revocation_id": "one",
    "round": Round(id="r", team_id=TEAM),
    "secret": b"sealed",
    "serving": [DEPUTY, replace(DEPUTY, id="y2", grantor_id="U5")],
    "shown_version": 1,
    "since": NOON - MINUTE,
    "size": 7,
    "slack_user_id": HUB,
    "standing_id": "1",
    "standing_ids": ["1", "2"],
    "state_hash": "none",
    "stray_id": "1",
    "subject_id": "none",
    "subject_ids": ["e1"],
    "surplus_id": "sdas_other",
    "team_id": TEAM,
    "trouble": None,
    "until": NOON,
    "user_id": HUB,
    "verdict": Verdict.CONFIRMED,
    "version": 2,
    "wait": MINUTE,
    "wake_at": LATER,
    "within": timedelta(minutes=10),
}
# and what is said for one question only.
LEFT = Aftermath(
    id="dgiven21",
    team_id=TEAM,
    grantor_id=HUB,
    grantee_id="U1",
    together="t",
    course=Course.LEFT,
    created_at=NOON,
)
OWN: dict[str, dict[str, Any]] = {
    "aftermaths.write": {"row": LEFT, "changes": {"course": Course.LEFT}},
    "aftermaths.show": {"row": LEFT},
    "chores.done": {"chore": CHORE},
    "covers.add": {
        "cover": Cover(id="new", team_id=TEAM, grantor_id=HUB, until=LATER, created_at=NOON)
    },
    "chores.drop": {"kind": ChoreKind.SEAL},
    "chores.get": {"kind": ChoreKind.SEAL},
    "chores.plan": {"kind": ChoreKind.SEAL},
    "connections.count_of": {"accounts": ["user_U1"]},
    "ledger.entries": {"wanted": Stretch(), "after": ROWS // 2},  # far from both ends
    "ledger.steps": {"after": ("dgiven21", 1)},
    "seals.chain": {"after": 1},
    "seals.covered": {"after": (1, 1)},
    "seals.page": {"after": ROWS // 2},
    "seals.seal": {"lines": []},
    "log.write_after": {"writes": ()},  # as delegations.add has it
    "log.note_all": {"subjects": [("one", {"actor": HUB}), ("two", {})]},
    "erasures.erase_details": {"rows": [], "hashed": str, "of": HUB},
    "erasures.erase_rights": {"hashed": str},
    "cards.note": {"changes": {"message_ts": "2.0"}},
    "connect_states.add": {
        "state": ConnectState(
            state_hash="s", browser_hash="b", team_id=TEAM, slack_user_id=HUB, expires_at=LATER
        )
    },
    "connections.look_at_all": {"people": [(TEAM, HUB), (TEAM, "U1")]},
    "everybody.rights": {"place": Place("U5", "U6")},
    "homes.look_at_everybody": {"page": Place("U5", "U6")},
    "delegations.add": {"delegation": delegation(grantor_id=HUB)},
    "log.note": {"about": {"actor": HUB, "text": "Covering"}},
    "key_tries.add": {"row": KeyTry(id="k", team_id=TEAM, slack_user_id=HUB, tried_at=NOON)},
    "pairings.add": {
        "pairing": Pairing(
            id="new",
            team_id=TEAM,
            slack_user_id=HUB,
            slack_email=None,
            account=account(),
            created_at=NOON,
        )
    },
    "standing.put": {"standing": ALWAYS},
    "standing.end_as_admin": {"ending": [replace(ALWAYS, id="1")]},
    "strays.add": {"stray": stray(id="new")},
    "pairings.reseal": {"before": b"sealed"},
    "revocations.reseal": {"before": b"sealed"},
    "reviews.touch": {"grantors": [HUB, "U1"]},
    "rounds.go_on": {"before": Round(id="r", team_id=TEAM)},
    "deputies.end": {"cause": DeputyEnd.GRANTOR, "ending": [DEPUTY]},
    "deputies.end_everybodys": {"cause": DeputyEnd.RESTORED},
    "deputies.get": {"deputy_id": "y"},
    "strays.decide": {"state": StrayState.REMOVING},
}


def _said(
    question: str, function: Callable[..., Any], found: dict[str, Any], *, is_all: bool
) -> Any:
    """The arguments, by name; with ``is_all`` also what need not be said."""
    owner = question.split(".", maxsplit=1)[0]
    delegation_, item = found["delegation"], (VALUES | found).get(ITEMS.get(owner, ""))
    known = VALUES | found | {"attempt": delegation_, "ending": [delegation_]}
    known |= {"moved": [(delegation_, delegation_)]}
    known |= {"wanted": [(delegation_, {})], "item": item, "claimed": [item]}
    known |= {"wished": delegation_}
    known |= OWN.get(question, {})
    parameters = inspect.signature(function).parameters.values()
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for each in parameters:
        if each.default is not each.empty and not is_all:
            continue
        if each.kind is each.VAR_KEYWORD:
            named |= OWN.get(question, {}).get(each.name, {})
            continue
        assert each.name in known, f"{question}: say in VALUES what {each.name} is"
        if each.kind is each.VAR_POSITIONAL:
            positional += known[each.name]
        elif each.kind is each.POSITIONAL_OR_KEYWORD:
            positional.append(known[each.name])
        else:
            named[each.name] = known[each.name]
    return partial(function, *positional, **named)


@contextmanager
def looking() -> Iterator[Look]:
    """See what is done for each statement that is sent meanwhile."""
    look = Look()
    event.listen(Engine, "before_cursor_execute", look.note)
    try:
        yield look
    finally:
        event.remove(Engine, "before_cursor_execute", look.note)


def _ask(connection: Connection, question: str, found: dict[str, Any], look: Look) -> None:
    """With as little as has to be said, and with all that can be; nothing of it stays."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(look.step, STEPS)
    look.question = question
    for is_all in (False, True):
        savepoint = connection.begin_nested()
        store = Store(connection)
        function = dict(_questions(store))[question]
        _said(question, function, found | {"dues": _dues(store)}, is_all=is_all)()
        store.finish()
        savepoint.rollback()


def _ask_without_statistics(connection: Connection, look: Look, found: dict[str, Any]) -> None:
    """What a start waits for is found as well when nothing is known of how the rows are spread:
    what is known comes from a sample, and is now and then as bad as that."""
    savepoint = connection.begin_nested()
    connection.execute(
        text("DELETE FROM pg_statistic WHERE starelid = CAST('delegations' AS regclass)")
    )
    _ask(connection, "delegations.due.hurry", found, look)
    savepoint.rollback()


async def test_no_question_reads_more_than_a_few_rows(database: Database) -> None:
    """Lists, homes, asking, approving, what is due, claims, the start: all of it."""
    await database.run_connection(lambda connection: fill(connection, ROWS), is_patient=True)

    def questions(connection: Connection) -> Sequence[str]:
        return [name for name, _ in _questions(Store(connection)) if not _is_exception(name)]

    def examples(connection: Connection) -> dict[str, Any]:
        return {name: find(connection) for name, find in FOUND.items()}

    found = await database.run_connection(examples)
    with looking() as look:
        for question in await database.run_connection(questions):
            ask = partial(_ask, question=question, found=found, look=look)
            await database.run_connection(ask)
        if database.kind == "postgresql":
            await database.run_connection(partial(_ask_without_statistics, look=look, found=found))
    wrong = [each for each in look.asked if each.scans or each.read > MOST_READ]
    assert not wrong, wrong


async def test_every_exception_is_a_question(database: Database) -> None:
    """What is excepted is there, so that the list does not outlive what is on it."""
    names = await database.run_connection(
        lambda connection: [name for name, _ in _questions(Store(connection))]
    )
    assert all(any(name.endswith(each) for name in names) for each in EXCEPTIONS)

"""The log: what is written down, what stands beside it, and that nothing of it can be changed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from bot.store import Database, Store
from bot.store.rows import many
from models.base import new_id
from models.connection import connections
from models.delegation import Event, State, delegations
from models.departure import Departed, departures
from models.event import Deed, Entry, events
from models.home import Home, Place, homes
from models.notice import Notice, NoticeKind, notices
from models.particulars import PERSONAL, Particulars, digest, particulars
from models.person import Departure
from models.review import Review, reviews
from models.rows import to_row
from models.seal import Sealing, sealings
from models.standing import StandingApproval, standing_approvals
from tests.integration.rows import NOON, TEAM, add, connection, delegation, get

DAY = timedelta(days=1)


async def logged(database: Database) -> list[tuple[Entry, Particulars | None]]:
    """Every entry, with what stands beside it."""

    def work(connection: Connection) -> list[tuple[Entry, Particulars | None]]:
        beside = {
            each.event_id: each for each in many(connection, Particulars, particulars.select())
        }
        entries = many(connection, Entry, events.select().order_by(events.c.id))
        return [(each, beside.get(each.id)) for each in entries]

    found: list[tuple[Entry, Particulars | None]] = await database.run_connection(work)
    return found


async def note(database: Database, deed: Deed, **about: Any) -> None:
    """Write down a deed at noon."""
    await database.run(lambda store: store.log.note(deed, team_id=TEAM, now=NOON, **about))


async def test_a_deed_is_written_down(database: Database) -> None:
    """Who is concerned and what was typed stand beside the entry, which holds their digests."""
    await note(
        database,
        Deed.STANDING_GIVEN,
        actor="U0ADA",
        grantor="U0ADA",
        grantee="U0BEN",
        subject_id="standing",
        text="Covering",
    )
    [(entry, beside)] = await logged(database)
    assert beside is not None
    assert (entry.deed, entry.at, entry.team_id) == (Deed.STANDING_GIVEN, NOON, TEAM)
    assert (entry.subject_id, entry.event, entry.actor) == ("standing", None, None)
    assert (beside.actor, beside.grantor, beside.grantee) == ("U0ADA", "U0ADA", "U0BEN")
    assert beside.text == "Covering"
    for name in PERSONAL:
        salt, value = getattr(beside, f"{name}_salt"), getattr(beside, name)
        assert getattr(entry, f"{name}_digest") == digest(salt, value)
    assert entry.actor_digest != entry.grantor_digest  # the same person: each has its own salt


@pytest.mark.usefixtures("new_connections")
async def test_a_new_connection_asks_for_no_types(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What writes an entry has only what every driver knows: on PostgreSQL a new connection would
    ask for anything else first, while somebody waits for it."""
    asked: list[object] = []
    introspect = asyncpg.Connection._introspect_types

    async def counted(*given: Any) -> Any:
        asked.append(given)
        return await introspect(*given)

    monkeypatch.setattr(asyncpg.Connection, "_introspect_types", counted)
    row = delegation()
    await add(database, row)
    await database.run(
        lambda store: store.delegations.apply(row, Event.DENY, now=NOON, actor="U0ADA")
    )
    assert [entry.event for entry, _ in await logged(database)][-1] is Event.DENY
    assert not asked


async def test_a_deed_of_nobody(database: Database) -> None:
    """Where nobody is concerned nothing stands beside."""
    await note(database, Deed.RULES, subject_id="a" * 64, amount=3)
    [(entry, beside)] = await logged(database)
    assert (entry.subject_id, entry.amount, beside) == ("a" * 64, 3, None)
    assert entry.actor_digest is None
    assert entry.text_digest is None


async def test_a_delegation_is_written_down_with_its_terms(database: Database) -> None:
    """Each event says between whom it is, until when, and what was typed with it."""
    row = delegation(reason="Covering for Ada")
    await add(database, row)

    def approve(store: Any) -> None:
        changes = {"note": "Only this once", "until": NOON + timedelta(hours=3), "length": None}
        store.delegations.apply(row, Event.APPROVE, now=NOON, actor=row.grantor_id, **changes)

    await database.run(approve)
    [(asked, said), (approved, agreed)] = await logged(database)
    assert said is not None
    assert agreed is not None
    assert (asked.event, asked.state, asked.length) == (Event.REQUEST, State.REQUESTED, row.length)
    assert (said.actor, said.grantor, said.grantee) == (
        row.grantee_id,
        row.grantor_id,
        row.grantee_id,
    )
    assert said.text == "Covering for Ada"
    assert (approved.event, approved.state) == (Event.APPROVE, State.APPROVED)
    assert (approved.ends_at, approved.length) == (NOON + timedelta(hours=3), None)
    assert (agreed.actor, agreed.text) == (row.grantor_id, "Only this once")
    history = await database.run(lambda store: store.delegations.history(row.id))
    assert [each.actor for each in history] == [row.grantee_id, row.grantor_id]


async def test_a_deed_about_a_delegation_is_no_event_of_it(database: Database) -> None:
    """The history of a delegation holds its transitions alone."""
    row = delegation()
    await add(database, row)
    await note(database, Deed.GONE_IN_CLOSE, delegation_id=row.id, actor="U0CAT")
    history = await database.run(lambda store: store.delegations.history(row.id))
    assert [each.event for each in history] == [Event.REQUEST]


async def test_each_entry_waits_for_a_seal(database: Database) -> None:
    """Whoever writes an entry, the database itself gives it a place in the next seal."""
    await add(database, delegation(), delegation())

    def read(connection: Connection) -> list[Sealing]:
        return many(connection, Sealing, sealings.select().order_by(sealings.c.event_id))

    waiting = await database.run_connection(read)
    assert [each.event_id for each in waiting] == [each.id for each, _ in await logged(database)]
    assert {(each.seal, each.digest) for each in waiting} == {(None, None)}


FORBIDDEN = (
    "UPDATE events SET at = '2020-01-01'",
    "UPDATE events SET actor_digest = NULL",
    "UPDATE events SET actor = 'U0EVE'",
    "UPDATE events SET deed = 'connected', event = NULL",
    "DELETE FROM events",
    "UPDATE particulars SET actor = 'U0EVE'",
    "UPDATE particulars SET text = 'Something else'",
    "UPDATE particulars SET event_id = event_id + 1000",
    "DELETE FROM particulars",
    "UPDATE sealings SET event_id = event_id + 1000",
    "UPDATE sealings SET seal = 1",
    "DELETE FROM sealings",
)


@pytest.mark.parametrize("statement", FORBIDDEN)
async def test_rows_are_only_added(database: Database, statement: str) -> None:
    """The database itself refuses to change or to delete what was written."""
    await add(database, delegation())
    before = await logged(database)
    with pytest.raises(DBAPIError, match="the log is only added to"):
        await database.run_connection(lambda each: each.exec_driver_sql(statement))
    assert await logged(database) == before


SEALED = "INSERT INTO seals VALUES (1, '2026-11-23 12:00:00', 1, 1, 1, {blob})"
BLOB = {"sqlite": "x'00'", "postgresql": "'\\x00'"}


@pytest.mark.parametrize("statement", ["UPDATE seals SET amount = 2", "DELETE FROM seals"])
async def test_seals_are_only_added(database: Database, statement: str) -> None:
    """Nor can a seal be changed or taken away."""
    sealed = SEALED.format(blob=BLOB[database.kind])
    await database.run_connection(lambda each: each.exec_driver_sql(sealed))
    with pytest.raises(DBAPIError, match="the log is only added to"):
        await database.run_connection(lambda each: each.exec_driver_sql(statement))


async def test_nothing_is_emptied_at_once(database: Database) -> None:
    """TRUNCATE, which fires no trigger of a row, is refused as well."""
    if database.kind == "sqlite":
        pytest.skip("SQLite has no such statement")
    await add(database, delegation())
    for table in ("particulars", "sealings", "seals", "events CASCADE"):
        empty = partial(Connection.exec_driver_sql, statement=f"TRUNCATE {table}")
        with pytest.raises(DBAPIError, match="the log is only added to"):
            await database.run_connection(empty)


@pytest.mark.parametrize("name", PERSONAL)
async def test_a_detail_can_be_erased(database: Database, name: str) -> None:
    """A detail goes with its salt, alone and for good, and nothing else comes in its place; the
    entry stays as it was."""
    await note(database, Deed.CONNECTED, actor="U0ADA", grantor="U0BEN", grantee="U0CAT", text="Hi")
    [(entry, before)] = await logged(database)
    left = None if name == "text" else "~1"
    value = "NULL" if left is None else f"'{left}'"
    erase = f"UPDATE particulars SET {name} = {value}, {name}_salt = NULL"
    forged = f"UPDATE particulars SET {name} = 'U0EVE', {name}_salt = NULL"
    with pytest.raises(DBAPIError, match="the log is only added to"):
        await database.run_connection(lambda each: each.exec_driver_sql(forged))
    await database.run_connection(lambda each: each.exec_driver_sql(erase))
    [(after, beside)] = await logged(database)
    assert after == entry
    assert beside is not None
    assert before is not None
    for other in PERSONAL:
        kept = (getattr(before, other), getattr(before, f"{other}_salt"))
        expected = (left, None) if other == name else kept
        assert (getattr(beside, other), getattr(beside, f"{other}_salt")) == expected
    again = f"UPDATE particulars SET {name} = '~2'"
    with pytest.raises(DBAPIError, match="the log is only added to"):
        await database.run_connection(lambda each: each.exec_driver_sql(again))


async def test_what_an_older_release_wrote(database: Database) -> None:
    """A row with its actor in it is read as such, and waits for a seal like any other."""
    row = delegation()
    await add(database, row)
    old = (
        "INSERT INTO events (delegation_id, at, event, state, actor) VALUES"
        f" ('{row.id}', '2026-11-23 12:00:01+00', 'approve', 'approved', '{row.grantor_id}')"
    )
    old = old.replace("+00'", "'") if database.kind == "sqlite" else old
    await database.run_connection(lambda each: each.exec_driver_sql(old))
    history = await database.run(lambda store: store.delegations.history(row.id))
    assert [each.actor for each in history] == [row.grantee_id, row.grantor_id]

    def count(connection: Connection) -> int:
        return len(connection.execute(sealings.select()).all())

    assert await database.run_connection(count) == 2


async def test_whose_second_yes_it_was_is_forgotten_too(database: Database) -> None:
    """Whoever is asked for a second yes is somebody whom an open right concerns; once it is over
    their id, their name and what the rule said of them go, and so does their own review."""
    row = delegation(second="U0CAT", second_name="Cat", seconded_by="U0CAT", rule="Cat agrees, too")
    waiting = replace(row, id="waiting", grantee_id="U0DAN", seconded_by=None)
    running = replace(row, id="running", grantee_id="U0EVE", second="S0ALL")
    over = replace(row, state=State.ENDED, ended_at=NOON)
    review = Review(id="review", team_id=TEAM, grantor_id="U0CAT", installed_at=NOON)

    def insert(connection: Connection) -> None:
        connection.execute(
            delegations.insert(), [to_row(each) for each in (over, waiting, running)]
        )
        connection.execute(reviews.insert().values(to_row(review)))

    def erase(store: Store) -> Mapping[str, int]:
        return store.erasures.erase_person("U0CAT", lambda _: "~cat")

    await database.run_connection(insert)
    hindrances = await database.run(lambda store: store.erasures.hindrances("U0CAT", now=NOON))
    assert hindrances == {"rights": 2}
    counted = await database.run(erase)
    assert counted == {"reviews": 1, "delegations": 4}
    found = await database.read(lambda store: store.delegations.get(row.id))
    assert found is not None
    assert (found.second, found.seconded_by) == ("~cat", "~cat")
    assert (found.second_name, found.rule) == ("", "")


async def test_what_still_holds_is_not_old(database: Database) -> None:
    """Who gave a standing approval that holds, and who connected what is connected, stays; so it is
    for as long after its end as for anything else. Who left, and had nothing any more, goes."""
    before, until = NOON + DAY, NOON + 3 * DAY
    people: dict[str, Any] = {
        "team_id": TEAM,
        "grantor_id": "U0ADA",
        "created_at": NOON,
        "max_length": DAY,
    }
    holds = StandingApproval(id="holds", grantee_id="U0B", until=until, **people)
    lately = StandingApproval(id="lately", grantee_id="U0C", until=until, ended_at=until, **people)
    over = StandingApproval(id="over", grantee_id="U0D", until=NOON, **people)
    connected = connection()
    left: dict[str, Any] = {
        "team_id": TEAM,
        "reason": Departure.LEFT,
        "found_at": NOON,
        "carried_out_at": NOON,
    }
    gone = Departed(id="gone", slack_user_id="U0E", gone_at=NOON, **left)
    leaving = Departed(id="leaving", slack_user_id="U0F", **left)

    def insert(each: Connection) -> None:
        rows = [to_row(some) for some in (holds, lately, over)]
        each.execute(standing_approvals.insert(), rows)
        each.execute(connections.insert().values(to_row(connected)))
        each.execute(departures.insert(), [to_row(gone), to_row(leaving)])

    await database.run_connection(insert)
    for subject in ("holds", "lately", "over", connected.id, ""):
        await note(database, Deed.STANDING_GIVEN, actor="U0ADA", subject_id=subject)
    rows = await database.read(lambda store: store.erasures.old_details(before, limit=10))
    named = {
        beside.event_id: entry.subject_id for entry, beside in await logged(database) if beside
    }
    assert [named[each.event_id] for each in rows] == ["over", None]
    await database.run(lambda store: store.erasures.erase_old_rows(before, lambda _: "~", limit=9))
    reasons = await database.read(lambda store: store.departures.reasons(TEAM, ["U0E", "U0F"]))
    assert reasons == {"U0F": Departure.LEFT}


async def test_whom_nothing_is_shown_any_more(database: Database) -> None:
    """After the retention the home of somebody who has not opened it since, and the review of
    somebody who gives nothing, go as well; what is shown, or waits for something, stays."""
    old, lately = NOON - timedelta(days=400), NOON - timedelta(days=1)
    given = Review(id="over", team_id=TEAM, grantor_id="U0ADA", installed_at=old, closed_at=old)
    kept = [
        replace(given, id="open", grantor_id="U0BEN", opened_at=old),
        replace(given, id="in turn", grantor_id="U0CAT", wake_at=NOON),
        replace(given, id="lately", grantor_id="U0DAN", closed_at=lately),
    ]
    home = Home(id="h1", team_id=TEAM, slack_user_id="U0ADA", opened_at=old)
    seen = replace(home, id="h2", slack_user_id="U0BEN", opened_at=lately)

    def insert(connection: Connection) -> None:
        connection.execute(reviews.insert(), [to_row(each) for each in (given, *kept)])
        connection.execute(homes.insert(), [to_row(each) for each in (home, seen)])

    def left(connection: Connection) -> tuple[list[str], list[str]]:
        return (
            list(connection.execute(select(reviews.c.id)).scalars()),
            list(connection.execute(select(homes.c.id)).scalars()),
        )

    def erase(store: Store) -> int:
        return store.erasures.erase_old_rows(NOON - timedelta(days=30), str, limit=10)

    await database.run_connection(insert)
    await database.run(erase)
    there, homes_left = await database.run_connection(left)
    assert sorted(there) == sorted(each.id for each in kept)
    assert homes_left == ["h2"]


async def test_nothing_of_a_leaver_was_there_to_go(database: Database) -> None:
    """Of who left without any right nobody writes that the last one is gone; of who gave one, it is
    written once it has closed, with the seconds since it was said."""
    row = delegation(state=State.ENDING, grantor_id="U0ADA", grantee_id="U0BEN")
    await add(database, row)

    def leave(store: Store) -> None:
        for who in ("U0ADA", "U0CLEO"):
            found = Departed(
                id=new_id(),
                team_id=TEAM,
                slack_user_id=who,
                reason=Departure.LEFT,
                found_at=NOON,
            )
            store.departures.carry_out(found, now=NOON)

    await database.run(leave)
    later = NOON + timedelta(minutes=3)
    present = await get(database, row)
    await database.run(
        lambda store: store.delegations.apply(present, Event.CONFIRM, now=later, ended_at=later)
    )
    found = [each for each in await logged(database) if each[0].deed is Deed.LAST_GONE]
    [(entry, beside)] = found
    assert entry.amount == 180
    assert beside is not None
    assert beside.grantor == "U0ADA"


async def test_forgotten_where_an_admin_was_looking(database: Database) -> None:
    """The place in everybody's rights at which an admin is names two people: who is forgotten is
    not named there either, and the admin is at the beginning again."""

    def look(store: Store) -> None:
        for admin, place in (("U0DANA", Place("U0ADA", "U0BEN")), ("U0EVE", Place("U0CLEO", "U1"))):
            store.homes.open(TEAM, admin, now=NOON)
            store.homes.look_at_everybody(TEAM, admin, page=place, now=NOON)

    await database.run(look)
    await database.run(lambda store: store.erasures.erase_person("U0BEN", lambda _: "~hash"))
    found = await database.run_connection(
        lambda connection: many(connection, Home, homes.select().order_by(homes.c.slack_user_id))
    )
    assert [each.everybody_at for each in found] == ["", ">U0CLEO/U1"]


async def test_forgotten_in_what_others_were_told(database: Database) -> None:
    """A notice to somebody else is told apart by words that can name who it was about: who is
    forgotten is not named there, and nobody is told anew."""

    def invite(store: Store) -> None:
        store.notices.tell(
            NoticeKind.INVITED,
            team_id=TEAM,
            recipients=["U0ADA"],
            subject_id="U0BEN",
            incident="invited",
            now=NOON,
        )

    await database.run(invite)
    await database.run(lambda store: store.erasures.erase_person("U0BEN", lambda _: "~hash"))
    [left] = await database.run_connection(
        lambda connection: many(connection, Notice, notices.select())
    )
    assert left.subject_id == "~hash"
    assert left.key == "invited:~hash:invited:U0ADA"

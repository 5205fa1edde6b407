"""Home rows: opened, touched, claimed and put to rest, on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.delegations import homes
from bot.delegations.homes import MOST_PAGES
from bot.store import Database, Store
from models.home import Home, HomeList
from tests.integration.books import ADA, CLEO, as_of, bench

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=6)
TEAM = "T0NORTH"


async def claimed(
    database: Database, now: datetime = NOW, *, lease: timedelta = LEASE
) -> list[Home]:
    """What is due."""
    found = await database.run(lambda store: store.homes.due.claim(now=now, lease=lease, limit=100))
    return list(found)


async def open_homes(database: Database, *people: str) -> None:
    """These people look at their homes."""
    for person in people:
        await open_one(database, person)


async def open_one(database: Database, person: str, now: datetime = NOW) -> None:
    """One person looks."""
    await database.run(lambda store: store.homes.open(TEAM, person, now=now))


async def rest(database: Database, home: Home) -> None:
    """It was published."""
    await database.run(lambda store: store.homes.due.rest(home))


async def touch(database: Database, *people: str, now: datetime = NOW) -> None:
    """Something that concerns these people changes."""
    await database.run(lambda store: store.homes.touch(TEAM, *people, now=now))


async def test_opened_is_due_once(database: Database) -> None:
    """A home is due when it is opened, belongs to one claim, and rests once it is published."""
    await open_homes(database, "U1")
    (home,) = await claimed(database)
    assert (home.slack_user_id, home.attempts) == ("U1", 1)
    assert await claimed(database) == []
    await rest(database, home)
    assert await claimed(database, NOW + LEASE) == []


async def test_opened_again(database: Database) -> None:
    """Opening it again is one row, at the first page, due at once."""
    await open_homes(database, "U1")
    (first,) = await claimed(database)
    await database.run(lambda store: store.homes.turn(TEAM, "U1", page=4, now=NOW))
    await rest(database, first)
    (turned,) = await claimed(database)
    assert turned.page == 4
    await rest(database, turned)
    await open_homes(database, "U1")
    (again,) = await claimed(database)
    assert (again.id, again.page) == (first.id, 0)


async def test_touched_while_leased(database: Database) -> None:
    """A change during publishing keeps the home due; it is claimed again after the rest."""
    await open_homes(database, "U1")
    (home,) = await claimed(database)
    await touch(database, "U1")
    await rest(database, home)
    (again,) = await claimed(database)
    assert again.changes == home.changes + 1
    await rest(database, again)
    assert await claimed(database) == []


async def test_touch_reaches_only_who_looks(database: Database) -> None:
    """Homes that nobody opened, or not for a day, or of somebody else, stay as they are."""
    await open_homes(database, "U1", "U2")
    for home in await claimed(database):
        await rest(database, home)
    await touch(database, "U1", "U9")
    assert [home.slack_user_id for home in await claimed(database)] == ["U1"]
    later = NOW + timedelta(days=1)
    await touch(database, "U2", now=later)
    assert "U2" not in [home.slack_user_id for home in await claimed(database, later)]


async def test_a_failed_transaction_touches_nobody(database: Database) -> None:
    """What was rolled back makes no home stale."""
    await open_homes(database, "U1")
    (home,) = await claimed(database)
    await rest(database, home)

    def fail(store: Store) -> None:
        store.homes.touch(TEAM, "U1", now=NOW)
        raise LookupError

    try:
        await database.run(fail)
    except LookupError:
        assert await claimed(database) == []
    else:
        raise AssertionError


async def test_many_at_once(database: Database) -> None:
    """Transactions that touch the same people in any order wait for each other and all succeed."""
    people = [f"U{number}" for number in range(8)]
    await open_homes(database, *people)
    over = timedelta()  # these leases are over at once
    before = {home.slack_user_id: home.changes for home in await claimed(database, lease=over)}
    pairs = [(a, b) for a in people for b in people if a != b]
    await asyncio.gather(*(touch(database, *pair) for pair in pairs))
    after = {home.slack_user_id: home for home in await claimed(database)}
    for person, changes in before.items():
        assert after[person].changes == changes + 2 * (len(people) - 1)


async def test_put_off(database: Database) -> None:
    """A home that Slack did not take is due again at the given moment, and counts its attempts."""
    await open_homes(database, "U1")
    (home,) = await claimed(database)
    wake_at = NOW + timedelta(seconds=30)
    await database.run(lambda store: store.homes.due.put_off(home, wake_at=wake_at))
    assert await claimed(database, NOW + timedelta(seconds=29)) == []
    assert await database.read(lambda store: store.next_wakes([store.homes.due])[0]) == wake_at
    (again,) = await claimed(database, wake_at)
    assert again.attempts == 2


async def test_put_off_keeps_a_change(database: Database) -> None:
    """What changed while Slack did not take a home is shown at once, not after the pause."""
    await open_homes(database, "U1")
    (home,) = await claimed(database)
    await touch(database, "U1")
    wake_at = NOW + timedelta(hours=1)
    await database.run(lambda store: store.homes.due.put_off(home, wake_at=wake_at))
    assert len(await claimed(database, NOW + timedelta(minutes=1))) == 1


async def test_somebody_looks(database: Database) -> None:
    """Their home is due at once, and the workers are told."""
    stage = bench(database)
    await homes.visit(stage.desk, as_of(ADA))
    (home,) = await claimed(database)
    assert (home.team_id, home.slack_user_id) == (as_of(ADA).team_id, ADA)
    assert (home.opened_at, stage.woken) == (stage.moment, 1)


@pytest.mark.parametrize(
    ("page", "shown"),
    [(-5, 0), (0, 0), (1, 1), (MOST_PAGES, MOST_PAGES), (MOST_PAGES + 1, MOST_PAGES)],
)
@pytest.mark.parametrize("name", [None, HomeList.GIVEN])
async def test_leafed_through(
    database: Database, page: int, shown: int, name: HomeList | None
) -> None:
    """The history, or the list that is named; a page that no list has is brought within bounds."""
    stage = bench(database)
    await homes.visit(stage.desk, as_of(ADA))
    (before,) = await claimed(database)
    await rest(database, before)
    stage.wait(minutes=1)
    await homes.turn(stage.desk, as_of(ADA), page, name=name)
    (home,) = await claimed(database, stage.moment)
    assert home.page == (shown if name is None else 0)
    assert home.page_of(HomeList.GIVEN) == (0 if name is None else shown)
    assert (home.opened_at, home.changes) == (stage.moment, before.changes + 1)
    assert stage.woken == 2


async def test_looked_for(database: Database) -> None:
    """Only what concerns this person, from the first page on, until everything is wanted again."""
    stage = bench(database)
    await homes.visit(stage.desk, as_of(ADA))
    await homes.turn(stage.desk, as_of(ADA), 3)
    for person in (CLEO, None):
        stage.wait(minutes=1)
        await homes.look_for(stage.desk, as_of(ADA), person)
        (home,) = await claimed(database, stage.moment)
        await rest(database, home)
        assert (home.with_person, home.page, home.opened_at) == (person, 0, stage.moment)
    assert stage.woken == 4

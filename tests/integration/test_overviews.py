"""What a home is made of, read on both databases: each row in one list, and only its own."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import insert

from bot.store import Database, Store
from models.delegation import Delegation, Event, ExtensionWish, State, Trouble, delegations
from models.home import Home, HomeList
from models.overview import Excerpt
from models.rows import to_row
from tests.conftest import Postgres
from tests.surfaces.rows import ADA, BEN, CLEO, DANA, NOW, TEAM, shortest

LIMIT = 8
LISTS = [HomeList(name) for name in ("waiting", "asked", "given", "received", "for_others")]


def home(person: str, page: int = 0) -> Home:
    """Theirs, at this page of the history."""
    return Home(id=person, team_id=TEAM, slack_user_id=person, opened_at=NOW, page=page)


async def store(database: Database, *rows: Delegation) -> None:
    """These rows and nothing else of their lives."""
    values = [to_row(row) for row in rows]
    await database.run_connection(
        lambda connection: connection.execute(insert(delegations), values)
    )


async def lists(database: Database, person: str) -> dict[str, list[str]]:
    """The ids in each list of a person's home."""

    def names(found: Excerpt[Delegation]) -> list[str]:
        assert len(found.rows) == min(found.total, LIMIT)
        return [row.id for row in found.rows]

    return await database.run(
        lambda opened: {
            name.value: names(opened.overviews.open(home(person), size=LIMIT)[name])
            for name in LISTS
        }
    )


@pytest.mark.parametrize(
    ("row", "where"),
    [
        (shortest(State.REQUESTED), "waiting"),
        (shortest(State.ACTIVE, extension=ExtensionWish(NOW)), "waiting"),
        (shortest(State.APPROVED, trouble=Trouble.NOT_CONNECTED), "waiting"),
        (shortest(State.ENDING, trouble=Trouble.CONNECTION_LOST), "waiting"),
        (shortest(State.ENDING, trouble=Trouble.OTHER_CLOSE_ACCOUNT), "waiting"),
        (shortest(State.APPROVED), "given"),
        (shortest(State.APPROVED, trouble=Trouble.CLOSE_BUSY), "given"),
        (shortest(State.ACTIVE), "given"),
        (shortest(State.ENDING), "given"),
    ],
)
async def test_what_the_grantor_has_to_do(database: Database, row: Delegation, where: str) -> None:
    """An open row stands once in its grantor's home: where there is something to do, or below."""
    await store(database, row)
    found = await lists(database, ADA)
    assert {name for name, ids in found.items() if ids} == {where}
    mine = await lists(database, BEN)
    place = "asked" if row.state is State.REQUESTED else "received"
    assert {name for name, ids in mine.items() if ids} == {place}


async def test_for_a_third_person(database: Database) -> None:
    """Who asked for somebody else sees it apart, and waits for the answer before; strangers see
    nothing."""
    await store(database, shortest(State.ACTIVE, requester_id=CLEO))
    assert (await lists(database, CLEO))["for_others"] == ["d1"]
    assert (await lists(database, BEN))["for_others"] == []
    assert not any((await lists(database, DANA)).values())
    await store(database, shortest(State.REQUESTED, id="d2", grantee_id=DANA, requester_id=CLEO))
    assert (await lists(database, CLEO))["asked"] == ["d2"]
    assert (await lists(database, DANA))["asked"] == ["d2"]


async def history(
    database: Database, person: str, *, page: int = 0, size: int = 10
) -> tuple[Sequence[Delegation], bool]:
    """One page of what is over for this person, and whether there is an older one."""
    return await database.run(
        lambda opened: opened.overviews.history(home(person, page), size=size)
    )


async def test_what_is_over_is_in_no_list(database: Database) -> None:
    """Closed rows are history, newest end first, for both sides and nobody else."""
    over = [state for state in State if shortest(state).ended_at and state is not State.ENDING]
    rows = [
        shortest(state, id=f"h{number}", ended_at=NOW + timedelta(hours=number))
        for number, state in enumerate(over)
    ]
    await store(database, *rows, shortest(State.ENDING))
    assert (await lists(database, BEN))["received"] == ["d1"]
    for person in (ADA, BEN):
        found, has_older = await history(database, person)
        assert [row.id for row in found] == [row.id for row in reversed(rows)]
        assert not has_older
    nothing, _ = await history(database, CLEO)
    assert list(nothing) == []


async def test_long_lists_are_cut(database: Database) -> None:
    """The oldest rows come first, the rest is counted, and pages follow without gap or overlap."""
    asked = shortest(State.REQUESTED)
    denied = shortest(State.DENIED)
    waiting = [
        replace(asked, id=f"w{n:02}", grantee_id=f"U{n}", requested_at=NOW + timedelta(n))
        for n in range(12)
    ]
    past = [replace(denied, id=f"h{n:02}", ended_at=NOW) for n in range(12)]
    await store(database, *waiting, *past)
    found = await database.run(
        lambda opened: opened.overviews.open(home(ADA), size=LIMIT)[HomeList.WAITING]
    )
    assert [row.id for row in found.rows] == [f"w{n:02}" for n in range(LIMIT)]
    assert found.total == 12
    pages = [await history(database, ADA, page=page, size=5) for page in range(4)]
    assert [len(rows) for rows, _ in pages] == [5, 5, 2, 0]
    assert [has_older for _, has_older in pages] == [True, True, False, False]
    assert len({row.id for rows, _ in pages for row in rows}) == 12


async def test_all_of_one_moment(postgres: Postgres) -> None:
    """K14: what changes while a home is read is in none of its lists, or in all."""
    url = postgres.emptied()
    database = Database(url)
    row = shortest(State.REQUESTED)
    await store(database, row)

    async def approve() -> None:
        other = Database(url)
        await other.run(
            lambda opened: opened.delegations.apply(row, Event.APPROVE, now=NOW, actor=ADA)
        )
        await other.dispose()

    def given(opened: Store) -> tuple[int, int]:
        found = opened.overviews.open(home(ADA), size=LIMIT)
        return found[HomeList.WAITING].total, found[HomeList.GIVEN].total

    def read(opened: Store) -> list[tuple[int, int]]:
        before = given(opened)
        meanwhile = Thread(target=lambda: asyncio.run(approve()))
        meanwhile.start()
        meanwhile.join()
        return [before, given(opened)]

    assert await database.read(read, at_one_moment=True) == [(1, 0), (1, 0)]
    assert await database.read(given) == (0, 1)
    await database.dispose()

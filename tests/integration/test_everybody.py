"""What admins see of a workspace: how much there is, a page of it, what waits, and redraws."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.store import Database, Store
from bot.store.homes import GAP, SPREAD, WATCHED_FOR
from models.connection import Connection
from models.delegation import Delegation, State, Trouble
from models.home import Home, Place, read_place
from models.overview import Counts, Slice
from models.pairing import Pairing
from tests.integration.rows import NOON, TEAM, account, add, delegation

HOUR = timedelta(hours=1)
LEASE = timedelta(seconds=6)
ADMIN = "U0ADMIN"


def right(grantor_id: str, grantee_id: str, state: State = State.ACTIVE) -> Delegation:
    """One of these two, until revoked."""
    return delegation(grantor_id=grantor_id, grantee_id=grantee_id, state=state, length=None)


def many(number: int) -> list[Delegation]:
    """So many, in the order of their grantors, and of each one's grantees."""
    return [right(f"UA{each // 3:03}", f"UB{each % 3:03}") for each in range(number)]


def pairs(page: Slice) -> list[tuple[str, str]]:
    """Of whom the rows are."""
    return [(each.grantor_id, each.grantee_id) for each in page.rows]


async def page_at(
    database: Database, place: Place | None, person_id: str | None = None, size: int = 4
) -> Slice:
    """A page of everybody's rights."""
    return await database.read(
        lambda store: store.everybody.rights(TEAM, place=place, person_id=person_id, size=size)
    )


async def test_leafing_through_all(database: Database) -> None:
    """From the first page to the last and back each row is shown once, in one order; what comes
    and goes meanwhile moves nothing."""
    rows = many(10)
    await add(database, *reversed(rows))
    wanted = [(each.grantor_id, each.grantee_id) for each in rows]
    seen: list[tuple[str, str]] = []
    pages = [await page_at(database, None)]
    while pages[-1].after is not None:
        pages.append(await page_at(database, pages[-1].after))
    assert [pair for page in pages for pair in pairs(page)] == wanted
    assert pages[0].before is None
    back = pages[-1]
    while back.before is not None:
        seen = pairs(back) + seen
        back = await page_at(database, back.before)
    assert pairs(back)[: len(wanted) - len(seen)] + seen == wanted
    assert back.after is not None


@pytest.mark.parametrize("person_id", [None, "UB000"])
async def test_all_of_a_page_is_over(database: Database, person_id: str | None) -> None:
    """Whoever ends the last right of the last page sees the first one, and not that nothing is
    open; so does whoever goes back to where nothing is any more."""
    await add(database, right("UA000", "UB000"))
    first = await page_at(database, None, person_id)
    for place in (Place("UA001", "UB000"), Place("UA000", "UA000", is_before=True)):
        assert await page_at(database, place, person_id) == first
    assert pairs(first) == [("UA000", "UB000")]


async def test_leafing_with_one_person(database: Database) -> None:
    """Only what they have a part in, each row once, whichever part it is."""
    mine = [right("UA001", "UB001"), right("UB002", "UA001"), right("UA001", "UB003")]
    asked = replace(right("UC001", "UC002", State.REQUESTED), requester_id="UA001")
    own = replace(right("UD001", "UA001"), requester_id="UA001")
    await add(database, *mine, asked, own, right("UX001", "UX002"))
    first = await page_at(database, None, "UA001", size=3)
    rest = await page_at(database, first.after, "UA001", size=3)
    found = [*pairs(first), *pairs(rest)]
    assert found == sorted((each.grantor_id, each.grantee_id) for each in [*mine, asked, own])
    assert rest.after is None


async def test_nothing_is_over_or_of_another_workspace(database: Database) -> None:
    """What has ended, and what others have, is on no page."""
    other = replace(right("UA001", "UB001"), team_id="T0OTHER")
    await add(database, right("UA001", "UB001", State.ENDED), other)
    assert await page_at(database, None) == Slice(rows=[])


@pytest.mark.parametrize(
    "said", ["", "home", ">U1", "U1/U2", ">U1/U2/U3", f">{'U' * 40}/U2", ">U-1/U2", "<U1/U2 "]
)
def test_what_is_no_place(said: str) -> None:
    """Anything else than what a button says is the beginning."""
    assert read_place(said) is None


@pytest.mark.parametrize("place", [Place("U1", "U2"), Place("U1", "U2", is_before=True)])
def test_a_place_is_read_as_it_was_said(place: Place) -> None:
    """What a button carries is what it was made from, and a home has room for it."""
    assert read_place(place.said) == place
    assert len(Place("U" * 32, "W" * 32).said) <= 80


async def test_counts(database: Database) -> None:
    """Each kind is counted once; what has run out and nobody has noticed is over."""
    ends = [NOON + HOUR, NOON, NOON - HOUR]
    rows = [
        *(replace(right("UA", f"U{n}"), ends_at=end) for n, end in enumerate(ends)),
        right("UB", "U1"),
        right("UC", "U1", State.APPROVED),
        right("UD", "U1", State.REQUESTED),
        right("UE", "U1", State.ENDING),
        replace(right("UF", "U1", State.ENDED), confirmed_by=ADMIN),
        right("UG", "U1", State.ENDED),
        replace(right("UH", "U1", State.ENDING), confirmed_by=ADMIN),
        replace(right("UB", "U1"), team_id="T0OTHER"),
    ]
    await add(database, *rows)
    await connect(database, "UA", is_alive=False)
    await connect(database, "UB", is_alive=True)
    counts = await database.read(lambda store: store.everybody.counts(TEAM, now=NOON))
    assert counts == Counts(
        active=2,
        until_revoked=1,
        being_set_up=1,
        waiting=1,
        not_removed=4,
        by_word=1,
        dead_connections=1,
    )


async def connect(database: Database, person_id: str, *, is_alive: bool) -> None:
    """This person has connected; perhaps Close no longer accepts it."""
    row = Connection(
        id=f"c{person_id}",
        team_id=TEAM,
        slack_user_id=person_id,
        account=replace(account(), close_user_id=f"user_{person_id}"),
        is_alive=is_alive,
        died_at=None if is_alive else NOON,
        connected_at=NOON,
    )
    await database.run(lambda store: store.connections.put(row))


async def test_what_waits_for_an_admin(database: Database) -> None:
    """Who is disconnected and has given something, what is overdue, and accounts that were asked
    about a day ago; nothing else, and then nothing is said."""

    async def waits(asked_before: timedelta = timedelta()) -> list[Sequence[object]]:
        work = await database.read(
            lambda store: store.everybody.work(
                TEAM, now=NOON, asked_before=NOON - asked_before, limit=5
            )
        )
        assert work.is_any is any([work.leftovers, work.pairings, work.disconnected])
        return [
            [each.id for each in work.leftovers],
            [each.id for each in work.pairings],
            work.disconnected,
        ]

    await connect(database, "UIDLE", is_alive=False)
    assert await waits() == [[], [], []]
    await connect(database, "UDEAD", is_alive=False)
    await add(database, right("UDEAD", "U1"), right("UIDLE", "U1", State.REQUESTED))
    late = replace(right("UX", "U2", State.ENDING), ended_at=NOON, trouble=Trouble.CONNECTION_LOST)
    await add(database, late)
    pairing = Pairing(
        id="p1",
        team_id=TEAM,
        slack_user_id="U3",
        slack_email=None,
        account=account(),
        created_at=NOON,
        wake_at=NOON + HOUR,
    )
    await database.run(lambda store: store.pairings.add(pairing))
    assert await waits() == [[late.id], ["p1"], ["UDEAD"]]
    assert await waits(HOUR) == [[late.id], [], ["UDEAD"]]


# Redraws of everybody's rights


async def watch(database: Database, *admins: str) -> None:
    """These look at everybody's rights, and have been shown them."""

    def look(store: Store) -> None:
        for admin in admins:
            store.homes.open(TEAM, admin, now=NOON)
            store.homes.look_at_everybody(TEAM, admin, page=None, now=NOON)

    await database.run(look)
    await shown(database)


async def shown(database: Database, now: timedelta = timedelta()) -> list[str]:
    """Whoever is due then, and is shown it."""
    moment = NOON + now
    due = await database.run(
        lambda store: store.homes.due.claim(now=moment, lease=LEASE, limit=999)
    )

    def rest(store: Store) -> None:
        for each in due:
            store.homes.due.rest(each)

    await database.run(rest)
    return sorted(each.slack_user_id for each in due)


async def change(database: Database, now: timedelta = timedelta(), acted: str = "") -> None:
    """Something of other people changes."""

    def touch(store: Store) -> None:
        store.homes.touch(TEAM, "U0OTHER", now=NOON + now)
        if acted:
            store.homes.acted(TEAM, acted, now=NOON + now)

    await database.run(touch)


async def changes(database: Database, admin: str = ADMIN) -> int:
    """How often that home has been made stale."""

    def find(store: Store) -> Home | None:
        return store.homes._get(TEAM, admin)

    home = await database.run(find)
    assert home is not None
    return home.changes


async def test_one_redraw_for_all_that_changes(database: Database) -> None:
    """The first change plans a redraw in some seconds, and all that follow write nothing."""
    await watch(database, ADMIN)
    before = await changes(database)
    for _ in range(20):
        await change(database)
    assert await changes(database) == before + 1
    assert await shown(database, GAP - timedelta(seconds=1)) == []
    assert await shown(database, GAP) == [ADMIN]
    assert await shown(database, HOUR) == []


async def test_a_change_while_it_is_shown(database: Database) -> None:
    """What changes while a home is on its way to Slack is shown by another redraw, in its time."""
    await watch(database, ADMIN)
    await change(database)
    [home] = await database.run(
        lambda store: store.homes.due.claim(now=NOON + GAP, lease=LEASE, limit=9)
    )
    await change(database, GAP)
    await database.run(lambda store: store.homes.due.rest(home))
    assert await shown(database, GAP) == []
    assert await shown(database, GAP + GAP) == [ADMIN]


async def test_a_change_before_it_is_claimed(database: Database) -> None:
    """A home that is due and not yet claimed stays due, however much changes."""
    await watch(database, ADMIN)
    await change(database)
    await change(database, GAP)
    assert await shown(database, GAP) == [ADMIN]


async def test_many_admins_are_spread(database: Database) -> None:
    """Of many who look none is due with all the others."""
    admins = [f"U0ADMIN{number:02}" for number in range(20)]
    await watch(database, *admins)
    await change(database)
    assert await shown(database, GAP) == admins[:1]
    assert await shown(database, GAP + 9 * SPREAD) == admins[1:10]
    assert await shown(database, GAP + 19 * SPREAD) == admins[10:]


async def test_who_acts_sees_it_at_once(database: Database) -> None:
    """An admin's own click is shown at once, also when a redraw was planned."""
    await watch(database, ADMIN, "U0OTHERS")
    await change(database)
    await change(database, acted=ADMIN)
    assert await shown(database) == [ADMIN]


async def test_nobody_looks_any_more(database: Database) -> None:
    """Who has left everybody's rights open for long, or went back, is not shown each change."""
    await watch(database, ADMIN, "U0BACK")
    await database.run(lambda store: store.homes.look_at_own(TEAM, "U0BACK", now=NOON))
    assert await shown(database) == ["U0BACK"]
    await change(database, WATCHED_FOR)
    assert await shown(database, WATCHED_FOR + HOUR) == []


async def test_a_visit_begins_at_home(database: Database) -> None:
    """Opening the home again shows one's own; a person who is looked for is looked for in it."""
    await watch(database, ADMIN)

    async def at(everybody_at: str | None, with_person: str | None) -> None:
        home = await database.run(lambda store: store.homes._get(TEAM, ADMIN))
        assert home is not None
        assert (home.everybody_at, home.with_person) == (everybody_at, with_person)

    place = Place("U1", "U2")
    await database.run(
        lambda store: store.homes.look_at_everybody(TEAM, ADMIN, page=place, now=NOON)
    )
    await at(place.said, None)
    await database.run(lambda store: store.homes.look_for(TEAM, ADMIN, person_id="U3", now=NOON))
    await at("", "U3")
    await database.run(lambda store: store.homes.open(TEAM, ADMIN, now=NOON))
    await at(None, None)
    await database.run(lambda store: store.homes.look_for(TEAM, ADMIN, person_id="U3", now=NOON))
    await at(None, "U3")

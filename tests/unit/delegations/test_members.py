"""The members of a Close organization: listed once for all who ask, and again when that is old."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.delegations.members import FRESH, KEPT, Members
from bot.ports import CloseUser
from tests.integration.rows import NOON, account

NORTH, SOUTH = "orga_north", "orga_south"
BEN = CloseUser("user_ben", "Ben@Example.com", "Ben", (SOUTH, NORTH))
CLEO = CloseUser("user_cleo", "cleo@example.com", "Cleo", (NORTH,))
DORA = CloseUser("user_dora", "dora@example.com", "Dora", (SOUTH,))
SECOND = timedelta(seconds=1)


class Session:
    """Somebody's connection in an organization."""

    def __init__(self, organization: str = NORTH) -> None:
        self.account = account(organization_id=organization)

    async def call(self, ask: Any) -> Any:
        """As the real one, without a credential."""
        await asyncio.sleep(0)
        return await ask(self)


class Close:
    """Lists whom the test put there, and counts how often."""

    def __init__(self, *users: CloseUser) -> None:
        self.listed: Sequence[CloseUser] = users
        self.asked = 0
        self.moment = NOON

    def now(self) -> datetime:
        """The moment."""
        return self.moment

    async def users(self, credential: Any) -> Sequence[CloseUser]:
        """Everybody."""
        self.asked += 1
        return self.listed


class Stage:
    """What is asked, and of whom."""

    def __init__(self) -> None:
        self.close = Close(BEN, CLEO, DORA)
        close: Any = self.close
        self.members = Members(close, self.close.now)


@pytest.fixture
def stage() -> Stage:
    """Three people, of whom two are in the north and two in the south."""
    return Stage()


def session(organization: str = NORTH) -> Any:
    """A stand-in for the session of somebody there."""
    return Session(organization)


async def test_a_member(stage: Stage) -> None:
    """By the id, and only in the session's organization."""
    assert await stage.members.find(session(), CLEO.id) == CLEO
    assert await stage.members.find(session(), DORA.id) is None
    assert await stage.members.find(session(SOUTH), DORA.id) == DORA


async def test_by_address(stage: Stage) -> None:
    """In whatever letters, and only in the session's organization."""
    assert await stage.members.with_email(session(), "ben@example.COM") == [BEN]
    assert await stage.members.with_email(session(), DORA.email) == []


async def test_everybody_that_is_shown(stage: Stage) -> None:
    """Whoever is in several organizations sees the people of all of them."""
    assert await stage.members.all(session()) == (BEN, CLEO, DORA)


async def test_many_ask_for_one_list(stage: Stage) -> None:
    """At the same time one list is enough; another organization has one of its own."""
    asking = [stage.members.find(session(), CLEO.id) for _ in range(9)]
    assert set(await asyncio.gather(*asking)) == {CLEO}
    assert stage.close.asked == 1
    await stage.members.all(session(SOUTH))
    assert stage.close.asked == 2


@pytest.mark.parametrize(
    ("age", "oldest", "is_asked"),
    [
        (KEPT, None, False),
        (KEPT + SECOND, None, True),
        (FRESH, FRESH, False),
        (FRESH + SECOND, FRESH, True),
    ],
)
async def test_how_long_a_list_is_good(
    stage: Stage, age: timedelta, oldest: timedelta | None, is_asked: bool
) -> None:
    """Ten minutes, or as long as whoever asks says; then it is asked for, and kept, anew."""
    more: dict[str, Any] = {} if oldest is None else {"not_older_than": oldest}
    for ask in ("all", "with_email"):
        await stage.members.all(session(), not_older_than=timedelta(seconds=-1))
        before = stage.close.asked
        stage.close.moment += age
        for _ in range(2):
            if ask == "all":
                await stage.members.all(session(), **more)
            else:
                await stage.members.with_email(session(), CLEO.email, **more)
        assert stage.close.asked == before + is_asked


@pytest.mark.parametrize(
    ("age", "is_asked"), [(SECOND, False), (FRESH, False), (FRESH + SECOND, True)]
)
async def test_who_is_missing(stage: Stage, age: timedelta, is_asked: bool) -> None:
    """Is really missing in a list that is fresh; else in another one."""
    stage.close.listed = (BEN,)
    await stage.members.all(session())
    stage.close.listed = (BEN, CLEO)
    stage.close.moment += age
    assert await stage.members.find(session(), BEN.id) == BEN
    assert stage.close.asked == 1
    assert await stage.members.find(session(), CLEO.id) == (CLEO if is_asked else None)
    assert stage.close.asked == 1 + is_asked

"""Who a grantee is in Close, with several organizations, on both databases."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from cryptography.fernet import Fernet

from bot.close.errors import CloseProblem, RetryLater
from bot.connections.sessions import Connections
from bot.connections.vault import Vault, owner
from bot.delegations import accounts
from bot.delegations.accounts import NoAccount
from bot.delegations.members import FRESH
from bot.ports import CloseOAuth, CloseUser, Credential
from bot.store import Database
from models.connection import Connection
from models.delegation import Delegation, State, Trouble
from tests.integration.rows import NOON, account
from tests.integration.tools import tools

NORTH, SOUTH = "orga_North", "orga_South"
BEN = CloseUser("user_Ben", "Ben@Example.com", "Ben Okafor", (NORTH,))
ASKED = Delegation(
    id="d",
    team_id="T",
    grantor_id="U_ADA",
    grantee_id="U_BEN",
    requester_id="U_BEN",
    grantee_email="ben@example.com",
    reason="",
    state=State.REQUESTED,
    requested_at=NOON,
    lapses_at=NOON + timedelta(days=3),
)


class Members:
    """A Close that only lists users; what it shows depends on whose credential asks."""

    def __init__(self, **shown: Sequence[CloseUser] | Exception) -> None:
        self.shown = shown
        self.asked = 0

    async def users(self, credential: Credential) -> Sequence[CloseUser]:
        """The members of the caller's organization."""
        self.asked += 1
        await asyncio.sleep(0)
        shown = self.shown[credential.secret]
        if isinstance(shown, Exception):
            raise shown
        return shown


class Bench:
    """Tools over a database and a Close of the test's making."""

    def __init__(self, database: Database, close: Members) -> None:
        self.database = database
        vault = Vault([Fernet.generate_key().decode()])
        oauth = cast("CloseOAuth", None)  # no token runs out here
        self.connections = Connections(database, vault, oauth, lambda: NOON)
        self.moment = NOON
        self.tools = tools(
            database, connections=self.connections, close=close, now=lambda: self.moment
        )

    async def connect(self, person: str, organization: str, *, token: str, **more: Any) -> None:
        """Store a connection of this person."""
        user_id = f"user_{person}"
        proven = account(
            close_user_id=user_id,
            organization_id=organization,
            email=f"{person}@example.com",
            is_api_key=True,
            secret=self.connections.seal_key(token, owner("T", f"U_{person}", user_id)),
            access_expires_at=None,
        )
        connection = Connection(
            id=person,
            team_id="T",
            slack_user_id=f"U_{person}",
            account=proven,
            connected_at=NOON,
            **more,
        )
        await self.database.run(lambda store: store.connections.put(connection))

    async def account_in(self, row: Delegation = ASKED) -> str:
        """Ben's account, asked in Ada's name."""
        known = await accounts.known_of(self.tools, row)
        session = await self.connections.opened(known.grantor)
        return (await accounts.of_grantee(self.tools, session, row, known)).shown

    async def trouble(self, row: Delegation = ASKED) -> Trouble:
        """Why Ben has no account in Ada's organization."""
        with pytest.raises(NoAccount) as caught:
            await self.account_in(row)
        return caught.value.trouble


async def test_many_ask_one_list(database: Database) -> None:
    """Fifty requests at the same moment need one list of members."""
    members = Members(ada=[BEN])
    bench = Bench(database, members)
    await bench.connect("ADA", NORTH, token="ada")
    found = await asyncio.gather(*(bench.account_in() for _ in range(50)))
    assert set(found) == {"Ben Okafor, Ben@Example.com"}
    assert members.asked == 1


async def test_known_in_another_organization(database: Database) -> None:
    """Missing in the grantor's, found in the one of somebody else who is connected."""
    bench = Bench(database, Members(ada=[], cleo=[CloseUser("user_B", BEN.email, "Ben", (SOUTH,))]))
    await bench.connect("ADA", NORTH, token="ada")
    assert await bench.trouble() is Trouble.GRANTEE_NOT_IN_CLOSE
    await bench.connect("CLEO", SOUTH, token="cleo")
    assert await bench.trouble() is Trouble.OTHER_ORGANIZATION


async def test_another_organization_that_does_not_answer(database: Database) -> None:
    """It was only asked to say more exactly what is wrong."""
    away = RetryLater(CloseProblem.UNAVAILABLE)
    bench = Bench(database, Members(ada=[], cleo=away))
    await bench.connect("ADA", NORTH, token="ada")
    await bench.connect("CLEO", SOUTH, token="cleo")
    assert await bench.trouble() is Trouble.GRANTEE_NOT_IN_CLOSE


async def test_a_key_that_lists_several_organizations(database: Database) -> None:
    """Somebody in another organization of the key's owner is not taken for a member of this one."""
    elsewhere = CloseUser("user_B", BEN.email, "Ben", (SOUTH,))
    bench = Bench(database, Members(ada=[elsewhere]))
    await bench.connect("ADA", NORTH, token="ada")
    assert await bench.trouble() is Trouble.OTHER_ORGANIZATION


async def test_a_proven_account_elsewhere(database: Database) -> None:
    """The grantee's own connection counts, even when the address could be matched here."""
    bench = Bench(database, Members(ada=[BEN]))
    await bench.connect("ADA", NORTH, token="ada")
    await bench.connect("BEN", SOUTH, token="ben")
    assert await bench.trouble() is Trouble.OTHER_ORGANIZATION


async def test_foreseen_by_whoever_can_tell(database: Database) -> None:
    """Before the grantor is connected, another living connection names the account."""
    bench = Bench(database, Members(cleo=[BEN]))
    assert await accounts.foreseen(bench.tools, ASKED) is None
    await bench.connect("CLEO", NORTH, token="cleo", is_alive=False)
    assert await accounts.foreseen(bench.tools, ASKED) is None
    await bench.connect("CLEO", NORTH, token="cleo")
    found = await accounts.foreseen(bench.tools, ASKED)
    assert found is not None
    assert not found.is_proven


async def test_foreseen_by_the_grantor(database: Database) -> None:
    """Their organization counts, and not where the grantee is connected."""
    bench = Bench(database, Members(ada=[BEN]))
    await bench.connect("ADA", NORTH, token="ada")
    await bench.connect("BEN", SOUTH, token="ben")
    with pytest.raises(NoAccount) as caught:
        await accounts.foreseen(bench.tools, ASKED)
    assert caught.value.trouble is Trouble.OTHER_ORGANIZATION


async def test_others_that_do_not_answer(database: Database) -> None:
    """Whoever comes after them is asked all the same."""
    away = RetryLater(CloseProblem.UNAVAILABLE)
    there = [CloseUser("user_B", BEN.email, "Ben", (SOUTH,))]
    bench = Bench(database, Members(ada=[], cleo=away, dora=there, emil=away))
    await bench.connect("ADA", NORTH, token="ada")
    for person, organization in (("CLEO", "orga_1"), ("DORA", SOUTH), ("EMIL", "orga_2")):
        await bench.connect(person, organization, token=person.lower())
    assert await bench.trouble() is Trouble.OTHER_ORGANIZATION


async def test_somebody_new(database: Database) -> None:
    """Whoever is missing in a list that is no longer fresh is looked for in another one."""
    members = Members(ada=[])
    bench = Bench(database, members)
    await bench.connect("ADA", NORTH, token="ada")
    assert await bench.trouble() is Trouble.GRANTEE_NOT_IN_CLOSE
    members.shown["ada"] = [BEN]
    bench.moment += FRESH
    assert await bench.trouble() is Trouble.GRANTEE_NOT_IN_CLOSE
    bench.moment += timedelta(seconds=1)
    assert await bench.account_in() == "Ben Okafor, Ben@Example.com"


@pytest.mark.parametrize(
    ("shown", "close_id", "is_seen"),
    [
        (None, None, True),
        (None, "user_other", True),
        ("Benny, ben@example.com", None, True),
        ("Ben Okafor, other@example.com", None, False),
        ("Benny, other@example.com", BEN.id, True),
        ("Ben Okafor, Ben@Example.com", "user_other", False),
    ],
)
async def test_what_the_grantor_saw(
    database: Database, shown: str | None, close_id: str | None, *, is_seen: bool
) -> None:
    """That account gets it; in rows of earlier releases it is known by its address."""
    bench = Bench(database, Members(ada=[BEN]))
    await bench.connect("ADA", NORTH, token="ada")
    row = replace(ASKED, grantee_account=shown, grantee_close_id=close_id)
    assert await bench.account_in(row) == "Ben Okafor, Ben@Example.com"
    approved = replace(row, state=State.APPROVED)
    if is_seen:
        assert await bench.account_in(approved) == "Ben Okafor, Ben@Example.com"
    else:
        assert await bench.trouble(approved) is Trouble.GRANTEE_CHANGED

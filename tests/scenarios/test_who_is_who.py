"""Who is who: an account proven by its owner beats a match by address, and every card names it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.store import cards
from models.delegation import State, Trouble
from sandbox.people import ADA, BEN, CLEO, DANA, ELI, SandboxPerson, close_id
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import asked, cards_at_rest, press, read_all, settled_in, shown
from tests.scenarios.world import World, open_world

GOES_TO = "*Goes to:* Ben Okafor\nAddress in Close: ben.okafor@example.com"


async def identified(world: World) -> str:
    """What Ada's approval card says, once the account was looked up."""
    async with asyncio.timeout(PATIENCE):
        while (await world.only()).identified_at is None:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)
    await cards_at_rest(world)
    return read_all(world, ADA)


async def test_matched_by_address(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The approval card names the account, and says that only the address was compared.

    It is shown once, and so is the asker's: they wait for the account to be looked up.
    """
    monkeypatch.setattr(cards, "IDENTIFYING", timedelta(seconds=PATIENCE))
    monkeypatch.setattr(cards, "ASKED", timedelta(seconds=PATIENCE))
    await world.connect(ADA)
    await asked(world)
    assert f"{GOES_TO} (matched by email)" in await identified(world)
    shown_again = [call for call in world.slack.calls if call.method == "chat.update"]
    for reader, says in ((ADA, "asks to send"), (BEN, "You asked to send")):
        messages = world.slack.messages(reader)
        posts = [each for each in messages if says in world.slack.read(each, reader)]
        assert len(posts) == 1
        assert posts[0].ts not in [call.arguments["ts"] for call in shown_again]


async def test_proven_by_its_owner(stage: World) -> None:
    """Once the grantee connects, the open card no longer says that it was only matched."""
    await stage.connect(ADA)
    await asked(stage)
    assert "(matched by email)" in await identified(stage)
    await stage.connect(BEN)
    await stage.card(ADA, GOES_TO)
    text = await identified(stage)
    assert GOES_TO in text
    assert "matched" not in text
    await press(stage, ADA, "Approve")
    delegation = await settled_in(stage, State.ACTIVE)
    assert delegation.is_grantee_proven
    assert delegation.grantee_close_id == BEN.close_user_id


async def test_before_the_grantor_is_connected(stage: World) -> None:
    """Any connection of the organization can tell; without one the card says so."""
    await asked(stage)
    assert "checked once you connect" in await identified(stage)
    await stage.connect(CLEO)
    await stage.sendas(BEN, "release @ada")
    await asked(stage, "@ada 3h Again")
    await stage.card(ADA, f"{GOES_TO} (matched by email)")


async def test_the_address_is_compared_without_case(stage: World) -> None:
    """Close's capital letters do not matter."""
    _rename(stage, BEN, email="Ben.Okafor@EXAMPLE.com")
    await stage.connect(ADA)
    await asked(stage)
    assert "*Goes to:* Ben Okafor\nAddress in Close: Ben.Okafor@EXAMPLE.com" in await identified(
        stage
    )
    await press(stage, ADA, "Approve")
    await settled_in(stage, State.ACTIVE)


async def test_not_in_close(stage: World) -> None:
    """Both read it before anybody approves; the grantee connects, and the request goes on."""
    _rename(stage, BEN, email="okafor@another.example.com")
    await stage.connect(ADA)
    await asked(stage)
    text = await identified(stage)
    assert "has @Ben Okafor's Slack email address" in text
    assert "*What to do:* @Ben Okafor connects" in text
    await shown(stage, BEN, "Connect Close", "the rest is automatic")
    _rename(stage, BEN, email=BEN.email)
    await stage.connect(BEN)
    await stage.card(ADA, GOES_TO)


async def waiting(world: World, trouble: Trouble) -> None:
    """Wait until the approval waits for this."""
    async with asyncio.timeout(PATIENCE):
        while (await world.only()).trouble is not trouble:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)
    assert (await world.only()).state is State.APPROVED


async def test_approved_all_the_same(stage: World) -> None:
    """A8: an approval for somebody without an account in Close waits, and the grantee is told what
    to do. When they are invited there it goes on; nobody has to approve twice."""
    await stage.connect(ADA)
    assert "Asked" in await stage.sendas(ELI, "@ada 2h")
    await press(stage, ADA, "Approve")
    await waiting(stage, Trouble.GRANTEE_NOT_IN_CLOSE)
    await shown(stage, ELI, "Connect Close", "the rest is automatic")
    await shown(stage, ADA, "Revoke", "Your approval is kept until")
    invited = replace(ELI, close_user_id=close_id("user", "eli"))
    stage.close.state.members[invited.close_user_id or ""] = invited
    stage.clock.push(hours=1, seconds=1)
    await settled_in(stage, State.ACTIVE)
    assert stage.close.find(ADA, invited)


async def test_an_approval_that_waits_in_vain(stage: World) -> None:
    """A8: it waits within its time only, and nothing is ever asked of Close."""
    await stage.connect(ADA)
    assert "Asked" in await stage.sendas(ELI, "@ada 2h")
    await press(stage, ADA, "Approve")
    await waiting(stage, Trouble.GRANTEE_NOT_IN_CLOSE)
    stage.clock.push(days=60)
    await settled_in(stage, State.LAPSED)
    assert not stage.close.associations


@pytest.mark.parametrize("email", ["", "ben@elsewhere.example.com"])
async def test_confirmed_after_the_approval(database_url: str, email: str) -> None:
    """A8: Ben has no address in Slack, or another one than in Close. Ada approves once; Ben
    connects, an admin confirms his account, and it goes on by itself."""
    async with open_world(database_url, admins=(DANA.id,)) as world:
        world.slack.workspace.people[BEN.id] = replace(BEN, email=email)
        await world.connect(ADA)
        await asked(world)
        await press(world, ADA, "Approve")
        lacks = Trouble.GRANTEE_NOT_IN_CLOSE if email else Trouble.GRANTEE_WITHOUT_EMAIL
        await waiting(world, lacks)
        await world.connect(BEN)
        await press(world, DANA, "Confirm")
        delegation = await settled_in(world, State.ACTIVE)
        assert delegation.is_grantee_proven
        assert world.close.find(ADA, BEN)


async def test_an_address_that_is_confirmed_after_the_approval(stage: World) -> None:
    """A8: Ben confirms his address in Slack while Ada's approval waits for one: it goes on."""
    stage.slack.workspace.people[BEN.id] = replace(BEN, is_email_confirmed=False)
    await stage.connect(ADA)
    await asked(stage)
    await press(stage, ADA, "Approve")
    await stage.card(ADA, "does not show a confirmed email address")
    await stage.slack.change_person(BEN, is_email_confirmed=True)
    stage.clock.push(hours=1, minutes=1)
    made = await settled_in(stage, State.ACTIVE)
    assert made.grantee_close_id == BEN.close_user_id


async def test_found_twice(stage: World) -> None:
    """Two members with one address: nobody guesses which; it waits for the one who connects."""
    twin = replace(BEN, close_user_id=close_id("user", "ben's twin"), email=BEN.email.upper())
    stage.close.state.members[twin.close_user_id or ""] = twin
    await stage.connect(ADA)
    await asked(stage)
    assert "More than one account" in await identified(stage)
    await press(stage, ADA, "Approve")
    await waiting(stage, Trouble.GRANTEE_FOUND_TWICE)
    assert not stage.close.associations
    await stage.connect(BEN)
    await settled_in(stage, State.ACTIVE)
    assert stage.close.find(ADA, BEN)


async def test_close_is_away_when_it_is_looked_up(stage: World) -> None:
    """The request reaches the grantor all the same, and the account is found when it matters."""
    await stage.connect(ADA)
    stage.close.trouble.html("/user/", times=1)
    await asked(stage)
    assert "checked once you connect" in await identified(stage)
    await press(stage, ADA, "Approve")
    delegation = await settled_in(stage, State.ACTIVE)
    assert delegation.grantee_account == "Ben Okafor, ben.okafor@example.com"
    assert not delegation.is_grantee_proven


async def test_only_proven_accounts(database_url: str) -> None:
    """With REQUIRE_GRANTEE_CONNECTION an approval waits until the grantee has connected."""
    async with open_world(database_url, require_grantee_connection=True) as world:
        await world.connect(ADA)
        await asked(world)
        assert "has not connected their own Close account" in await identified(world)
        await press(world, ADA, "Approve")
        await shown(world, BEN, "Connect Close", "the rest is automatic")
        async with asyncio.timeout(PATIENCE):
            while not (await world.only()).trouble:  # noqa: ASYNC110 - only looking tells
                await asyncio.sleep(MOMENT)
        assert (await world.only()).trouble is Trouble.GRANTEE_NOT_CONNECTED
        assert not [call for call in world.close.calls if call.path == "/api/v1/user/"]
        await world.connect(BEN)
        delegation = await settled_in(world, State.ACTIVE)
        assert delegation.is_grantee_proven


def _rename(world: World, person: SandboxPerson, *, email: str) -> None:
    """Give somebody another address in Close."""
    assert person.close_user_id is not None
    world.close.state.members[person.close_user_id] = replace(person, email=email)


async def test_another_account_than_the_grantor_saw(sqlite_url: str) -> None:
    """What was approved for one address never goes to another: the grantee asks again."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as world:
        await world.connect(CLEO)  # knows who is in the organization
        await asked(world)
        assert GOES_TO in await identified(world)
        await press(world, ADA, "Approve")
        await shown(world, ADA, "Connect Close", "One step is left")
        await world.follow(await world.connect_link(BEN), CLEO)
        await press(world, DANA, "Confirm")
        await world.card(BEN, "is connected")
        await world.connect(ADA)
        failed = await settled_in(world, State.FAILED)
        assert failed.trouble is Trouble.GRANTEE_CHANGED
        assert not world.close.associations


async def test_an_account_that_nobody_could_look_up(world: World) -> None:
    """Before anybody is connected the request names the address that will be looked up. One click
    and connecting are enough; then a message of its own names the account, with Revoke."""
    await asked(world)
    before = await identified(world)
    assert "checked once you connect" in before
    assert "ben.okafor@example.com" in before
    await press(world, ADA, "Approve")
    card = await shown(world, ADA, "Connect Close", "One step is left")
    assert "ben.okafor@example.com" in world.slack.read(card, ADA)
    await world.connect(ADA)
    await settled_in(world, State.ACTIVE)
    told = await shown(
        world,
        ADA,
        "Revoke",
        "*In Close it went to:* Ben Okafor\n"
        "Address in Close: ben.okafor@example.com (matched by email)",
    )
    assert told.ts != card.ts
    await cards_at_rest(world)
    active = [m for m in world.slack.messages(ADA) if "it went to" in world.slack.read(m, ADA)]
    assert len(active) == 1
    await press(world, ADA, "Revoke")
    await settled_in(world, State.ENDED)
    assert not world.close.associations


async def test_an_account_that_was_seen_is_not_told_again(stage: World) -> None:
    """Who read the account before approving gets no second message about it."""
    await stage.connect(ADA)
    await asked(stage)
    assert GOES_TO in await identified(stage)
    await press(stage, ADA, "Approve")
    await settled_in(stage, State.ACTIVE)
    await cards_at_rest(stage)
    assert "In Close: Ben Okafor" in read_all(stage, ADA)
    assert "it went to" not in read_all(stage, ADA)
    assert "further down" not in read_all(stage, ADA)

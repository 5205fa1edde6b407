"""A link that the wrong person opens binds nothing, unless an admin says that it is right."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.store.rows import many
from models.connection import connections
from models.mark import marked
from models.pairing import Pairing, Verdict, pairings
from sandbox.people import ADA, BEN, CLEO, DANA, SandboxPerson
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import asked, press, revocations, revoked, shown
from tests.scenarios.test_home import home, opened
from tests.scenarios.world import World, open_world

QUESTION = "connected a Close account with another address"


@pytest.fixture
async def led(sqlite_url: str) -> AsyncIterator[World]:
    """A world whose admins are Dana and Cleo."""
    async with open_world(sqlite_url, admins=(DANA.id, CLEO.id)) as opened:
        yield opened


async def opened_by(world: World, owner: SandboxPerson, visitor: SandboxPerson) -> Any:
    """Somebody opens another person's link and consents with their own Close account."""
    return await world.follow(await world.connect_link(owner), visitor)


async def stored(world: World) -> list[tuple[str, str]]:
    """Who is connected with which address."""

    def read(connection: Any) -> list[tuple[str, str]]:
        rows = connection.execute(connections.select())
        return [(row.slack_user_id, row.email) for row in rows]

    found: list[tuple[str, str]] = await world.database.run_connection(read)
    return found


async def pairing_of(world: World) -> Pairing:
    """The latest pairing."""

    def read(connection: Any) -> Pairing:
        statement = pairings.select().order_by(pairings.c.created_at.desc())
        return many(connection, Pairing, statement)[0]

    found: Pairing = await world.database.run_connection(read)
    return found


async def test_without_admins_it_is_refused(stage: World) -> None:
    """The page says who can help, nothing is stored, and the grant is given back to Close."""
    page = await opened_by(stage, ADA, BEN)
    assert page.status_code == 403
    assert "ADMINS" in page.text
    assert await stored(stage) == []
    await stage.close.wait_for(lambda: revocations(stage) == 1, what="a revocation")


async def test_the_address_may_differ_in_case(stage: World) -> None:
    """Capital letters make nobody another person."""
    stage.close.state.members[ADA.close_user_id or ""] = _with_email(ADA, ADA.email.title())
    assert (await stage.connect(ADA)).status_code == 200
    assert await stored(stage) == [(ADA.id, ADA.email.title())]


@pytest.mark.parametrize(
    ("in_slack", "in_close", "is_same"),
    [
        ("strauss@example.com", "strau\u00df@example.com", False),
        ("ada@example.com", "\uff41da@example.com", False),
        ("ida@example.com", "\u0131da@example.com", False),
        ("kim@example.com", "\u212aim@example.com", False),
        ("ada@example.com", "ada@example.com.", False),
        ("ada@example.com", "ada+close@example.com", False),
        ("strau\u00df@example.com", "strau\u00df@example.com", True),
        ("ADA@example.com", "ada@EXAMPLE.com", True),
    ],
)
async def test_nearly_the_same_address(
    led: World, in_slack: str, in_close: str, is_same: bool
) -> None:
    """A4: what only looks alike, or folds to the same letters, is another address."""
    led.slack.workspace.people[ADA.id] = _with_email(ADA, in_slack)
    led.close.state.members[ADA.close_user_id or ""] = _with_email(ADA, in_close)
    assert (await led.connect(ADA)).status_code == 200
    assert await stored(led) == ([(ADA.id, in_close)] if is_same else [])


async def test_an_admin_confirms(database_url: str) -> None:
    """Both admins are asked; one confirms, the person hears of it, and the question is settled."""
    async with open_world(database_url, admins=(DANA.id, CLEO.id)) as world:
        page = await opened_by(world, ADA, BEN)
        assert page.status_code == 200
        assert "an admin of the bot has been asked" in page.text
        assert await stored(world) == []
        assert "An admin has been asked" in await world.sendas(ADA, "connect")
        question = await world.card(DANA, QUESTION)
        for address in (ADA.email, BEN.email):
            assert address in world.slack.read(question, DANA)
        await shown(world, CLEO, "Confirm")
        await press(world, DANA, "Confirm")
        await world.card(ADA, "is connected")
        assert await stored(world) == [(ADA.id, BEN.email)]
        settled = await world.card(CLEO, "confirmed it")
        assert "Confirm" not in settled.buttons()
        assert (await pairing_of(world)).account.secret == b""


async def test_an_admin_rejects(led: World) -> None:
    """The tokens are revoked at Close and erased here, and the person hears of it."""
    await opened_by(led, ADA, BEN)
    await press(led, DANA, "Reject")
    await led.card(ADA, "was not connected")
    await revoked(led)
    async with asyncio.timeout(PATIENCE):
        while (await pairing_of(led)).account.secret:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)
    assert await stored(led) == []


async def test_who_waits_reads_that_an_admin_was_asked(led: World) -> None:
    """Rule 9: while an approval waits for an admin's word, both cards and the home say so, and
    nobody is asked to connect again; a rejection offers that anew."""
    await asked(led)
    await press(led, ADA, "Approve")
    await shown(led, ADA, "Connect Close")
    await opened_by(led, ADA, BEN)
    card = await led.card(ADA, "An admin has to confirm your Close account first")
    assert card.buttons() == ["Revoke"]
    card = await led.card(BEN, "asked to confirm @Ada Lindqvist's Close account")
    assert card.buttons() == ["Cancel"]
    await opened(led, ADA, "Your Close account waits for an admin")
    assert "asked to confirm your Close account" in await led.sendas(ADA, "list")
    await press(led, DANA, "Reject")
    await shown(led, ADA, "Connect Close", "One step is left")
    await home(led, ADA, "Your Close account is not connected")


@pytest.mark.parametrize("clicker", [ADA, BEN])
async def test_only_admins_decide(led: World, clicker: SandboxPerson) -> None:
    """A forged click of anybody else changes nothing, the person's own least of all."""
    await opened_by(led, ADA, BEN)
    await shown(led, DANA, "Confirm")
    pairing = await pairing_of(led)
    await led.sendas(clicker, "list")
    seen = led.last_answer(clicker)
    await led.slack.forge_click(clicker, seen, "confirm_pairing", marked(pairing))
    await led.whispered(clicker, "Only the people this is about")
    assert await stored(led) == []


async def test_an_admin_does_not_confirm_their_own(led: World) -> None:
    """Dana's own account is for the other admin to look at."""
    await opened_by(led, DANA, BEN)
    await shown(led, CLEO, "Confirm")
    pairing = await pairing_of(led)
    assert not [m for m in led.slack.messages(DANA) if "Confirm" in m.buttons()]
    await led.sendas(DANA, "list")
    seen = led.last_answer(DANA)
    await led.slack.forge_click(DANA, seen, "confirm_pairing", marked(pairing))
    await led.whispered(DANA, "Only the people this is about")
    assert await stored(led) == []


async def test_two_admins_at_the_same_moment(led: World) -> None:
    """One answer counts; the other hears that it was answered."""
    await opened_by(led, ADA, BEN)
    first, second = await shown(led, DANA, "Confirm"), await shown(led, CLEO, "Reject")
    await asyncio.gather(
        led.slack.click(DANA, first, "Confirm"), led.slack.click(CLEO, second, "Reject")
    )
    verdict = (await pairing_of(led)).verdict
    assert verdict in (Verdict.CONFIRMED, Verdict.REJECTED)
    assert await stored(led) == ([(ADA.id, BEN.email)] if verdict is Verdict.CONFIRMED else [])
    late = CLEO if verdict is Verdict.CONFIRMED else DANA
    await led.whispered(late, "already answered")


async def test_a_later_account_replaces_the_question(led: World) -> None:
    """Of two accounts of one person only the latest can be confirmed."""
    await opened_by(led, ADA, BEN)
    first = await shown(led, DANA, "Confirm")
    await opened_by(led, ADA, CLEO)
    await led.card(DANA, "another account since")
    assert "Confirm" not in first.buttons()
    await press(led, DANA, "Confirm")
    await led.card(ADA, "is connected")
    assert await stored(led) == [(ADA.id, CLEO.email)]


async def test_the_same_account_again_keeps_what_waits(led: World) -> None:
    """A5: while an account waits for an admin, no earlier tokens of it are ended: whether Close
    would end those that wait as well is unknown. Once it is rejected, all of them are."""
    await opened_by(led, ADA, BEN)
    await shown(led, DANA, "Confirm")
    await opened_by(led, ADA, BEN)
    await led.card(DANA, "another account since")
    async with asyncio.timeout(PATIENCE):
        while not await _is_held(led):  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)
    assert revocations(led) == 0
    await press(led, DANA, "Reject")
    await revoked(led, times=2)


async def _is_held(world: World) -> bool:
    """Whether all that is to be ended waits until much later."""
    found = await world.database.run(lambda store: store.revocations.all())
    soon = world.clock() + timedelta(hours=1)
    return bool(found) and all(each.wake_at is not None and each.wake_at > soon for each in found)


async def test_disconnecting_while_the_account_waits(led: World) -> None:
    """A5: Ben leaves while an admin is asked whether Ada may use his account: nothing of it is
    ended before the answer."""
    await led.connect(BEN)
    await opened_by(led, ADA, BEN)
    await shown(led, DANA, "Confirm")
    await led.sendas(BEN, "disconnect")
    await led.card(BEN, "Close is disconnected")
    assert revocations(led) == 0
    await press(led, DANA, "Reject")
    await revoked(led, times=2)


async def test_ones_own_account_settles_the_question(database_url: str) -> None:
    """A1: Ada connects her own account while another one waits: that one cannot be confirmed any
    more, not even by a click on the card as it was, and its tokens are revoked."""
    async with open_world(database_url, admins=(DANA.id, CLEO.id)) as world:
        await opened_by(world, ADA, BEN)
        question = await shown(world, DANA, "Confirm")
        waiting = await pairing_of(world)
        await world.connect(ADA)
        await world.card(DANA, "another account since")
        assert "Confirm" not in question.buttons()
        await world.slack.forge_click(DANA, question, "confirm_pairing", marked(waiting))
        await world.whispered(DANA, "already answered")
        assert await stored(world) == [(ADA.id, ADA.email)]
        await world.close.wait_for(lambda: revocations(world) == 1, what="a revocation")


async def test_confirmed_twice(led: World) -> None:
    """The second Confirm of one pairing finds it answered, and changes nothing."""
    await opened_by(led, ADA, BEN)
    question = await shown(led, DANA, "Confirm")
    pairing = await pairing_of(led)
    await asyncio.gather(
        *(
            led.slack.forge_click(DANA, question, "confirm_pairing", marked(pairing))
            for _ in range(2)
        )
    )
    await led.whispered(DANA, "already answered")
    assert await stored(led) == [(ADA.id, BEN.email)]


async def test_somebody_elses_account(database_url: str) -> None:
    """A3: the admins read whose account it is known as, and that person is told. Once it is Ada's
    as well, Ben's own consent is a question too, which names Ada."""
    async with open_world(database_url, admins=(DANA.id, CLEO.id)) as world:
        await opened_by(world, ADA, BEN)
        question = await world.card(DANA, "known here as @Ben Okafor's")
        await world.card(BEN, "which is known here as yours")
        reply = await world.slack.click(DANA, question, "Confirm")
        assert reply.ok
        await world.card(ADA, "is connected")
        await world.card(BEN, "@Dana Whitfield confirmed it")
        page = await world.connect(BEN)
        assert "An admin" in page.text or "an admin" in page.text
        question = await world.card(DANA, "known here as @Ada Lindqvist's")
        assert "that somebody else uses" in world.slack.read(question, DANA)
        await world.card(ADA, "which is known here as yours")
        await world.slack.click(DANA, question, "Reject")
        await world.card(BEN, "was not connected")
        assert await stored(world) == [(ADA.id, BEN.email)]


async def test_its_owner_turns_up_while_it_waits(led: World) -> None:
    """A3: nobody here was known by the account when it was asked about; when its owner connects,
    the question says so, and the owner hears of it."""
    led.slack.workspace.people[BEN.id] = _with_email(BEN, "ben@elsewhere.example.com")
    await opened_by(led, ADA, BEN)
    first = await shown(led, DANA, "Confirm")
    assert "known here as" not in led.slack.read(first, DANA)
    await opened_by(led, BEN, BEN)
    second = await shown(led, DANA, "Confirm", "@Ben Okafor connected")
    await led.slack.click(DANA, second, "Confirm")
    await led.card(BEN, "is connected")
    assert (await led.card(DANA, "known here as @Ben Okafor's")).ts == first.ts
    await led.card(BEN, "which is known here as yours")


@pytest.mark.parametrize("is_connected", [True, False])
async def test_no_admin_judges_about_their_own_account(sqlite_url: str, is_connected: bool) -> None:
    """A3: Dana consents on Ada's link with her own account; alone as an admin she cannot confirm
    it, so it is refused, and the tokens are ended."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as world:
        if is_connected:
            await world.connect(DANA)
        page = await opened_by(world, ADA, DANA)
        assert page.status_code == 403
        assert "Somebody else here uses this account" in page.text
        assert await stored(world) == [(DANA.id, DANA.email)] * is_connected
        if not is_connected:
            await world.close.wait_for(lambda: revocations(world) == 1, what="a revocation")


async def test_what_it_replaces(led: World) -> None:
    """The question names the account that would be replaced; the same account again is none."""
    await led.connect(ADA)
    await opened_by(led, ADA, BEN)
    await led.card(DANA, f"is connected as {ADA.email} now. Once you confirm, this takes its place")
    await press(led, DANA, "Confirm")
    await led.card(ADA, "is connected")
    page = await opened_by(led, ADA, BEN)
    assert "Close is connected" in page.text
    assert await stored(led) == [(ADA.id, BEN.email)]


async def test_slack_cannot_say_whose_address_it_is(led: World) -> None:
    """The question goes without the other person, and nothing is lost."""
    led.slack.trouble.rate_limit("users.lookupByEmail", retry_after=30)
    page = await opened_by(led, ADA, BEN)
    assert page.status_code == 200
    await shown(led, DANA, "Confirm")


async def test_nobody_decides(led: World) -> None:
    """After a week the question is over, the tokens are revoked, and the person is told."""
    await opened_by(led, ADA, BEN)
    await shown(led, DANA, "Confirm")
    led.clock.push(days=7, seconds=1)
    await led.card(ADA, "No admin confirmed it within a week")
    await revoked(led)
    assert (await pairing_of(led)).verdict is Verdict.EXPIRED


def _with_email(person: SandboxPerson, email: str) -> SandboxPerson:
    return replace(person, email=email)

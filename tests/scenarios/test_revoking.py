"""A5: what is not kept is ended at Close, whatever happens in between."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.fernet import Fernet

from bot.connections import flow, sessions
from bot.connections.sessions import Connections
from bot.store import DatabaseAway
from bot.store.revocations import Revocations
from models.revocation import revocations as table
from sandbox.people import ADA, BEN, DANA, ORGANIZATION_ID
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import connection_at_rest, connection_of, press, revocations
from tests.scenarios.test_pairings import opened_by, stored
from tests.scenarios.world import World, open_world


async def ended(world: World, number: int) -> None:
    """Wait until Close has ended this many grants, and nothing is left to be ended."""
    await world.close.wait_for(
        lambda: dead(world) == number or None, what=f"{number} grants to be ended"
    )


def dead(world: World) -> int:
    """How many grants are ended."""
    return sum(grant.is_dead for grant in world.close.state.grants)


async def waiting(world: World) -> int:
    """How many revocations wait."""

    def count(connection: Any) -> int:
        return len(connection.execute(table.select()).all())

    found: int = await world.database.run_connection(count)
    return found


async def test_another_account_in_its_place(database_url: str) -> None:
    """Ada's own grant is ended once an admin has confirmed another account for her."""
    async with open_world(database_url, admins=(DANA.id,)) as world:
        await world.connect(ADA)
        await opened_by(world, ADA, BEN)
        assert dead(world) == 0
        await press(world, DANA, "Confirm")
        await ended(world, 1)
        assert world.close.state.grants[0].is_dead
        assert await stored(world) == [(ADA.id, BEN.email)]


@pytest.mark.parametrize("what", ["away", "unreadable", "another user", "another organization"])
async def test_close_does_not_say_whose_it_is(world: World, what: str) -> None:
    """The code was exchanged, and then nothing could be stored: the tokens are ended, though
    Close refuses at first."""
    organization = ORGANIZATION_ID if what == "another user" else f"orga_{'x' * 43}"
    me = {"id": BEN.close_user_id, "email": ADA.email, "organizations": [{"id": organization}]}
    if what == "another organization":
        me["id"] = ADA.close_user_id
    body = b"<html>" if what == "unreadable" else json.dumps(me).encode()
    world.close.trouble.fail("/me/", 503 if what == "away" else 200, body=body)
    world.close.trouble.fail("/oauth2/revoke/", 503, times=1)
    assert (await world.connect(ADA)).status_code == 502
    await world.close.wait_for(lambda: revocations(world) == 1 or None, what="a first try")
    world.clock.push(seconds=3)
    await ended(world, 1)
    assert await stored(world) == []


async def test_it_is_tried_after_a_restart(database_url: str) -> None:
    """A process that stops before Close answered leaves the rest to the next one."""
    keys = (Fernet.generate_key().decode(),)
    async with open_world(database_url, encryption_keys=keys) as world:
        world.close.trouble.fail("/oauth2/revoke/", 503, times=100)
        assert (await opened_by(world, ADA, BEN)).status_code == 403
        await world.close.wait_for(lambda: revocations(world) or None, what="a first try")
    assert dead(world) == 0
    world.close.trouble.clear()
    async with open_world(database_url, encryption_keys=keys, close=world.close) as again:
        again.clock.push(minutes=11)
        await ended(again, 1)


async def test_killed_between_the_code_and_the_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies while it asks whose tokens these are: they are ended minutes later."""
    monkeypatch.setattr(Revocations, "wake", _nothing)
    world.close.trouble.fail("/me/", 503)
    assert (await world.connect(ADA)).status_code == 502
    assert await waiting(world) == 1
    assert dead(world) == 0
    world.clock.push(minutes=5, seconds=1)
    await ended(world, 1)


def _nothing(*_args: object, **_named: object) -> None:
    """What a dead process does."""


async def test_nothing_can_be_stored(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is away just when Close has given tokens, and the bot is told to stop before it
    is back: they are ended."""

    def away(*_args: object, **_named: object) -> None:
        raise DatabaseAway

    monkeypatch.setattr(flow, "BROWSER_WAITS", 0.1)
    monkeypatch.setattr(sessions, "FINISH", 0.1)
    async with open_world(database_url) as world:
        monkeypatch.setattr(Revocations, "add", away)
        assert "Almost there" in (await world.connect(ADA)).text
        assert dead(world) == 0
    assert dead(world) == 1


async def test_it_cannot_be_written_down(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong when tokens are stored: they are ended at once."""

    def broken(*_args: object, **_named: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(Revocations, "add", broken)
    assert (await world.connect(ADA)).status_code >= 500
    assert dead(world) == 1


async def test_the_same_account_again(world: World) -> None:
    """Ending the older grant could end the connection that is kept (close.md §2.2): it waits, and
    both are ended with the connection."""
    await world.connect(ADA)
    await world.connect(ADA)
    assert await stored(world) == [(ADA.id, ADA.email)]
    assert await waiting(world) == 1
    world.clock.push(days=1, seconds=1)
    assert revocations(world) == 0
    await world.sendas(ADA, "disconnect")
    await world.card(ADA, "Close is disconnected")
    await ended(world, 2)


@pytest.mark.parametrize("is_kept", [True, False])
async def test_connecting_while_it_is_disconnected(world: World, *, is_kept: bool) -> None:
    """Ada disconnects and is back from Close at once, before that is carried out: she is connected
    again, and if she cannot be, both grants end."""
    await world.connect(ADA)
    await connection_at_rest(world)
    link = await world.connect_link(ADA)
    look = world.close.trouble.hold("/me/")
    back = asyncio.create_task(world.follow(link, ADA))
    await look.arrived.wait()
    await world.sendas(ADA, "disconnect")
    async with asyncio.timeout(PATIENCE):
        while (await connection_of(world)).attempts == 0:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)
    if not is_kept:
        world.close.deactivate(ADA)
    look.let_go.set()
    assert (await back).is_success == is_kept
    if is_kept:
        assert await stored(world) == [(ADA.id, ADA.email)]
        assert dead(world) == 0
        return
    world.clock.push(minutes=1)
    await ended(world, 2)
    assert await stored(world) == []


async def test_a_kept_connection_is_never_ended(
    stage: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is revoked of what was stored in time, however late it becomes."""
    asked: list[bytes] = []
    revoke: Callable[..., Any] = Connections.revoke

    async def noted(self: Connections, sealed: bytes, owner: str) -> None:
        asked.append(sealed)
        await revoke(self, sealed, owner)

    monkeypatch.setattr(Connections, "revoke", noted)
    await stage.connect(ADA)
    stage.clock.push(minutes=6)
    assert "You are connected" in await stage.sendas(ADA, "connect")
    assert await waiting(stage) == 0
    assert asked == []

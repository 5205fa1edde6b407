"""Somebody leaves the workspace: nothing of theirs stays behind, and they cannot come back in."""

import asyncio
from typing import Any

import httpx
import pytest

from models.connection import connections
from models.delegation import Event, State
from models.pairing import Verdict
from sandbox.people import ADA, BEN, CLEO, DANA, GUS, ORGANIZATION_ID
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import (
    active,
    connection_at_rest,
    press,
    revocations,
    revoked,
    settled_in,
    shown,
)
from tests.scenarios.test_disconnecting import stored
from tests.scenarios.test_pairings import opened_by, pairing_of
from tests.scenarios.world import World, open_world


async def until_forgotten(world: World) -> None:
    """Once there is no connection any more."""
    async with asyncio.timeout(PATIENCE):
        while await stored(world):  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)


async def test_a_grantor_who_leaves(world: World) -> None:
    """Their rights end first, then Close revokes the grant, then the tokens are deleted."""
    await active(world)
    await world.slack.change_person(ADA, deleted=True)
    ended = await settled_in(world, State.ENDED)
    assert ended.end_event is Event.OFFBOARD
    await until_forgotten(world)
    assert not world.close.associations
    assert revocations(world) == 1
    paths = [call.path for call in world.close.calls if call.method in ("DELETE", "POST")]
    assert paths.index("/oauth2/revoke/") == len(paths) - 1, paths


async def test_their_account_waits_for_no_admin(sqlite_url: str) -> None:
    """A pairing of somebody who left is rejected, and its tokens are revoked."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as world:
        await opened_by(world, ADA, BEN)
        await shown(world, DANA, "Confirm")
        await world.slack.change_person(ADA, deleted=True)
        await world.card(DANA, "because they have left")
        await revoked(world)
        assert (await pairing_of(world)).verdict is Verdict.REJECTED


@pytest.mark.parametrize("change", [{"deleted": True}, {"is_restricted": True}])
async def test_their_link_is_refused(stage: World, change: dict[str, Any]) -> None:
    """Somebody who left, or became a guest, does not get to Close with an old link."""
    link = await stage.connect_link(ADA)
    await stage.slack.change_person(ADA, **change)
    page = await stage.follow(link, ADA)
    assert page.status_code == 403
    assert "full members" in page.text
    assert await stored(stage) == 0


async def test_leaving_on_the_way(stage: World) -> None:
    """Somebody who is deactivated while at Close is not connected when they come back."""
    async with httpx.AsyncClient(timeout=PATIENCE) as browser:
        departure = await stage.begin(browser, await stage.connect_link(ADA))
        target = await stage.close.consent(departure.headers["location"], ADA)
        await stage.slack.change_person(ADA, deleted=True)
        page = await browser.get(target)
    assert page.status_code == 403
    assert await stored(stage) == 0


async def test_a_guest_is_refused(stage: World) -> None:
    """Guests cannot take part, so they do not connect either."""
    page = await stage.follow(await stage.connect_link(GUS), ADA)
    assert page.status_code == 403


async def test_the_only_admin_does_not_confirm_themselves(sqlite_url: str) -> None:
    """With nobody else to ask it is refused at once, and the page says who can help."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as world:
        page = await opened_by(world, DANA, CLEO)
        assert page.status_code == 403
        assert "somebody other than the two of you" in page.text
        await world.close.wait_for(lambda: revocations(world) == 1 or None, what="the revocation")
        assert await stored(world) == 0


async def test_the_app_is_rejected_while_revoking(stage: World) -> None:
    """A wrong client secret is for the operator to mend: the tokens are kept, and it is retried."""
    await stage.connect(ADA)
    stage.close.trouble.fail("/oauth2/revoke/", 401, times=2, body=b'{"error": "invalid_client"}')
    await stage.sendas(ADA, "disconnect")
    for times in (1, 2):
        await revoked(stage, times)
        await connection_at_rest(stage)
        stage.clock.push(minutes=5)
    await stage.card(ADA, "Close is disconnected")
    assert revocations(stage) == 3
    assert await stored(stage) == 0


async def test_a_shared_account_is_not_revoked(sqlite_url: str) -> None:
    """Revoking could end what somebody else's connection lives on; the words say that."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as world:
        await opened_by(world, BEN, ADA)
        await press(world, DANA, "Confirm")
        await world.card(BEN, "is connected")
        await world.connect(ADA)
        await press(world, DANA, "Confirm")
        await world.card(ADA, "is connected")
        await world.sendas(BEN, "disconnect")
        await world.card(BEN, "once nobody else here uses the same Close account")
        assert revocations(world) == 0
        assert await stored(world) == 1
        await world.sendas(ADA, "disconnect")
        await world.card(ADA, "my access there is revoked")
        await world.close.wait_for(lambda: revocations(world) == 2 or None, what="both ends")


async def test_the_right_account_of_another_organization(world: World) -> None:
    """What was given in one organization is not taken for gone in another."""
    await active(world)
    await in_organization(world, f"orga_{'x' * 43}")
    world.clock.push(hours=2)
    await world.card(ADA, "You have connected another Close account since")
    assert world.close.find(ADA, BEN)
    await in_organization(world, ORGANIZATION_ID)
    world.clock.push(minutes=20)
    await settled_in(world, State.ENDED)


async def in_organization(world: World, organization_id: str) -> None:
    """Ada's connection belongs to this organization now."""
    await world.database.run_connection(
        lambda connection: connection.execute(
            connections.update().values(organization_id=organization_id)
        )
    )

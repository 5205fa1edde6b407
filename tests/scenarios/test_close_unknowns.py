"""What Close does not document: the main job holds whichever way it turns out."""

import asyncio
from dataclasses import fields
from enum import Enum
from typing import Any

import pytest

from models.delegation import State, Trouble
from sandbox.close.trouble import After
from sandbox.close.unknowns import (
    DeactivatedCaller,
    DeleteGone,
    DuplicateCreate,
    OldRefreshToken,
    Unknowns,
)
from sandbox.people import ADA, BEN
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import (
    active,
    asked,
    cards_at_rest,
    hurry,
    press,
    read_all,
    settled_in,
    shown,
)
from tests.scenarios.world import World


def variants() -> list[tuple[str, Any]]:
    """Every variant of every unknown that is not the sandbox's usual one."""
    usual = Unknowns()
    found: list[tuple[str, Any]] = []
    for field in fields(Unknowns):
        now = getattr(usual, field.name)
        every = type(now) if isinstance(now, Enum) else (True, False)
        found += [(field.name, each) for each in every if each is not now]
    return found


@pytest.mark.parametrize(("name", "variant"), variants())
async def test_the_main_job_with_each_variant(stage: World, name: str, variant: Any) -> None:
    """Ask, approve, refresh in between, expire: the same end for each unknown of Close."""
    setattr(stage.close.unknowns, name, variant)
    await active(stage)
    assert len(stage.close.associations) == 1
    stage.clock.push(hours=2)
    await settled_in(stage, State.ENDED)
    assert not stage.close.associations


@pytest.mark.parametrize("variant", DuplicateCreate)
async def test_a_create_that_meets_its_twin(stage: World, variant: DuplicateCreate) -> None:
    """Somebody sets the pair up in Close while it is created: a refusal says that it is theirs, so
    it stays; an association that Close answers with is taken for ours."""
    stage.close.unknowns.duplicate_create = variant
    await stage.connect(ADA)
    await asked(stage)
    create = stage.close.trouble.hold("POST /send_as/")
    await press(stage, ADA, "Approve")
    await create.arrived.wait()
    theirs = stage.close.allow(ADA, BEN)
    create.let_go.set()
    if variant is DuplicateCreate.REFUSED:
        failed = await settled_in(stage, State.FAILED)
        assert failed.trouble is Trouble.EXISTED_BEFORE
        stage.clock.push(hours=2)
        assert stage.close.associations == [theirs]
        return
    delegation = await settled_in(stage, State.ACTIVE)
    stage.clock.push(hours=2)
    await settled_in(stage, State.ENDED)
    assert delegation.association_id not in [each.id for each in stage.close.associations]


@pytest.mark.parametrize("variant", DeleteGone)
async def test_the_end_of_what_somebody_else_removed(stage: World, variant: DeleteGone) -> None:
    """Whatever Close says to deleting what is gone: the bot looks, and says that it is over."""
    await active(stage)
    stage.close.unknowns.delete_gone = variant
    stage.close.remove(ADA, BEN)
    await press(stage, ADA, "Revoke")
    await settled_in(stage, State.ENDED)
    await cards_at_rest(stage)
    assert "can no longer send email as you" in read_all(stage, ADA)


@pytest.mark.parametrize("variant", DeleteGone)
async def test_a_lost_delete_is_repeated_safely(stage: World, variant: DeleteGone) -> None:
    """A delete whose answer was lost is read back, and a second one does no harm."""
    await active(stage)
    stage.close.unknowns.delete_gone = variant
    stage.close.trouble.drop("DELETE /send_as/*")
    stage.close.trouble.fail("GET /send_as/", 503)
    await press(stage, ADA, "Revoke")
    await settled_in(stage, State.ENDED)
    assert not stage.close.associations


@pytest.mark.parametrize("variant", OldRefreshToken)
@pytest.mark.parametrize("how", [After.CUT, After.GARBAGE])
async def test_a_lost_refresh_asks_for_a_reconnection(
    stage: World, variant: OldRefreshToken, how: After
) -> None:
    """The answer to a refresh is lost: the old token is dead, so people are asked to reconnect."""
    await active(stage)
    stage.close.unknowns.old_refresh_token = variant
    stage.close.trouble.after("/oauth2/token/", how)
    stage.clock.push(hours=2)
    await stage.until(State.ENDING)
    await reconnected(stage)


async def reconnected(world: World) -> None:
    """The grantor's card asks to connect again; doing so ends what was left open."""
    await told_to_reconnect(world)
    assert world.close.find(ADA, BEN)
    reply = await press(world, ADA, "Connect Close")
    assert reply.url
    await world.follow(reply.url, ADA)
    await settled_in(world, State.ENDED)
    assert not world.close.associations


async def told_to_reconnect(world: World) -> None:
    """Wait for the card that asks to connect again, skipping the waits between attempts."""
    while (await world.only()).trouble is not Trouble.CONNECTION_LOST:
        await step(world)
    await shown(world, ADA, "Connect Close", "may still be able to send")


async def step(world: World) -> None:
    """Skip to the next attempt of the only delegation."""
    hurry(world, await world.only())
    await asyncio.sleep(MOMENT)


@pytest.mark.parametrize("variant", DeactivatedCaller)
async def test_a_grantor_who_was_removed_from_close(
    stage: World, variant: DeactivatedCaller
) -> None:
    """Nobody can act for a grantor who has no Close account any more: an incident, no silence."""
    await active(stage)
    stage.close.unknowns.deactivated_caller = variant
    stage.close.deactivate(ADA)
    await press(stage, BEN, "I'm done")
    async with asyncio.timeout(PATIENCE):
        while "may still be able to send" not in read_all(stage, ADA):
            await step(stage)
    assert (await stage.only()).state is State.ENDING


@pytest.mark.parametrize("is_fine", [True, False])
async def test_a_grantee_who_was_removed_from_close(stage: World, *, is_fine: bool) -> None:
    """Close may or may not take an inactive grantee; either way the answer is clear."""
    stage.close.unknowns.allowing_inactive_is_fine = is_fine
    await stage.connect(BEN)
    await stage.connect(ADA)
    stage.close.deactivate(BEN)
    await asked(stage)
    await press(stage, ADA, "Approve")
    if is_fine:
        await settled_in(stage, State.ACTIVE)
    else:
        assert (await settled_in(stage, State.FAILED)).trouble is Trouble.CLOSE_INVALID

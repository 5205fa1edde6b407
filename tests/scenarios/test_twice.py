"""A form that is delivered or submitted twice counts once."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from models.delegation import State
from sandbox.people import ADA, BEN, SandboxPerson
from sandbox.slack.delivery import Reply
from tests.scenarios.moves import active, identified, press, settled_in, shown
from tests.scenarios.world import World


async def form(world: World, person: SandboxPerson) -> None:
    """The person sees a form."""
    await world.slack.wait_for(lambda: world.slack.view(person), what="the form")


def submission(world: World) -> dict[str, Any]:
    """What was submitted last."""
    bodies = [parse_qs(each.body.decode()) for each in world.slack.delivery.sent]
    payloads = [json.loads(each["payload"][0]) for each in bodies if "payload" in each]
    found: dict[str, Any] = [each for each in payloads if each["type"] == "view_submission"][-1]
    return found


async def again(world: World, times: int = 2) -> list[Reply]:
    """The last form once more, several times at the same moment."""
    sent = submission(world)
    return await asyncio.gather(*(world.slack.delivery.interaction(sent) for _ in range(times)))


@pytest.mark.parametrize("typed", ["1h", "forever"])
async def test_the_grantors_extension(world: World, typed: str) -> None:
    """K8: the end moves by the length once, and a form that is opened anew moves it again."""
    before = await active(world)
    assert before.ends_at is not None
    await press(world, ADA, "Extend…")
    await form(world, ADA)
    assert (await world.slack.submit(ADA, {"duration": typed})).ok
    await again(world)
    after = await settled_in(world, State.ACTIVE)
    if typed == "forever":
        assert after.ends_at is None
        return
    assert after.ends_at == before.ends_at + timedelta(hours=1)
    await shown(world, ADA, "Extend…")
    await press(world, ADA, "Extend…")
    await form(world, ADA)
    assert (await world.slack.submit(ADA, {"duration": typed})).ok
    assert (await settled_in(world, State.ACTIVE)).ends_at == before.ends_at + timedelta(hours=2)


async def test_the_first_time_at_once(stage: World) -> None:
    """K8: of three deliveries at the same moment one has an effect."""
    before = await active(stage)
    assert before.ends_at is not None
    await press(stage, ADA, "Extend…")
    await form(stage, ADA)
    assert (await stage.slack.submit(ADA, {"duration": "no time at all"})).errors
    sent = submission(stage)
    for fields in sent["view"]["state"]["values"].values():
        for field in fields.values():
            field["value"] = "1h"
    await asyncio.gather(*(stage.slack.delivery.interaction(sent) for _ in range(3)))
    after = await settled_in(stage, State.ACTIVE)
    assert after.ends_at == before.ends_at + timedelta(hours=1)


async def test_an_extension_under_a_standing_approval(stage: World) -> None:
    """K8: the grantee's own form, where no click is needed, moves the end once, too."""
    await stage.connect(ADA)
    card = await identified(stage, "@ada 1h")
    await stage.slack.click(ADA, card, "more", "Always approve this person…")
    await form(stage, ADA)
    assert (await stage.slack.submit(ADA, {"duration": "8h"})).ok
    await again(stage)
    holding = await stage.database.run(
        lambda store: store.standing.for_person(ADA.team_id, ADA.id, now=stage.clock())
    )
    assert len(holding) == 1
    before = await settled_in(stage, State.ACTIVE)
    assert before.ends_at is not None
    await press(stage, BEN, "Ask to extend")
    await form(stage, BEN)
    assert (await stage.slack.submit(BEN, {"duration": "1h"})).ok
    await again(stage)
    after = await settled_in(stage, State.ACTIVE)
    assert after.ends_at == before.ends_at + timedelta(hours=1)


async def test_another_time(stage: World) -> None:
    """K8: a request that is approved for another time is approved once."""
    await stage.connect(ADA)
    card = await identified(stage)
    await stage.slack.click(ADA, card, "more", "Approve with a different length…")
    await form(stage, ADA)
    assert (await stage.slack.submit(ADA, {"duration": "1h"})).ok
    await again(stage)
    row = await settled_in(stage, State.ACTIVE)
    assert row.length == timedelta(hours=1)
    assert len(stage.close.associations) == 1

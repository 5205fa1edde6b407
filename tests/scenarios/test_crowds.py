"""Nobody can drown a colleague: limits for each asker, for each pair, and for wishes."""

import asyncio
from dataclasses import replace

from bot.store import Store
from models.base import new_id
from models.delegation import Event, State
from models.policy import MOST_LATELY_FOR_ONE, MOST_OPEN, MOST_OPEN_FOR_ONE, MOST_WISHES
from sandbox.people import ADA, BEN, CLEO, ELI, SandboxPerson
from tests.scenarios.moves import active, asked, press
from tests.scenarios.world import World


def neighbour(world: World, number: int) -> SandboxPerson:
    """One more member of the workspace."""
    person = replace(
        ELI,
        id=f"U0MANY{number:04d}",
        handle=f"many{number}",
        name=f"Many {number}",
        email=f"many{number}@example.com",
    )
    world.slack.workspace.people[person.id] = person
    return person


async def test_one_asker_and_one_grantor(world: World) -> None:
    """S3: Ben asks Ada for everybody he knows, several at once; ten reach her, and he reads why."""
    people = [neighbour(world, number) for number in range(MOST_OPEN_FOR_ONE + 6)]
    for start in range(0, len(people), 2):
        await asyncio.gather(
            *(world.sendas(BEN, f"@ada for @{each.handle} 2h") for each in people[start:][:2])
        )
    rows = await world.delegations()
    assert len(rows) == MOST_OPEN_FOR_ONE
    assert {row.state for row in rows} == {State.REQUESTED}
    texts = "\n".join(world.slack.read(m, BEN) for m in world.slack.messages(BEN) if m.ephemeral)
    assert texts.count("requests of yours are already waiting for @Ada Lindqvist") == 6
    assert "Asked" in await world.sendas(CLEO, "@ada 2h")  # nobody else is held up


async def test_asked_and_taken_back_again_and_again(stage: World) -> None:
    """S3: a request that is cancelled at once is a message all the same."""
    for _ in range(MOST_LATELY_FOR_ONE):
        assert "Asked" in await stage.sendas(BEN, "@ada 2h")
        await stage.sendas(BEN, "release @ada")
    assert "within the last hour" in await stage.sendas(BEN, "@ada 2h")
    stage.clock.push(hours=1)
    assert "Asked" in await stage.sendas(BEN, "@ada 2h")


async def test_given_and_revoked_again_and_again(stage: World) -> None:
    """S3: nor can a grantee be drowned in grants."""
    for _ in range(MOST_LATELY_FOR_ONE):
        assert "can send email as you" in await stage.sendas(ADA, "grant @ben 2h")
        await stage.sendas(ADA, "revoke @ben")
    assert "within the last hour" in await stage.sendas(ADA, "grant @ben 2h")


async def test_a_hundred_and_no_more(stage: World) -> None:
    """S3: a hundred people can be asked; the next has to wait for some answers."""
    await asked(stage)
    sample = await stage.only()

    def add(store: Store) -> None:
        for number in range(MOST_OPEN - 1):
            row = replace(sample, id=new_id(), grantor_id=f"U0MANY{number:04d}", wake_at=None)
            store.delegations.add(row, event=Event.REQUEST, actor=BEN.id)

    await stage.database.run(add)
    assert "100 requests of yours are waiting" in await stage.sendas(BEN, "@cleo 2h")
    await press(stage, BEN, "Cancel")
    assert "Asked" in await stage.sendas(BEN, "@cleo 2h")


async def test_wishes_for_more_time(stage: World) -> None:
    """S3: each wish notifies the grantor, so there are a few in an hour."""
    await active(stage)
    for number in range(MOST_WISHES + 1):
        await press(stage, BEN, "Ask to extend")
        await stage.slack.wait_for(lambda: stage.slack.view(BEN), what="the form")
        reply = await stage.slack.submit(BEN, {"duration": f"{number + 1}h"})
        assert bool(reply.errors) is (number == MOST_WISHES)
        if reply.errors:
            assert "within the last hour" in str(reply.errors)


async def test_asking_is_not_held_up(stage: World) -> None:
    """What anybody does in a day is far below every limit."""
    await asked(stage)
    for grantor in ("cleo", "dana", "eli"):
        assert "Asked" in await stage.sendas(BEN, f"@{grantor} 2h")

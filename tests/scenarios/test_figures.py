"""What ``/metrics`` says while something waits, is late, or cannot be taken away."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.delegations.steps.advance import Advance
from bot.store.seals import Seals
from models.chore import ChoreKind
from models.delegation import Delegation, State
from sandbox.people import ADA, BEN, CLEO
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import active, press, settled_in
from tests.scenarios.test_reviews import ASKED, asked
from tests.scenarios.world import World

OLDEST, LATE = "sendas_oldest_due_seconds", "sendas_longest_past_end_seconds"
WORKERS = {
    *("delegations", "comparisons", "rounds", "cards", "homes", "notices", "strays"),
    *("connections", "pairings", "revocations", "reviews", "chores"),
}


async def read(world: World) -> dict[tuple[str, str], float]:
    """Each figure, by its name and its one label, if it has any."""
    answer = await world.figures()
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def until(world: World, name: str, label: str, *, least: float, most: float) -> None:
    """This figure is so, once it has been counted: that is done once a second."""
    async with asyncio.timeout(PATIENCE):
        while not least <= (await read(world)).get((name, label), -1) <= most:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)


async def at_rest(world: World, kind: ChoreKind) -> None:
    """The chore is done for now, and nobody is at it."""
    async with asyncio.timeout(PATIENCE):
        while True:
            chore = await world.database.read(lambda store: store.chores.get(kind))
            assert chore is not None
            if chore.leased_until is None and (chore.wake_at or world.clock()) > world.clock():
                return
            await asyncio.sleep(MOMENT)


async def test_every_worker_has_a_figure(world: World) -> None:
    """The age of the oldest due row is there for each worker from the start, and it is small."""
    for worker in WORKERS:
        await until(world, OLDEST, worker, least=0, most=5)


async def test_what_nobody_does_gets_older(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row whose worker does not come by is counted since its moment, whoever holds it: until it
    is dealt with."""
    let_go, take, take_together = asyncio.Event(), Advance.take, Advance.take_together

    async def wait(step: Advance, item: Delegation) -> None:
        await let_go.wait()
        await take(step, item)

    async def wait_together(step: Advance, items: Sequence[Delegation]) -> None:
        await let_go.wait()
        await take_together(step, items)

    await active(world, "@ada 2h Covering")
    monkeypatch.setattr(Advance, "take", wait)
    monkeypatch.setattr(Advance, "take_together", wait_together)
    world.clock.push(hours=3)
    hour = timedelta(hours=1).total_seconds()
    await until(world, OLDEST, "delegations", least=hour - 5, most=3 * hour)
    await until(world, LATE, "", least=hour - 5, most=hour + 60)
    let_go.set()
    await settled_in(world, State.ENDED)
    await until(world, OLDEST, "delegations", least=0, most=5)
    await until(world, LATE, "", least=0, most=0)


async def test_a_right_past_its_end_ages(world: World) -> None:
    """While Close refuses to take a right away, its age since the end is said, and how many there
    are; once it is gone both are zero again."""
    await active(world, "@ada 2h Covering")
    world.close.trouble.fail("DELETE /send_as/*", 402, times=1000)
    world.clock.push(hours=4)
    two_hours = timedelta(hours=2).total_seconds()
    await until(world, LATE, "", least=two_hours - 5, most=two_hours + 60)
    await until(world, "sendas_delegations_ending", "", least=1, most=1)
    world.close.trouble.clear()
    world.clock.push(minutes=20)
    await settled_in(world, State.ENDED)
    await until(world, LATE, "", least=0, most=0)
    await until(world, "sendas_delegations_ending", "", least=0, most=0)
    assert not world.close.find(ADA, BEN)


async def test_reviews_without_an_answer_are_counted(world: World) -> None:
    """Whoever was asked what is still needed is counted until they have answered."""
    await active(world, "@ada forever Covering")
    world.clock.push(days=31)
    await asked(world)
    await world.card(ADA, ASKED)
    await until(world, "sendas_reviews_open", "", least=1, most=1)
    await press(world, ADA, "Keep all")
    await until(world, "sendas_reviews_open", "", least=0, most=0)


async def test_what_no_seal_covers_ages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lag is that of the oldest entry without a seal, and none once all is sealed."""
    lag, seal = "sendas_seal_lag_seconds", Seals.seal
    monkeypatch.setattr(Seals, "seal", lambda *_nothing, **_known: None)
    await world.sendas(CLEO, "@ada 2h Covering")
    world.clock.push(minutes=30)
    await until(world, lag, "", least=30 * 60 - 5, most=30 * 60 + 60)
    await at_rest(world, ChoreKind.SEAL)  # nothing that was begun without a seal ends after this
    monkeypatch.setattr(Seals, "seal", seal)
    world.clock.push(minutes=2)
    await until(world, lag, "", least=0, most=90)


async def test_what_is_not_due_yet_does_not_wait(world: World) -> None:
    """A request that is to be reminded of later, or a right that ends tomorrow, has no age."""
    await active(world, "@ada 1d Covering")
    await world.sendas(CLEO, "@ada 2h Covering")
    await until(world, OLDEST, "delegations", least=0, most=0)
    await until(world, LATE, "", least=0, most=0)

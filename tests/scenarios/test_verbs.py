"""``cancel``, ``status``, ``extend``, ``stop`` and ``end`` are understood as what they mean."""

from datetime import timedelta

import pytest

from models.delegation import Event, State
from sandbox.people import ADA, BEN, CLEO
from tests.scenarios.moves import active, asked, settled_in, shown
from tests.scenarios.world import World


async def test_cancel(world: World) -> None:
    """Who asked takes the request back with one line."""
    await asked(world)
    assert "Ada Lindqvist" in await world.sendas(BEN, "cancel @ada")
    assert (await world.until(State.CANCELLED)).closed_by == BEN.id


async def test_cancel_for_another(stage: World) -> None:
    """Who asked for a third person cancels by naming either of the two."""
    await stage.sendas(CLEO, "@ada for @ben 2h")
    await stage.sendas(CLEO, "cancel @ben")
    assert (await stage.until(State.CANCELLED)).closed_by == CLEO.id


@pytest.mark.parametrize("verb", ["cancel", "stop", "end", "Stop"])
async def test_ending_what_one_has(stage: World, verb: str) -> None:
    """With one right between the two it is clear which is meant: Ben gives back what he has."""
    await active(stage)
    assert "Ada Lindqvist" in await stage.sendas(BEN, f"{verb} @ada")
    assert (await settled_in(stage, State.ENDED)).end_event is Event.RELEASE


@pytest.mark.parametrize("verb", ["cancel", "stop", "end", "take back"])
async def test_ending_what_one_gave(stage: World, verb: str) -> None:
    """The same words of the grantor revoke."""
    await active(stage)
    assert "Ben Okafor" in await stage.sendas(ADA, f"{verb} @ben")
    assert (await settled_in(stage, State.ENDED)).end_event is Event.REVOKE


async def test_stop_when_two_can_be_meant(world: World) -> None:
    """With a right in each direction nothing ends before the person has chosen one."""
    await world.connect(BEN)
    await active(world)
    await world.sendas(BEN, "grant @ada 3h")
    await shown(world, ADA, "I'm done")
    answer = await world.sendas(BEN, "stop @ada")
    assert "Which one?" in answer
    assert {each.state for each in await world.delegations()} <= {State.ACTIVE, State.APPROVED}
    assert (await world.slack.click(BEN, world.last_answer(BEN), "I'm done")).ok
    await world.card(ADA, "can no longer send email as you")
    given = next(each for each in await world.delegations() if each.grantor_id == BEN.id)
    assert given.state is State.ACTIVE


async def test_stop_does_not_deny_what_only_waits(stage: World) -> None:
    """A request that waits is not what "stop" means while something runs."""
    await stage.connect(ADA)
    await active(stage)
    await stage.sendas(ADA, "@ben 1h")
    await stage.sendas(ADA, "stop @ben")
    rows = {each.grantor_id: each for each in await stage.delegations()}
    assert rows[BEN.id].state is State.REQUESTED
    assert rows[ADA.id].end_event is Event.REVOKE


async def test_nothing_to_stop(stage: World) -> None:
    """With nothing open between the two the answer says so."""
    for verb in ("stop", "cancel", "extend", "end"):
        assert "nothing open between" in await stage.sendas(BEN, f"{verb} @ada")


async def test_status(stage: World) -> None:
    """``status`` is the list, of all or with one person."""
    await asked(stage)
    assert await stage.sendas(BEN, "status") == await stage.sendas(BEN, "list")
    assert await stage.sendas(BEN, "status @ada") == await stage.sendas(BEN, "list @ada")


async def test_extend_with_a_time(stage: World) -> None:
    """The grantor gives more time at once, and the grantee asks for it."""
    before = await active(stage)
    assert before.ends_at is not None
    assert "Done" in await stage.sendas(ADA, "extend @ben 1h")
    assert (await stage.only()).ends_at == before.ends_at + timedelta(hours=1)
    assert "Asked" in await stage.sendas(BEN, "extend @ada 2h")
    row = await stage.only()
    assert row.extension is not None
    assert row.extension.length == timedelta(hours=2)
    assert "two things" in await stage.sendas(BEN, "extend @ada until 5")
    assert "do not understand" in await stage.sendas(BEN, "extend @ada a bit")


async def test_extend_without_a_time(stage: World) -> None:
    """The form asks for it, and nothing is said beside it."""
    before = await active(stage)
    assert before.ends_at is not None
    assert await stage.sendas(ADA, "extend @ben") == ""
    await stage.slack.wait_for(lambda: stage.slack.view(ADA), what="the form")
    assert (await stage.slack.submit(ADA, {"choice": "2 hours"})).ok
    assert (await stage.only()).ends_at == before.ends_at + timedelta(hours=2)


async def test_extend_what_is_not_active(stage: World) -> None:
    """What waits for an answer cannot be longer, and the answer says how it is."""
    await asked(stage)
    assert "still waiting for an answer" in await stage.sendas(BEN, "extend @ada 2h")
    assert (await stage.only()).extension is None


async def test_the_typed_word_is_named(stage: World) -> None:
    """What is missing behind a word is said with that word."""
    assert "/sendas end @colleague" in await stage.sendas(BEN, "end")
    assert "/sendas give back @colleague" in await stage.sendas(BEN, "give back")

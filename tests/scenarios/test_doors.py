"""A dead end has a door: "Ask again" where nothing came of it, "Change it" while it waits."""

from datetime import timedelta

import pytest

from models.delegation import Delegation, Event, State
from models.policy import MOST_WISHES
from sandbox.people import ADA, BEN, CLEO, DANA, SandboxPerson
from sandbox.slack.delivery import Reply
from sandbox.slack.workspace import View
from tests.scenarios.moves import asked, press, read_all, shown
from tests.scenarios.test_card_forms import choose
from tests.scenarios.world import World, open_world


async def opened(world: World, person: SandboxPerson, button: str) -> View:
    """The form behind the button."""
    await press(world, person, button)
    return await world.slack.wait_for(lambda: world.slack.view(person), what="the form")


async def changed(world: World, **values: object) -> Reply:
    """Ben submits the form behind "Change it"."""
    await opened(world, BEN, "Change it")
    reply = await world.slack.submit(BEN, values)
    assert reply.ok, reply
    return reply


def filled(view: View) -> dict[str, object]:
    """What stands in the fields of a form, by block."""
    found: dict[str, object] = {}
    for name, fields in view.values.items():
        entry = dict(fields[name])
        entry.pop("type")
        found[name] = next(iter(entry.values()))
    return found


async def history(world: World, delegation: Delegation) -> list[Event]:
    """What happened to it."""
    records = await world.database.run(lambda store: store.delegations.history(delegation.id))
    return [each.event for each in records]


async def test_ask_again_after_a_denial(world: World) -> None:
    """The form has everything filled in, and stores a request like the one that was denied."""
    await asked(world, "@ada 2h30m Covering the pipeline")
    await press(world, ADA, "Deny")
    await world.until(State.DENIED)
    view = await opened(world, BEN, "Ask again")
    form = filled(view)
    assert form["person"] == [ADA.id]
    assert form["reason"] == "Covering the pipeline"
    assert form["grantee"] is None
    assert (await world.slack.submit(BEN, {})).ok
    await shown(world, ADA, "Approve", "Covering the pipeline")
    first, second = await world.delegations()
    assert (first.state, second.state) == (State.DENIED, State.REQUESTED)
    assert second.length == timedelta(hours=2, minutes=30)


async def test_ask_again_for_another(stage: World) -> None:
    """Who asked for a third person asks for them again; the third person has no such button."""
    await stage.sendas(CLEO, "@ada for @ben 2h")
    await press(stage, ADA, "Deny")
    await stage.until(State.DENIED)
    view = await opened(stage, CLEO, "Ask again")
    assert filled(view)["grantee"] == BEN.id
    assert (await stage.slack.submit(CLEO, {})).ok
    await shown(stage, ADA, "Approve", "Ben Okafor")
    assert all("Ask again" not in each.buttons() for each in stage.slack.messages(BEN))


async def test_ask_again_when_the_time_has_passed(stage: World) -> None:
    """An end that has passed is left out: the form opens with the usual length."""
    await asked(stage, "@ada until tomorrow 17:00 Covering")
    stage.clock.push(days=4)
    await stage.until(State.LAPSED)
    await opened(stage, BEN, "Ask again")
    assert (await stage.slack.submit(BEN, {})).ok
    again = (await stage.delegations())[-1]
    assert again.length == timedelta(days=1)
    assert again.reason == "Covering"


async def test_an_open_one_is_not_asked_for_again(stage: World) -> None:
    """A button of a card that was true before says what is now, once it has been asked again."""
    await asked(stage)
    await press(stage, BEN, "Cancel")
    await stage.until(State.CANCELLED)
    await opened(stage, BEN, "Ask again")
    assert (await stage.slack.submit(BEN, {})).ok
    await opened(stage, BEN, "Ask again")
    reply = await stage.slack.submit(BEN, {})
    assert "already waits for an answer" in reply.errors["person"]
    assert len(await stage.delegations()) == 2


async def test_nobody_else_asks_again(stage: World) -> None:
    """A button that somebody made up opens nothing."""
    delegation = await asked(stage)
    await press(stage, ADA, "Deny")
    await stage.until(State.DENIED)
    card = await stage.card(ADA, "You denied")
    await stage.slack.forge_click(ADA, card, "ask_again", delegation.id)
    await stage.whispered(ADA, "Only the people this is about")
    assert stage.slack.view(ADA) is None


async def test_change_it(world: World) -> None:
    """The same request has other terms, nobody hears of a cancellation, and both cards say it."""
    before = await asked(world)
    card = await shown(world, ADA, "Approve", "2 hours")
    await changed(world, duration="3h", reason="Covering the summer pipeline")
    await shown(world, ADA, "Approve", "3 hours")
    await shown(world, BEN, "Cancel", "3 hours")
    after = await world.only()
    assert (after.id, after.state) == (before.id, State.REQUESTED)
    assert (after.length, after.reason) == (timedelta(hours=3), "Covering the summer pipeline")
    assert after.lapses_at > before.lapses_at
    assert await history(world, after) == [Event.REQUEST, Event.CHANGE]
    assert "cancel" not in read_all(world, ADA).lower()
    assert "Covering the summer pipeline" in world.slack.read(
        await shown(world, ADA, "Approve"), ADA
    )
    assert card.channel == (await shown(world, ADA, "Approve")).channel


async def test_an_old_approval_does_not_count(stage: World) -> None:
    """Approve of what was read before the change does nothing but show what is asked now."""
    delegation = await asked(stage)
    card = await shown(stage, ADA, "Approve")
    old = next(
        element["value"]
        for block in card.blocks
        for element in block.get("elements", [])
        if element.get("action_id") == "approve"
    )
    await changed(stage, duration="30d")
    await shown(stage, ADA, "Approve", "30 days")
    await stage.slack.forge_click(ADA, await shown(stage, ADA, "Approve"), "approve", old)
    await stage.whispered(ADA, "This changed while you were reading")
    assert (await stage.only()).state is State.REQUESTED
    assert (await stage.only()).id == delegation.id


async def test_a_change_keeps_the_rules(database_url: str) -> None:
    """What a new request may not ask for, a change may not either; the old terms stay."""
    async with open_world(database_url, require_reason=True) as world:
        await asked(world)
        await opened(world, BEN, "Change it")
        reply = await world.slack.submit(BEN, {"duration": "31d"})
        assert "maximum" in reply.errors["duration"]
        reply = await world.slack.submit(BEN, {"duration": "2h", "reason": "\u200b"})
        assert "reason" in reply.errors
        assert (await world.only()).length == timedelta(hours=2)
        assert await history(world, await world.only()) == [Event.REQUEST]


async def test_a_change_that_changes_nothing(stage: World) -> None:
    """The form as it opens leaves everything as it is, and the grantor hears nothing."""
    before = await asked(stage)
    await changed(stage)
    assert (await stage.only()).length == before.length
    assert await history(stage, before) == [Event.REQUEST]


async def test_a_change_under_a_standing_approval(stage: World) -> None:
    """Terms that a standing approval covers need no click, as with a new request."""
    await stage.connect(ADA)
    await asked(stage, "@ada 3h")
    await choose(stage, "Always approve this person…", duration="2h")
    assert (await stage.only()).state is State.REQUESTED
    await changed(stage, duration="1h")
    row = await stage.until(State.ACTIVE)
    assert row.standing_id is not None
    assert (await history(stage, row))[:3] == [Event.REQUEST, Event.CHANGE, Event.APPROVE]


async def test_what_was_answered_is_not_changed(stage: World) -> None:
    """Once the grantor has decided, the form says so and changes nothing."""
    await asked(stage)
    await opened(stage, BEN, "Change it")
    await press(stage, ADA, "Deny")
    await stage.until(State.DENIED)
    reply = await stage.slack.submit(BEN, {"duration": "3h"})
    assert "was denied" in reply.errors["duration"]
    assert (await stage.only()).length == timedelta(hours=2)


async def test_nobody_is_flooded_with_changes(stage: World) -> None:
    """Within an hour a request is changed a few times at most."""
    await asked(stage)
    for number in range(MOST_WISHES):
        await changed(stage, duration=f"{number + 3}h")
    await opened(stage, BEN, "Change it")
    reply = await stage.slack.submit(BEN, {"duration": "20h"})
    assert "many messages" in reply.errors["duration"]


async def test_only_who_asked_changes_it(stage: World) -> None:
    """Neither the grantor nor the third person can, whatever they send."""
    await stage.sendas(CLEO, "@ada for @ben 2h")
    row = await stage.only()
    for person, button in ((ADA, "Approve"), (BEN, "Cancel")):
        card = await shown(stage, person, button)
        assert "Change it" not in card.buttons()
        await stage.slack.forge_click(person, card, "change", row.id)
        await stage.whispered(person, "Only the people this is about")
    assert "Change it" in (await shown(stage, CLEO, "Cancel")).buttons()


async def test_asking_twice_offers_to_change(stage: World) -> None:
    """Who types a second request reads that the first one waits, and can change it there."""
    await asked(stage)
    assert "already waits" in await stage.sendas(BEN, "@ada 3d")
    assert (await stage.slack.click(BEN, stage.last_answer(BEN), "Change it")).ok
    await stage.slack.wait_for(lambda: stage.slack.view(BEN), what="the form")
    assert (await stage.slack.submit(BEN, {"duration": "3d"})).ok
    await shown(stage, ADA, "Approve", "3 days")


@pytest.mark.parametrize("person", [BEN, DANA])
async def test_change_it_from_home(stage: World, person: SandboxPerson) -> None:
    """App Home has the same button for who asked, and for nobody else."""
    await asked(stage)
    await stage.slack.open_home(person)
    home = await stage.slack.wait_for(lambda: stage.slack.home(person), what="a home")
    assert ("Change it" in str(home.blocks)) is (person is BEN)

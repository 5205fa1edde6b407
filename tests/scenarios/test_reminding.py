"""Nothing is forgotten: reminders, snooze, the warning before the end, people who leave."""

from datetime import UTC, datetime, timedelta

from models.delegation import State
from sandbox.people import ADA, BEN
from tests.scenarios.moves import active, asked, carried, lasting, press, settled_in, shown
from tests.scenarios.world import World

MONDAY_MORNING = datetime(2026, 11, 30, 8, 30, tzinfo=UTC)  # 9:30 in Berlin
PUT_OFF = "Remind me Wednesday at 09:30"  # not Tuesday, when the second reminder would come


def begin(world: World, moment: datetime) -> None:
    """Set the clock to ``moment``."""
    world.clock.push(seconds=(moment - world.clock()).total_seconds())


async def test_reminders_move_the_card(stage: World) -> None:
    """After four hours the card comes again, and the old one loses its buttons."""
    begin(stage, MONDAY_MORNING)
    await asked(stage)
    first = await shown(stage, ADA, "Approve")
    stage.clock.push(hours=4, seconds=1)
    second = await shown(stage, ADA, PUT_OFF)
    assert second.ts != first.ts
    await stage.slack.wait_for(
        lambda: first not in stage.slack.messages(ADA), what="the old card to be gone"
    )
    before = stage.slack.read(second, ADA)
    assert "I'll remind you" in before
    stage.clock.push(hours=2)
    await press(stage, ADA, PUT_OFF)
    snoozed = await stage.only()
    asked_at = snoozed.requested_at.replace(microsecond=0)
    assert snoozed.remind_at == asked_at + timedelta(days=2)
    assert snoozed.remind_at - stage.clock() > timedelta(hours=23)
    await stage.slack.wait_for(
        lambda: stage.slack.read(second, ADA) != before, what="the new moment on the card"
    )
    await press(stage, ADA, "Deny")
    await settled_in(stage, State.DENIED)
    await stage.slack.wait_for(
        lambda: all(not m.buttons() for m in lasting(stage, ADA, "")), what="no button left"
    )


async def test_reminders_wait_for_working_hours(stage: World) -> None:
    """A request of Friday afternoon is not called to mind before Monday morning."""
    begin(stage, datetime(2026, 12, 4, 15, 0, tzinfo=UTC))  # Friday, 16:00 in Berlin
    delegation = await asked(stage)
    assert delegation.remind_at == datetime(2026, 12, 7, 8, 0, tzinfo=UTC)


async def test_no_snooze_past_the_end(stage: World) -> None:
    """Where no reminder could come before the request lapses, none is offered or promised."""
    begin(stage, MONDAY_MORNING)
    await asked(stage, "@ada until today 23:00 Covering")
    stage.clock.push(hours=4, seconds=1)
    card = await stage.card(ADA, "Still waiting for your answer")
    assert not any("Remind me" in each for each in card.buttons())
    assert "I'll remind you" not in stage.slack.read(card, ADA)
    await stage.slack.forge_click(ADA, card, "snooze", carried(card, "Deny"))
    await stage.whispered(ADA, "lapses before I could remind you")


async def test_a_declined_wish_does_not_hide_the_warning(stage: World) -> None:
    """Who was told that the end stays is still warned when it comes near."""
    await active(stage)
    await _wish(stage)
    await press(stage, ADA, "Leave as it is")
    await stage.card(BEN, "left the end as it is")
    stage.clock.push(hours=1, seconds=5)
    await stage.card(BEN, "Your time is nearly up")


async def test_an_unanswered_wish_does_not_hide_the_warning(stage: World) -> None:
    """Who still waits for more time is warned as well, and reads that nobody has answered."""
    await active(stage)
    await _wish(stage)
    before = await stage.card(BEN, "Waiting for")
    stage.clock.push(hours=1, seconds=5)
    after = await stage.card(BEN, "is still waiting")
    assert after.ts != before.ts


async def _wish(world: World) -> None:
    await press(world, BEN, "Ask to extend")
    await world.slack.wait_for(lambda: world.slack.view(BEN), what="the form")
    assert (await world.slack.submit(BEN, {"duration": "1h"})).ok


async def test_the_end_is_announced_with_extend(stage: World) -> None:
    """An hour before the end the grantee gets the card again, with Extend."""
    await active(stage)
    before = await shown(stage, BEN, "Ask to extend")
    stage.clock.push(hours=1, seconds=5)
    after = await stage.slack.wait_for(
        lambda: next(
            (
                m
                for m in stage.slack.messages(BEN)
                if "Ask to extend" in m.buttons() and m.ts != before.ts
            ),
            None,
        ),
        what="the warning",
    )
    assert "I'm done" in after.buttons()
    assert (await settled_in(stage, State.ACTIVE)).is_warned


async def test_somebody_leaves(world: World) -> None:
    """When a grantee is deactivated in Slack, the right is taken away by itself."""
    await active(world)
    await world.slack.change_person(BEN, deleted=True)
    await settled_in(world, State.ENDED)
    assert not world.close.find(ADA, BEN)
    await world.card(ADA, "can no longer send email as you")


async def test_a_start_in_the_future(world: World) -> None:
    """Approved for later: nothing in Close before, active at its time, gone at its end."""
    begin(world, MONDAY_MORNING)
    await world.connect(ADA)
    await world.sendas(BEN, "@ada tomorrow 9am to wednesday 6pm Trade fair")
    await press(world, ADA, "Approve")
    await world.card(BEN, "It starts")
    assert not world.close.find(ADA, BEN)
    world.clock.push(days=1, hours=7)
    await settled_in(world, State.ACTIVE)
    assert world.close.find(ADA, BEN)
    world.clock.push(days=1, hours=10)
    await settled_in(world, State.ENDED)
    assert not world.close.find(ADA, BEN)

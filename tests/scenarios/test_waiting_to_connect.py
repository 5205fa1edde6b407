"""An approval that waits for somebody to connect Close does not wait in silence."""

from datetime import UTC, datetime

from models.delegation import State
from sandbox.people import ADA, BEN, CLEO
from sandbox.slack.workspace import Message
from tests.scenarios.moves import asked, cards_at_rest, lasting, press, settled_in, shown
from tests.scenarios.world import World

MONDAY_MORNING = datetime(2026, 11, 30, 8, 30, tzinfo=UTC)  # 9:30 in Berlin, where Ada is
FRIDAY_EVENING = datetime(2026, 12, 4, 18, 0, tzinfo=UTC)  # 19:00 there
NEXT_MONDAY = datetime(2026, 12, 7, 8, 0, tzinfo=UTC)  # 9:00 there


def begin(world: World, moment: datetime) -> None:
    """Set the clock to ``moment``."""
    world.clock.push(seconds=(moment - world.clock()).total_seconds())


async def approved(world: World) -> Message:
    """Ada has approved without being connected, and reads what is left to do."""
    await asked(world)
    await press(world, ADA, "Approve")
    await shown(world, BEN, "Remind Ada")
    return await shown(world, ADA, "Connect Close")


async def test_the_grantor_is_reminded_to_connect(world: World) -> None:
    """After four hours their card comes again, with the button there; connecting ends it."""
    begin(world, MONDAY_MORNING)
    first = await approved(world)
    await cards_at_rest(world)
    world.clock.push(hours=4, seconds=1)
    second = await world.card(ADA, "is still waiting")
    assert "Connect Close" in second.buttons()
    assert second.ts != first.ts
    await world.slack.wait_for(lambda: lasting(world, ADA, "") == [second], what="one card")
    await world.connect(ADA)
    await settled_in(world, State.ACTIVE)


async def test_reminders_keep_working_hours(stage: World) -> None:
    """What was approved on a Friday evening is called to mind on Monday morning."""
    begin(stage, FRIDAY_EVENING)
    await approved(stage)
    assert (await stage.only()).remind_at == NEXT_MONDAY


async def test_who_waits_may_remind(world: World) -> None:
    """Remind Ada moves her card at once in her working hours; once a workday, for who waits."""
    begin(world, MONDAY_MORNING)
    first = await approved(world)
    await press(world, BEN, "Remind Ada")
    second = await world.card(ADA, "asked me to remind you")
    assert second.ts != first.ts
    await shown(world, BEN, "Remind Ada", "I'll remind")
    await press(world, BEN, "Remind Ada")
    await world.whispered(BEN, "has been reminded today")
    card = await shown(world, BEN, "Remind Ada")
    await world.slack.forge_click(CLEO, card, "remind", (await world.only()).id)
    await world.whispered(CLEO, "Only the people this is about")
    assert (await world.only()).reminders == 1
    world.clock.push(days=1)
    await press(world, BEN, "Remind Ada")
    await world.slack.wait_for(lambda: lasting(world, ADA, "")[-1].ts > second.ts, what="another")


async def test_a_reminder_at_night_waits(stage: World) -> None:
    """Who asks for one in the evening reads when it will go out."""
    begin(stage, FRIDAY_EVENING)
    await approved(stage)
    await press(stage, BEN, "Remind Ada")
    await shown(stage, BEN, "Remind Ada", "I'll remind")
    await press(stage, BEN, "Remind Ada")
    await stage.whispered(BEN, "Once a workday is enough")
    assert (await stage.only()).remind_at == NEXT_MONDAY


async def test_why_it_lapsed(world: World) -> None:
    """Both are notified when nobody connected in time, and read that this was why."""
    begin(world, MONDAY_MORNING)
    await approved(world)
    world.clock.push(days=4)
    await settled_in(world, State.LAPSED)
    mine = await world.card(ADA, "lapsed")
    theirs = await world.card(BEN, "lapsed")
    await cards_at_rest(world)
    for person, card in ((ADA, mine), (BEN, theirs)):
        assert "connect" in world.slack.read(card, person)
        assert lasting(world, person, "") == [card]


async def test_an_end_that_waits_is_called_to_mind(world: World) -> None:
    """A right that is over while the connection is dead: its grantor is asked again and again."""
    begin(world, MONDAY_MORNING)
    await world.connect(ADA)
    await asked(world)
    await press(world, ADA, "Approve")
    await settled_in(world, State.ACTIVE)
    await cards_at_rest(world)
    world.close.revoke_tokens(ADA)
    world.clock.push(hours=2, minutes=1)
    first = await shown(world, ADA, "Connect Close", "not yet removed")
    reminders = (await world.only()).reminders
    world.clock.push(hours=5)
    await world.slack.wait_for(
        lambda: [m for m in lasting(world, ADA, "not yet removed") if m.ts > first.ts],
        what="the card again",
    )
    assert (await world.only()).reminders > reminders
    await world.connect(ADA)
    await settled_in(world, State.ENDED)

"""Who is away by their Slack status is asked once who covers for them; one click after picking."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from bot.store import Store
from models.absence import Absence, Offer
from models.delegation import Event, State
from sandbox.people import ADA, BEN, CLEO, DANA, TEAM_ID
from sandbox.slack.delivery import Reply
from sandbox.slack.workspace import Message
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import at_rest, carried, forged, press, shown
from tests.scenarios.test_confirming import in_browser, told_to_confirm
from tests.scenarios.test_home import home, opened
from tests.scenarios.world import World, open_world

ASKED = "Who covers for you?"


@pytest.fixture
async def away(database_url: str) -> AsyncIterator[tuple[World, datetime]]:
    """Ada, who is connected, is on holiday for three days: and until when."""
    async with open_world(database_url) as world:
        await world.connect(ADA)
        yield world, await on_holiday(world)


async def on_holiday(world: World, text: str = "On holiday until Monday", **ahead: int) -> datetime:
    """Ada's status says so; until when."""
    until = (world.clock() + timedelta(**(ahead or {"days": 3}))).replace(microsecond=0)
    world.slack.workspace.now = world.clock
    await world.slack.set_status(ADA, text, ":palm_tree:", until)
    return until


async def absence(world: World) -> Absence | None:
    """Ada's row of absences."""

    def read(store: Store) -> Absence | None:
        return store.absences.of(TEAM_ID, ADA.id)

    return await world.database.read(read)


async def looked(world: World, offer: Offer | None) -> Absence:
    """Ada's row, once nobody works on it and that has become of it."""
    async with asyncio.timeout(PATIENCE):
        while True:
            row = await absence(world)
            is_due = row is not None and (row.wake_at is None or row.wake_at > world.clock())
            if row is not None and is_due and row.leased_until is None and row.offer is offer:
                return row
            await asyncio.sleep(MOMENT)


async def picked(world: World, message: Message, who: object = CLEO) -> Reply:
    """Ada picks somebody, and clicks once."""
    assert (await world.slack.click(ADA, message, "who_covers", who)).ok
    return await world.slack.click(ADA, message, "Let them cover")


def asked(world: World) -> list[Message]:
    """The messages in which Ada is, or was, asked."""
    messages = [each for each in world.slack.messages(ADA) if not each.ephemeral]
    said = (ASKED, "no longer says that you are away", "said who covers", "won't ask you again")
    return [
        each for each in messages if any(words in world.slack.read(each, ADA) for words in said)
    ]


async def test_one_click_grants_until_then(away: tuple[World, datetime]) -> None:
    """The whole way: the status, the question, a colleague, a click, the right, its end with the
    status; and it is one thing in Home."""
    world, until = away
    message = await shown(world, ADA, "Let them cover", ASKED)
    assert (await picked(world, message)).ok
    await world.slack.wait_for(lambda: world.close.find(ADA, CLEO), what="the right")
    right = (await at_rest(world))[0]
    assert (right.ends_at, right.requester_id) == (until, ADA.id)
    await looked(world, Offer.COVERED)
    await world.card(ADA, "You have said who covers for you")
    await world.card(CLEO, "You can send email as")
    await opened(world, ADA)
    await home(world, ADA, "Away until")
    world.clock.push(days=3, minutes=1)
    await world.slack.wait_for(lambda: not world.close.associations, what="the end")
    assert (await at_rest(world))[0].end_event is Event.EXPIRE


async def test_once_for_each_absence(away: tuple[World, datetime]) -> None:
    """Events that come twice or late, another text, another end, and the same status set again: one
    message, which says what is so; the next absence is asked about anew."""
    world, until = away
    first = await shown(world, ADA, "Let them cover", ASKED)
    old = carried(first, "Let them cover")
    assert (await world.slack.click(ADA, first, "who_covers", CLEO)).ok
    await world.slack.set_status(ADA, "On holiday until Monday", ":palm_tree:", until)
    await world.slack.set_status(ADA, "Vacationing", ":airplane:", until + timedelta(days=1))
    async with asyncio.timeout(PATIENCE):
        while (await looked(world, Offer.OPEN)).until != until + timedelta(days=1):  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)
    assert "status has changed since I asked" in await forged(
        world, ADA, first, "let_them_cover", old
    )
    await world.slack.set_status(ADA)
    await looked(world, Offer.CLEARED)
    await world.card(ADA, "no longer says that you are away")
    late = world.slack.workspace.people[ADA.id]  # an event of before, which comes only now
    await world.slack.set_status(late, "Vacationing", ":airplane:", until, is_heard=False)
    await world.slack.set_status(late, is_heard=False)
    await world.slack.set_status(ADA, "Vacationing", ":airplane:", until + timedelta(days=1))
    await looked(world, Offer.OPEN)
    await shown(world, ADA, "Let them cover", ASKED)
    assert len(asked(world)) == 1
    world.clock.push(days=5)
    await looked(world, Offer.PASSED)
    await on_holiday(world, days=2)
    row = await looked(world, Offer.OPEN)
    assert row.number == 2
    await shown(world, ADA, "Let them cover", ASKED)


async def test_cleared_while_the_click_is_under_way(away: tuple[World, datetime]) -> None:
    """The click counts as long as the question stands, and never once it is known to be over; of
    two clicks one counts."""
    world, _ = away
    message = await shown(world, ADA, "Let them cover", ASKED)
    await world.slack.set_status(ADA, is_heard=False)
    both = await asyncio.gather(picked(world, message, CLEO), picked(world, message, BEN))
    assert all(each.ok for each in both)
    await world.slack.wait_for(lambda: world.close.associations, what="the right")
    assert len(await at_rest(world)) == 1
    await world.slack.set_status(ADA, "Out sick", ":face_with_thermometer:")
    await world.slack.set_status(ADA)
    await looked(world, Offer.CLEARED)
    assert len(await at_rest(world)) == 1


async def test_nobody_else_can_answer(away: tuple[World, datetime]) -> None:
    """The button of one person is good for nobody else, and without a choice nothing happens."""
    world, _ = away
    message = await shown(world, ADA, "Let them cover", ASKED)
    value = carried(message, "Let them cover")
    await world.connect(DANA)
    await world.sendas(BEN, "@dana 2h")
    card = await shown(world, DANA, "Approve")
    assert "Only the people" in await forged(world, DANA, card, "do_not_ask_me", value[:22])
    assert "Only the people" in await forged(world, DANA, card, "let_them_cover", value)
    assert (await world.slack.click(ADA, message, "Let them cover")).ok
    await world.whispered(ADA, "pick who covers")
    assert not world.close.associations


async def test_never_again_and_again(away: tuple[World, datetime]) -> None:
    """*Don't ask me again* holds for the next absence, and App Home turns it on again."""
    world, _ = away
    await press(world, ADA, "Don't ask me again")
    await world.card(ADA, "I won't ask you again")
    await world.slack.set_status(ADA)
    await on_holiday(world, days=5)
    view = await opened(world, ADA, "")
    view = await world.slack.wait_for(
        lambda: (
            found
            if (found := world.slack.home(ADA)) and "Ask me again when I'm away" in found.buttons()
            else None
        ),
        what="the button",
    )
    assert (await looked(world, Offer.DECLINED)).number == 1
    assert (await world.slack.click(ADA, view, "Ask me again when I'm away")).ok
    assert (await looked(world, Offer.OPEN)).number == 2
    await shown(world, ADA, "Let them cover", ASKED)


async def test_who_gave_nothing_is_not_asked(world: World) -> None:
    """Nobody who never connected or gave a right; no status without an end, as a calendar may set
    it, or whose end is near, or too far; and no other status."""
    await on_holiday(world)
    assert await absence(world) is None
    await world.slack.set_status(ADA)
    await world.connect(ADA)
    now = world.clock()
    for text, emoji, until in (
        ("Out of office", ":no_entry:", None),
        ("Out of office", ":no_entry:", now + timedelta(hours=2)),
        ("Out of office", ":no_entry:", now + timedelta(days=90)),
        ("In a meeting", ":spiral_calendar_pad:", now + timedelta(hours=5)),
    ):
        await world.slack.set_status(ADA, text, emoji, until)
    row = await absence(world)
    if row is not None:
        row = await looked(world, None)
        assert row.number == 0
    assert not asked(world)
    await world.slack.set_status(ADA, "Out of office", ":no_entry:", now + timedelta(days=2))
    await shown(world, ADA, "Let them cover", ASKED)


async def test_a_cover_that_is_planned_answers_it(away: tuple[World, datetime]) -> None:
    """Whoever plans a cover for that time is asked no longer."""
    world, _ = away
    await shown(world, ADA, "Let them cover", ASKED)
    await world.sendas(ADA, "away 2 days @cleo")
    await looked(world, Offer.COVERED)
    await world.card(ADA, "You have said who covers for you")


async def test_a_long_absence_is_confirmed_in_close(sqlite_url: str) -> None:
    """Where the click alone lends nothing for so long, Close is asked who it is; then the question
    is answered."""
    async with open_world(sqlite_url, confirm_in_browser_over="1d") as world:
        await world.connect(ADA)
        until = await on_holiday(world)
        message = await shown(world, ADA, "Let them cover", ASKED)
        assert (await picked(world, message)).ok
        link = await told_to_confirm(world)
        assert await world.delegations() == []
        assert "You have confirmed it" in await in_browser(world, link)
        await world.slack.wait_for(lambda: world.close.find(ADA, CLEO), what="the right")
        assert [each.ends_at for each in await at_rest(world)] == [until]
        await looked(world, Offer.COVERED)


async def test_killed_between_the_click_and_close(sqlite_url: str) -> None:
    """What was committed is carried out by the next process, in time, and only once."""
    async with open_world(sqlite_url) as world:
        await world.connect(ADA)
        await on_holiday(world)
        message = await shown(world, ADA, "Let them cover", ASKED)
        world.close.trouble.down()
        assert (await picked(world, message)).ok
        left = world.close
        values = dict(world.values)
    left.trouble.clear()
    keys = {"encryption_keys": values["encryption_keys"]}
    async with open_world(sqlite_url, close=left, **keys) as world:
        world.clock.push(minutes=10)
        await world.slack.wait_for(lambda: world.close.find(ADA, CLEO), what="the right")
        rows = await at_rest(world)
        assert [each.state for each in rows] == [State.ACTIVE]

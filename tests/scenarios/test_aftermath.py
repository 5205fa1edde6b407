"""What goes on in somebody's name once a right is over: told before, asked about, paused."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from models.aftermath import Aftermath, Course, Drafts
from models.delegation import State
from sandbox.close.trouble import After
from sandbox.close.unknowns import AfterEnd, BulkPause, Seen
from sandbox.people import ADA, BEN, CLEO, DANA, TEAM_ID
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import active, at_rest, press, read_all, settled_in, shown
from tests.scenarios.world import World, open_world


async def aftermath(world: World, *courses: Course) -> Aftermath:
    """The only one, once it is where it should be; waits that the bot chose itself are skipped."""
    delegation = await world.only()
    async with asyncio.timeout(PATIENCE):
        while True:
            row = await world.database.read(lambda store: store.aftermaths.get(delegation.id))
            if row is not None and row.course in courses and row.drafts is not Drafts.WANTED:
                return row
            if row is not None and row.wake_at is not None:
                world.clock.ahead += max(row.wake_at - world.clock(), timedelta())
            await asyncio.sleep(MOMENT)


async def tap(world: World, button: str) -> None:
    """Ada clicks on the button of the message about what goes on."""
    reply = await world.slack.click(ADA, await shown(world, ADA, button), button)
    assert reply.ok, reply


async def over(world: World) -> None:
    """Two hours later the right has ended."""
    world.clock.push(hours=2)
    await settled_in(world, State.ENDED)


async def test_the_grantor_leaves_it_running(world: World) -> None:
    """Before the end Ben reads what he has started; at the end Ada does, with counts, and leaves
    it: nothing is touched, and her card says what was put into which sequence."""
    await active(world)
    mine = world.close.enrol(BEN, 8, in_name_of=ADA)
    world.close.enrol(BEN, 2, sequence="His own")
    world.close.enrol(ADA, 3, sequence="Her own")
    world.close.send_email(BEN, in_name_of=ADA, subject="First", subscription=mine[0])
    world.close.send_email(BEN, in_name_of=ADA, subject="Mass", bulk="bulkemail_1")
    world.close.send_email(BEN, in_name_of=ADA, subject="One")
    world.clock.push(minutes=61)
    await world.card(BEN, "You have started what goes on after your time: 8 contacts in sequences")
    world.clock.push(hours=1)
    await world.card(ADA, "3 emails were sent to 1 person in your name (1 single, 1 in bulk, 1 by")
    await world.card(ADA, "put 8 leads into *Spring*")
    message = await world.card(ADA, "but this goes on in your name")
    assert "8 contacts in sequences" in world.slack.read(message, ADA)
    assert "Pause what Ben started (8)" in message.buttons()
    await tap(world, "Leave it running (8)")
    await world.card(ADA, "You left it running")
    row = await aftermath(world, Course.LEFT)
    assert (row.decided_by, row.subscriptions) == (ADA.id, 8)
    assert world.close.active() == 13
    assert "Pause what Ben started (8)" in (await world.card(ADA, "You left it")).buttons()


async def test_what_was_sent_tells_them_apart(world: World) -> None:
    """The button says of each email how it was sent, and names what was done in bulk."""
    await active(world)
    mine = world.close.enrol(BEN, 824, in_name_of=ADA)
    world.close.send_email(BEN, in_name_of=ADA, subject="First", subscription=mine[0])
    world.close.send_email(BEN, in_name_of=ADA, subject="Mass", bulk="bulkemail_1")
    await press(world, ADA, "What was sent")
    answer = world.slack.read(await world.whispered(ADA, "2 emails were sent"), ADA)
    for words in ("(1 in bulk, 1 by sequences)", ", by a sequence,", ", in bulk,"):
        assert words in answer
    assert "put 824 leads into *Spring*" in answer


async def test_the_grantor_pauses_it(world: World) -> None:
    """Only what Ben started from Ada's mailbox is paused; the email that waits stays scheduled
    until she asks for that, too."""
    await active(world)
    world.close.set_page_limit(2)
    world.close.enrol(BEN, 5, in_name_of=ADA, is_under_way=True)
    world.close.enrol(ADA, 1, sequence="Her own")
    world.close.enrol(BEN, 1, sequence="His own")
    world.close.send_email(BEN, in_name_of=ADA, is_in_outbox=True)
    tomorrow = world.clock() + timedelta(days=1)
    world.close.send_email(BEN, in_name_of=ADA, scheduled_for=tomorrow)
    await over(world)
    await tap(world, "Pause what Ben started (6)")
    await world.card(ADA, "The sequences and the bulk action are paused.")
    assert (world.close.active("Spring"), world.close.active()) == (0, 2)
    assert [each.status for each in world.close.state.bulk_actions] == ["paused", "done", "done"]
    assert {each.shown()["status"] for each in world.close.emails} == {"outbox", "scheduled"}
    await tap(world, "Back to drafts (2)")
    await world.card(ADA, "The email is back among the drafts.")
    assert {each.shown()["status"] for each in world.close.emails} == {"draft"}


@pytest.mark.parametrize("fault", ["503", "cut", "garbage"])
async def test_a_pausing_that_fails_half_way(world: World, fault: str) -> None:
    """It goes on where it was, whatever happens to an answer; nothing is left over."""
    await active(world)
    world.close.enrol(BEN, 4, in_name_of=ADA)
    await over(world)
    await shown(world, ADA, "Pause what Ben started (4)")
    pattern = "PUT /sequence_subscription/*"
    if fault == "503":
        world.close.trouble.fail(pattern, 503, times=2)
    elif fault == "cut":
        world.close.trouble.drop(pattern, times=2)
    else:
        world.close.trouble.after(pattern, After.GARBAGE, times=2)
    await tap(world, "Pause what Ben started (4)")
    row = await aftermath(world, Course.PAUSED)
    assert (row.unpaused, world.close.active()) == (0, 0)
    await world.card(ADA, "The sequences are paused.")


async def test_what_close_does_not_let_her_pause(world: World) -> None:
    """It is said, with its number, and is not tried for ever."""
    await active(world)
    world.close.unknowns.bulk_pause = BulkPause.NOT_ALLOWED
    world.close.enrol(BEN, 2, in_name_of=ADA, is_under_way=True)
    await over(world)
    await tap(world, "Pause what Ben started (3)")
    row = await aftermath(world, Course.PAUSED)
    assert (row.unpaused, world.close.active()) == (1, 0)
    await world.card(ADA, "Close did not let me pause 1 of it")


@pytest.mark.parametrize("becomes", [AfterEnd.ERROR, AfterEnd.PAUSES])
async def test_close_stops_it_by_itself(world: World, becomes: AfterEnd) -> None:
    """Then there is nothing to decide, and nobody is asked."""
    await active(world)
    world.close.unknowns.after_end = becomes
    world.close.enrol(BEN, 2, in_name_of=ADA)
    await over(world)
    await aftermath(world, Course.NOTHING)
    assert "goes on in your name" not in read_all(world, ADA)


@pytest.mark.parametrize("seen", [Seen.NOTHING, Seen.OWN_ONLY])
async def test_what_she_may_not_see(world: World, seen: Seen) -> None:
    """Where Close shows Ada nothing of it, that is said, and never that there is nothing: also
    where only Close's own counts tell that something is there."""
    await active(world)
    world.close.enrol(BEN, 2, in_name_of=ADA)
    world.close.unknowns.seen = seen
    await over(world)
    await world.card(ADA, "I don't know whether")
    await world.card(ADA, "Close does not show me all of it")


async def test_what_only_an_email_tells(world: World) -> None:
    """The same where Close does not count, either: an email of a contact whom Ada is not shown."""
    await active(world)
    mine = world.close.enrol(BEN, 2, in_name_of=ADA)
    world.close.send_email(BEN, in_name_of=ADA, subscription=mine[0])
    world.close.unknowns.seen = Seen.OWN_ONLY
    world.close.unknowns.sequence_has_counts = False
    await over(world)
    await world.card(ADA, "Close does not show me all of it")


async def test_whoever_close_writes_down(world: World) -> None:
    """What an email under the right names counts as Ben's, whomever Close calls its maker."""
    await active(world)
    world.close.unknowns.subscription_created_by_grantor = True
    world.close.unknowns.email_created_by_grantor = True
    mine = world.close.enrol(BEN, 2, in_name_of=ADA)
    for each in mine:
        world.close.send_email(BEN, in_name_of=ADA, subscription=each)
    await over(world)
    await tap(world, "Pause what Ben started (2)")
    await aftermath(world, Course.PAUSED)
    assert world.close.active() == 0


async def test_a_bulk_email_that_is_being_sent(world: World) -> None:
    """It is counted and paused as well, and her card says what it was."""
    world.close.unknowns.sequence_list_has_counts = True
    await active(world)
    world.close.mail_many(BEN, 824, in_name_of=ADA)
    await over(world)
    await tap(world, "Pause what Ben started (1)")
    await world.card(ADA, "The bulk action is paused.")
    await world.card(ADA, "sent a bulk email to 824 leads")
    assert [each.status for each in world.close.state.bulk_actions] == ["paused"]


SETTINGS: list[tuple[str, str, int]] = [
    ("pause", "paused, as it is set up here", 0),
    ("leave", "has started what goes on in your name", 2),
]


@pytest.mark.parametrize(("at_end", "words", "left"), SETTINGS)
async def test_the_setting_decides(database_url: str, at_end: str, words: str, left: int) -> None:
    """AT_END pauses always and says so, or leaves it and says that; Ben reads which before."""
    async with open_world(database_url, at_end=at_end) as world:
        await active(world)
        world.close.enrol(BEN, 2, in_name_of=ADA)
        world.clock.push(minutes=61)
        before = "I pause it then" if at_end == "pause" else "It then goes on in"
        await world.card(BEN, before)
        world.clock.push(hours=1)
        await world.card(ADA, words)
        row = await aftermath(world, Course.PAUSED, Course.LEFT)
        assert (row.decided_by, world.close.active()) == (None, left)


ENDINGS: dict[str, Any] = {
    "revoked": (ADA, "Revoke"),
    "released": (BEN, "I'm done"),
    "removed in Close": None,
    "deactivated": None,
}


@pytest.mark.parametrize("how", sorted(ENDINGS))
async def test_whatever_has_ended_it(world: World, how: str) -> None:
    """Ada is asked, however it came to its end."""
    await active(world)
    world.close.enrol(BEN, 1, in_name_of=ADA)
    if ENDINGS[how] is not None:
        await press(world, *ENDINGS[how])
    elif how == "removed in Close":
        world.clock.push(minutes=1)  # what Close shows of it is no longer too new
        world.close.remove(ADA, BEN)
        await world.sendas(ADA, "check")
    else:
        await world.slack.change_person(BEN, deleted=True)
    await settled_in(world, State.ENDED)
    await shown(world, ADA, "Pause what Ben started (1)")


async def test_an_admin_has_ended_it(sqlite_url: str) -> None:
    """The decision is Ada's all the same: the admin is asked nothing."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as world:
        await active(world)
        world.close.enrol(BEN, 2, in_name_of=ADA)
        await world.sendas(DANA, "end @ben as @ada His laptop was stolen")
        await settled_in(world, State.ENDED)
        await tap(world, "Pause what Ben started (2)")
        await aftermath(world, Course.PAUSED)
        assert world.close.active() == 0
        assert "goes on in your name" not in read_all(world, DANA)


@pytest.mark.parametrize(("at_end", "left"), [("ask", 2), ("pause", 0)])
async def test_the_grantor_has_left(sqlite_url: str, at_end: str, left: int) -> None:
    """There is nobody to ask: the setting pauses with their connection before that is given up;
    without it what goes on is left, and it is logged that nobody decided."""
    async with open_world(sqlite_url, at_end=at_end) as world:
        await active(world)
        world.close.enrol(BEN, 2, in_name_of=ADA)
        await world.slack.change_person(ADA, deleted=True)
        await settled_in(world, State.ENDED)
        row = await aftermath(world, Course.LEFT, Course.PAUSED)
        assert (row.subscriptions, row.decided_by, world.close.active()) == (2, None, left)
        async with asyncio.timeout(PATIENCE):
            while await connection_of(world):
                world.clock.push(seconds=1)
                await asyncio.sleep(MOMENT)


async def connection_of(world: World) -> bool:
    """Whether Ada's is kept."""
    held = await world.database.read(lambda store: store.connections.get(TEAM_ID, ADA.id))
    return held is not None


async def test_several_at_once(world: World) -> None:
    """What ends together is one message with one decision."""
    await world.connect(ADA)
    await world.sendas(ADA, "grant @ben @cleo 2h Fair")
    await press(world, ADA, "Grant to 2")
    await shown(world, ADA, "Revoke all of these")
    async with asyncio.timeout(PATIENCE):
        while len(world.close.associations) < 2:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)
    world.close.enrol(BEN, 2, in_name_of=ADA)
    world.close.enrol(CLEO, 3, in_name_of=ADA)
    await press(world, ADA, "Revoke all of these")
    async with asyncio.timeout(PATIENCE):
        while {each.state for each in await world.delegations()} != {State.ENDED}:  # noqa: ASYNC110 - likewise
            await asyncio.sleep(MOMENT)
    await at_rest(world)
    world.clock.push(seconds=20)
    await tap(world, "Pause what they started (5)")
    async with asyncio.timeout(PATIENCE):
        while world.close.active():
            world.clock.push(seconds=1)
            await asyncio.sleep(MOMENT)
    messages = [
        each
        for each in world.slack.messages(ADA)
        if "What was still going on" in world.slack.read(each, ADA)
        or "but this goes on" in world.slack.read(each, ADA)
    ]
    assert len(messages) == 1

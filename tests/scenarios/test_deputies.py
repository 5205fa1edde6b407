"""Deputies: somebody answers requests in a grantor's place, until a date."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from bot.cards.faces import Action
from bot.store.rows import many
from models.delegation import State
from models.deputy import Deputy, DeputyEnd, deputies
from models.event import Deed, events
from models.mark import mark_of, read_marked
from sandbox.people import ADA, BEN, CLEO, DANA, TEAM_ID
from sandbox.slack.workspace import AUDIT, Message
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import active, asked, carried, forged, settled_in, shown
from tests.scenarios.test_home import home, opened
from tests.scenarios.world import World, open_world

FOR_ADA = f"For @{ADA.name}: @{BEN.name} asks"


async def named(world: World, text: str = "deputy @cleo for 3 days") -> str:
    """Ada has named Cleo, who has read it."""
    answer = await world.sendas(ADA, text)
    assert "can answer requests for you until" in answer, answer
    await shown(world, CLEO, "Step down")
    return answer


async def to_answer(world: World, button: str = "Approve", words: str = FOR_ADA) -> Message:
    """Cleo's card, once its button is about what is so now."""
    async with asyncio.timeout(PATIENCE):
        while True:
            message = await shown(world, CLEO, button, words)
            row_id, mark = read_marked(carried(message, button))
            if mark in await _marks(world, row_id):
                return message
            await asyncio.sleep(MOMENT)


async def _marks(world: World, row_id: str) -> Sequence[str]:
    rows = [each for each in await world.delegations() if each.id == row_id]
    deputy = await world.database.read(lambda store: store.deputies.of_grantor(TEAM_ID, ADA.id))
    return [mark_of(each, deputy) for each in rows]


async def answer(world: World, button: str) -> None:
    """Cleo presses this button of what she is asked for Ada."""
    message = await to_answer(world, button)
    reply = await world.slack.click(CLEO, message, button)
    assert reply.ok, reply


async def rows(world: World) -> list[Deputy]:
    """All deputies there ever were, oldest first."""
    wanted = deputies.select().order_by(deputies.c.created_at)
    found: list[Deputy] = await world.database.run_connection(
        lambda connection: many(connection, Deputy, wanted)
    )
    return found


async def deeds(world: World) -> list[str]:
    """What the log has of deputies, oldest first."""
    wanted = (
        events.select()
        .where(events.c.deed.in_([each for each in Deed if each.startswith("deputy")]))
        .order_by(events.c.id)
    )
    found: list[str] = await world.database.run_connection(
        lambda connection: [row.deed for row in connection.execute(wanted)]
    )
    return found


async def test_a_deputy_says_yes(database_url: str) -> None:
    """Cleo reads for whom she is asked and approves with a click; Ada is told by her card, which
    moves, both her place and Cleo's name stand everywhere, and the log has it."""
    async with open_world(database_url, audit_channel=AUDIT) as world:
        await world.connect(ADA)
        await named(world, "deputy @cleo for 3 days Ask me if unsure")
        read = world.slack.read(await shown(world, CLEO, "Step down"), CLEO)
        assert "Ask me if unsure" in read
        await asked(world)
        card = await world.card(ADA, "can answer in your place, too")
        before = card.ts
        read = world.slack.read(await to_answer(world), CLEO)
        for words in ("2 hours", "Covering", BEN.email, "reads your answer"):
            assert words in read
        await answer(world, "Approve")
        right = await settled_in(world, State.ACTIVE)
        assert right.deputys_word is not None
        assert right.deputys_word.deputy_id == CLEO.id
        told = await world.card(ADA, f"@{CLEO.name} agreed to this in your place")
        assert float(told.ts) > float(before), "a card that moved notifies"
        await world.card(BEN, "You can send email as")
        await world.card(CLEO, "You approved it")
        assert "Approve" not in (await world.card(CLEO, "You approved it")).buttons()
        assert await deeds(world) == [Deed.DEPUTY_NAMED, Deed.DEPUTY_ANSWERED]
        lines = await world.slack.wait_for(
            lambda: said if "approved it in" in (said := audited(world)) else None,
            what="the audit channel",
        )
        assert f"@{ADA.name} named @{CLEO.name} to answer requests for them until" in lines
        assert f"@{CLEO.name} approved it in @{ADA.name}'s place" in lines


def audited(world: World) -> str:
    """What stands in the audit channel."""
    return "\n".join(world.slack.read(each) for each in world.slack.channel_messages(AUDIT))


async def test_a_deputy_says_no(sqlite_url: str) -> None:
    """A no, with a reason, is the deputy's; both others read whose it is."""
    async with open_world(sqlite_url) as world:
        await asked(world)
        await named(world)
        message = await to_answer(world)
        await world.slack.click(CLEO, message, "more", "Deny with a reason…")
        await world.slack.wait_for(lambda: world.slack.view(CLEO), what="the form")
        assert (await world.slack.submit(CLEO, {"note": "Not this week"})).ok
        await settled_in(world, State.DENIED)
        mine = await world.card(ADA, f"@{CLEO.name} denied @{BEN.name}'s request in your place")
        assert f"@{CLEO.name}: “Not this week”" in world.slack.read(mine, ADA)
        theirs = await world.card(BEN, f"@{CLEO.name} denied your request in @{ADA.name}'s place")
        assert f"@{CLEO.name}: “Not this week”" in world.slack.read(theirs, BEN)
        await world.card(CLEO, "You denied it")


async def test_more_time(sqlite_url: str) -> None:
    """A wish for more time that fits into the deputy's time is theirs to answer, either way."""
    async with open_world(sqlite_url) as world:
        await active(world)
        await named(world)
        for more, button in (("1h", "Leave as it is"), ("3h", "Approve")):
            before = (await world.only()).ends_at
            await world.sendas(BEN, f"extend @ada {more}")
            await to_answer(world, button)
            await answer(world, button)
            right = await settled_in(world, State.ACTIVE)
            assert right.deputys_word is not None
            assert (right.ends_at != before) is (button == "Approve")
            words = "left the end as it is" if button != "Approve" else "agreed to this"
            await world.card(ADA, f"@{CLEO.name} {words}")
        await world.sendas(BEN, "extend @ada 5 days")
        card = await shown(world, CLEO, "Leave as it is", "longer than you can approve")
        assert "Approve" not in card.buttons()


async def test_nothing_outlasts_their_time(sqlite_url: str) -> None:
    """What would end after the deputy's time they can approve for a shorter one only."""
    async with open_world(sqlite_url) as world:
        await world.connect(ADA)
        await named(world)
        await asked(world, "@ada 5 days Covering")
        card = await to_answer(world, "Deny")
        assert "Approve" not in card.buttons()
        assert "longer than you can approve" in world.slack.read(card, CLEO)
        value = carried(card, "Deny")
        said = await forged(world, CLEO, card, Action.APPROVE, value)
        assert "what you approve has to end by then" in said
        await world.slack.click(CLEO, card, "more", "Approve with a different length…")
        await world.slack.wait_for(lambda: world.slack.view(CLEO), what="the form")
        assert (await world.slack.submit(CLEO, {"duration": "2 days"})).ok
        right = await settled_in(world, State.ACTIVE)
        [deputy] = await rows(world)
        assert right.ends_at is not None
        assert right.ends_at <= deputy.until


async def test_never_their_own_wish(sqlite_url: str) -> None:
    """What the deputy would get, or asked for somebody, comes to the grantor alone."""
    async with open_world(sqlite_url) as world:
        await named(world)
        await world.sendas(CLEO, "@ada 2h Mine")
        await world.sendas(CLEO, "@ada for @ben 2h Theirs")
        await shown(world, ADA, "Approve", "Mine")
        card = await shown(world, ADA, "Approve", "Theirs")
        await world.sendas(DANA, "@ada 2h Somebody else's")
        await shown(world, CLEO, "Approve", "Somebody else's")
        for words in ("Mine", "Theirs"):
            mine = [m for m in world.slack.messages(CLEO) if words in world.slack.read(m, CLEO)]
            assert not [m for m in mine if "Approve" in m.buttons()]
        said = await forged(world, CLEO, card, Action.APPROVE, carried(card, "Approve"))
        assert "Only the people this is about can do that" in said


async def test_it_ends_with_a_click(database_url: str) -> None:
    """Ada ends it: the open card loses its buttons, Cleo hears of it, and an old click of hers does
    nothing."""
    async with open_world(database_url) as world:
        await named(world)
        await asked(world)
        card = await to_answer(world)
        value = carried(card, "Approve")
        assert "no longer answers" in await world.sendas(ADA, "deputy end")
        await world.card(CLEO, f"You no longer answer requests for @{ADA.name}. ")
        await world.card(CLEO, f"You no longer answer for @{ADA.name}")
        assert not [m for m in world.slack.messages(CLEO) if "Approve" in m.buttons()]
        said = await forged(world, CLEO, card, Action.APPROVE, value)
        assert f"You no longer answer requests for @{ADA.name}" in said
        assert (await world.only()).state is State.REQUESTED
        assert "Nobody answers" in await world.sendas(ADA, "deputy")
        assert "There is nobody" in await world.sendas(ADA, "deputy end")


async def test_stepping_down(sqlite_url: str) -> None:
    """The deputy steps down, and the grantor is told."""
    async with open_world(sqlite_url) as world:
        await named(world)
        await world.click(CLEO, "You can answer requests in", "Step down")
        await world.card(ADA, f"@{CLEO.name} stepped down")
        assert [each.cause for each in await rows(world)] == [DeputyEnd.DEPUTY]


async def test_the_date_comes(sqlite_url: str) -> None:
    """When the date has come the card loses its buttons by itself, and nobody answers any more."""
    async with open_world(sqlite_url) as world:
        await named(world, "deputy @cleo for 2h")
        await asked(world, "@ada 1h Covering")
        await to_answer(world)
        world.clock.push(hours=2, seconds=1)
        await world.card(CLEO, f"You no longer answer for @{ADA.name}")
        assert [each.cause for each in await rows(world)] == [DeputyEnd.DATE]
        assert "Nobody answers" in await world.sendas(ADA, "deputy")


async def test_the_first_answer_counts(database_url: str) -> None:
    """Grantor and deputy click at the same moment: one of them has answered, and Close is asked
    once."""
    async with open_world(database_url) as world:
        await world.connect(ADA)
        await named(world)
        await asked(world)
        theirs = await to_answer(world)
        mine = await shown(world, ADA, "Approve", "can answer in your place, too")
        await asyncio.gather(
            world.slack.click(ADA, mine, "Approve"), world.slack.click(CLEO, theirs, "Deny")
        )
        async with asyncio.timeout(PATIENCE):
            while (row := await world.only()).state is State.REQUESTED:  # noqa: ASYNC110
                await asyncio.sleep(MOMENT)
        is_hers = row.state is State.DENIED
        assert (row.deputys_word is not None) is is_hers
        if is_hers:
            assert not world.close.find(ADA, BEN)
        else:
            await settled_in(world, State.ACTIVE)
            await world.card(CLEO, f"@{ADA.name} approved it")


async def test_the_home(sqlite_url: str) -> None:
    """App Home names a deputy by a form, says who answers, lets the deputy answer, and ends it."""
    async with open_world(sqlite_url) as world:
        view = await opened(world, ADA)
        assert (await world.slack.click(ADA, view, "Who answers for me…")).ok
        await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")
        until = world.clock() + timedelta(days=3)
        reply = await world.slack.submit(ADA, {"deputy": CLEO, "moment": until})
        assert not reply.errors, reply
        view = await home(world, ADA, f"@{CLEO.name} answers requests for you until")
        await opened(world, CLEO, f"You answer requests for @{ADA.name} until")
        await asked(world)
        hers = await home(world, CLEO, "You can answer for others")
        assert (await world.slack.click(CLEO, hers, "Deny")).ok
        await settled_in(world, State.DENIED)
        await home(world, CLEO, "You answer requests", absent="You can answer for others")
        assert (await world.slack.click(ADA, view, "End it")).ok
        await home(world, ADA, "Nobody at the moment", absent="answers requests for you")


async def test_what_is_strong_stays_with_the_grantor(sqlite_url: str) -> None:
    """What has to be confirmed in Close no deputy approves: both read it."""
    async with open_world(sqlite_url, confirm_in_browser_over="1h") as world:
        await world.connect(ADA)
        assert "only you can approve" in await named(world)
        await asked(world)
        await answer(world, "Approve")
        await world.whispered(CLEO, "only they can approve it, and confirm it in Close")
        await world.card(ADA, f"@{CLEO.name} would approve @{BEN.name}'s request, but only you can")
        assert (await world.only()).state is State.REQUESTED


async def test_a_deputy_leaves(sqlite_url: str) -> None:
    """A deputy who is deactivated answers no more, and the grantor is told how they left."""
    async with open_world(sqlite_url) as world:
        await named(world)
        await asked(world)
        await to_answer(world)
        await world.slack.change_person(CLEO, deleted=True)
        await world.card(ADA, f"@{CLEO.name} has left")
        [row] = await rows(world)
        assert row.cause is DeputyEnd.LEFT
        async with asyncio.timeout(PATIENCE):
            while (await world.only()).shared_with is not None:  # noqa: ASYNC110
                await asyncio.sleep(MOMENT)

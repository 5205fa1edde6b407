"""Reviews: is what somebody gave still needed? Asked in time, answered with a click, or ended."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bot.store import Store
from models.delegation import Event, State
from models.event import Deed, events
from models.review import Review
from sandbox.people import ADA, BEN, CLEO, DANA, TEAM_ID
from sandbox.slack.delivery import Reply
from sandbox.slack.workspace import View
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import active, at_rest, forged, press, read_all, settled_in, shown
from tests.scenarios.moves import asked as requested
from tests.scenarios.test_standing import filled_in
from tests.scenarios.world import World, another_bot, open_world

ASKED = "Is this still needed?"
LINE = "Review your rights"
REMINDED = "Reminder: is this still needed?"


@pytest.fixture
async def ending(database_url: str) -> AsyncIterator[World]:
    """What nobody confirms ends; Dana is an admin."""
    async with open_world(database_url, review_ends=True, admins=(DANA.id,)) as opened:
        yield opened


async def review_of(world: World) -> Review | None:
    """Ada's row of reviews."""

    def read(store: Store) -> Review | None:
        return store.reviews.of(TEAM_ID, ADA.id)

    return await world.database.read(read)


async def until(world: World, is_so: Callable[[Review], bool]) -> Review:
    """Ada's row of reviews, once this is true of it: the clock jumps to each moment at which the
    bot looks at it."""
    async with asyncio.timeout(PATIENCE):
        while True:
            review = await review_of(world)
            if review is not None and review.leased_until is None:
                if is_so(review):
                    return review
                jump(world, review)
            await asyncio.sleep(MOMENT)


async def asked(world: World, messages: int = 1, number: int = 1) -> Review:
    """Ada's open review, once so many messages about it were sent."""
    wanted = (number, messages)
    return await until(
        world, lambda each: each.opened_at is not None and (each.number, each.messages) >= wanted
    )


async def over(world: World) -> Review:
    """Ada's review, once it is closed."""
    return await until(world, lambda each: each.opened_at is None and each.closed_at is not None)


async def looked(world: World, days: int = 1) -> None:
    """So many days later the bot has looked, and has nothing to ask."""
    world.clock.push(days=days)
    async with asyncio.timeout(PATIENCE):
        while True:
            review = await review_of(world)
            if review is not None and review.leased_until is None:
                assert review.opened_at is None
                if review.wake_at is None or review.wake_at > world.clock():
                    return
            await asyncio.sleep(MOMENT)


async def in_turn(world: World, days: float = 0.1) -> None:
    """The first round is over: Ada is looked at every day."""
    world.clock.push(days=days)
    await looked(world, 0)


def jump(world: World, review: Review) -> None:
    """To the next moment at which somebody looks at it."""
    if review.wake_at is not None:
        wait = review.wake_at - world.clock()
        if wait > timedelta():
            world.clock.push(seconds=wait.total_seconds())


async def form_of(world: World) -> View:
    """Ada's open form."""
    return await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")


async def answered(world: World, verdicts: dict[str, str], why: str = "") -> Reply:
    """Ada's form, filled in for each grantee and submitted; of standing approvals by their id."""
    form = await form_of(world)
    whose = {each.id: each.grantee_id for each in await world.delegations()}
    values: dict[str, str] = {}
    for block in form.blocks:
        item_id = str(block["block_id"]).partition(":")[0]
        verdict = verdicts.get(whose.get(item_id, "standing"))
        if block["type"] != "input" or item_id == "why" or verdict is None:
            continue
        values[block["block_id"]] = verdict
        if why and verdict == "keep":
            values[f"why:{item_id}"] = why
    return await world.slack.submit(ADA, values)


async def noted(world: World, deed: Deed) -> int:
    """How often this was written down."""
    statement = select(func.count(events.c.id)).where(events.c.deed == deed)
    found: int = await world.database.run_connection(
        lambda connection: connection.execute(statement).scalar_one()
    )
    return found


async def test_a_permanent_right_is_reviewed(world: World) -> None:
    """After REVIEW_EVERY its grantor gets one card: who, for how long, why, and that it was never
    used. Keep all keeps it; the log has both; and a month later it is asked about again."""
    await active(world, "@ada forever Covering")
    world.clock.push(days=31)
    await asked(world)
    card = await world.card(ADA, ASKED)
    said = world.slack.read(card, ADA)
    for words in ("@Ben", "until revoked", "32 days", "never used", "“Covering”"):
        assert words in said, said
    await press(world, ADA, "Keep all")
    await world.card(ADA, "Your review is done. Kept: 1.")
    assert [await noted(world, each) for each in (Deed.REVIEW_OPENED, Deed.REVIEW_KEPT)] == [1, 1]
    assert (await at_rest(world))[0].state is State.ACTIVE
    before = world.clock()
    again = await asked(world, number=2)
    assert again.opened_at is not None
    assert again.opened_at - before >= timedelta(days=14)  # unused, and kept two weeks ago


async def test_each_is_kept_or_ended(world: World) -> None:
    """Choose… opens a form with each right: one is kept, with why; the other is ended there and
    then, and its card says who did it."""
    await active(world, "@ada forever Covering")
    await world.sendas(ADA, "grant @cleo forever Holiday cover")
    await at_rest(world)
    world.clock.push(days=31)
    await asked(world)
    await press(world, ADA, "Choose…")
    form = await form_of(world)
    assert "“Holiday cover”" in world.slack.read(form, ADA)
    reply = await answered(world, {BEN.id: "keep", CLEO.id: "end"}, why="Until spring")
    assert reply.ok, reply
    await world.card(ADA, "Your review is done. Kept: 1. Taken back: 1.")
    ended = await settled_in(world, State.ENDED)
    assert (ended.grantee_id, ended.end_event, ended.closed_by) == (CLEO.id, Event.REVOKE, ADA.id)
    assert world.close.find(ADA, BEN)
    await world.card(CLEO, "@Ada Lindqvist revoked it")
    assert await noted(world, Deed.REVIEW_ENDED) == 1


async def test_a_standing_approval_is_reviewed(world: World) -> None:
    """It is listed with its limits, its age and when it was last used; ended in the form, requests
    wait for a click again."""
    await world.connect(ADA)
    await requested(world, "@ada 2h Covering")
    until = (world.clock() + timedelta(days=90)).date().isoformat()
    assert (await filled_in(world, {"duration": "4h", "until": until})).ok
    await settled_in(world, State.ACTIVE)
    await in_turn(world)
    await settled_in(world, State.ENDED)
    world.clock.push(days=20)
    await world.sendas(BEN, "@ada 1h Again")
    await settled_in(world, State.ACTIVE)
    world.clock.push(days=11)
    await asked(world)
    said = world.slack.read(await world.card(ADA, ASKED), ADA)
    for words in ("always approved up to 4 hours at a time", "32 days", "last used"):
        assert words in said, said
    await settled_in(world, State.ENDED)
    await press(world, ADA, "Choose…")
    await form_of(world)
    assert (await answered(world, {"standing": "end"})).ok
    await world.card(ADA, "Your review is done. Taken back: 1.")
    await world.sendas(BEN, "@ada 1h Once more")
    await shown(world, ADA, "Approve", "Once more")


async def test_nothing_short_is_reviewed(world: World) -> None:
    """A right that ends within a week by itself is never asked about."""
    await active(world, "@ada 7d Covering")
    await in_turn(world)
    await looked(world, 5)
    assert ASKED not in read_all(world, ADA)


async def test_the_last_use_is_told(world: World) -> None:
    """The card says when an email was last sent under the right, whoever Close files it under."""
    await active(world, "@ada forever Covering")
    await in_turn(world)
    world.clock.push(days=20)
    world.close.send_email(BEN, in_name_of=ADA, subject="Nobody reads this")
    await asked(world)
    said = world.slack.read(await world.card(ADA, ASKED), ADA)
    assert "last used" in said
    assert "Nobody reads this" not in said


async def test_unused_comes_up_at_once(world: World) -> None:
    """Nobody used it for UNUSED_AFTER: it is asked about long before REVIEW_EVERY, and once it was
    kept not again before as much time has passed."""
    await active(world, "@ada forever Covering")
    await in_turn(world)
    world.clock.push(days=14)
    await asked(world)
    await world.card(ADA, "has not been used for a while")
    await press(world, ADA, "Keep all")
    kept = await over(world)
    await looked(world, 1)
    await looked(world, 5)
    again = await asked(world, number=2)
    assert again.opened_at is not None
    assert kept.closed_at is not None
    assert again.opened_at - kept.closed_at >= timedelta(days=14)


@pytest.mark.parametrize("fact", ["dead", "forbidden", "no field"])
async def test_what_cannot_be_known(world: World, fact: str) -> None:
    """Where Close does not say when it was used, nothing counts as unused, and the regular review
    says that it is not known."""
    await active(world, "@ada forever Covering")
    if fact == "dead":
        world.close.revoke_tokens(ADA)
    elif fact == "forbidden":
        world.close.unknowns.email_is_forbidden = True
    else:
        world.close.unknowns.email_names_association = False
        world.close.send_email(BEN, subject="His own")
    await in_turn(world)
    await looked(world, 15)
    world.clock.push(days=16)
    await asked(world)
    await world.card(ADA, "not known when it was last used")


async def test_reminded_twice_then_admins_hear(world: World) -> None:
    """Without an answer Ada is reminded twice, in place of the message before; nothing ends."""
    await active(world, "@ada forever Covering")
    world.clock.push(days=31)
    await asked(world)
    await world.card(ADA, ASKED)
    await asked(world, messages=2)
    await world.card(ADA, REMINDED)
    review = await asked(world, messages=3)
    assert review.ends_at is None
    assert "Nothing ends unless you say so" in world.slack.read(
        await world.card(ADA, REMINDED), ADA
    )


async def test_admins_hear_once_it_was_not_answered(sqlite_url: str) -> None:
    """After the second reminder admins read who has not answered; the answer takes it back."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as world:
        await active(world, "@ada forever Covering")
        world.clock.push(days=31)
        await asked(world, messages=3)
        assert "not answered" not in read_all(world, DANA)
        await until(world, lambda each: each.told_at is not None)
        await world.card(DANA, "Reviews that are not answered")
        await press(world, ADA, "Keep all")
        await world.card(DANA, "Everything that was listed here is settled now")


async def test_what_nobody_confirmed_ends(ending: World) -> None:
    """With REVIEW_ENDS the end is announced in the card and twice after it, the admins hear before,
    and then it ends; both people read why, and Close confirms."""
    await active(ending, "@ada forever Covering")
    ending.clock.push(days=31)
    review = await asked(ending)
    assert review.ends_at is not None
    assert review.opened_at is not None
    assert review.ends_at - review.opened_at >= timedelta(days=13, hours=23)
    for messages, words in ((1, ASKED), (2, REMINDED), (3, REMINDED)):
        await asked(ending, messages=messages)
        await ending.card(ADA, "What you have not kept by")
        await ending.card(ADA, words)
    await until(ending, lambda each: each.told_at is not None)
    await ending.card(DANA, "Reviews that are not answered")
    assert ending.close.find(ADA, BEN)
    await over(ending)
    ended = await settled_in(ending, State.ENDED)
    assert (ended.end_event, ended.closed_by) == (Event.UNCONFIRMED, None)
    assert ended.ended_at is not None
    assert ended.ended_at >= review.ends_at
    assert not ending.close.associations
    await ending.card(ADA, "You did not confirm in a review that it is still needed")
    await ending.card(BEN, "@Ada Lindqvist did not confirm in a review")
    await ending.card(DANA, "Everything that was listed here is settled now")
    assert await noted(ending, Deed.REVIEW_ENDED) == 1


def home_with(world: World, words: str) -> View | None:
    """Ada's App Home, if it has these words."""
    seen = world.slack.home(ADA)
    return seen if seen is not None and words in world.slack.read(seen, ADA) else None


async def test_the_home_leads_to_it(world: World) -> None:
    """While a review is open, App Home says so, and its button opens the form."""
    await active(world, "@ada forever Covering")
    await world.slack.open_home(ADA)
    world.clock.push(days=31)
    await asked(world)
    await world.slack.open_home(ADA)
    home = await world.slack.wait_for(lambda: home_with(world, LINE), what="the line in App Home")
    await world.slack.click(ADA, home, "Review your rights…")
    await form_of(world)
    assert (await answered(world, {BEN.id: "keep"})).ok
    await world.slack.wait_for(lambda: not home_with(world, LINE), what="a home without it")


async def test_what_ended_meanwhile_is_not_asked_about(world: World) -> None:
    """Ben is done while the review is open: the message says that nothing is left."""
    await active(world, "@ada forever Covering")
    world.clock.push(days=31)
    await asked(world)
    await world.card(ADA, ASKED)
    await world.sendas(BEN, "release @ada")
    await world.card(ADA, "nothing of it is left to answer")
    await settled_in(world, State.ENDED)


async def test_a_grantor_who_leaves(ending: World) -> None:
    """Their rights end as always; nobody waits for the review of somebody who is gone."""
    await active(ending, "@ada forever Covering")
    ending.clock.push(days=31)
    await asked(ending)
    await ending.slack.change_person(ADA, deleted=True)
    review = await over(ending)
    assert review.ended == 0
    ended = await settled_in(ending, State.ENDED)
    assert ended.end_event is Event.OFFBOARD


async def test_only_what_was_read_is_kept(world: World) -> None:
    """The right has another end by the time of the click: nothing is kept, and it is asked anew;
    and nobody but the grantor can answer."""
    await active(world, "@ada forever Covering")
    world.clock.push(days=31)
    review = await asked(world)
    card = await world.card(ADA, ASKED)
    said = await forged(world, ADA, card, "review_keep_all", f"{review.id}:0123456789abcdef")
    assert "changed since you read it" in said
    theirs = await shown(world, BEN, "I'm done")
    said = await forged(world, BEN, theirs, "review_choose", review.id)
    assert "Only the people this is about" in said
    assert (await asked(world)).kept == 0


async def test_two_processes(world: World) -> None:
    """Two of them look at the same rows: one message, one end."""
    async with another_bot(world):
        await active(world, "@ada forever Covering")
        world.clock.push(days=31)
        await asked(world)
        await world.card(ADA, ASKED)
        await asked(world, messages=2)
        await world.card(ADA, REMINDED)  # it takes the place of the first, which then goes

        def is_one() -> bool:
            return read_all(world, ADA).lower().count("is this still needed?") == 1

        await world.slack.wait_for(is_one, what="one message")
        assert await noted(world, Deed.REVIEW_OPENED) == 1


async def test_reviews_can_be_switched_off(sqlite_url: str) -> None:
    """Without REVIEW_EVERY nobody is asked anything."""
    async with open_world(sqlite_url, review_every=None) as world:
        await active(world, "@ada forever Covering")
        world.clock.push(days=60)
        await at_rest(world)
        await world.sendas(ADA, "list")
        assert await review_of(world) is None

"""More time: asked and answered like a request, with no gap."""

from datetime import timedelta
from functools import partial

import pytest

from models.delegation import State
from sandbox.people import ADA, BEN, CLEO
from tests.scenarios.moves import active, calls, carried, known, press, settled_in, shown, weekday
from tests.scenarios.world import World


async def wish(world: World, duration: str) -> None:
    """Ben presses Extend and fills in the form."""
    await press(world, BEN, "Ask to extend")
    await world.slack.wait_for(lambda: world.slack.view(BEN), what="the form")
    reply = await world.slack.submit(BEN, {"duration": duration})
    assert reply.ok, reply


async def test_extend_with_one_click_and_no_gap(world: World) -> None:
    """The grantor's one click moves the end; Close sees no call at all."""
    before = await active(world)
    await wish(world, "1h")
    await shown(world, BEN, "I'm done", "Waiting for")
    deletes, creates = calls(world, "DELETE"), calls(world, "POST")
    asked = await shown(world, ADA, "Leave as it is")
    assert (await world.slack.click(ADA, asked, "Approve")).ok
    after = await settled_in(world, State.ACTIVE)
    assert before.ends_at is not None
    assert after.ends_at == before.ends_at + timedelta(hours=1)
    assert (calls(world, "DELETE"), calls(world, "POST")) == (deletes, creates)
    world.clock.push(hours=2, minutes=30)
    assert (await settled_in(world, State.ACTIVE)).association_id == before.association_id
    world.clock.push(minutes=31)
    await world.card(BEN, "You can no longer send email as")


async def test_declined(stage: World) -> None:
    """Leave as it is: the end stays, and the grantee hears of it."""
    before = await active(stage)
    await wish(stage, "1h")
    await press(stage, ADA, "Leave as it is")
    await stage.card(BEN, "left the end as it is")
    assert (await stage.only()).ends_at == before.ends_at


async def test_too_long_an_extension_is_refused_in_the_form(stage: World) -> None:
    """Policy holds for the whole stretch, and the form keeps what was typed."""
    await active(stage)
    await press(stage, BEN, "Ask to extend")
    await stage.slack.wait_for(lambda: stage.slack.view(BEN), what="the form")
    reply = await stage.slack.submit(BEN, {"duration": "30d"})
    assert "longer than the maximum" in str(reply.errors)
    assert stage.slack.view(BEN) is not None


async def test_the_grantor_extends_at_once(stage: World) -> None:
    """The grantor needs nobody's answer to give more time."""
    before = await active(stage)
    await press(stage, ADA, "Extend…")
    await stage.slack.wait_for(lambda: stage.slack.view(ADA), what="the form")
    assert (await stage.slack.submit(ADA, {"duration": "3h"})).ok
    after = await stage.only()
    assert before.ends_at is not None
    assert after.ends_at == before.ends_at + timedelta(hours=3)


async def test_not_after_the_last_second(stage: World) -> None:
    """C3: an old Extend button after the end opens no form and says what is true."""
    await active(stage)
    card = await shown(stage, BEN, "Ask to extend")
    value = carried(card, "extend")
    stage.clock.push(hours=2)
    await stage.card(BEN, "You can no longer send email as")
    await stage.slack.forge_click(BEN, card, "approve_extension", value)
    await stage.whispered(BEN, "Only the people this is about")
    await stage.slack.forge_click(BEN, card, "extend", value)
    await stage.whispered(BEN, "has already ended")
    assert stage.slack.view(BEN) is None


async def test_at_the_very_end(stage: World) -> None:
    """C3: once the time is up there is no form, also before the clock's own step has come."""
    delegation = await active(stage)
    card = await shown(stage, ADA, "Extend…")
    stage.close.trouble.stall("DELETE /send_as/*", 1.0)
    stage.clock.push(hours=2)
    assert (await stage.slack.click(ADA, card, "Extend…")).ok
    await stage.whispered(ADA, "is over and being removed")
    assert stage.slack.view(ADA) is None
    assert (await stage.only()).ends_at == delegation.ends_at


async def test_a_form_that_outlived_the_right(stage: World) -> None:
    """C3: a form that was open when the end came says so, and extends nothing."""
    await active(stage)
    await press(stage, BEN, "Ask to extend")
    await stage.slack.wait_for(lambda: stage.slack.view(BEN), what="the form")
    stage.clock.push(hours=2)
    await settled_in(stage, State.ENDED)
    reply = await stage.slack.submit(BEN, {"duration": "1h"})
    assert "already ended" in str(reply.errors)


async def test_what_has_no_end_cannot_be_extended(stage: World) -> None:
    """C3: an old Extend button on a right that lasts until revoked says that it does."""
    await active(stage)
    card = await shown(stage, BEN, "Ask to extend")
    value = carried(card, "extend")
    await wish(stage, "forever")
    asked = await shown(stage, ADA, "Leave as it is")
    assert (await stage.slack.click(ADA, asked, "Approve")).ok
    await stage.slack.forge_click(BEN, card, "extend", value)
    await stage.whispered(BEN, "until revoked")
    assert stage.slack.view(BEN) is None


@pytest.mark.parametrize(
    "typed", ["from {day} for 2h", "tomorrow", "2h from {day}", "from now for 2h"]
)
async def test_a_start_is_refused_in_words(stage: World, typed: str) -> None:
    """C6: what runs already cannot begin later; a start that was typed is not dropped."""
    before = await active(stage)
    for button, person in (("Ask to extend", BEN), ("Extend…", ADA)):
        await press(stage, person, button)
        await stage.slack.wait_for(partial(stage.slack.view, person), what="the form")
        duration = typed.format(day=weekday(stage))
        reply = await stage.slack.submit(person, {"duration": duration})
        assert "cannot begin later" in str(reply.errors)
    after = await stage.only()
    assert (after.ends_at, after.extension) == (before.ends_at, None)


async def test_an_end_may_say_that_it_is_from_now(stage: World) -> None:
    """C6: "from now until …" drops nothing, for the right runs already."""
    before = await active(stage)
    assert before.ends_at is not None
    later = before.ends_at + timedelta(hours=1)
    await press(stage, ADA, "Extend…")
    await stage.slack.wait_for(lambda: stage.slack.view(ADA), what="the form")
    typed = later.strftime("from now until %Y-%m-%dT%H:%M:%SZ")
    assert (await stage.slack.submit(ADA, {"duration": typed})).ok
    assert (await stage.only()).ends_at == later.replace(microsecond=0)


async def test_asking_while_active_offers_extend(stage: World) -> None:
    """Asking again for the same pair stores nothing and points to Extend."""
    await active(stage)
    answer = await stage.sendas(BEN, "@ada 4h")
    assert "can already send as" in answer
    assert "Ask to extend" in stage.last_answer(BEN).buttons()


async def test_extend_never_shortens(stage: World) -> None:
    """An end before the present one is refused, with the words that do end it earlier."""
    before = await active(stage, "@ada 5h Covering")
    await press(stage, ADA, "Extend…")
    await stage.slack.wait_for(lambda: stage.slack.view(ADA), what="the form")
    assert before.ends_at is not None
    earlier = (before.ends_at - timedelta(hours=1)).strftime("until %Y-%m-%dT%H:%M:%SZ")
    reply = await stage.slack.submit(ADA, {"duration": earlier})
    assert "not later than the present end" in str(reply.errors)
    assert (await stage.only()).ends_at == before.ends_at


async def test_a_wish_that_became_short_can_be_granted(stage: World) -> None:
    """The shortest time holds for what is asked, not for what is left once it is answered."""
    before = await active(stage)
    assert before.ends_at is not None
    await wish(stage, (before.ends_at + timedelta(minutes=2)).strftime("until %Y-%m-%dT%H:%M:%SZ"))
    await shown(stage, ADA, "Leave as it is")
    stage.clock.push(hours=1, minutes=59)
    await press(stage, ADA, "Approve")
    after = await settled_in(stage, State.ACTIVE)
    assert after.ends_at is not None
    assert after.ends_at > before.ends_at


async def test_the_extensions_of_others_need_a_click(stage: World) -> None:
    """A requester who presses Extend for the grantee asks, whatever the grantee may do alone."""
    await stage.connect(ADA)
    await stage.sendas(CLEO, "@ada for @ben 1h Covering")
    card = await known(stage)
    await stage.slack.click(ADA, card, "more", "Always approve this person…")
    await stage.slack.wait_for(lambda: stage.slack.view(ADA), what="the form")
    assert (await stage.slack.submit(ADA, {"duration": "4h"})).ok
    before = await settled_in(stage, State.ACTIVE)
    theirs = await shown(stage, CLEO, "End it", "can send email as")
    await stage.slack.forge_click(CLEO, theirs, "extend", carried(theirs, "release"))
    await stage.slack.wait_for(lambda: stage.slack.view(CLEO), what="the form")
    assert (await stage.slack.submit(CLEO, {"duration": "1h"})).ok
    await shown(stage, ADA, "Leave as it is")
    assert (await stage.only()).ends_at == before.ends_at

"""The time in a form: quick choices, own words, or a date and time; never two of them."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.cards.delegations import CHOICES
from models.delegation import State
from sandbox.people import ADA, BEN, SandboxPerson
from sandbox.slack.blockkit import elements_of
from sandbox.slack.workspace import View
from tests.scenarios.moves import active, asked, press, settled_in, shown
from tests.scenarios.world import World


async def opened(world: World, person: SandboxPerson = BEN) -> View:
    """The empty request form."""
    assert await world.sendas(person) == ""
    return await world.slack.wait_for(lambda: world.slack.view(person), what="the form")


def choices(view: View) -> list[str]:
    """What is offered, as it is read."""
    elements = [each for block in view.blocks for each in elements_of(block)]
    radio = next(each for each in elements if each["type"] == "radio_buttons")
    return [each["text"]["text"] for each in radio["options"]]


async def test_the_form_as_it_opens(world: World) -> None:
    """Who chooses nothing gets the usual length, which is the choice that the form opens with."""
    view = await opened(world)
    offered = choices(view)
    assert offered[:2] == ["1 day", "2 hours"]
    assert offered[-1] == "Something else, as below"
    today = world.clock().astimezone(ZoneInfo(BEN.tz))
    assert f"Until the end of today, {today:%A} {today.day} {today:%B}" in offered
    assert (await world.slack.submit(BEN, {"person": ADA})).ok
    assert (await world.only()).length == timedelta(days=1)


async def test_a_quick_choice(stage: World) -> None:
    """One click is enough for each of the usual lengths."""
    await opened(stage)
    assert (await stage.slack.submit(BEN, {"person": ADA, "choice": "2 hours"})).ok
    assert (await stage.only()).length == timedelta(hours=2)


async def test_until_friday(stage: World) -> None:
    """The choice names the date, and the right lasts until that day is over for who asked."""
    view = await opened(stage)
    friday = next(each for each in choices(view) if "the end of Friday" in each)
    assert (await stage.slack.submit(BEN, {"person": ADA, "choice": friday})).ok
    until = (await stage.only()).until
    assert until is not None
    last = (until - timedelta(seconds=1)).astimezone(ZoneInfo(BEN.tz))
    assert friday.endswith(f"{last:%A} {last.day} {last:%B}")
    assert (last.hour, last.minute) == (23, 59)


async def test_a_date_and_time(stage: World) -> None:
    """The picked moment is the end; one that has passed is named at its field."""
    moment = stage.clock().replace(second=0, microsecond=0) + timedelta(days=2)
    await opened(stage)
    past = moment - timedelta(days=3)
    reply = await stage.slack.submit(BEN, {"person": ADA, "moment": past})
    assert list(reply.errors) == ["moment"]
    assert "already passed" in reply.errors["moment"]
    far = moment + timedelta(days=60)
    reply = await stage.slack.submit(BEN, {"person": ADA, "moment": far})
    assert list(reply.errors) == ["moment"]
    assert "maximum" in reply.errors["moment"]
    assert (await stage.slack.submit(BEN, {"person": ADA, "moment": moment})).ok
    assert (await stage.only()).until == moment


TWO = [
    {"choice": "2 hours", "duration": "3h"},
    {"duration": "3h", "moment": "tomorrow"},
    {"choice": "2 hours", "moment": "tomorrow"},
    {"choice": "Something else, as below", "duration": "3h", "moment": "tomorrow"},
]


@pytest.mark.parametrize("values", TWO)
async def test_two_times_are_not_guessed(stage: World, values: dict[str, Any]) -> None:
    """Two answers to one question are an error that says so; nothing is asked."""
    if "moment" in values:
        values = {**values, "moment": stage.clock() + timedelta(days=1)}
    await opened(stage)
    reply = await stage.slack.submit(BEN, {"person": ADA, **values})
    assert [("More than one" in each) for each in reply.errors.values()] == [True]
    assert await stage.delegations() == []


async def test_something_else_has_to_be_said(stage: World) -> None:
    """Who wants another time and names none is asked for it, and gets no default."""
    other = {"person": ADA, "choice": "Something else, as below"}
    await opened(stage)
    reply = await stage.slack.submit(BEN, other)
    assert list(reply.errors) == ["duration"]
    assert "write for how long" in reply.errors["duration"]
    assert (await stage.slack.submit(BEN, {**other, "duration": "45m"})).ok
    assert (await stage.only()).length == timedelta(minutes=45)


async def test_approving_with_a_quick_choice(stage: World) -> None:
    """The grantor's form opens with what was asked for, and has the same choices."""
    await stage.connect(ADA)
    await asked(stage, "@ada 3d Covering")
    card = await shown(stage, ADA, "Approve", "Address in Close")
    await stage.slack.click(ADA, card, "more", CHOICES["approve_for"])
    view = await stage.slack.wait_for(lambda: stage.slack.view(ADA), what="the form")
    assert choices(view)[0] == "3 days"
    assert (await stage.slack.submit(ADA, {"choice": "2 hours"})).ok
    assert (await settled_in(stage, State.ACTIVE)).length == timedelta(hours=2)


async def test_extending_with_a_quick_choice(stage: World) -> None:
    """A length is added to the end; days that end before it are not offered."""
    before = await active(stage, "@ada until monday 9am")
    assert before.ends_at is not None
    await press(stage, ADA, "Extend…")
    view = await stage.slack.wait_for(lambda: stage.slack.view(ADA), what="the form")
    ends = before.ends_at.astimezone(ZoneInfo(ADA.tz))
    for offered in choices(view):
        assert f"today, {ends - timedelta(days=1):%A}" not in offered
    assert (await stage.slack.submit(ADA, {"choice": "2 hours"})).ok
    after = await stage.only()
    assert after.ends_at == before.ends_at + timedelta(hours=2)


async def test_the_day_is_the_readers(stage: World) -> None:
    """When Slack does not say where somebody is in time, the form opens all the same."""
    stage.slack.trouble.rate_limit("users.info")
    view = await opened(stage)
    now = datetime.now(ZoneInfo("UTC")) + stage.clock.ahead
    assert any(f"{now:%A} {now.day} {now:%B}" in each for each in choices(view))


async def test_a_word_with_an_approval(world: World) -> None:
    """What the grantor adds to another length is on the card of who asked."""
    await world.connect(ADA)
    await asked(world, "@ada 3d Covering")
    card = await shown(world, ADA, "Approve", "Address in Close")
    await world.slack.click(ADA, card, "more", CHOICES["approve_for"])
    await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")
    values = {"choice": "2 hours", "note": "Only the *renewals* please"}
    assert (await world.slack.submit(ADA, values)).ok
    await settled_in(world, State.ACTIVE)
    await shown(world, BEN, "I'm done", "Only the ")
    assert (await world.only()).note == "Only the *renewals* please"


async def test_a_reason_for_more_time(stage: World) -> None:
    """The grantor reads why before they answer, and the answer leaves nothing of it behind."""
    await active(stage)
    await press(stage, BEN, "Ask to extend")
    await stage.slack.wait_for(lambda: stage.slack.view(BEN), what="the form")
    values = {"choice": "2 hours", "note": "The demo moved to the evening"}
    assert (await stage.slack.submit(BEN, values)).ok
    await shown(stage, ADA, "Leave as it is", "The demo moved to the evening")
    await press(stage, ADA, "Leave as it is")
    await stage.card(BEN, "left the end as it is")
    assert (await stage.only()).note == ""


async def test_a_word_with_more_time(stage: World) -> None:
    """A grantor who extends by themselves can say why."""
    await active(stage)
    await press(stage, ADA, "Extend…")
    await stage.slack.wait_for(lambda: stage.slack.view(ADA), what="the form")
    assert (await stage.slack.submit(ADA, {"choice": "2 hours", "note": "I stay away longer"})).ok
    await shown(stage, BEN, "I'm done", "I stay away longer")

"""Every way to the request form, and what happens when Slack does not open it in time."""

from collections.abc import Awaitable, Callable

import pytest

from bot.delegations import understanding
from models.delegation import State
from sandbox.people import ADA, BEN, BOT, CLEO, DANA, FINN, GUS
from sandbox.slack.delivery import Reply
from sandbox.slack.workspace import SALES, Message
from tests.scenarios.moves import asked, press, shown
from tests.scenarios.world import World


async def by_command(world: World) -> Reply:
    """``/sendas`` alone."""
    return await world.slack.command(BEN, "/sendas")


async def by_shortcut(world: World) -> Reply:
    """The global shortcut."""
    return await world.slack.shortcut(BEN, "ask_send_as")


async def by_message(world: World) -> Reply:
    """The shortcut on a message of Ada's."""
    message = world.slack.say(ADA, SALES, "Who takes over the spring pipeline?")
    return await world.slack.message_shortcut(BEN, "ask_author", message)


async def by_home(world: World) -> Reply:
    """The button in the App Home."""
    await world.slack.open_home(BEN)
    view = await world.slack.wait_for(lambda: world.slack.home(BEN), what="a home")
    return await world.slack.click(BEN, view, "Ask to send as…")


WAYS = (by_command, by_shortcut, by_message, by_home)
Way = Callable[[World], Awaitable[Reply]]


async def form_opens(world: World) -> None:
    """Wait for the form."""
    await world.slack.wait_for(lambda: world.slack.view(BEN), what="the form")


@pytest.mark.parametrize("way", WAYS)
async def test_every_way_leads_to_a_request(world: World, way: Way) -> None:
    """Command, shortcuts and App Home open the same form, and it stores the same request."""
    assert (await way(world)).ok
    await form_opens(world)
    values = {"duration": "2h", "reason": "Spring pipeline"}
    if way is not by_message:
        values["person"] = ADA.id
    reply = await world.slack.submit(BEN, values)
    assert reply.ok, reply
    assert not reply.errors
    await shown(world, ADA, "Approve", "Spring pipeline")
    stored = await world.only()
    assert (stored.state, stored.grantor_id) == (State.REQUESTED, ADA.id)


@pytest.mark.parametrize("way", WAYS)
async def test_a_trigger_that_came_too_late(world: World, way: Way) -> None:
    """A form that Slack no longer opens costs one try: the person reads what to type instead."""
    world.slack.trouble.fail("views.open", "expired_trigger_id")
    assert (await way(world)).ok

    def told() -> list[Message]:
        return [
            message
            for message in world.slack.messages(BEN)
            if "did not open in time" in message.text and "/sendas @colleague" in message.text
        ]

    await world.slack.wait_for(told, what="a word about the form")
    assert len(told()) == 1
    assert world.slack.view(BEN) is None


async def test_an_app_is_no_colleague(world: World) -> None:
    """Asking to send as the author of an app's message is refused at once."""
    await asked(world)
    message = await shown(world, BEN, "Cancel")
    assert message.user == BOT.id
    assert (await world.slack.message_shortcut(BEN, "ask_author", message)).ok
    await world.whispered(BEN, "is an app, not a person")
    assert world.slack.view(BEN) is None


async def test_oneself(world: World) -> None:
    """Asking to send as the author of one's own message is refused at once."""
    message = world.slack.say(BEN, SALES, "Me again")
    assert (await world.slack.message_shortcut(BEN, "ask_author", message)).ok
    await world.whispered(BEN, "You can always send as yourself")
    assert world.slack.view(BEN) is None


async def test_what_was_typed_stays(world: World) -> None:
    """A refusal stands beside its field, and every other field keeps its content."""
    await by_shortcut(world)
    await form_opens(world)
    typed = {"person": ADA.id, "duration": "next summer", "reason": "Spring pipeline"}
    reply = await world.slack.submit(BEN, typed)
    assert set(reply.errors) == {"duration"}
    view = world.slack.view(BEN)
    assert view is not None
    assert view.values["reason"]["reason"]["value"] == "Spring pipeline"
    assert not (await world.slack.submit(BEN, {"duration": "2h"})).errors
    await shown(world, ADA, "Approve")


async def test_nobody_foresaw_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even an error in the bot itself leaves the form open with what was typed."""

    async def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError

    await by_shortcut(world)
    await form_opens(world)
    with monkeypatch.context() as patch:
        patch.setattr(understanding, "from_form", broken)
        reply = await world.slack.submit(BEN, {"person": ADA.id, "duration": "2h"})
    assert "went wrong on our side" in " ".join(reply.errors.values())
    assert not (await world.slack.submit(BEN, {})).errors
    await shown(world, ADA, "Approve")


async def test_several_at_once_for_a_third_person(world: World) -> None:
    """The form asks several colleagues for somebody else; everybody sees who asked."""
    await by_shortcut(world)
    await form_opens(world)
    reply = await world.slack.submit(
        BEN, {"person": [ADA, CLEO], "grantee": DANA, "duration": "2h", "reason": "Handover"}
    )
    assert reply.ok, reply
    assert not reply.errors
    for grantor in (ADA, CLEO):
        card = await shown(world, grantor, "Approve", "Handover")
        words = world.slack.read(card, grantor)
        assert "Ben Okafor asks for" in words
        assert "Dana Whitfield" in words
    await shown(world, DANA, "Cancel", "Ben Okafor asked for you")
    stored = await world.delegations()
    assert {each.grantor_id for each in stored} == {ADA.id, CLEO.id}
    assert {(each.grantee_id, each.requester_id) for each in stored} == {(DANA.id, BEN.id)}


async def test_some_of_several_are_refused(world: World) -> None:
    """Who can be asked is asked; who cannot is named in a direct message."""
    await by_shortcut(world)
    await form_opens(world)
    assert not (await world.slack.submit(BEN, {"person": [ADA, GUS], "duration": "2h"})).errors
    await shown(world, ADA, "Approve")
    told = await world.card(BEN, "is a guest here")
    assert "@Ada Lindqvist: asked" in world.slack.read(told, BEN)
    assert len(await world.delegations()) == 1


async def test_all_of_several_are_refused(world: World) -> None:
    """When nobody can be asked the form stays open and says why, one by one."""
    await by_shortcut(world)
    await form_opens(world)
    reply = await world.slack.submit(BEN, {"person": [FINN, GUS], "duration": "2h"})
    assert set(reply.errors) == {"person"}
    assert "Finn Gallagher's Slack account is deactivated" in reply.errors["person"]
    assert "is a guest here" in reply.errors["person"]
    assert "that person" not in reply.errors["person"]
    assert await world.delegations() == []


async def test_the_third_person_is_refused(world: World) -> None:
    """A third person who cannot get the right is named at their own field."""
    await by_shortcut(world)
    await form_opens(world)
    reply = await world.slack.submit(BEN, {"person": ADA, "grantee": GUS, "duration": "2h"})
    assert set(reply.errors) == {"grantee"}
    assert reply.errors["grantee"].startswith(GUS.name)
    assert await world.delegations() == []


async def test_a_card_form_that_came_too_late(world: World) -> None:
    """A form of a card that Slack no longer opens is answered where the person clicked."""
    await asked(world)
    card = await shown(world, ADA, "Approve")
    world.slack.trouble.fail("views.open", "expired_trigger_id")
    assert (await world.slack.click(ADA, card, "more", "Deny with a reason…")).ok
    await world.whispered(ADA, "Please click again")
    assert (await world.only()).state is State.REQUESTED


async def test_all_or_nothing_when_slack_does_not_answer(world: World) -> None:
    """When Slack cannot say who one of several people is, nobody is asked; a second try works."""
    await asked(world)
    await press(world, BEN, "Cancel")
    await world.card(ADA, "cancelled the request")
    await by_shortcut(world)
    await form_opens(world)
    world.slack.trouble.rate_limit("users.info")
    values = {"person": [ADA, CLEO], "duration": "2h"}
    reply = await world.slack.submit(BEN, values)
    assert "Slack is not answering" in reply.errors["person"]
    assert len(await world.delegations()) == 1
    assert not (await world.slack.submit(BEN, values)).errors
    assert len(await world.delegations()) == 3

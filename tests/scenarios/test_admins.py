"""Admins see everybody's rights and end them; they give none, and see nothing that was sent."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from models.delegation import Event, State
from models.event import Deed, events
from sandbox.people import ADA, BEN, CLEO, DANA, ELI, SandboxPerson
from sandbox.slack.workspace import AUDIT, View
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import (
    active,
    asked,
    at_rest,
    cards_at_rest,
    carried,
    identified,
    press,
    read_all,
    settled_in,
    shown,
)
from tests.scenarios.test_home import home, opened
from tests.scenarios.test_overdue import GONE, left_altogether
from tests.scenarios.test_standing import always
from tests.scenarios.test_strays_and_accounts import found
from tests.scenarios.world import World, open_world

WHY = "Her laptop was stolen"


@pytest.fixture
async def led(database_url: str) -> AsyncIterator[World]:
    """A world with Dana and Cleo as admins, on both databases."""
    async with open_world(database_url, admins=(DANA.id, CLEO.id), audit_channel=AUDIT) as world:
        yield world


async def everybodys(world: World, admin: SandboxPerson, words: str = "") -> View:
    """The admin's home with everybody's rights."""
    view = await opened(world, admin, "Send email as a colleague")
    assert (await world.slack.click(admin, view, "Everybody's rights")).ok
    return await home(world, admin, words or "Open rights and requests")


async def said_why(world: World, admin: SandboxPerson, why: str = WHY) -> None:
    """The admin has filled in the form that asks why."""
    await world.slack.wait_for(lambda: world.slack.view(admin), what="the form")
    assert not (await world.slack.submit(admin, {"why": why})).errors


async def trusted(world: World) -> None:
    """Ben may send as Ada by her standing approval."""
    await world.connect(ADA)
    await asked(world)
    await always(world)
    await settled_in(world, State.ACTIVE)
    await cards_at_rest(world)


async def test_an_admin_ends_a_right_from_the_home(led: World) -> None:
    """Everybody's rights are counted and listed; End asks why, and both read who and why."""
    await active(led)
    view = await everybodys(led, DANA, "@Ben Okafor as @Ada Lindqvist until")
    assert "1 active" in led.slack.read(view, DANA)
    assert (await led.slack.click(DANA, view, "End")).ok
    await said_why(led, DANA)
    ended = await settled_in(led, State.ENDED)
    assert (ended.end_event, ended.closed_by, ended.note) == (Event.END, DANA.id, WHY)
    assert not led.close.associations
    for person in (ADA, BEN):
        card = await led.card(person, "@Dana Whitfield ended it as an admin")
        assert f"Reason: “{WHY}”" in led.slack.read(card, person)
    await led.slack.wait_for(
        lambda: any(
            f"@Dana Whitfield ended it as an admin: “{WHY}”" in led.slack.read(m)
            for m in led.slack.channel_messages(AUDIT)
        ),
        what="a line in the audit channel",
    )
    history = await led.database.run(lambda store: store.delegations.history(ended.id))
    assert (Event.END, DANA.id) in [(each.event, each.actor) for each in history]
    await home(led, DANA, "Nothing is open.")


async def test_both_are_notified_and_the_admin_is_not(led: World) -> None:
    """A request that an admin ends is news for the two whom it is about: their cards move."""
    await asked(led)
    before = {person: {m.ts for m in led.slack.messages(person)} for person in (ADA, BEN, DANA)}
    assert "Both are told why" in await led.sendas(DANA, f"end @ben as @ada {WHY}")
    await led.until(State.CANCELLED)
    for person in (ADA, BEN):
        card = await led.card(person, "ended this as an admin, before it began")
        assert f"“{WHY}”" in led.slack.read(card, person)
        assert card.ts not in before[person]
    news = [m for m in led.slack.messages(DANA) if not m.ephemeral and m.ts not in before[DANA]]
    assert not news


async def test_without_a_word_why_the_form_asks(led: World) -> None:
    """``end @ben as @ada`` alone opens the form; an empty reason ends nothing."""
    await active(led)
    assert not await led.sendas(DANA, "end @ben as @ada")
    await led.slack.wait_for(lambda: led.slack.view(DANA), what="the form")
    assert (await led.slack.submit(DANA, {"why": "   "})).errors
    assert (await led.only()).state is State.ACTIVE
    await said_why(led, DANA)
    await settled_in(led, State.ENDED)


async def test_its_standing_approval_ends_with_it(led: World) -> None:
    """What an admin ended is not back at the next request, and both are told of that as well."""
    await trusted(led)
    await led.sendas(DANA, f"end @ben as @ada {WHY}")
    await settled_in(led, State.ENDED)
    for person, said in ((ADA, "You always approved @Ben"), (BEN, "always approved you")):
        told = await led.card(person, "ended a standing approval as an admin")
        text = led.slack.read(told, person)
        assert WHY in text
        assert said in text
    await led.sendas(BEN, "@ada 1h Again")
    await shown(led, ADA, "Approve", "asks to send email as you")


async def test_everything_of_one_person(led: World) -> None:
    """``end all`` asks once with how much it is, and ends both directions, what waits, and standing
    approvals."""
    await trusted(led)
    await led.connect(CLEO)
    await led.sendas(CLEO, "grant @ada 3h Handover")
    await led.close.wait_for(lambda: led.close.find(CLEO, ADA), what="Cleo's right for Ada")
    await led.sendas(ELI, "@ada 1h Waiting")
    await shown(led, ADA, "Approve")
    await at_rest(led)
    assert not await led.sendas(DANA, f"end all @ada {WHY}")
    form = await led.slack.wait_for(lambda: led.slack.view(DANA), what="the form")
    assert "2 rights, 1 request, 1 standing approval" in led.slack.read(form, DANA)
    assert {row.state for row in await led.delegations()} == {State.ACTIVE, State.REQUESTED}
    await said_why(led, DANA)
    await led.close.wait_for(lambda: not led.close.associations, what="the removals")
    async with asyncio.timeout(PATIENCE):
        while any(row.is_open for row in await led.delegations()):  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)
    assert {row.closed_by for row in await led.delegations()} == {DANA.id}
    [entry] = await deeds(led, Deed.ADMIN_END)
    assert entry.amount == 4
    await led.card(BEN, "ended it as an admin")
    await led.card(CLEO, "ended it as an admin")
    await led.card(ELI, "ended this as an admin")
    await led.card(ADA, "ended a standing approval as an admin")
    assert "nothing that I could end" in await led.sendas(DANA, f"end all @ada {WHY}")


async def test_who_can_send_as_whom(led: World) -> None:
    """Everybody asks about themselves and admins about anyone, both ways, also what was made in
    Close by hand; nobody else reads anything."""
    await active(led)
    text = await led.sendas(DANA, "who @ada")
    assert "Who can send as @Ada Lindqvist" in text
    assert "@Ben Okafor until" in text
    assert "@Ben Okafor can send as" in await led.sendas(DANA, "who @ben")
    assert "You can send as" in await led.sendas(BEN, "who")
    assert "Who can send as you" in await led.sendas(ADA, "who @ada")
    refused = await led.sendas(BEN, "who @ada")
    assert "Only admins can do that" in refused
    assert "Okafor" not in refused


async def test_who_shows_what_was_set_up_by_hand(led: World) -> None:
    """What Close holds beside the bot's own rights is said as well, and that it has no end."""
    await found(led)
    text = await led.sendas(DANA, "who @ada")
    assert "@Ben Okafor: set up in Close itself, without an end" in text
    assert "Close account is connected" in text
    assert "not connected" in await led.sendas(DANA, "who @eli")


async def test_nobody_else_ends(led: World) -> None:
    """Typed by anybody else it ends nothing; the grantor has verbs of their own."""
    await active(led)
    for person in (ADA, BEN, ELI):
        assert "Only admins" in await led.sendas(person, f"end @ben as @ada {WHY}")
        assert "Only admins" in await led.sendas(person, f"end all @ada {WHY}")
    assert (await led.only()).state is State.ACTIVE
    assert "Ending" in await led.sendas(ADA, "end @ben")


async def test_what_an_admin_cannot_do(led: World) -> None:
    """No button of somebody else's right gives an admin anything: neither approving, nor extending,
    nor what was sent."""
    await led.connect(ADA)
    request = await identified(led)
    await led.sendas(DANA, "list")
    place = led.last_answer(DANA)
    assert (await led.slack.forge_click(DANA, place, "approve", carried(request, "Approve"))).ok
    await led.whispered(DANA, "Only the people this is about")
    assert (await led.only()).state is State.REQUESTED
    await press(led, ADA, "Approve")
    right = await settled_in(led, State.ACTIVE)
    for action in ("extend", "receipt", "approve_extension"):
        await led.slack.forge_click(DANA, place, action, f"{right.id}:0123456789abcdef")
    assert led.slack.view(DANA) is None
    for command in ("extend @ben 2h", "grant @ben as @ada 2h"):
        await led.sendas(DANA, command)
    unchanged = [each for each in await led.delegations() if each.grantor_id == ADA.id]
    assert [(each.id, each.ends_at) for each in unchanged] == [(right.id, right.ends_at)]


async def test_everybodys_rights_are_redrawn(led: World) -> None:
    """What changes shows within some seconds, however much it is, in few redraws."""
    await active(led)
    await everybodys(led, DANA, "@Ben Okafor as @Ada Lindqvist until")
    before = _published(led, DANA)
    for number in range(5):
        await led.sendas(ELI, f"@ada {number + 1}h Wish {number}")
        await led.sendas(ELI, "cancel @ada")
    await led.sendas(CLEO, "@ada 1h Waiting")
    led.clock.push(seconds=6)
    await home(led, DANA, "@Cleo Marchetti as @Ada Lindqvist")
    assert _published(led, DANA) - before <= 3


def _published(world: World, person: SandboxPerson) -> int:
    return sum(
        call.method == "views.publish" and call.arguments.get("user_id") == person.id
        for call in world.slack.calls
    )


async def test_search_and_back(led: World) -> None:
    """An admin looks for one person, sees all of theirs, and comes back to their own home."""
    await active(led)
    await led.connect(CLEO)
    await led.sendas(CLEO, "grant @dana 2h")
    await led.close.wait_for(lambda: led.close.find(CLEO, DANA), what="Cleo's right")
    view = await everybodys(led, DANA, "as @Cleo")
    assert (await led.slack.click(DANA, view, "with_person", ADA)).ok
    view = await home(led, DANA, "Theirs", absent="as @Cleo")
    assert "Close account is connected" in led.slack.read(view, DANA)
    assert (await led.slack.click(DANA, view, "End all of theirs…")).ok
    await led.slack.wait_for(lambda: led.slack.view(DANA), what="the form")
    assert (await led.slack.click(DANA, view, "Show everybody")).ok
    view = await home(led, DANA, "as @Cleo")
    assert (await led.slack.click(DANA, view, "Back to my own")).ok
    await home(led, DANA, "Send email as a colleague")


async def test_nobody_else_has_it(led: World) -> None:
    """The button is there for admins alone, and a forged click shows nothing of others."""
    await active(led)
    view = await opened(led, ELI)
    assert "Everybody's rights" not in view.buttons()
    await led.slack.forge_click(ELI, view, "everybodys_rights", "home")
    await led.card(ELI, "Only admins can do that")
    assert "Okafor" not in led.slack.read(led.slack.home(ELI) or view, ELI)


async def test_an_incident_in_the_home(led: World) -> None:
    """A right that only a leaver could take away is listed with It is gone in Close; it is counted
    as ended by word, and if Close still has it, it is removed later and the admin is told."""
    await left_altogether(led)
    view = await everybodys(led, DANA, "Over, but not removed in Close")
    assert "1 over but not removed" in led.slack.read(view, DANA)
    assert (await led.slack.click(DANA, view, GONE)).ok
    await settled_in(led, State.ENDED)
    await home(led, DANA, "1 ended by an admin's word", absent="Over, but not removed")
    led.close.state.inactive.clear()
    await led.slack.change_person(ADA, deleted=False)
    led.clock.push(seconds=20)  # Close's reads may lag behind what was just confirmed
    await led.connect(ADA)
    await led.close.wait_for(lambda: not led.close.associations, what="the removal")
    await settled_in(led, State.ENDED)
    await led.card(DANA, "right to send as @Ada Lindqvist is gone now. Close confirmed it.")


async def test_a_leaver_is_measured(led: World) -> None:
    """From Slack's word that somebody has left to their last right gone: in the figures, and in the
    log; whose right is stuck is counted until it is gone."""
    await active(led, "@ada forever Covering")
    await figure(led, "sendas_leavers_with_rights 0.0")
    led.close.trouble.fail("DELETE /send_as/*", 503, times=1)
    await led.slack.change_person(BEN, deleted=True)
    await settled_in(led, State.ENDED)
    [entry] = await deeds(led, Deed.LAST_GONE)
    assert entry.subject_id == "left"
    await figure(led, "sendas_leavers_with_rights 0.0")
    async with asyncio.timeout(PATIENCE):
        while not (took := await slowest(led)):  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)
    assert int(took) == entry.amount


async def test_a_leaver_whose_right_is_stuck(led: World) -> None:
    """As long as Close may hold it they are counted, with how long ago it was said; an admin's word
    that it is gone is the end of it."""
    await left_altogether(led)
    await figure(led, "sendas_leavers_with_rights 1.0")
    led.clock.push(minutes=10)
    await figure(led, "sendas_leaver_oldest_seconds 6")
    await press(led, DANA, GONE)
    await settled_in(led, State.ENDED)
    await figure(led, "sendas_leavers_with_rights 0.0")
    [entry] = await deeds(led, Deed.GONE_IN_CLOSE)
    assert entry.delegation_id == (await led.only()).id


async def figure(world: World, words: str) -> None:
    """``/metrics`` shows this, a second later at most."""
    async with asyncio.timeout(PATIENCE):
        while words not in (await world.figures()).text:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)


async def slowest(world: World) -> float:
    """How many seconds it took at most, as the figures have it."""
    lines = (await world.figures()).text.splitlines()
    [found] = [each for each in lines if each.startswith("sendas_leaver_slowest_seconds")]
    return float(found.split()[1])


async def deeds(world: World, deed: Deed) -> list[Any]:
    """What the log has of this kind."""
    wanted = events.select().where(events.c.deed == deed).order_by(events.c.id)
    found: list[Any] = await world.database.run_connection(
        lambda connection: connection.execute(wanted).all()
    )
    return found


async def test_dead_connections_in_the_daily_message(led: World) -> None:
    """Whose connection is dead while rights of theirs run is said to each admin once a day; where
    nothing waits nothing is said."""
    await active(led, "@ada forever Covering")
    assert "No longer connected" not in read_all(led, DANA)
    led.close.revoke_tokens(ADA)
    led.clock.push(hours=25)
    await led.card(ADA, "can no longer act for you in Close")
    led.clock.push(hours=24)
    for admin in (DANA, CLEO):
        await led.card(admin, "No longer connected to Close:* @Ada Lindqvist")
    await led.connect(ADA)
    led.clock.push(minutes=11)
    await led.card(DANA, "Everything that was listed here is settled now")

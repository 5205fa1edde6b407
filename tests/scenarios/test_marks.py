"""A click means what its reader saw: an older screen decides nothing, and is shown anew."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.store.rows import many
from models.connection import connections
from models.delegation import Delegation, State, Trouble
from models.mark import marked
from models.pairing import Pairing, Verdict, pairings
from models.standing import StandingApproval
from models.stray import Stray, StrayState, strays
from sandbox.people import ADA, BEN, CLEO, DANA, SandboxPerson
from sandbox.slack.workspace import Message, View
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import (
    active,
    asked,
    at_rest,
    cards_at_rest,
    carried,
    press,
    settled_in,
    shown,
)
from tests.scenarios.test_disconnecting import GONE
from tests.scenarios.test_pairings import opened_by
from tests.scenarios.world import World, open_world

CHANGED = "This changed while you were reading. Here is what is asked now."
ANOTHER_TIME, REASON, ALWAYS = (
    "Approve with a different length…",
    "Deny with a reason…",
    "Always approve this person…",
)


@pytest.fixture
async def led(sqlite_url: str) -> AsyncIterator[World]:
    """A world whose admin is Dana."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as opened:
        yield opened


async def wished(world: World, duration: str) -> None:
    """Ben asks for more time, or for another time than before; all cards show it."""
    await press(world, BEN, "Ask to extend")
    await form(world, BEN)
    assert (await world.slack.submit(BEN, {"duration": duration})).ok
    await cards_at_rest(world)


async def form(world: World, person: SandboxPerson) -> View:
    """The form that is open, once it is."""
    opened: View = await world.slack.wait_for(lambda: world.slack.view(person), what="the form")
    return opened


async def replaced_account(world: World, person: SandboxPerson = BEN) -> None:
    """The grantee shows that another Close account is theirs; an admin confirms it."""
    await opened_by(world, person, CLEO)
    await press(world, DANA, "Confirm")
    await world.card(person, "is connected")
    await at_rest(world)
    await cards_at_rest(world)


async def requested(world: World) -> tuple[Delegation, Message]:
    """Ada is connected, and reads a request that names Ben's account."""
    await world.connect(ADA)
    await asked(world)
    await at_rest(world)
    await cards_at_rest(world)
    return await world.only(), await shown(world, ADA, "Approve", BEN.email)


# The wish


@pytest.mark.parametrize("answer", ["approve_extension", "decline_extension"])
async def test_the_wish_was_replaced(world: World, answer: str) -> None:
    """C1: an answer to "one hour more" does not answer "for ever", which took its place."""
    await active(world)
    await wished(world, "1h")
    read = await shown(world, ADA, "Leave as it is", "1 more hour")
    value = carried(read, answer)
    await wished(world, "forever")
    before = await world.only()
    await world.slack.forge_click(ADA, await shown(world, ADA, "Leave as it is"), answer, value)
    words = world.slack.read(await world.whispered(ADA, CHANGED), ADA)
    assert "unlimited time" in words
    after = await world.only()
    assert (after.ends_at, after.extension) == (before.ends_at, before.extension)
    card = await shown(world, ADA, "Leave as it is", "unlimited time")
    assert (await world.slack.click(ADA, card, answer)).ok
    assert (await world.only()).extension is None


async def test_the_wish_is_replaced_at_the_same_moment(world: World) -> None:
    """C1: it is compared under the row's lock: either the hour is given, or nothing."""
    before = await active(world)
    await wished(world, "1h")
    read = await shown(world, ADA, "Leave as it is", "1 more hour")
    await press(world, BEN, "Ask to extend")
    await form(world, BEN)
    await asyncio.gather(
        world.slack.submit(BEN, {"duration": "forever"}),
        world.slack.forge_click(ADA, read, "approve_extension", carried(read, "approve_extension")),
    )
    after = await world.only()
    assert before.ends_at is not None
    if after.extension is None:
        assert after.ends_at == before.ends_at + timedelta(hours=1)
    else:
        assert after.ends_at == before.ends_at


async def test_the_same_wish_again_is_another_one(stage: World) -> None:
    """C1: who declined a wish does not grant the next with the same words by an old button."""
    await active(stage)
    await wished(stage, "1h")
    value = carried(await shown(stage, ADA, "Leave as it is"), "approve_extension")
    await press(stage, ADA, "Leave as it is")
    await cards_at_rest(stage)
    stage.clock.push(seconds=1)
    await wished(stage, "1h")
    before = await stage.only()
    card = await shown(stage, ADA, "Leave as it is")
    await stage.slack.forge_click(ADA, card, "approve_extension", value)
    await stage.whispered(ADA, CHANGED)
    assert (await stage.only()).ends_at == before.ends_at


async def test_a_reminder_changes_nothing_that_was_read(stage: World) -> None:
    """A mark is about what is decided: after a reminder the button of before still counts."""
    _, card = await requested(stage)
    value = carried(card, "Approve")
    stage.clock.push(hours=70)
    await stage.card(ADA, "Still waiting for your answer")
    await stage.slack.forge_click(ADA, card, "approve", value)
    await settled_in(stage, State.ACTIVE)


@pytest.mark.parametrize(("person", "button"), [(ADA, "Revoke"), (BEN, "I'm done")])
async def test_taking_away_always_counts(stage: World, person: SandboxPerson, button: str) -> None:
    """Whatever has changed since, a right is taken back by a button of any age."""
    delegation = await active(stage)
    card = await shown(stage, person, button)
    action = {"Revoke": "revoke", "I'm done": "release"}[button]
    values = [carried(card, button), delegation.id]
    await wished(stage, "3h")
    card = await shown(stage, ADA, "Leave as it is")
    assert (await stage.slack.click(ADA, card, "Approve")).ok
    place = await shown(stage, person, button)
    await stage.slack.forge_click(person, place, action, values[person is BEN])
    await settled_in(stage, State.ENDED)


# The account


@pytest.mark.parametrize("action", ["approve", "deny"])
async def test_the_account_was_replaced(database_url: str, action: str) -> None:
    """C2: the right was to go to Ben's account when Ada read it; now it would go to another."""
    async with open_world(database_url, admins=(DANA.id,)) as world:
        _, card = await requested(world)
        value = carried(card, action)
        await replaced_account(world)
        await world.slack.forge_click(ADA, card, action, value)
        words = world.slack.read(await world.whispered(ADA, CHANGED), ADA)
        assert CLEO.email in words
        assert BEN.email not in words
        assert (await world.only()).state is State.REQUESTED
        assert not world.close.associations
        await press(world, ADA, "Approve")
        await settled_in(world, State.ACTIVE)
        assert world.close.find(ADA, CLEO)


async def test_the_account_in_the_home(led: World) -> None:
    """C2: the buttons in App Home are compared as those of the card, and the home shows it anew."""
    await led.slack.open_home(ADA)
    await requested(led)
    home = await _home(led, BEN.email)
    value = carried(home, "Approve")
    await replaced_account(led)
    await led.slack.forge_click(ADA, await _home(led, CLEO.email), "approve", value)
    await led.card(ADA, CHANGED)
    assert (await led.only()).state is State.REQUESTED
    assert (await led.slack.click(ADA, await _home(led, CLEO.email), "Approve")).ok
    await settled_in(led, State.ACTIVE)


async def _home(world: World, words: str) -> View:
    def find() -> View | None:
        view = world.slack.home(ADA)
        return view if view and words in world.slack.read(view, ADA) else None

    home: View = await world.slack.wait_for(find, what=f"a home with {words!r}")
    return home


@pytest.mark.parametrize("choice", [ANOTHER_TIME, REASON, ALWAYS])
async def test_the_account_behind_the_menu(led: World, choice: str) -> None:
    """C2: a choice in the menu of an older screen opens no form, and says why."""
    _, card = await requested(led)
    value = carried(card, "more", choice)
    await replaced_account(led)
    await led.slack.forge_click(ADA, card, "more", value)
    await led.whispered(ADA, CHANGED)
    assert led.slack.view(ADA) is None


FORMS = [
    (ANOTHER_TIME, {"duration": "30m"}, State.ACTIVE),
    (REASON, {"note": "Not to that one"}, State.DENIED),
    (ALWAYS, {"duration": "4h"}, State.ACTIVE),
]


@pytest.mark.parametrize(("choice", "typed", "state"), FORMS)
async def test_the_account_behind_a_form(
    led: World, choice: str, typed: dict[str, str], state: State
) -> None:
    """C2: a form that was open meanwhile decides nothing; it is shown anew with what was typed, and
    counts when it is sent again."""
    _, card = await requested(led)
    await led.slack.click(ADA, card, "more", choice)
    assert BEN.email in led.slack.read(await form(led, ADA), ADA)
    await replaced_account(led)
    await led.slack.submit(ADA, typed)
    again = await form(led, ADA)
    for words in (CHANGED, CLEO.email):
        assert words in led.slack.read(again, ADA)
    assert (await led.only()).state is State.REQUESTED
    assert not await standing_approvals(led)
    assert (await led.slack.submit(ADA, {})).ok
    decided = await settled_in(led, state)
    if choice == ANOTHER_TIME:
        assert decided.length == timedelta(minutes=30)
    if choice == REASON:
        assert decided.note == "Not to that one"


async def test_the_address_passed_to_another_account(stage: World) -> None:
    """C2: the address that was read belongs to somebody else by now, and nobody gets the right."""
    await requested(stage)
    members = stage.close.state.members
    members[BEN.close_user_id or ""] = replace(BEN, email="ben.new@example.com")
    members[CLEO.close_user_id or ""] = replace(CLEO, email=BEN.email)
    stage.clock.push(minutes=11)  # as long as the list of members is kept
    await press(stage, ADA, "Approve")
    failed = await settled_in(stage, State.FAILED)
    assert failed.trouble is Trouble.GRANTEE_CHANGED
    assert not stage.close.associations


# The end


async def test_one_form_extends_once(world: World) -> None:
    """K8: the grantor's form, sent twice at the same moment, moves the end once."""
    before = await active(world)
    await press(world, ADA, "Extend…")
    await form(world, ADA)
    await asyncio.gather(*(world.slack.submit(ADA, {"duration": "1h"}) for _ in range(3)))
    after = await world.only()
    assert before.ends_at is not None
    assert after.ends_at == before.ends_at + timedelta(hours=1)


async def test_the_end_moved_while_the_form_was_open(stage: World) -> None:
    """C1: one hour more than an end that was read is not one hour more than another end."""
    before = await active(stage)
    await press(stage, BEN, "Ask to extend")
    await form(stage, BEN)
    await press(stage, ADA, "Extend…")
    await form(stage, ADA)
    assert (await stage.slack.submit(ADA, {"duration": "3h"})).ok
    await stage.slack.submit(BEN, {"duration": "1h"})
    assert CHANGED in stage.slack.read(await form(stage, BEN), BEN)
    now = await stage.only()
    assert now.extension is None
    assert before.ends_at is not None
    assert now.ends_at == before.ends_at + timedelta(hours=3)
    assert (await stage.slack.submit(BEN, {})).ok
    await shown(stage, ADA, "Leave as it is", "1 more hour")


async def test_the_grantors_form_says_what_it_answers(stage: World) -> None:
    """Who extends on their own while the grantee asks for more reads what they asked for."""
    await active(stage)
    card = await shown(stage, ADA, "Extend…", "can send email as you until")
    value = carried(card, "extend")
    await wished(stage, "3h")
    await stage.slack.forge_click(ADA, await shown(stage, ADA, "Leave as it is"), "extend", value)
    assert "has asked for 3 more hours" in stage.slack.read(await form(stage, ADA), ADA)


# Rights that the bot did not make


async def only_stray(world: World) -> Stray:
    """The one that there is."""
    found = await world.database.run_connection(lambda c: many(c, Stray, strays.select()))
    assert len(found) == 1
    stray: Stray = found[0]
    return stray


async def asked_about(world: World) -> Message:
    """Ada is asked about a right of Ben's that was set up in Close itself."""
    world.close.allow(ADA, BEN)
    await world.connect(ADA)
    card = await shown(world, ADA, "Give it an end", BEN.name)
    async with asyncio.timeout(PATIENCE):
        while (await only_stray(world)).leased_until:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)
    return card


async def another_grantee(world: World) -> None:
    """The right turns out to be somebody else's than was said."""
    await world.database.run_connection(
        lambda c: c.execute(strays.update().values(grantee_id=CLEO.id, grantee_name=CLEO.name))
    )


@pytest.mark.parametrize("action", ["stray_keep", "stray_remove", "stray_give_end"])
async def test_another_right_than_was_read(world: World, action: str) -> None:
    """C1: the right that was set up in Close is another's: nothing is decided, it is asked anew."""
    card = await asked_about(world)
    value = carried(card, action)
    await another_grantee(world)
    await world.slack.forge_click(ADA, card, action, value)
    assert CLEO.name in world.slack.read(await world.whispered(ADA, CHANGED), ADA)
    assert (await only_stray(world)).state is StrayState.FOUND
    assert world.slack.view(ADA) is None
    await shown(world, ADA, "Keep", CLEO.name)
    await press(world, ADA, "Keep")
    await world.card(ADA, "You kept it")


async def test_another_right_behind_the_form(stage: World) -> None:
    """C1: the form for its end is asked anew, too."""
    card = await asked_about(stage)
    await stage.slack.click(ADA, card, "Give it an end")
    await form(stage, ADA)
    await another_grantee(stage)
    await stage.slack.submit(ADA, {"duration": "3h"})
    assert CHANGED in stage.slack.read(await form(stage, ADA), ADA)
    assert not await stage.delegations()
    assert (await stage.slack.submit(ADA, {})).ok
    delegation = await settled_in(stage, State.ACTIVE)
    assert delegation.grantee_id == CLEO.id


@pytest.mark.parametrize("action", ["stray_keep", "stray_remove"])
async def test_its_grantee_has_left_since(stage: World, action: str) -> None:
    """C1: an answer about a colleague's right is none about the right of somebody who has left."""
    card = await asked_about(stage)
    value = carried(card, action)
    await stage.slack.change_person(BEN, deleted=True)
    await stage.slack.forge_click(ADA, card, action, value)
    words = stage.slack.read(await stage.whispered(ADA, CHANGED), ADA)
    assert "has left" in words
    assert (await only_stray(stage)).state is StrayState.FOUND
    card = await shown(stage, ADA, "Keep", "has left")
    assert (await stage.slack.click(ADA, card, "Keep")).ok
    await stage.card(ADA, "You kept it")


# Accounts, standing approvals, disconnecting


@pytest.mark.parametrize("action", ["confirm_pairing", "reject_pairing"])
async def test_another_account_than_the_admin_read(led: World, action: str) -> None:
    """C2: an admin's answer is about the account that they read."""
    await opened_by(led, ADA, BEN)
    question = await shown(led, DANA, "Confirm")
    value = carried(question, action)
    await led.database.run_connection(
        lambda c: c.execute(pairings.update().values(email=CLEO.email, name=CLEO.name))
    )
    await led.slack.forge_click(DANA, question, action, value)
    assert CLEO.email in led.slack.read(await led.whispered(DANA, CHANGED), DANA)
    found = await led.database.run_connection(lambda c: many(c, Pairing, pairings.select()))
    assert found[0].verdict is Verdict.WAITING
    await shown(led, DANA, "Confirm", CLEO.email)
    await press(led, DANA, "Confirm")
    await led.card(ADA, "is connected")


async def test_another_account_would_be_replaced(led: World) -> None:
    """C2: nor is it about another account than the one whose place it would take."""
    await led.connect(ADA)
    await opened_by(led, ADA, BEN)
    question = await shown(led, DANA, "Confirm", ADA.email)
    value = carried(question, "confirm_pairing")
    await led.database.run_connection(
        lambda c: c.execute(connections.update().values(email="later@example.com"))
    )
    await led.slack.forge_click(DANA, question, "confirm_pairing", value)
    assert "later@example.com" in led.slack.read(await led.whispered(DANA, CHANGED), DANA)
    await shown(led, DANA, "Confirm", "later@example.com")
    found = await led.database.run_connection(lambda c: many(c, Pairing, pairings.select()))
    assert found[0].verdict is Verdict.WAITING


async def standing_approvals(world: World) -> list[StandingApproval]:
    """Those of Ada's that hold."""
    found = await world.database.run(
        lambda store: store.standing.for_person(ADA.team_id, ADA.id, now=world.clock())
    )
    return list(found)


async def test_another_standing_approval_than_was_read(stage: World) -> None:
    """C1: End on a screen of before does not pretend to end the one that took its place."""
    first = StandingApproval(
        id="first",
        team_id=ADA.team_id,
        grantor_id=ADA.id,
        grantee_id=BEN.id,
        max_length=timedelta(hours=1),
        until=stage.clock() + timedelta(days=1),
        created_at=stage.clock(),
    )
    second = replace(first, id="second", max_length=timedelta(hours=9))
    await stage.database.run(lambda store: store.standing.put(first))
    await stage.slack.open_home(ADA)
    home = await _home(stage, "up to 1 hour")
    value = carried(home, "end_standing")
    await stage.database.run(lambda store: store.standing.put(second))
    await stage.slack.forge_click(ADA, await _home(stage, "up to 9 hours"), "end_standing", value)
    words = stage.slack.read(await stage.card(ADA, "This changed while you were reading"), ADA)
    assert "9 hours" in words
    assert [each.id for each in await standing_approvals(stage)] == ["second"]
    await stage.slack.click(ADA, await _home(stage, "up to 9 hours"), "End")
    assert not await standing_approvals(stage)


async def test_more_would_end_than_was_read(world: World) -> None:
    """C1: Disconnect ends what its question named; when that is more by now, it asks anew."""
    await active(world)
    await world.sendas(ADA, "disconnect")
    question = world.slack.messages(ADA)[-1]
    await world.sendas(ADA, "grant @cleo 2h")
    await shown(world, CLEO, "I'm done")
    await world.slack.click(ADA, question, "End these and disconnect")
    again = await world.whispered(ADA, CHANGED)
    assert CLEO.name in world.slack.read(again, ADA)
    assert {each.state for each in await at_rest(world)} == {State.ACTIVE}
    await world.slack.click(ADA, again, "End these and disconnect")
    await world.card(ADA, GONE)
    assert not world.close.associations


async def test_less_would_end_than_was_read(stage: World) -> None:
    """Who wanted to end a right and disconnect need not be asked again when it has ended."""
    await active(stage)
    await stage.sendas(ADA, "disconnect")
    question = stage.slack.messages(ADA)[-1]
    await stage.sendas(BEN, "release @ada")
    await settled_in(stage, State.ENDED)
    await stage.slack.click(ADA, question, "End these and disconnect")
    await stage.card(ADA, GONE)


# Buttons of before


UNMARKED = "I have been updated since this was posted"


async def test_a_button_of_an_earlier_release(world: World) -> None:
    """A bare id says nothing about what was read: nothing is done, and the card is shown anew."""
    delegation, card = await requested(world)
    await _posted_before(world, card, delegation.id)
    assert (await world.slack.click(ADA, card, "Approve")).ok
    await world.whispered(ADA, UNMARKED)
    assert (await world.only()).state is State.REQUESTED
    await world.slack.wait_for(
        lambda: carried(card, "approve") == marked(delegation), what="the card anew"
    )
    await press(world, ADA, "Approve")
    await settled_in(world, State.ACTIVE)


async def _posted_before(world: World, card: Message, delegation_id: str) -> None:
    for block in card.blocks:
        for element in block.get("elements", []):
            if "value" in element:
                element["value"] = delegation_id


@pytest.mark.parametrize("action", ["approve", "deny", "snooze", "more"])
async def test_a_made_up_mark(stage: World, action: str) -> None:
    """A mark that nobody made counts for nothing, and says that it does not."""
    delegation, card = await requested(stage)
    value = f"{delegation.id}:{'0' * 16}"
    if action == "more":
        value = f"approve_for:{value}"
    await stage.slack.forge_click(ADA, card, action, value)
    await stage.whispered(ADA, CHANGED)
    assert (await stage.only()) == delegation
    assert stage.slack.view(ADA) is None

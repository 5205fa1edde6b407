"""Rights that the bot did not make, while the grantor's connection is gone or another one."""

import httpx
import pytest

from models.delegation import State
from models.stray import StrayState, strays
from sandbox.people import ADA, BEN, CLEO, DANA, ORGANIZATION_ID
from sandbox.slack.workspace import Message
from tests.scenarios.moves import asked, at_rest, calls, press, settled_in, shown
from tests.scenarios.test_comparing import ELSEWHERE, comparison, connected_in, submitted
from tests.scenarios.test_disconnecting import GONE, stored
from tests.scenarios.test_pairings import opened_by
from tests.scenarios.world import World, open_world


async def found(world: World) -> Message:
    """Ada is connected, and asked about a right that was set up in Close itself."""
    world.close.allow(ADA, BEN)
    await world.connect(ADA)
    return await shown(world, ADA, "Give it an end", "set up in Close itself")


async def state_of(world: World) -> StrayState:
    """What became of the only stray."""
    rows = await world.database.run_connection(
        lambda connection: connection.execute(strays.select()).mappings().all()
    )
    assert len(rows) == 1
    return StrayState(rows[0]["state"])


@pytest.mark.parametrize("button", ["Give it an end", "Remove"])
async def test_without_a_connection_it_says_to_connect(world: World, button: str) -> None:
    """After a disconnection the buttons of the old message change nothing and say what helps."""
    card = await found(world)
    await world.sendas(ADA, "disconnect")
    await world.card(ADA, GONE)
    await world.slack.click(ADA, card, button)
    await world.whispered(ADA, "Please connect it first")
    assert world.slack.view(ADA) is None
    assert await state_of(world) is StrayState.FOUND
    assert not await world.delegations()


async def test_the_form_is_checked_again(stage: World) -> None:
    """A form that was open during the disconnection makes no right that nobody could end."""
    card = await found(stage)
    await stage.slack.click(ADA, card, "Give it an end")
    await stage.slack.wait_for(lambda: stage.slack.view(ADA), what="the form")
    await stage.sendas(ADA, "disconnect")
    await stage.card(ADA, GONE)
    await submitted(stage, "3h")
    assert stage.slack.view(ADA) is not None
    assert not await stage.delegations()
    assert await state_of(stage) is StrayState.FOUND


async def test_an_end_for_somebody_who_has_left(world: World) -> None:
    """P1: Ben has left, unheard, when Ada gives the right an end: Slack is asked afresh at once,
    and the right goes."""
    card = await found(world)
    await world.unheard(BEN, deleted=True)
    await world.slack.click(ADA, card, "Give it an end")
    await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")
    await submitted(world, "3h")
    ended = await settled_in(world, State.ENDED)
    assert ended.closed_by == BEN.id
    assert not world.close.associations


@pytest.mark.parametrize("button", ["Give it an end", "Remove"])
async def test_another_account_is_told_so(stage: World, button: str) -> None:
    """Only the account that gave a right can change it."""
    card = await found(stage)
    await connected_in(stage, ELSEWHERE)
    await stage.slack.click(ADA, card, button)
    await stage.whispered(ADA, "with another Close account")
    assert await state_of(stage) is StrayState.FOUND


async def test_another_account_does_not_prove_a_removal(world: World) -> None:
    """Close's 404 to another account is not taken for "gone"; the right one finishes it."""
    await found(world)
    world.close.trouble.fail("DELETE /send_as/*", 503, times=1)
    await press(world, ADA, "Remove")
    await world.card(ADA, "Waiting for Close to confirm")
    await connected_in(world, ELSEWHERE)
    world.clock.push(minutes=1)
    await world.card(ADA, "You are connected with another Close account")
    assert await state_of(world) is StrayState.REMOVING
    assert world.close.find(ADA, BEN)
    await connected_in(world, ORGANIZATION_ID)
    await world.connect(ADA)
    await world.card(ADA, "You removed it. Close confirmed")
    assert not world.close.associations


async def test_a_removal_comes_before_the_disconnection(world: World) -> None:
    """What the grantor wanted removed is removed before the bot forgets how."""
    await found(world)
    world.close.trouble.fail("DELETE /send_as/*", 503, times=1)
    await press(world, ADA, "Remove")
    await world.card(ADA, "Waiting for Close to confirm")
    await world.sendas(ADA, "disconnect")
    assert await stored(world) == 1
    world.clock.push(minutes=1)
    await world.card(ADA, "You removed it. Close confirmed")
    world.clock.push(minutes=1)
    await world.card(ADA, GONE)
    assert not world.close.associations


async def test_a_dead_connection_is_named(stage: World) -> None:
    """A removal that waits for the grantor says that connecting again lets it go on."""
    await found(stage)
    stage.close.trouble.fail("DELETE /send_as/*", 503, times=1)
    await press(stage, ADA, "Remove")
    await stage.card(ADA, "Waiting for Close to confirm")
    stage.close.revoke_tokens(ADA)
    stage.clock.push(minutes=1)
    await stage.card(ADA, "Your connection to Close does not work")
    await stage.connect(ADA)
    await stage.card(ADA, "You removed it. Close confirmed")


async def test_no_other_account_while_a_question_is_open(sqlite_url: str) -> None:
    """Another account could not answer it; after the answer the account can be changed."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as world:
        await found(world)
        page: httpx.Response = await opened_by(world, ADA, CLEO)
        assert page.status_code == 200
        await press(world, DANA, "Confirm")
        await world.whispered(DANA, "Nothing changed")
        await press(world, ADA, "Keep")
        await world.card(ADA, "You kept it")
        await press(world, DANA, "Confirm")
        await world.card(ADA, "is connected")


async def test_the_end_of_an_adopted_right_still_comes(stage: World) -> None:
    """With a connection that works, giving it an end makes a delegation that ends."""
    card = await found(stage)
    await stage.slack.click(ADA, card, "Give it an end")
    await submitted(stage, "3h")
    await settled_in(stage, State.ACTIVE)
    stage.clock.push(hours=3)
    await settled_in(stage, State.ENDED)
    assert not stage.close.associations


async def test_an_account_that_changes_on_the_way(world: World) -> None:
    """What was looked up for one account is not asked for once another is connected."""
    await world.connect(ADA)
    await comparison(world)
    await asked(world)
    before = calls(world, "GET")
    look = world.close.trouble.hold("GET /send_as/*")
    await press(world, ADA, "Approve")
    await look.arrived.wait()
    await connected_in(world, ELSEWHERE)
    look.let_go.set()
    await at_rest(world)
    assert world.close.find(ADA, BEN) is None
    assert calls(world, "GET") > before
    delegation = await world.only()
    assert delegation.grantor_close_id in (None, CLEO.close_user_id)

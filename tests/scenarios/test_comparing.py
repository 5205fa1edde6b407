"""What Close really holds: compared at connect, hourly and when asked."""

import asyncio
from datetime import timedelta

from models.comparison import Comparison
from models.connection import connections
from models.delegation import Event, State
from sandbox.close.unknowns import DeleteGone
from sandbox.people import ADA, BEN, CLEO, DANA, ORGANIZATION_ID, TEAM_ID
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import active, calls, press, read_all, settled_in, shown, weekday
from tests.scenarios.world import World

ELSEWHERE = "orga_elsewhere"

AN_HOUR = 70  # minutes: an hour and the most that chance adds to it


async def submitted(world: World, length: str) -> None:
    """Ada fills in the form that asks for the end."""
    await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")
    await world.slack.submit(ADA, {"duration": length})


async def compared_again(world: World) -> None:
    """An hour later, when the next comparison has been made."""
    await comparison(world)
    world.clock.push(minutes=AN_HOUR)
    await comparison(world)


async def comparison(world: World) -> Comparison:
    """Ada's comparison, once it is made and the next one is due later."""
    async with asyncio.timeout(PATIENCE):
        while True:
            row = await world.database.run(lambda store: store.comparisons.get(TEAM_ID, ADA.id))
            assert row is not None
            assert row.wake_at is not None
            is_made = row.leased_until is None and not row.attempts
            if is_made and row.wake_at > world.clock():
                return row
            await asyncio.sleep(MOMENT)


async def test_removed_in_close(world: World) -> None:
    """A right that somebody removed in Close itself is noted as ended, and both are told."""
    delegation = await active(world)
    assert world.close.remove(ADA, BEN)
    await compared_again(world)
    await world.card(ADA, "It was removed in Close itself")
    await world.card(BEN, "It was removed in Close itself")
    ended = await settled_in(world, State.ENDED)
    assert ended.end_event is Event.REMOVE
    history = await world.database.run(
        lambda store: [each.event for each in store.delegations.history(delegation.id)]
    )
    assert history[-1] is Event.REMOVE


async def test_still_there_after_the_end(world: World) -> None:
    """An ended right that Close holds all the same is ended again, and both are told twice."""
    await active(world, "@ada 30m")
    held = world.close.find(ADA, BEN)
    assert held
    world.clock.push(minutes=30)
    await settled_in(world, State.ENDED)
    world.close.associations.append(held)
    again = world.close.trouble.hold("DELETE /send_as/*")
    await compared_again(world)
    await world.card(ADA, "Close still has it")
    await world.card(BEN, "Close still has it")
    again.let_go.set()
    await world.close.wait_for(lambda: not world.close.associations, what="the second removal")
    await settled_in(world, State.ENDED)


async def test_an_unknown_right_is_asked_about(world: World) -> None:
    """What was set up in Close is found at connect, asked about once, and never touched."""
    world.close.allow(ADA, BEN)
    await world.connect(ADA)
    card = await shown(world, ADA, "Give it an end", "set up in Close itself")
    assert card.buttons() == ["Keep", "Give it an end", "Remove"]
    await press(world, ADA, "Keep")
    await world.card(ADA, "You kept it")
    for _ in range(2):
        await compared_again(world)
    assert world.close.find(ADA, BEN)
    assert read_all(world, ADA).count("set up in Close itself") == 0
    assert not await world.delegations()


async def test_an_unknown_right_is_removed(world: World) -> None:
    """Remove takes it away in Close, and says so once Close has confirmed."""
    world.close.allow(ADA, CLEO)
    await world.connect(ADA)
    await shown(world, ADA, "Remove")
    await press(world, ADA, "Remove")
    await world.card(ADA, "You removed it. Close confirmed")
    assert not world.close.associations


async def test_removing_what_is_gone_already(world: World) -> None:
    """A refusal of Close to delete what is gone counts as removed."""
    world.close.unknowns.delete_gone = DeleteGone.BAD_REQUEST
    world.close.allow(ADA, CLEO)
    await world.connect(ADA)
    await shown(world, ADA, "Remove")
    world.close.remove(ADA, CLEO)
    await press(world, ADA, "Remove")
    await world.card(ADA, "You removed it. Close confirmed")


async def test_removing_goes_on_while_close_is_down(world: World) -> None:
    """A removal is tried until Close has confirmed it."""
    world.close.allow(ADA, CLEO)
    await world.connect(ADA)
    await shown(world, ADA, "Remove")
    world.close.trouble.fail("DELETE /send_as/*", 503, times=2)
    await press(world, ADA, "Remove")
    await world.card(ADA, "Waiting for Close to confirm")
    for _ in range(4):
        world.clock.push(minutes=1)
    await world.card(ADA, "You removed it. Close confirmed")


async def test_an_unknown_right_is_given_an_end(world: World) -> None:
    """It becomes a delegation like any other: both have cards, and it ends in time."""
    held = world.close.allow(ADA, BEN)
    await world.connect(ADA)
    await shown(world, ADA, "Give it an end")
    await press(world, ADA, "Give it an end")
    await submitted(world, "3h")
    assert world.slack.view(ADA) is None
    await world.card(ADA, "has an end now")
    await shown(world, ADA, "Revoke", "can send email as you until")
    await world.card(BEN, "You can send email as")
    delegation = await world.only()
    assert delegation.association_id == held.id
    assert delegation.ends_at
    assert delegation.ends_at - delegation.requested_at == timedelta(hours=3)
    world.clock.push(hours=3)
    await settled_in(world, State.ENDED)
    assert not world.close.associations


async def test_an_end_without_a_time_is_refused(world: World) -> None:
    """Giving it an end needs one; what was typed is kept, and the right stays as it was."""
    world.close.allow(ADA, BEN)
    await world.connect(ADA)
    await shown(world, ADA, "Give it an end")
    await press(world, ADA, "Give it an end")
    await submitted(world, "forever")
    form = world.slack.view(ADA)
    assert form
    assert form.errors
    assert not await world.delegations()


async def test_an_end_with_a_start_is_refused(world: World) -> None:
    """C6: it exists already, so a start that was typed is refused in words and not dropped."""
    world.close.allow(ADA, BEN)
    await world.connect(ADA)
    await shown(world, ADA, "Give it an end")
    await press(world, ADA, "Give it an end")
    await submitted(world, f"from {weekday(world)} for 2h")
    form = world.slack.view(ADA)
    assert form
    assert "cannot begin later" in str(form.errors)
    assert not await world.delegations()
    await submitted(world, "from now for 2h")
    await world.card(ADA, "has an end now")


async def test_only_the_grantor_decides(world: World) -> None:
    """A forged click of somebody else changes nothing."""
    world.close.allow(ADA, BEN)
    await world.connect(ADA)
    card = await shown(world, ADA, "Remove")
    value = card.blocks[-1]["elements"][0]["value"]
    await world.sendas(CLEO, "help")
    reply = await world.slack.forge_click(CLEO, world.last_answer(CLEO), "stray_remove", value)
    assert reply.ok
    await world.whispered(CLEO, "Only the people this is about")
    assert world.close.find(ADA, BEN)


async def test_a_second_answer_changes_nothing(world: World) -> None:
    """Once it is decided, an old screen's click is answered with what it is now."""
    world.close.allow(ADA, BEN)
    await world.connect(ADA)
    card = await shown(world, ADA, "Remove")
    value = card.blocks[-1]["elements"][0]["value"]
    await press(world, ADA, "Remove")
    await world.card(ADA, "You removed it")
    await world.slack.forge_click(ADA, card, "stray_keep", value)
    await world.whispered(ADA, "Nothing changed")


async def test_somebody_who_is_not_in_slack(world: World) -> None:
    """Nobody to tell: it can be kept or removed, and is shown by name and address."""
    world.slack.workspace.people.pop(DANA.id)
    world.close.allow(ADA, DANA)
    await world.connect(ADA)
    card = await shown(world, ADA, "Keep", DANA.name)
    assert card.buttons() == ["Keep", "Remove"]


async def test_gone_before_it_was_answered(world: World) -> None:
    """The question is withdrawn when somebody removed the right in Close meanwhile."""
    world.close.allow(ADA, BEN)
    await world.connect(ADA)
    await shown(world, ADA, "Keep")
    world.close.remove(ADA, BEN)
    await compared_again(world)
    await world.card(ADA, "nothing is left to decide")


async def test_a_list_that_leaves_something_out(world: World) -> None:
    """One incomplete list is no proof: the question stays, and nobody reads that it is gone."""
    world.close.allow(ADA, BEN)
    await world.connect(ADA)
    await shown(world, ADA, "Keep")
    world.close.trouble.fail("GET /send_as/", 200, body=b'{"data": []}')
    await compared_again(world)
    assert "can no longer send" not in read_all(world, ADA)
    await press(world, ADA, "Remove")
    await world.card(ADA, "You removed it. Close confirmed")
    assert not world.close.associations


async def test_one_that_had_vanished_is_asked_about_again(world: World) -> None:
    """What Close holds again is a new question, in a message of its own."""
    held = world.close.allow(ADA, BEN)
    await world.connect(ADA)
    first = await shown(world, ADA, "Keep")
    world.close.remove(ADA, BEN)
    await compared_again(world)
    await world.card(ADA, "nothing is left to decide")
    world.close.associations.append(held)
    await compared_again(world)
    second = await shown(world, ADA, "Keep")
    assert second.ts != first.ts
    await press(world, ADA, "Remove")
    await world.card(ADA, "You removed it. Close confirmed")


async def test_decided_while_it_is_compared(world: World) -> None:
    """What the grantor decides while Close answers is not overwritten by the comparison."""
    world.close.allow(ADA, BEN)
    await world.connect(ADA)
    await shown(world, ADA, "Keep")
    world.close.remove(ADA, BEN)
    world.clock.push(seconds=20)  # what is newer may only not be shown yet
    look = world.close.trouble.hold("GET /send_as/sdas_*")
    await world.sendas(ADA, "check")
    await look.arrived.wait()
    await press(world, ADA, "Remove")
    look.let_go.set()
    await world.card(ADA, "in Close")
    await world.card(ADA, "You removed it. Close confirmed")
    assert "nothing is left to decide" not in read_all(world, ADA)


async def test_check_on_demand(world: World) -> None:
    """The command compares at once, and the answer says what fits and what does not."""
    await active(world)
    assert "direct messages" in await world.sendas(ADA, "check")
    await world.card(ADA, "One right to send as you is in Close, just as shown here")
    world.close.allow(ADA, CLEO)
    await world.sendas(ADA, "check")
    await world.card(ADA, "One right was set up in Close itself")
    assert "connect" in await world.sendas(CLEO, "check")


async def test_check_shows_what_workflows_may(world: World) -> None:
    """The other way to send in somebody's name, which somebody else can open in Close: the answer
    says how to close it, and says nothing of it while it is shut."""
    await world.connect(ADA)
    await world.sendas(ADA, "check")
    await world.card(ADA, "Nobody can send as you in Close")
    assert "Workflows" not in read_all(world, ADA)
    world.close.lend_to_workflows(ADA)
    await world.sendas(ADA, "check")
    await world.card(ADA, "Workflows may also send email in your name")
    await world.card(ADA, "switch it off there under Settings")


async def test_what_the_bot_is_making_is_its_own(world: World) -> None:
    """A comparison while the association is being created asks nobody about it."""
    await world.connect(ADA)
    world.close.trouble.stall("POST /send_as/", 0.4)
    await world.sendas(BEN, "@ada 2h")
    await shown(world, ADA, "Approve")
    await press(world, ADA, "Approve")
    await world.close.wait_for(lambda: world.close.find(ADA, BEN), what="the association")
    await world.sendas(ADA, "check")
    await world.card(ADA, "One right to send as you is in Close")
    assert "set up in Close itself" not in read_all(world, ADA)


async def test_the_cost_is_one_call(world: World) -> None:
    """However many rights there are, an hourly comparison is one call for each grantor."""
    for grantee in (BEN, CLEO, DANA):
        world.close.allow(ADA, grantee)
    await world.connect(ADA)
    await world.close.wait_for(lambda: calls(world, "GET"), what="the first comparison")
    await shown(world, ADA, "Keep")
    before = len(world.close.calls)
    await compared_again(world)
    made = [each for each in world.close.calls[before:] if "oauth2" not in each.path]
    assert [each.path for each in made if "send_as" in each.path] == ["/api/v1/send_as/"]


async def test_another_account_cannot_confirm_the_end(world: World) -> None:
    """Close answers 404 to whoever may not see an association: that is not taken for its end."""
    await active(world)
    await connected_in(world, ELSEWHERE)
    world.clock.push(hours=2)
    await world.card(ADA, "You have connected another Close account since")
    assert world.close.find(ADA, BEN)
    assert (await world.only()).state is State.ENDING
    await connected_in(world, ORGANIZATION_ID)
    world.clock.push(minutes=20)
    await settled_in(world, State.ENDED)
    assert not world.close.associations


async def connected_in(world: World, organization_id: str) -> None:
    """Ada's connection is one to this Close organization now."""
    await world.database.run_connection(
        lambda connection: connection.execute(
            connections.update().values(organization_id=organization_id)
        )
    )

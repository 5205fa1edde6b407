"""People change: whoever may no longer take part neither gets, keeps nor gives a right."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from models.delegation import Delegation, Event, State
from models.person import Departure
from sandbox.close.state import HeldAccount
from sandbox.people import ADA, BEN, CLEO, DANA, ENTERPRISE_ID, HANA, SandboxPerson, close_id
from tests.patience import PATIENCE
from tests.scenarios.moves import (
    active,
    asked,
    at_rest,
    calls,
    cards_at_rest,
    identified,
    press,
    read_all,
    settled_in,
    shown,
)
from tests.scenarios.world import World, open_world

GONE: list[tuple[dict[str, Any], Departure, str]] = [
    ({"deleted": True}, Departure.LEFT, "has left"),
    ({"is_restricted": True}, Departure.GUEST, "is a guest here now"),
    ({"team_id": "T0SOUTHBANK"}, Departure.ELSEWHERE, "belongs to another workspace now"),
]


def until_it_starts(world: World, delegation: Delegation) -> None:
    """Push the clock to the moment for which the right was approved."""
    assert delegation.starts_at is not None
    world.clock.push(seconds=(delegation.starts_at - world.clock()).total_seconds() + 1)


@pytest.mark.parametrize(("change", "reason", "words"), GONE)
@pytest.mark.parametrize("who", [ADA, BEN], ids=["grantor", "grantee"])
async def test_nothing_is_created_for_somebody_who_is_gone(
    stage: World, who: SandboxPerson, change: dict[str, Any], reason: Departure, words: str
) -> None:
    """P1, P2: the event was lost, and the account is approved: Slack is asked before Close is."""
    await stage.connect(ADA)
    await asked(stage, "@ada from tomorrow 9:00 until tomorrow 17:00")
    await press(stage, ADA, "Approve")
    row = await settled_in(stage, State.APPROVED)
    await stage.unheard(who, **change)
    until_it_starts(stage, row)
    ended = await settled_in(stage, State.CANCELLED)
    assert (ended.end_event, ended.closed_by, ended.departure) == (Event.OFFBOARD, who.id, reason)
    assert calls(stage, "POST") == 0
    other = BEN if who is ADA else ADA
    await stage.card(other, f"@{who.name} {words}")


async def test_approved_at_once_for_a_leaver(world: World) -> None:
    """P1: also when the last answer of Slack about them is only seconds old."""
    await world.connect(ADA)
    await asked(world)
    await world.unheard(BEN, deleted=True)
    await press(world, ADA, "Approve")
    await settled_in(world, State.CANCELLED)
    assert calls(world, "POST") == 0
    await world.card(ADA, "@Ben Okafor has left")


async def test_a_group_with_a_leaver_in_it(stage: World) -> None:
    """P1: of several who get the right in one call only those who are here get it."""
    await stage.connect(ADA)
    await stage.sendas(ADA, "grant @ben @cleo @dana from tomorrow 9:00 until tomorrow 17:00")
    await stage.slack.click(ADA, stage.slack.messages(ADA)[-1], "Grant to 3")
    await stage.unheard(CLEO, deleted=True)
    until_it_starts(stage, (await stage.delegations())[0])
    await stage.close.wait_for(lambda: len(stage.close.associations) == 2, what="two rights")
    assert stage.close.find(ADA, CLEO) is None


@pytest.mark.parametrize("who", [ADA, BEN], ids=["grantor", "grantee"])
async def test_prolonged_for_a_leaver(world: World, who: SandboxPerson) -> None:
    """P1: more time for somebody who has left ends the right at once, instead of at its end."""
    await active(world)
    await world.unheard(who, deleted=True)
    await press(world, ADA, "Extend…")
    await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")
    await world.slack.submit(ADA, {"duration": "2h"})
    ended = await settled_in(world, State.ENDED)
    assert (ended.end_event, ended.closed_by) == (Event.OFFBOARD, who.id)
    assert not world.close.associations


async def test_prolonged_while_slack_cannot_say(stage: World) -> None:
    """What Slack cannot say now is asked again, and the end comes in time all the same."""
    await active(stage)
    stage.slack.trouble.fail("users.info", "internal_error", times=1000)
    await press(stage, ADA, "Extend…")
    await stage.slack.wait_for(lambda: stage.slack.view(ADA), what="the form")
    await stage.slack.submit(ADA, {"duration": "2h"})
    assert (await stage.until(State.ACTIVE)).is_unchecked
    stage.clock.push(hours=4)
    ended = await settled_in(stage, State.ENDED)
    assert ended.end_event is Event.EXPIRE


async def test_checked_once_after_it_was_prolonged(stage: World) -> None:
    """With both still here a prolonged right goes on, and warns and ends as it would have."""
    await active(stage)
    await press(stage, ADA, "Extend…")
    await stage.slack.wait_for(lambda: stage.slack.view(ADA), what="the form")
    await stage.slack.submit(ADA, {"duration": "2h"})
    async with asyncio.timeout(PATIENCE):
        while True:
            row = await stage.only()
            if not row.is_unchecked and row.leased_until is None:
                break
            await asyncio.sleep(0.02)
    assert row.wake_at == row.warn_at
    stage.clock.push(hours=3, minutes=1)
    await stage.card(BEN, "Your time is nearly up")
    stage.clock.push(hours=1)
    await settled_in(stage, State.ENDED)


async def test_slack_says_wait(world: World) -> None:
    """A rate limit on users.info delays a right; it is neither lost nor made unseen."""
    await world.connect(ADA)
    await asked(world)
    await cards_at_rest(world)
    world.slack.trouble.rate_limit("users.info", retry_after=30, times=4)
    await press(world, ADA, "Approve")
    await world.slack.wait_for(
        lambda: [c for c in world.slack.calls if c.outcome == "rate_limit"], what="a 429"
    )
    row = await world.only()
    assert row.state is State.APPROVED
    assert calls(world, "POST") == 0
    await settled_in(world, State.ACTIVE)


async def test_an_id_that_slack_does_not_know_is_not_believed_at_once(stage: World) -> None:
    """That can be an outage: the right waits, and begins when Slack knows the two again."""
    await stage.connect(ADA)
    await asked(stage)
    await cards_at_rest(stage)
    stage.slack.trouble.fail("users.info", "user_not_found", times=2)
    await press(stage, ADA, "Approve")
    await settled_in(stage, State.ACTIVE)


async def test_made_while_slack_was_away(world: World) -> None:
    """What was made on an answer some minutes old is looked up as soon as Slack is back."""
    await world.connect(ADA)
    card = await identified(world)
    await cards_at_rest(world)
    await world.unheard(BEN, deleted=True)
    world.slack.trouble.down()
    assert (await world.slack.click(ADA, card, "Approve")).ok
    await settled_in(world, State.ACTIVE)
    world.slack.trouble.up()
    world.clock.push(minutes=2)
    ended = await settled_in(world, State.ENDED)
    assert ended.closed_by == BEN.id
    assert not world.close.associations


async def test_nothing_is_made_on_an_old_answer(stage: World) -> None:
    """With Slack away for longer an approved right waits, and begins once Slack has answered."""
    await stage.connect(ADA)
    await asked(stage, "@ada from tomorrow 9:00 until tomorrow 17:00")
    await press(stage, ADA, "Approve")
    row = await settled_in(stage, State.APPROVED)
    stage.slack.trouble.down()
    until_it_starts(stage, row)
    async with asyncio.timeout(PATIENCE):
        while (await stage.only()).attempts == 0:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(0.02)
    assert calls(stage, "POST") == 0
    stage.slack.trouble.up()
    await settled_in(stage, State.ACTIVE)


@pytest.mark.parametrize("who", [ADA, BEN], ids=["grantor", "grantee"])
async def test_a_running_right_of_a_new_guest(world: World, who: SandboxPerson) -> None:
    """P2: a guest is treated like somebody who has left, and the other reads what happened."""
    await active(world, "@ada forever Covering")
    await world.slack.change_person(who, is_restricted=True)
    ended = await settled_in(world, State.ENDED)
    assert (ended.closed_by, ended.departure) == (who.id, Departure.GUEST)
    assert not world.close.associations
    await world.card(BEN if who is ADA else ADA, f"@{who.name} is a guest here now")


async def test_a_request_of_a_new_guest(world: World) -> None:
    """P2: what waits for an answer is cancelled as well, and the grantor is told."""
    await asked(world)
    await world.slack.change_person(BEN, is_restricted=True)
    await world.until(State.CANCELLED)
    card = await world.card(ADA, "@Ben Okafor is a guest here now")
    assert "Approve" not in card.buttons()


async def test_a_decision_uses_what_is_known(stage: World) -> None:
    """P2: known since the last question to Slack, an approval is refused with the reason, and the
    request ends as if the event had come."""
    await stage.connect(ADA)
    card = await identified(stage)  # else that comes upon it, before Ada can
    await stage.unheard(BEN, is_restricted=True)
    stage.clock.push(minutes=6)
    await stage.sendas(CLEO, "grant @ben 2h")  # Slack is asked about Ben here
    await stage.whispered(CLEO, "is a guest here")
    await stage.slack.click(ADA, card, "Approve")
    row = next(d for d in await stage.delegations() if d.grantor_id == ADA.id)
    assert row.state is State.CANCELLED
    assert calls(stage, "POST") == 0


@pytest.mark.parametrize("gone", [ADA, BEN], ids=["grantor", "grantee"])
async def test_the_one_who_left_is_named(stage: World, gone: SandboxPerson) -> None:
    """P6: nobody reads that "one of the two" has left."""
    await active(stage)
    await stage.slack.change_person(gone, deleted=True)
    await settled_in(stage, State.ENDED)
    other = BEN if gone is ADA else ADA
    await stage.card(other, f"@{gone.name} has left")
    for person in (ADA, BEN):
        assert "One of the two" not in read_all(stage, person)


async def for_another(world: World) -> None:
    """Cleo asks Ada to let Ben send as her."""
    await world.sendas(CLEO, "@ada for @ben 2h Covering")
    await shown(world, ADA, "Approve")
    await world.card(BEN, "@Cleo Marchetti asked for you")


@pytest.mark.parametrize("change", [{"deleted": True}, {"is_restricted": True}])
async def test_the_requester_leaves_before_an_answer(world: World, change: dict[str, Any]) -> None:
    """P7: a request that nobody stands behind any more is cancelled, and both are told by whom."""
    await for_another(world)
    await world.slack.change_person(CLEO, **change)
    row = await world.until(State.CANCELLED)
    assert row.closed_by == CLEO.id
    for person in (ADA, BEN):
        told = "has left" if change == {"deleted": True} else "is a guest here now"
        card = await world.card(person, f"@Cleo Marchetti {told}")
        assert not {"Approve", "Cancel"} & set(card.buttons())


async def test_the_requester_leaves_a_running_right(stage: World) -> None:
    """P7: once it is agreed, it is between the two: the right goes on without the requester."""
    await stage.connect(ADA)
    await for_another(stage)
    await press(stage, ADA, "Approve")
    await settled_in(stage, State.ACTIVE)
    await stage.slack.change_person(CLEO, deleted=True)
    await at_rest(stage)
    assert (await stage.only()).state is State.ACTIVE
    stage.clock.push(hours=2)
    await settled_in(stage, State.ENDED)


async def test_an_address_that_is_not_confirmed(stage: World) -> None:
    """P3: Ben calls himself what Cleo is called in Close; that finds nobody's account for him."""
    stage.slack.change_unheard(BEN, email=CLEO.email, is_email_confirmed=False)
    await stage.connect(ADA)
    await asked(stage)
    await press(stage, ADA, "Approve")
    await stage.card(ADA, "does not show a confirmed email address for @Ben Okafor")
    await cards_at_rest(stage)
    assert (await stage.only()).state is State.APPROVED  # until Ben connects
    assert not stage.close.associations


async def test_no_account_is_bound_by_such_an_address(sqlite_url: str) -> None:
    """P3: nor does it connect him as her: an admin is asked, and reads that it is not confirmed."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as world:
        world.slack.change_unheard(BEN, email=CLEO.email, is_email_confirmed=False)
        await world.slack.command(BEN, "/sendas", "connect")
        link = world.slack.messages(BEN)[-1].text.partition("<")[2].partition("|")[0]
        await world.follow(link, CLEO)
        question = await world.card(DANA, "connected a Close account with another address")
        assert "none that is confirmed" in world.slack.read(question, DANA)


async def test_no_stray_is_given_by_such_an_address(stage: World) -> None:
    """P3: a right found in Close is not taken for that of whoever claims its address."""
    stage.slack.change_unheard(CLEO, email="cleo@elsewhere.example.com")
    stage.slack.change_unheard(BEN, email=CLEO.email, is_email_confirmed=False)
    stage.close.allow(ADA, CLEO)
    await stage.connect(ADA)
    card = await shown(stage, ADA, "Remove", "set up in Close itself")
    assert "I can't find this person in Slack" in stage.slack.read(card, ADA)


def in_a_grid(world: World) -> None:
    """This workspace and Hana's are in one Enterprise Grid."""
    world.slack.workspace.enterprise_id = ENTERPRISE_ID
    world.slack.workspace.people[HANA.id] = HANA
    hana = HANA.close_user_id or ""
    world.close.state.members[hana] = HANA
    world.close.state.accounts.append(
        HeldAccount(close_id("emailacct", "hana"), "google", hana, HANA.name, (HANA.email,))
    )


@pytest.fixture
async def grid(sqlite_url: str) -> AsyncIterator[World]:
    """A stage in an Enterprise Grid."""
    async with open_world(sqlite_url, before=in_a_grid) as world:
        yield world


async def test_a_colleague_of_the_same_grid_is_asked(grid: World) -> None:
    """P4: somebody whose home is another workspace of our own Grid answers and gives a right."""
    await grid.connect(HANA)
    assert "Asked" in await grid.sendas(BEN, "@hana 2h Covering")
    await press(grid, HANA, "Approve")
    await settled_in(grid, State.ACTIVE)
    assert grid.close.find(HANA, BEN)
    await press(grid, HANA, "Revoke")
    await settled_in(grid, State.ENDED)


async def test_a_colleague_of_the_same_grid_asks(grid: World) -> None:
    """P4: and asks, and sends; when Slack says that they have left it ends."""
    await grid.connect(ADA)
    assert "Asked" in await grid.sendas(HANA, "@ada 2h Covering")
    await press(grid, ADA, "Approve")
    await settled_in(grid, State.ACTIVE)
    await grid.slack.change_person(HANA, deleted=True)
    ended = await settled_in(grid, State.ENDED)
    assert ended.closed_by == HANA.id


async def test_somebody_of_another_grid(grid: World) -> None:
    """P4: another company's Grid is not ours, and neither is one when we are in none."""
    grid.slack.change_unheard(HANA, enterprise_id="E0SOUTHBANK")
    assert "belongs to another workspace" in await grid.sendas(BEN, "@hana 2h")
    assert not await grid.delegations()


async def test_a_grid_that_is_not_ours(stage: World) -> None:
    """P4: without a Grid of our own nobody of any Grid is a colleague."""
    stage.slack.workspace.people[HANA.id] = HANA
    assert "belongs to another workspace" in await stage.sendas(BEN, "@hana 2h")

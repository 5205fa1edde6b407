"""Close misbehaves while an association is created or removed: every kind of answer."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from models.delegation import Delegation, Event, State, Trouble, delegations
from sandbox.close.trouble import After, HeaderForm
from sandbox.close.trouble import Trouble as Switches
from sandbox.people import ADA, BEN, SandboxPerson
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import (
    active,
    asked,
    calls,
    cards_at_rest,
    hurry,
    lasting,
    press,
    read_all,
    settled_in,
)
from tests.scenarios.world import World

CREATE = "POST /send_as/"
DELETE = "DELETE /send_as/*"
A_SECOND = timedelta(seconds=1)  # the most that chance adds to a wait
Setup = Callable[[Switches, str], None]

PASSING: dict[str, Setup] = {
    "429 comma": lambda t, p: t.rate_limit(p, reset=0.05, form=HeaderForm.COMMA),
    "429 semicolon": lambda t, p: t.rate_limit(p, reset=0.05, form=HeaderForm.SEMICOLON),
    "429 body": lambda t, p: t.rate_limit(p, reset=0.05, form=HeaderForm.BODY_ONLY),
    "500": lambda t, p: t.fail(p, 500),
    "503 twice": lambda t, p: t.fail(p, 503, 2),
    "html": lambda t, p: t.html(p),
    "401 once": lambda t, p: t.fail(p, 401),
    "cut after acting": lambda t, p: t.drop(p),
    "cut twice": lambda t, p: t.drop(p, 2),
    "garbage after acting": lambda t, p: t.after(p, After.GARBAGE),
    "truncated after acting": lambda t, p: t.after(p, After.TRUNCATED),
}


@pytest.mark.parametrize("name", PASSING)
async def test_a_create_that_stumbles_ends_in_one_association(stage: World, name: str) -> None:
    """Whatever passes by itself: the right becomes active, and Close holds it exactly once."""
    await stage.connect(ADA)
    await asked(stage)
    PASSING[name](stage.close.trouble, CREATE)
    await press(stage, ADA, "Approve")
    delegation = await settled_in(stage, State.ACTIVE)
    (held,) = stage.close.associations
    assert held.id == delegation.association_id
    stage.clock.push(hours=2)
    await settled_in(stage, State.ENDED)
    assert not stage.close.associations


@pytest.mark.parametrize("name", PASSING)
async def test_a_delete_that_stumbles_is_done_all_the_same(stage: World, name: str) -> None:
    """Whatever passes by itself: the association goes, and ended is said only then."""
    await active(stage)
    PASSING[name](stage.close.trouble, DELETE)
    await press(stage, ADA, "Revoke")
    await settled_in(stage, State.ENDED)
    assert not stage.close.associations
    await cards_at_rest(stage)
    assert "can no longer send email as you" in read_all(stage, ADA)


REFUSING = [
    (403, b"Forbidden", Trouble.CLOSE_FORBIDDEN, "does not allow"),
    (402, None, Trouble.CLOSE_PLAN_LIMIT, "limit of your Close plan"),
    (400, b'{"field-errors": {"x": ["no"]}}', Trouble.CLOSE_INVALID, "did not accept"),
    (404, None, Trouble.CLOSE_NOT_FOUND, "no longer knows"),
    (415, b"\xff\xfe", Trouble.CLOSE_UNEXPECTED, "don't understand"),
]


@pytest.mark.parametrize(("status", "body", "trouble", "words"), REFUSING)
async def test_a_refused_create_fails_with_a_readable_reason(
    stage: World, status: int, body: bytes | None, trouble: Trouble, words: str
) -> None:
    """A final no from Close is shown to both in words, never with Close's own text."""
    await stage.connect(ADA)
    await asked(stage)
    stage.close.trouble.fail(CREATE, status, 1, body=body)
    await press(stage, ADA, "Approve")
    delegation = await settled_in(stage, State.FAILED)
    assert delegation.trouble is trouble
    await cards_at_rest(stage)
    for person in (ADA, BEN):
        assert words in read_all(stage, person)
        assert "Forbidden" not in read_all(stage, person)
    assert calls(stage, "POST") == 1
    assert "Asked" in await stage.sendas(BEN, "@ada 2h")


@pytest.mark.parametrize("status", [400, 402, 403])
async def test_a_refused_delete_is_tried_for_ever_and_gets_loud(stage: World, status: int) -> None:
    """A no to a delete while the association is there is an incident that both can read of."""
    await active(stage)
    stage.close.trouble.fail(DELETE, status, 3)
    await press(stage, ADA, "Revoke")
    await world_says(stage, "may still be able to send")
    assert (await stage.only()).state is State.ENDING
    assert stage.close.find(ADA, BEN)
    await settled_in(stage, State.ENDED)
    assert not stage.close.find(ADA, BEN)


async def world_says(world: World, words: str) -> None:
    """Wait until the grantor reads these words, skipping the waits between attempts."""
    async with asyncio.timeout(PATIENCE):
        while words not in read_all(world, ADA):
            hurry(world, await world.only())
            await asyncio.sleep(MOMENT)


async def test_a_delete_of_what_is_gone_is_a_success(world: World) -> None:
    """Somebody removed the association in Close itself: 404 means gone, and that is said."""
    await active(world, "@ada 30m Covering")  # in an hour the comparison would find it
    assert world.close.remove(ADA, BEN)
    world.clock.push(minutes=30)
    await settled_in(world, State.ENDED)
    assert calls(world, "DELETE") == 1


@pytest.mark.usefixtures("impatient")
async def test_a_create_that_takes_too_long_is_read_back(stage: World) -> None:
    """A timeout after Close acted is neither success nor failure: the bot looks what is."""
    await stage.connect(ADA)
    await asked(stage)
    stage.close.trouble.after(CREATE, After.SLOW_BODY, seconds=1.0)
    await press(stage, ADA, "Approve")
    await settled_in(stage, State.ACTIVE)
    assert len(stage.close.associations) == 1


@pytest.mark.usefixtures("impatient")
async def test_a_delete_that_takes_too_long_is_read_back(stage: World) -> None:
    """A timeout before Close acted is no success either: the bot looks, and deletes again."""
    await active(stage)
    delete = stage.close.trouble.hold(DELETE)
    await press(stage, ADA, "Revoke")
    await settled_in(stage, State.ENDED)
    delete.let_go.set()
    assert not stage.close.associations


async def test_close_away_for_a_while(world: World) -> None:
    """While Close breaks every connection nothing is lost, and afterwards everything is done."""
    await world.connect(ADA)
    await asked(world)
    world.close.trouble.down()
    await press(world, ADA, "Approve")
    await attempts(world, 4)
    await world.card(BEN, "Close is not answering")
    world.close.trouble.up()
    await settled_in(world, State.ACTIVE)
    world.close.trouble.down()
    world.clock.push(hours=2)
    await world.until(State.ENDING)
    await attempts(world, 4)
    await world_says(world, "may still be able to send")
    assert "can no longer send" not in read_all(world, ADA)
    world.close.trouble.up()
    await settled_in(world, State.ENDED)
    assert not world.close.associations


async def attempts(world: World, number: int) -> Delegation:
    """Wait until a delegation was tried this often, skipping the waits in between."""
    async with asyncio.timeout(PATIENCE):
        while (delegation := await world.only()).attempts < number:
            hurry(world, delegation)
            await asyncio.sleep(MOMENT)
    return delegation


async def test_the_wait_that_close_names_is_kept(stage: World) -> None:
    """After a 429 with ``reset=40`` nothing is sent before, and no more than a second later."""
    await stage.connect(ADA)
    await asked(stage)
    stage.close.trouble.fail(CREATE, 429, headers={"retry-after": "40"})
    stage.close.trouble.fail(CREATE, 201)  # never reached in this test
    await press(stage, ADA, "Approve")
    delegation = await attempts(stage, 1)
    assert delegation.wake_at is not None
    named = timedelta(seconds=40)
    assert _answered(stage) + named < delegation.wake_at < stage.clock() + named + A_SECOND
    assert calls(stage, "POST") == 1


def _answered(world: World) -> datetime:
    """When Close answered last."""
    return world.close.calls[-1].when


async def test_revoked_while_a_create_is_on_its_way(world: World) -> None:
    """A revoke that overtakes the create wins: nothing of it is left in Close."""
    await world.connect(ADA)
    await asked(world)
    create = world.close.trouble.hold(CREATE)
    await press(world, ADA, "Approve")
    await create.arrived.wait()
    assert "I'll tell you when Close confirms" in await world.sendas(ADA, "revoke @ben")
    create.let_go.set()
    await settled_in(world, State.ENDED)
    assert not world.close.associations
    assert len(lasting(world, BEN, "You can send email as")) == 0


async def test_a_lost_create_is_not_forgotten_by_a_revoke(stage: World) -> None:
    """When the create's answer was lost and the grantor revokes, what Close made is removed."""
    await stage.connect(ADA)
    await asked(stage)
    unanswered(stage)
    await press(stage, ADA, "Approve")
    assert (await attempts(stage, 1)).is_unanswered
    await stage.sendas(ADA, "revoke @ben")
    await settled_in(stage, State.ENDED)
    assert not stage.close.associations


async def lost(world: World) -> Delegation:
    """Ada has approved; Close made the association, and neither its answer nor a list came."""
    await world.connect(ADA)
    await asked(world)
    unanswered(world)
    await press(world, ADA, "Approve")
    return await attempts(world, 1)


def unanswered(world: World) -> None:
    """Close will make the association, and neither its answer nor the list after it comes."""
    world.close.trouble.fail("GET /send_as/", 200, body=b'{"data": []}')  # before the create
    world.close.trouble.drop(CREATE)
    world.close.trouble.fail("GET /send_as/", 500)


def leave(world: World, person: SandboxPerson) -> None:
    """Nobody in Close has this person's address any more."""
    assert person.close_user_id is not None
    members = world.close.state.members
    members[person.close_user_id] = replace(person, email="somebody.else@example.com")


async def test_what_was_made_unseen_is_found_though_the_grantee_is_gone(world: World) -> None:
    """The association of a lost create is ours, whatever became of the grantee's account."""
    await lost(world)
    leave(world, BEN)
    world.clock.push(minutes=11)  # the list of members is asked for again
    delegation = await settled_in(world, State.ACTIVE)
    assert delegation.association_id == world.close.associations[0].id
    await press(world, ADA, "Revoke")
    await settled_in(world, State.ENDED)
    assert not world.close.associations


@pytest.mark.parametrize("is_unclear", [True, False])
async def test_an_attempt_is_never_forgotten_by_a_failure(stage: World, is_unclear: bool) -> None:
    """Nothing is found of an earlier attempt and the grantee is gone: only a settled look ends it,
    also when the bot was killed before it could note that the answer is missing."""
    await stage.connect(ADA)
    await asked(stage)
    stage.close.trouble.fail(CREATE, 500)
    stage.close.trouble.fail("GET /send_as/", 200, body=b'{"data": []}')  # nothing is there yet
    stage.close.trouble.fail("GET /send_as/", 500, 4)
    await press(stage, ADA, "Approve")
    assert (await attempts(stage, 1)).attempted_at
    await _note(stage, is_unclear=is_unclear)
    leave(stage, BEN)
    stage.close.trouble.clear()
    stage.clock.push(minutes=11)
    before = calls(stage, "GET")
    delegation = await settled_in(stage, State.ENDED)
    assert delegation.end_event is Event.FAIL
    assert calls(stage, "GET") >= before + 2  # before giving up, and to confirm the end


async def _note(world: World, **values: bool) -> None:
    await world.database.run_connection(
        lambda connection: connection.execute(delegations.update().values(values))
    )


async def test_a_refusal_after_a_lost_answer_is_no_failure(stage: World) -> None:
    """A no to the second attempt says nothing about the first one: it is ended properly."""
    await stage.connect(ADA)
    await asked(stage)
    stage.close.trouble.fail(CREATE, 500)
    stage.close.trouble.fail(CREATE, 402)
    await press(stage, ADA, "Approve")
    delegation = await settled_in(stage, State.ENDED)
    assert delegation.end_event is Event.FAIL
    assert calls(stage, "POST") == 2


async def test_a_refusal_after_a_wait_is_a_failure(stage: World) -> None:
    """An attempt to which Close said "later" had no effect, so the no after it is the answer."""
    await stage.connect(ADA)
    await asked(stage)
    stage.close.trouble.rate_limit(CREATE, reset=3)
    stage.close.trouble.fail(CREATE, 402)
    await press(stage, ADA, "Approve")
    delegation = await settled_in(stage, State.FAILED)
    assert delegation.trouble is Trouble.CLOSE_PLAN_LIMIT
    assert calls(stage, "POST") == 2

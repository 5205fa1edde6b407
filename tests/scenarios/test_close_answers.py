"""What counts as Close's word: confirmed is only what Close really said."""

import asyncio

import pytest

from models.delegation import State, Trouble
from sandbox.close.trouble import After
from sandbox.close.trouble import Trouble as Switches
from sandbox.close.unknowns import DeleteSuccess
from sandbox.people import ADA, BEN, CLEO
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import (
    active,
    asked,
    cards_at_rest,
    press,
    read_all,
    settled_in,
    shown,
)
from tests.scenarios.test_bulk import all_in, given
from tests.scenarios.test_close_trouble import world_says
from tests.scenarios.world import World

DELETE = "DELETE /send_as/*"
BULK = "POST /send_as/bulk/"
NO_WORD = {
    "404 while it is listed": lambda t, p, n: t.fail(p, 404, n),
    "a page with 200": lambda t, p, n: t.html(p, 200, n),
    "an error with 200": lambda t, p, n: t.fail(p, 200, n),
    "accepted only": lambda t, p, n: t.fail(p, 202, n, body=b""),
    "a page with 203": lambda t, p, n: t.html(p, 203, n),
}


def spoil(trouble: Switches, name: str, pattern: str, times: int = 4) -> None:
    """Have Close, or what stands before it, answer like this without acting."""
    NO_WORD[name](trouble, pattern, times)


@pytest.mark.parametrize("name", NO_WORD)
async def test_what_is_no_confirmation(stage: World, name: str) -> None:
    """F2: nobody reads that a right is gone while Close lists it, whatever was answered."""
    await active(stage)
    spoil(stage.close.trouble, name, DELETE, times=1000)  # until it is read, however often it tries
    await press(stage, ADA, "Revoke")
    await world_says(stage, "may still be able to send")
    assert stage.close.find(ADA, BEN)
    assert "can no longer send" not in read_all(stage, ADA) + read_all(stage, BEN)
    stage.close.trouble.clear()
    await settled_in(stage, State.ENDED)
    assert not stage.close.associations
    await stage.card(ADA, "can no longer send email as you")


@pytest.mark.parametrize("how", [After.CUT, After.GARBAGE, After.TRUNCATED])
@pytest.mark.parametrize("success", DeleteSuccess)
async def test_a_spoilt_confirmation_is_read_back(
    stage: World, how: After, success: DeleteSuccess
) -> None:
    """F2: Close acted, and what arrives of its answer is no word: a look confirms it."""
    await active(stage)
    stage.clock.push(seconds=20)
    stage.close.unknowns.delete_success = success
    stage.close.trouble.after(DELETE, how)
    await press(stage, ADA, "Revoke")
    await settled_in(stage, State.ENDED)
    assert not stage.close.associations


@pytest.mark.parametrize("name", NO_WORD)
async def test_removing_what_was_found(stage: World, name: str) -> None:
    """F2: the same for a right that the grantor wants removed."""
    stage.close.allow(ADA, CLEO)
    await stage.connect(ADA)
    await shown(stage, ADA, "Remove")
    spoil(stage.close.trouble, name, DELETE)
    await press(stage, ADA, "Remove")
    await stage.card(ADA, "Waiting for Close to confirm")
    assert "You removed it" not in read_all(stage, ADA)
    async with asyncio.timeout(PATIENCE):
        while "You removed it. Close confirmed" not in read_all(stage, ADA):
            stage.clock.push(minutes=1)
            await asyncio.sleep(MOMENT)
    assert not stage.close.associations


@pytest.mark.parametrize("name", NO_WORD)
async def test_many_at_once(stage: World, name: str) -> None:
    """F2: an answer to the bulk call that is not the documented list confirms nothing."""
    await given(stage)
    spoil(stage.close.trouble, name, BULK)
    stage.clock.push(hours=1)
    await all_in(stage, State.ENDED)
    assert not stage.close.associations


async def test_exists_already_but_is_not_listed(stage: World) -> None:
    """F6: Close refuses, because the pair has a right, and lists none: both read that, and nothing
    of accounts that are not active."""
    await stage.connect(ADA)
    stage.close.allow(ADA, BEN)
    stage.close.trouble.fail("GET /send_as/", 200, 20, body=b'{"data": []}')
    await asked(stage)
    await press(stage, ADA, "Approve")
    failed = await settled_in(stage, State.FAILED)
    assert failed.trouble is Trouble.CLOSE_EXISTS
    await cards_at_rest(stage)
    for person in (ADA, BEN):
        assert "does not list that right" in read_all(stage, person)
        assert "active there" not in read_all(stage, person)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (409, b""),
        (400, b'{"error": "Send As association already exists."}'),
        (400, b'{"errors": ["This pair is a duplicate."], "field-errors": {}}'),
        (422, b'{"field-errors": {"allowed_user_id": ["exists"]}}'),
    ],
)
async def test_each_way_to_say_that_it_exists(stage: World, status: int, body: bytes) -> None:
    """F6: however Close says it."""
    await stage.connect(ADA)
    await asked(stage)
    stage.close.trouble.fail("POST /send_as/", status, 2, body=body)
    await press(stage, ADA, "Approve")
    assert (await settled_in(stage, State.FAILED)).trouble is Trouble.CLOSE_EXISTS


@pytest.mark.parametrize(
    "body",
    [b"already exists", b'{"error": "No such user exists."}', b'{"errors": "does not exist"}'],
)
async def test_what_does_not_say_so(stage: World, body: bytes) -> None:
    """F6: any other refusal keeps its own words."""
    await stage.connect(ADA)
    await asked(stage)
    stage.close.trouble.fail("POST /send_as/", 400, 1, body=body)
    await press(stage, ADA, "Approve")
    assert (await settled_in(stage, State.FAILED)).trouble is Trouble.CLOSE_INVALID

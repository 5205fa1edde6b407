"""Many rights that end at the same moment, under a rate limit."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from itertools import product

import pytest
from cryptography.fernet import Fernet

from bench.many import write_overdue
from bench.rights import Pair
from bench.stage import askers, crowd
from bot.connections.vault import Vault
from models.delegation import State
from sandbox.people import BEN, SandboxPerson
from tests.scenarios.world import World, open_world

KEY = Fernet.generate_key().decode()
LIMIT = 20  # requests a second


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[World]:
    """A bot whose key the test knows, and a Close with a limit."""
    async with open_world(database_url, encryption_keys=(KEY,)) as opened:
        opened.close.trouble.limit_per_second(LIMIT)
        yield opened


def moved_in(world: World, people: Sequence[SandboxPerson]) -> Sequence[SandboxPerson]:
    """These people are in Slack and in Close from now on."""
    for person in people:
        world.slack.workspace.people[person.id] = person
        world.close.state.members[person.close_user_id or ""] = person
    return people


async def drained(world: World, database_url: str, pairs: Sequence[Pair]) -> None:
    """These pairs' time is up, and Close holds nothing any more."""
    await write_overdue(database_url, Vault([KEY]), world.close, pairs, world.clock())
    await world.close.wait_for(
        lambda: not world.close.associations, what="all associations to be gone"
    )


async def test_a_rate_limit_is_kept(stage: World, database_url: str) -> None:
    """60 grantors at 20 a second: no 429, and nobody reads of a trouble."""
    grantors = moved_in(stage, askers(crowd(60)))
    await drained(stage, database_url, [(each, BEN) for each in grantors])
    assert [each.status for each in stage.close.calls if each.status == 429] == []
    assert all(row.trouble is None for row in await stage.delegations())


async def test_teams_end_with_few_calls(stage: World, database_url: str) -> None:
    """Three grantors with ten each end with a handful of calls, not thirty."""
    people = moved_in(stage, askers(crowd(13)))
    await drained(stage, database_url, list(product(people[:3], people[3:])))
    writes = [
        each
        for each in stage.close.calls
        if each.method in ("POST", "DELETE") and "send_as" in each.path
    ]
    assert len(writes) <= 6
    assert {row.state for row in await stage.delegations()} <= {State.ENDING, State.ENDED}


async def test_a_429_is_waited_out(stage: World, database_url: str) -> None:
    """Where Close says "later", no request to the same group follows before it is later."""
    (grantor,) = moved_in(stage, askers(crowd(1)))
    stage.close.trouble.rate_limit("DELETE /send_as/*", reset=1.0)
    await drained(stage, database_url, [(grantor, BEN)])
    first, *others = [each for each in stage.close.calls if each.method == "DELETE"]
    assert first.status == 429
    assert all(each.when - first.when >= timedelta(seconds=0.95) for each in others)
    assert all(row.trouble is None for row in await stage.delegations())

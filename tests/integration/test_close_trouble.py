"""The real client while the sandbox Close fails, stalls, lies or limits."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.close.client import CloseClient
from bot.close.errors import CloseError, CloseProblem, OutcomeUnclear, ReconnectNeeded, RetryLater
from bot.close.limits import Limiter
from bot.ports import Credential
from sandbox.close.trouble import After, HeaderForm
from sandbox.people import ADA, BEN, CLEO, DANA, ELI
from tests.integration.close_world import (
    World,
    code_of,
    open_world,
    user_id,
)
from tests.patience import PATIENCE


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Open a fresh world."""
    async with open_world() as opened:
        yield opened


async def test_an_answer_lost_after_acting(world: World) -> None:
    """A create whose answer was cut off is unclear, and the list shows that it happened."""
    world.close.trouble.drop("POST /send_as/")
    with pytest.raises(OutcomeUnclear):
        await world.allow(ADA, BEN)
    assert len(await world.client.associations(world.credential(ADA))) == 1


async def test_a_refresh_whose_answer_is_lost(world: World) -> None:
    """A refresh whose answer was cut off is unclear: the old token is dead by then."""
    tokens = await world.oauth.exchange(await code_of(world, ADA))
    assert tokens.refresh_token
    world.close.trouble.drop("/oauth2/token/")
    with pytest.raises(OutcomeUnclear):
        await world.oauth.refresh(tokens.refresh_token)
    with pytest.raises(ReconnectNeeded):
        await world.oauth.refresh(tokens.refresh_token)


@pytest.mark.parametrize("what", [After.GARBAGE, After.TRUNCATED])
async def test_an_answer_spoiled_after_acting(world: World, what: After) -> None:
    """Garbage or half an answer after a create is unclear; for a read it is a reason to wait."""
    world.close.trouble.after("POST /send_as/", what)
    with pytest.raises(OutcomeUnclear):
        await world.allow(ADA, BEN)
    world.close.trouble.after("/me/", what)
    with pytest.raises(RetryLater):
        await world.client.me(world.credential(ADA))


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 415, 500, 502, 503])
@pytest.mark.parametrize("as_page", [True, False])
async def test_errors_with_any_body(world: World, status: int, as_page: bool) -> None:
    """JSON, plain text or an HTML page: the status decides, and it is always a CloseError."""
    if as_page:
        world.close.trouble.html("*", status)
    else:
        world.close.trouble.fail("*", status, body=b"Forbidden")
    with pytest.raises(CloseError) as caught:
        await world.client.me(world.credential(ADA))
    assert caught.value.status == status


@pytest.mark.parametrize("form", HeaderForm)
async def test_the_wait_is_understood_in_every_form(world: World, form: HeaderForm) -> None:
    """Each form of a 429 names the same wait, and the next request is not sent before it."""
    world.close.trouble.rate_limit("*", reset=30, form=form)
    ada = world.credential(ADA)
    for _ in range(2):
        with pytest.raises(RetryLater) as caught:
            await world.client.me(ada)
        assert caught.value.wait is not None
        assert 29 < caught.value.wait.total_seconds() <= 30
    assert len(world.close.calls) == 1


async def test_close_is_down_and_comes_back(world: World) -> None:
    """While nothing answers a read says later; afterwards the same client works again."""
    ada = world.credential(ADA)
    world.close.trouble.down()
    with pytest.raises(RetryLater):
        await world.client.me(ada)
    world.close.trouble.up()
    assert (await world.client.me(ada)).id == user_id(ADA)


async def test_nobody_listens(world: World) -> None:
    """A refused connection means that nothing was sent, also for a write."""
    client = CloseClient(world.http, "http://127.0.0.1:1", Limiter())
    with pytest.raises(RetryLater) as caught:
        await client.create_association(world.credential(ADA), user_id(ADA), user_id(BEN))
    assert caught.value.problem is CloseProblem.UNREACHABLE


async def test_a_name_that_does_not_exist(world: World) -> None:
    """A host that cannot be found means that nothing was sent, also for a write."""
    client = CloseClient(world.http, "http://close.invalid", Limiter())
    with pytest.raises(RetryLater):
        await client.create_association(world.credential(ADA), user_id(ADA), user_id(BEN))


async def test_no_tls_where_tls_is_expected(world: World) -> None:
    """A failed TLS handshake means that nothing was sent, also for a write."""
    client = CloseClient(world.http, world.url.replace("http:", "https:"), Limiter())
    with pytest.raises(RetryLater):
        await client.create_association(world.credential(ADA), user_id(ADA), user_id(BEN))


async def test_a_slow_answer_ends_at_the_limit(world: World) -> None:
    """A server that stalls or dribbles does not hold the bot longer than the total time."""
    client = CloseClient(world.http, world.url, Limiter(), within=timedelta(seconds=0.2))
    ada = world.credential(ADA)
    world.close.trouble.stall("POST /send_as/", 1)
    with pytest.raises(OutcomeUnclear) as unclear:
        await client.create_association(ada, user_id(ADA), user_id(BEN))
    world.close.trouble.after("/me/", After.SLOW_BODY, seconds=1)
    with pytest.raises(RetryLater):
        await client.me(ada)
    assert unclear.value.problem is CloseProblem.TIMED_OUT


async def test_two_people_share_the_client_and_nothing_else(world: World) -> None:
    """Calls of many credentials at once through one client each act as their own owner."""
    people = [ADA, BEN, CLEO, DANA] * 5
    seen = await asyncio.gather(*(world.client.me(world.credential(person)) for person in people))
    assert [each.id for each in seen] == [user_id(person) for person in people]


async def test_many_ends_at_one_moment_stay_under_the_limit(world: World) -> None:
    """A burst beyond the limit drains, and Close never says 429."""
    rate, number = 40, 100
    ids = [world.close.allow(ADA, BEN).id for _ in range(number)]
    ada = world.credential(ADA)
    world.close.trouble.limit_per_second(rate)
    queue = list(ids)

    async def worker() -> None:
        while queue:
            association_id = queue.pop()
            try:
                await world.client.delete_association(ada, association_id)
            except RetryLater:
                queue.append(association_id)

    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(worker() for _ in range(16)))
    assert world.close.associations == []
    assert 429 not in [call.status for call in world.close.calls]


async def test_two_limits_that_change(world: World) -> None:
    """A limit for each credential and one for all of them, which change meanwhile: everything is
    done, and hardly anything is refused."""
    number, organization, each = 60, 120, 40
    people = [ADA, BEN, CLEO, DANA]
    queues = [(world.credential(person), list(range(number))) for person in people]
    trouble = world.close.trouble
    trouble.limit_per_second(organization, each=each)

    async def worker(credential: Credential, queue: list[int]) -> None:
        while queue:
            waiting = queue.pop()
            try:
                await world.client.associations(credential)
            except RetryLater:
                queue.append(waiting)
            if queue == list(range(number // 2)):
                trouble.limit_per_second(organization // 2, each=each // 2)

    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(worker(*each) for each in queues for _ in range(4)))
    statuses = [call.status for call in world.close.calls if call.path == "/api/v1/send_as/"]
    assert statuses.count(200) == number * len(people)
    assert statuses.count(429) <= organization // 2  # what was on the way when less was allowed


async def test_somebody_without_an_account(world: World) -> None:
    """The sandbox itself refuses to play somebody who has no Close account."""
    with pytest.raises(LookupError):
        world.close.connect(ELI)

"""A copy of a signed request changes nothing: here, in another process, or after a start."""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import func, select

from models.delegation import State
from models.seen_request import seen_requests
from sandbox.people import ADA, BEN, CLEO
from sandbox.running import House, open_house
from sandbox.slack import payloads
from sandbox.slack.delivery import Reply, Sent
from tests.scenarios.houses import ask, rows
from tests.scenarios.moves import active, asked, at_rest, calls, press, settled_in
from tests.scenarios.world import World, another_bot, open_world

FORM = "application/x-www-form-urlencoded"


async def again(world: World, sent: Sent, where: str = "") -> Reply:
    """The very same bytes and headers once more; ``where`` is another bot's address."""
    world.slack.bot_url = where or world.bot_url
    try:
        return await world.slack.post_raw(sent.body, sent.headers)
    finally:
        world.slack.bot_url = world.bot_url


async def granted_and_taken_back(world: World) -> Sent:
    """Ada grants Ben, and takes it back."""
    await world.connect(ADA)
    await world.sendas(ADA, "grant @ben 2h")
    sent = world.slack.delivery.sent[-1]
    await settled_in(world, State.ACTIVE)
    await world.sendas(ADA, "revoke @ben")
    await settled_in(world, State.ENDED)
    return sent


async def asked_and_taken_back(world: World) -> Sent:
    """Ben asks Ada, and thinks better of it."""
    await asked(world)
    [sent] = [each for each in world.slack.delivery.sent if b"Covering" in each.body]
    await press(world, BEN, "Cancel")
    await settled_in(world, State.CANCELLED)
    return sent


async def form_and_taken_back(world: World) -> Sent:
    """The same with the form."""
    await world.slack.shortcut(BEN, "ask_send_as")
    await world.slack.wait_for(lambda: world.slack.view(BEN), what="the form")
    assert (await world.slack.submit(BEN, {"person": ADA, "duration": "2h"})).ok
    sent = world.slack.delivery.sent[-1]
    await press(world, BEN, "Cancel")
    await settled_in(world, State.CANCELLED)
    return sent


async def answered_and_taken_back(world: World) -> Sent:
    """The bot asked back; the answer's click stores a request, which is cancelled."""
    await world.sendas(BEN, "@ada until 5")
    question = world.slack.messages(BEN)[-1]
    await world.slack.click(BEN, question, question.buttons()[1])  # never a moment away
    sent = world.slack.delivery.sent[-1]
    await press(world, BEN, "Cancel")
    await settled_in(world, State.CANCELLED)
    return sent


Story = Callable[[World], Awaitable[Sent]]
STORIES: list[Story] = [
    granted_and_taken_back,
    asked_and_taken_back,
    form_and_taken_back,
    answered_and_taken_back,
]


@pytest.mark.parametrize("story", STORIES)
async def test_a_copy_gives_nothing_back(world: World, story: Story) -> None:
    """R7: what was taken back stays so, whoever hears the copy: this process or another one."""
    sent = await story(world)
    before = await at_rest(world)
    assert (await again(world, sent)).status == 401
    async with another_bot(world) as other:
        for _ in range(2):
            await again(world, sent, other)
    after = await at_rest(world)
    assert [(each.id, each.state) for each in after] == [(each.id, each.state) for each in before]
    assert not world.close.find(ADA, BEN)


async def test_another_process_refuses_a_copy(world: World) -> None:
    """R7: a copy that would change something is a 401 where nobody has seen the first one."""
    sent = await granted_and_taken_back(world)
    posts = calls(world, "POST")
    async with another_bot(world) as other:
        assert (await again(world, sent, other)).status == 401
    assert calls(world, "POST") == posts


async def test_a_copy_does_not_disconnect(world: World) -> None:
    """R7: somebody disconnected and connected again; the copy does not disconnect them."""
    await world.connect(BEN)
    await world.sendas(BEN, "disconnect")
    sent = world.slack.delivery.sent[-1]
    await world.connect(BEN)
    async with another_bot(world) as other:
        assert (await again(world, sent, other)).status == 401
    assert "not connected" not in await world.sendas(BEN, "disconnect")


async def test_two_copies_at_once(world: World) -> None:
    """R7: of two copies that two processes have at the same moment, one counts."""
    await world.connect(ADA)
    body = urlencode(
        payloads.command_form(ADA, world.slack.workspace.direct_channel(ADA.id), "/sendas", "")
        | {"text": f"grant <@{BEN.id}> 2h", "trigger_id": "1.2.x"}
    ).encode()
    sent = Sent(body, {"Content-Type": FORM, **world.slack.sign(body)})
    async with another_bot(world) as other, httpx.AsyncClient() as there:
        here, answer = await asyncio.gather(
            again(world, sent),
            there.post(f"{other}/slack/events", content=body, headers=sent.headers),
        )
    assert len(await world.delegations()) == 1
    assert {here.status, answer.status_code} <= {200, 401}


async def count(world: World) -> int:
    """How many requests are remembered in the database."""
    found: int = await world.database.run_connection(
        lambda connection: connection.execute(
            select(func.count()).select_from(seen_requests)
        ).scalar_one()
    )
    return found


async def test_only_changes_are_remembered(world: World) -> None:
    """R7: a request that changes something costs one row, however many transactions it takes."""
    for text in ("help", "list", "gibberish", "revoke @ada"):
        await world.sendas(BEN, text)
    assert await count(world) == 0
    await world.sendas(BEN, "@ada @cleo @dana 2h Covering")
    assert await count(world) == 1
    assert len(await world.delegations()) == 3
    await press(world, CLEO, "Deny")
    assert await count(world) == 2


async def test_the_bots_own_work_is_no_request(world: World) -> None:
    """R7: what workers do, also for a request, is not refused and not remembered."""
    await active(world)
    before = await count(world)
    world.clock.push(hours=3)
    await settled_in(world, State.ENDED)
    assert await count(world) == before


@pytest.mark.parametrize("start_again", ["kill", "stop"])
async def test_after_a_start(database_url: str, start_again: str) -> None:
    """R7: a copy that arrives after a restart of the real process changes nothing."""
    async with open_house(database_url=database_url) as house:
        sent = await _asked_and_denied(house, database_url)
        await (house.bot.kill() if start_again == "kill" else house.bot.stop())
        await house.bot.start()
        reply = await house.slack.post_raw(sent.body, sent.headers)
        assert reply.status == 401
        assert [each.state for each in await rows(database_url)] == [State.DENIED]


async def _asked_and_denied(house: House, database_url: str) -> Sent:
    await ask(house, BEN)
    sent = house.slack.delivery.sent[-1]
    card = await house.slack.wait_for(
        lambda: next((m for m in house.slack.messages(ADA) if "Deny" in m.buttons()), None),
        20,
        "the card",
    )
    assert (await house.slack.click(ADA, card, "Deny")).ok
    assert [each.state for each in await rows(database_url)] == [State.DENIED]
    return sent


async def test_a_pushed_clock_forgets_nothing(sqlite_url: str) -> None:
    """R7: signatures live in real time, whatever hour the bot believes it is."""
    async with open_world(sqlite_url) as world:
        sent = await asked_and_taken_back(world)
        world.clock.push(days=2)
        for number in range(40):  # about every sixteenth sweeps
            await world.sendas(CLEO, f"@ada 2h Number {number}")
            await world.sendas(CLEO, "release @ada")
        async with another_bot(world) as other:
            assert (await again(world, sent, other)).status == 401

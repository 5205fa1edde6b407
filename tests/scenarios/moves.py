"""Moves that many scenarios share: reach a state, press a button, hurry the clock, count calls."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.store.rows import many
from models.card import Card, cards
from models.connection import Connection, connections
from models.delegation import Delegation, State
from models.mark import mark_of, read_marked
from sandbox.people import ADA, BEN, SandboxPerson
from sandbox.slack import payloads
from sandbox.slack.blockkit import elements_of
from sandbox.slack.delivery import Reply
from sandbox.slack.workspace import Message, View
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.world import World


def weekday(world: World) -> str:
    """A day of this week that is nobody's today: today's own name can mean two things."""
    return f"{world.clock() + timedelta(days=3):%A}".lower()


async def asked(world: World, text: str = "@ada 2h Covering") -> Delegation:
    """Ben has asked Ada, and both see their cards."""
    answer = await world.sendas(BEN, text)
    assert "Asked" in answer, answer
    await shown(world, ADA, "Approve")
    await shown(world, BEN, "Cancel")
    return (await world.delegations())[-1]


async def active(world: World, text: str = "@ada 2h Covering") -> Delegation:
    """Ada is connected and has approved; both cards say that it is active."""
    page = await world.connect(ADA)
    assert page.is_success, page.text
    await asked(world, text)
    await press(world, ADA, "Approve")
    await shown(world, ADA, "Revoke", "can send email as you")
    await shown(world, BEN, "I'm done")
    await cards_at_rest(world)  # a lease that the pushed clock ends is no lease
    return await settled_in(world, State.ACTIVE)


async def shown(world: World, person: SandboxPerson, button: str, words: str = "") -> Message:
    """The person's latest message with this button (and words), once it is there."""

    def find() -> Message | None:
        for message in reversed(world.slack.messages(person)):
            if button in message.buttons() and words in world.slack.read(message, person):
                return message
        return None

    return await world.slack.wait_for(find, what=f"{button!r} for {person.handle}")


async def true(world: World, person: SandboxPerson, button: str) -> Message:
    """The person's latest message with this button, once that is about what is so."""
    async with asyncio.timeout(PATIENCE):
        while not await _is_true(  # noqa: ASYNC110 - only looking tells
            world, message := await shown(world, person, button), button
        ):
            await asyncio.sleep(MOMENT)
    return message


async def identified(world: World, text: str = "@ada 2h Covering") -> Message:
    """Ada's card, once Ben has asked and it says whose account in Close it is."""
    await asked(world, text)
    return await known(world)


async def known(world: World) -> Message:
    """Ada's card about the latest request, once it says whose account in Close it is: nothing
    changes it any more before she answers."""
    async with asyncio.timeout(PATIENCE):
        while (await world.delegations())[-1].identified_at is None:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)
    return await true(world, ADA, "Approve")


async def press(world: World, person: SandboxPerson, button: str) -> Reply:
    """Click the button on the person's latest message that has it, once that shows what is true."""
    message = await true(world, person, button)
    reply = await world.slack.click(person, message, button)
    assert reply.ok, reply
    return reply


async def forged(
    world: World, person: SandboxPerson, place: Message, action: str, value: str
) -> str:
    """What the person reads after a click on a button with this value, which no client may offer
    them any more, or ever did."""
    before = {message.ts for message in world.slack.messages(person)}  # cards move, and go
    reply = await world.slack.forge_click(person, place, action, value)
    assert reply.status == 200, reply

    def whisper() -> str | None:
        messages = world.slack.messages(person)
        answers = [each for each in messages if each.ephemeral and each.ts not in before]
        return world.slack.read(answers[-1], person) if answers else None

    return await world.slack.wait_for(whisper, what=f"an answer to {person.handle}'s {action}")


async def _is_true(world: World, message: Message, button: str) -> bool:
    """Whether the button is about its delegation as that is now."""
    row_id, mark = read_marked(carried(message, button))
    now = {each.id: mark_of(each) for each in await world.delegations()}
    return now.get(row_id, mark) == mark


def carried(shown: Message | View, name: str, choice: str = "") -> str:
    """What the button of this label or action id, or a choice in the menu, carries."""
    elements = [each for block in shown.blocks for each in elements_of(block)]
    element = next(e for e in elements if name in (e["action_id"], e.get("text", {}).get("text")))
    if not choice:
        return str(element.get("value", ""))
    option = next(each for each in element["options"] if each["text"]["text"] == choice)
    return str(option["value"])


async def settled_in(world: World, state: State, *, within: float = PATIENCE) -> Delegation:
    """The latest delegation, once it is in ``state`` and nobody works on it.

    Waits that the bot chose by itself are skipped: the clock jumps to the next attempt.
    """
    async with asyncio.timeout(within):
        while True:
            delegation = (await world.delegations())[-1]
            if delegation.leased_until is None:
                if delegation.state is state:
                    return delegation
                hurry(world, delegation)
            await asyncio.sleep(MOMENT)


def hurry(world: World, delegation: Delegation) -> None:
    """Jump to the moment of the next attempt, if one is waited for."""
    if delegation.state in (State.APPROVED, State.ENDING) and delegation.wake_at is not None:
        if delegation.leased_until is not None:
            return
        wait = delegation.wake_at - world.clock()
        if timedelta() < wait < timedelta(hours=1):
            world.clock.push(seconds=wait.total_seconds())


async def all_cards(world: World) -> list[Card]:
    """Every card row."""
    found: list[Card] = await world.database.run_connection(
        lambda connection: many(connection, Card, cards.select())
    )
    return found


async def cards_at_rest(world: World, *, within: float = PATIENCE) -> list[Card]:
    """All card rows, once each shows what is true; the waits in between are skipped."""
    async with asyncio.timeout(within):
        while True:
            found = await all_cards(world)
            if all(card.wake_at is None and card.leased_until is None for card in found):
                return found
            _hurry_cards(world, found)
            await asyncio.sleep(MOMENT)


def _hurry_cards(world: World, found: Iterable[Card]) -> None:
    if any(card.leased_until is not None for card in found):
        return
    waits = [card.wake_at - world.clock() for card in found if card.wake_at is not None]
    if waits and min(waits) > timedelta():
        world.clock.push(seconds=min(waits).total_seconds())


async def at_rest(world: World) -> list[Delegation]:
    """All rows, once none is leased, and no open one and no receipt is due now."""
    async with asyncio.timeout(PATIENCE):
        while True:
            rows = await world.delegations()
            if not any(_is_busy(world, row) for row in rows):
                return rows
            await asyncio.sleep(MOMENT)


def _is_busy(world: World, row: Delegation) -> bool:
    is_due = row.wake_at is not None and row.wake_at <= world.clock()
    return row.leased_until is not None or (is_due and (row.is_open or row.is_receipt_due))


async def connection_of(world: World) -> Connection:
    """The only stored connection."""

    def read(connection: Any) -> Connection:
        (found,) = many(connection, Connection, connections.select())
        return found

    found: Connection = await world.database.run_connection(read)
    return found


async def connection_at_rest(world: World) -> Connection:
    """The only connection, once the watch is not working on it."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await connection_of(world)
            due = found.wake_at is not None and found.wake_at <= world.clock()
            if found.leased_until is None and not due:
                return found
            await asyncio.sleep(MOMENT)


def revocations(world: World) -> int:
    """How often Close was asked to end a grant."""
    return sum(call.path == "/oauth2/revoke/" for call in world.close.calls)


async def revoked(world: World, times: int = 1) -> None:
    """Close has been asked this often to end a grant."""
    await world.close.wait_for(lambda: revocations(world) == times, what=f"{times} revocations")


def calls(world: World, method: str, path: str = "/api/v1/send_as/") -> int:
    """How many such calls Close received; the path may go on after what is given."""
    return sum(each.method == method and each.path.startswith(path) for each in world.close.calls)


def read_all(world: World, person: SandboxPerson) -> str:
    """Everything that the person sees."""
    return "\n".join(world.slack.read(each, person) for each in world.slack.messages(person))


def lasting(world: World, person: SandboxPerson, words: str) -> list[Message]:
    """The person's lasting messages with these words."""
    return [
        message
        for message in world.slack.messages(person)
        if not message.ephemeral and words in world.slack.read(message, person)
    ]


def posts(world: World, person: SandboxPerson) -> int:
    """How often something new was posted to this person, each of which notifies them."""
    return sum(
        call.method == "chat.postMessage" and call.arguments.get("channel") == person.id
        for call in world.slack.calls
        if call.outcome.startswith("ok")
    )


async def raw_command(world: World, person: SandboxPerson, text: str, **fields: str) -> Reply:
    """Send ``/sendas`` with exactly this text, which no client would escape like this."""
    place = world.slack.workspace.direct_channel(person.id)
    form = payloads.command_form(person, place, "/sendas", text)
    form |= {"trigger_id": "1.2.x", "response_url": f"{world.slack.url}/nowhere", **fields}
    return await world.slack.delivery.command(form)


def impersonated(person: SandboxPerson, team_id: str) -> SandboxPerson:
    """The same person as another workspace's Slack would sign them."""
    return replace(person, team_id=team_id)

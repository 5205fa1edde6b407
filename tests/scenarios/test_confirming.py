"""Strong rights are confirmed in Close, in the grantor's own browser; Slack alone is not enough."""

import asyncio
import html
from contextlib import suppress
from typing import Any

import httpx
import pytest

from bot.delegations import confirming
from bot.delegations.confirming import Wanted
from models.delegation import State
from sandbox.people import ADA, BEN, CLEO, SandboxPerson
from sandbox.slack.workspace import Message
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import active, asked, identified, press, settled_in, shown
from tests.scenarios.world import World, open_world

ASKS = "please confirm it in Close, in your own browser"
STRONG = "@ada 8d Covering"


def link_in(message: Message) -> str:
    """Where its button leads."""
    [url] = [
        element["url"]
        for block in message.blocks
        for element in block.get("elements", ())
        if "url" in element
    ]
    return str(url)


async def told_to_confirm(world: World, person: SandboxPerson = ADA) -> str:
    """The link of the answer that asks for it."""
    return link_in(await shown(world, person, "Confirm in Close", ASKS))


async def in_browser(world: World, link: str, person: SandboxPerson = ADA) -> str:
    """What the browser shows in the end."""
    answer = await world.follow(link, person)
    return html.unescape(answer.text)


async def test_a_click_alone_lends_nothing_for_long(database_url: str) -> None:
    """Approve leads to Close; with that consent it takes effect, and both cards say so."""
    async with open_world(database_url, confirm_in_browser_over="7d") as world:
        await world.connect(ADA)
        await asked(world, STRONG)
        await press(world, ADA, "Approve")
        link = await told_to_confirm(world)
        assert (await world.only()).state is State.REQUESTED
        async with httpx.AsyncClient(timeout=PATIENCE) as browser:
            page = html.unescape((await browser.get(link)).text)
        assert "Confirm in Close for Ada Lindqvist" in page
        assert "Ben Okafor can send email as you for 8 days" in page
        assert "somebody else may be using your Slack account" in page
        assert (await world.only()).state is State.REQUESTED
        said = await in_browser(world, link)
        assert "You have confirmed it" in said
        assert "Ben Okafor can send email as you for 8 days" in said
        await settled_in(world, State.ACTIVE)
        await world.card(BEN, "You can send email as")
        assert "That question was answered already" in await in_browser(world, link)


async def test_what_is_shorter_needs_no_more(sqlite_url: str) -> None:
    """Up to the limit a click is enough, and with ``forever`` only what has no end needs more."""
    async with open_world(sqlite_url, confirm_in_browser_over="7d") as world:
        await active(world, "@ada 7d Covering")
    async with open_world(sqlite_url, confirm_in_browser_over="forever") as world:
        await world.connect(ADA)
        await world.sendas(ADA, "grant @cleo 29d x")
        assert len(await world.delegations()) == 2
        assert ASKS in await world.sendas(ADA, "grant @dana forever x")
        assert "without an end" in world.slack.read(world.last_answer(ADA), ADA)
        assert len(await world.delegations()) == 2


async def test_the_account_has_to_be_the_same(sqlite_url: str) -> None:
    """Whoever is logged in to Close as somebody else confirms nothing, and connects nothing."""
    async with open_world(sqlite_url, confirm_in_browser_over="7d") as world:
        await world.connect(ADA)
        await asked(world, STRONG)
        await press(world, ADA, "Approve")
        link = await told_to_confirm(world)
        said = await in_browser(world, link, CLEO)
        assert "This is not the account that you are connected with" in said
        assert (await world.only()).state is State.REQUESTED
        assert "You have confirmed it" in await in_browser(world, link)
        await settled_in(world, State.ACTIVE)
        assert world.close.find(ADA, BEN)


async def test_another_browser_confirms_nothing(sqlite_url: str) -> None:
    """The way back from Close counts only in the browser that set out."""
    async with open_world(sqlite_url, confirm_in_browser_over="7d") as world:
        await world.connect(ADA)
        await asked(world, STRONG)
        await press(world, ADA, "Approve")
        link = await told_to_confirm(world)
        async with httpx.AsyncClient(timeout=PATIENCE) as browser:
            departure = await world.begin(browser, link)
            target = await world.close.consent(departure.headers["location"], ADA, allow=True)
        async with httpx.AsyncClient(timeout=PATIENCE) as other:
            assert "This did not start here" in (await other.get(target)).text
        assert (await world.only()).state is State.REQUESTED


async def test_what_has_changed_is_not_confirmed(sqlite_url: str) -> None:
    """It counts for what was read in Slack: other terms are asked about anew."""
    async with open_world(sqlite_url, confirm_in_browser_over="7d") as world:
        await world.connect(ADA)
        await asked(world, STRONG)
        await press(world, ADA, "Approve")
        link = await told_to_confirm(world)
        await press(world, BEN, "Change it")
        await world.slack.wait_for(lambda: world.slack.view(BEN), what="the form")
        assert (await world.slack.submit(BEN, {"duration": "20d", "reason": "More"})).ok
        said = await in_browser(world, link)
        assert "What you wanted to confirm has changed since" in said
        assert (await world.only()).state is State.REQUESTED


async def test_a_link_that_is_too_old(sqlite_url: str) -> None:
    """After an hour it confirms nothing any more; what was denied in Close neither."""
    async with open_world(sqlite_url, confirm_in_browser_over="7d") as world:
        await world.connect(ADA)
        await asked(world, STRONG)
        await press(world, ADA, "Approve")
        link = await told_to_confirm(world)
        refused = await world.follow(link, ADA, allow=False)
        assert "You did not allow it in Close" in refused.text
        world.clock.push(minutes=61)
        assert "is too old" in await in_browser(world, link)
        assert (await world.only()).state is State.REQUESTED


@pytest.mark.parametrize("length", ["9d", "forever"])
async def test_another_length(sqlite_url: str, length: str) -> None:
    """What the grantor makes longer than was asked is confirmed, with their note."""
    async with open_world(sqlite_url, confirm_in_browser_over="7d") as world:
        await world.connect(ADA)
        card = await identified(world)
        await world.slack.click(ADA, card, "more", "Approve with a different length…")
        await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")
        assert (await world.slack.submit(ADA, {"duration": length, "note": "As agreed"})).ok
        link = await told_to_confirm(world)
        assert "You have confirmed it" in await in_browser(world, link)
        row = await settled_in(world, State.ACTIVE)
        assert (row.note, row.ends_at is None) == ("As agreed", length == "forever")


async def test_grants(sqlite_url: str) -> None:
    """To one or to several, all of them are confirmed at once."""
    async with open_world(sqlite_url, confirm_in_browser_over="7d") as world:
        await world.connect(ADA)
        assert ASKS in await world.sendas(ADA, "grant @ben 8d While I am away")
        link = await told_to_confirm(world)
        assert await world.delegations() == []
        assert "You have confirmed it" in await in_browser(world, link)
        assert (await settled_in(world, State.ACTIVE)).reason == "While I am away"
        before = {each.ts for each in world.slack.messages(ADA)}
        await world.sendas(ADA, "grant @cleo @dana forever x")
        await world.slack.click(ADA, world.last_answer(ADA), "Grant to 2")
        answer = await world.slack.wait_for(
            lambda: next(
                (
                    each
                    for each in world.slack.messages(ADA)
                    if each.ts not in before and "Confirm in Close" in each.buttons()
                ),
                None,
            ),
            what="the way to Close",
        )
        page = await in_browser(world, link_in(answer))
        assert "Cleo Marchetti, Dana" in page
        assert len(await world.delegations()) == 3


async def test_more_time(sqlite_url: str) -> None:
    """An extension counts from the right's first moment on: many small ones are a long one."""
    async with open_world(sqlite_url, confirm_in_browser_over="7d") as world:
        row = await active(world, "@ada 6d Covering")
        await world.sendas(BEN, "extend @ada 3d")
        await shown(world, ADA, "Leave as it is")
        await press(world, ADA, "Approve")
        link = await told_to_confirm(world)
        assert "You have confirmed it" in await in_browser(world, link)
        ends_at = (await settled_in(world, State.ACTIVE)).ends_at
        assert row.ends_at is not None
        assert ends_at is not None
        assert (ends_at - row.ends_at).days == 3
        assert ASKS in await world.sendas(ADA, "extend @ben 1d")
        assert (await world.only()).ends_at == ends_at


async def test_standing_approvals(sqlite_url: str) -> None:
    """One that reaches far is confirmed; what is strong it never answers by itself."""
    async with open_world(sqlite_url, confirm_in_browser_over="7d") as world:
        await world.connect(ADA)
        card = await identified(world)
        await world.slack.click(ADA, card, "more", "Always approve this person…")
        await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")
        assert (await world.slack.submit(ADA, {"duration": "10d"})).ok
        link = await told_to_confirm(world)
        assert (await world.only()).state is State.REQUESTED
        assert "You have confirmed it" in await in_browser(world, link)
        await settled_in(world, State.ACTIVE)
        await world.sendas(BEN, "release @ada")
        await settled_in(world, State.ENDED)
        assert "Asked" in await world.sendas(BEN, STRONG)
        await shown(world, ADA, "Approve", "Covering")


async def test_whoever_is_not_connected_yet(sqlite_url: str) -> None:
    """Connecting for the first time confirms it as well."""
    async with open_world(sqlite_url, confirm_in_browser_over="7d") as world:
        await asked(world, STRONG)
        await press(world, ADA, "Approve")
        link = await told_to_confirm(world)
        assert "You have confirmed it" in await in_browser(world, link)
        await settled_in(world, State.ACTIVE)


@pytest.mark.parametrize("is_standing", [False, True])
async def test_a_slow_confirmation(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, *, is_standing: bool
) -> None:
    """To which account it goes can be looked up with the new connection before the confirmation is
    carried out: it counts as it was read."""
    carry_out = confirming.carry_out

    async def slowly(*what: Any) -> Wanted:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):  # long enough for that, which may not happen
                while (await world.only()).identified_at is None:  # noqa: ASYNC110 - only looking tells
                    await asyncio.sleep(MOMENT)
        return await carry_out(*what)

    monkeypatch.setattr(confirming, "carry_out", slowly)
    async with open_world(sqlite_url, confirm_in_browser_over="7d") as world:
        await asked(world, "@ada 2h Covering" if is_standing else STRONG)
        if is_standing:
            card = await shown(world, ADA, "Approve")
            await world.slack.click(ADA, card, "more", "Always approve this person…")
            await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")
            assert (await world.slack.submit(ADA, {"duration": "10d"})).ok
        else:
            await press(world, ADA, "Approve")
        assert "You have confirmed it" in await in_browser(world, await told_to_confirm(world))
        await settled_in(world, State.ACTIVE)


async def test_a_key_confirms_nothing(sqlite_url: str) -> None:
    """Where keys are allowed, too, this way leads to Close's own page alone."""
    async with open_world(sqlite_url, confirm_in_browser_over="7d", allow_api_keys=True) as world:
        await asked(world, STRONG)
        await press(world, ADA, "Approve")
        link = await told_to_confirm(world)
        async with httpx.AsyncClient(timeout=PATIENCE) as browser:
            departure = await world.begin(browser, link)
        assert departure.status_code == 303
        assert "/oauth2/authorize" in departure.headers["location"]

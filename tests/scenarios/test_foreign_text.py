"""What people and Close call things cannot make a card lie."""

from dataclasses import replace

import pytest

from bot.cards.foreign import plain
from sandbox.people import ADA, BEN, DANA, SandboxPerson
from tests.scenarios.moves import asked, at_rest, cards_at_rest, shown
from tests.scenarios.test_pairings import opened_by
from tests.scenarios.world import World, open_world

LIE = "Admin approved this."
REASONS = [
    f"Covering\n\n{LIE}",
    f"Covering\u2028{LIE}",
    f"Covering \u202e{LIE[::-1]}",
    f"Covering\u200b\u2066\u2060 {LIE}",
    f"Covering.” {LIE} “",
]


async def filled_in(world: World, reason: str) -> None:
    """Ben asks Ada by the form, whose field for the reason takes several lines."""
    await world.sendas(BEN, "")
    await world.slack.wait_for(lambda: world.slack.view(BEN), what="the form")
    typed = {"person": [ADA], "duration": "2h", "reason": reason}
    reply = await world.slack.submit(BEN, typed)
    assert reply.ok, reply


@pytest.mark.parametrize("reason", REASONS)
async def test_a_reason_is_one_line_of_what_is_seen(stage: World, reason: str) -> None:
    """C5: on the card and in the notification a reason is one quotation, whatever it holds."""
    await filled_in(stage, reason)
    card = await shown(stage, ADA, "Approve")
    assert f"\nReason: {plain(reason)}\n".replace('"', "") in card.text.replace('"', "")
    quotations = [block["text"]["text"] for block in card.blocks if block["type"] == "section"]
    assert f"“{plain(reason)}”" in quotations
    for text in (card.text, *quotations):
        assert not {"\u202e", "\u2066", "\u2028", "\u2060"} & set(text)
        assert f"\n{LIE}" not in text
    assert (await stage.only()).reason.strip() == reason.strip()


async def test_a_flood_of_blanks(stage: World) -> None:
    """C5: hundreds of blanks before a word are one blank."""
    answer = await stage.sendas(BEN, "@ada 2h Covering" + " " * 450 + "\n" * 30 + "leads")
    assert "Asked" in answer
    card = await shown(stage, ADA, "Approve")
    assert "Covering leads" in card.text
    answer = await stage.sendas(BEN, "nonsense" + " \n" * 1_500 + "more")
    assert "nonsense" in answer


def named(world: World, person: SandboxPerson, name: str) -> None:
    """What somebody is called in Close."""
    key = person.close_user_id or ""
    world.close.state.members[key] = replace(world.close.state.members[key], name=name)


PADDED = "Ben Okafor, ada.lindqvist@example.com" + "\u00a0" * 300


async def test_a_name_is_no_address(stage: World) -> None:
    """C5: a name in Close that looks like an address stands above the address, which has a line of
    its own."""
    named(stage, BEN, PADDED)
    await stage.connect(ADA)
    await asked(stage)
    await at_rest(stage)
    await cards_at_rest(stage)
    card = await shown(stage, ADA, "Approve", BEN.email)
    (lines,) = [
        block["text"]["text"].splitlines()
        for block in card.blocks
        if "Goes to" in str(block.get("text"))
    ]
    assert lines == [
        "*Goes to:* Ben Okafor, ada.lindqvist@example.com",
        f"Address in Close: {BEN.email} (matched by email)",
    ]


async def test_an_admin_reads_the_address(sqlite_url: str) -> None:
    """C5: the same in the question to an admin."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as world:
        named(world, BEN, PADDED)
        await opened_by(world, ADA, BEN)
        question = await shown(world, DANA, "Confirm")
        assert f"\nAddress in Close: {BEN.email}" in question.text
        assert "\u00a0" not in question.text


async def test_a_stray_is_shown_by_its_address(stage: World) -> None:
    """C5: whoever is not found in Slack is told by a name that is cut, and by the address."""
    stage.slack.workspace.people.pop(DANA.id)
    named(stage, DANA, f"Ada\u202e Lindqvist\n{LIE}" + "x" * 200)
    stage.close.allow(ADA, DANA)
    await stage.connect(ADA)
    card = await shown(stage, ADA, "Keep")
    assert f"\nAddress in Close: {DANA.email}" in card.text
    assert f"\n{LIE}" not in card.text
    assert "\u202e" not in card.text
    assert "x" * 60 not in card.text

"""What was sent in the grantor's name, and whether anything can be sent at all."""

from datetime import timedelta

import pytest

from models.delegation import Receipt, ReceiptState, State
from sandbox.close.state import HeldAccount
from sandbox.people import ADA, BEN
from tests.scenarios.moves import active, asked, cards_at_rest, press, read_all, settled_in, shown
from tests.scenarios.world import World


@pytest.mark.parametrize("is_grantors", [True, False])
async def test_a_receipt_at_the_end(world: World, is_grantors: bool) -> None:
    """Counts and the last few emails, whoever Close files them under; only counts are stored."""
    world.close.unknowns.email_belongs_to_grantor = is_grantors
    await active(world)
    world.close.send_email(BEN, subject="His own")
    world.close.send_email(BEN, in_name_of=ADA, subject="First *offer*", to=("kim@example.org",))
    world.close.send_email(
        BEN, in_name_of=ADA, subject="Second", to=("KIM@example.org", "lee@example.org")
    )
    world.clock.push(hours=2)
    await world.card(ADA, "2 emails were sent to 2 people in your name")
    await world.card(ADA, "to KIM@example.org and 1 more: “Second”")
    assert "His own" not in read_all(world, ADA)
    delegation = await settled_in(world, State.ENDED)
    assert delegation.receipt == Receipt(ReceiptState.MADE, emails=2, people=2)
    assert "Second" not in read_all(world, BEN)


async def test_nothing_was_sent(world: World) -> None:
    """The receipt says so when nothing was sent."""
    await active(world)
    world.clock.push(hours=2)
    await world.card(ADA, "No email was sent in your name")


@pytest.mark.parametrize("fact", ["forbidden", "no field", "outage"])
async def test_a_receipt_that_cannot_be_made(world: World, fact: str) -> None:
    """The end is confirmed and told all the same, and the receipt says that there is none."""
    await active(world)
    world.close.send_email(BEN, in_name_of=ADA)
    if fact == "forbidden":
        world.close.unknowns.email_is_forbidden = True
    elif fact == "no field":
        world.close.unknowns.email_names_association = False
    else:
        world.close.trouble.fail("GET /activity/email/", 503, times=1000)
    world.clock.push(hours=2)
    await settled_in(world, State.ENDED)
    assert not world.close.associations
    world.clock.push(minutes=2)
    await world.card(ADA, "I couldn't find out what was sent in your name")


async def test_what_was_sent_so_far(world: World) -> None:
    """The button shows it while the right is active, and to the grantor only."""
    delegation = await active(world)
    world.close.send_email(BEN, in_name_of=ADA, subject="Early <!channel>")
    await press(world, ADA, "What was sent")
    answer = await world.whispered(ADA, "1 email was sent to 1 person in your name")
    assert "<!channel>" not in str(answer.blocks) + answer.text
    card = await shown(world, BEN, "I'm done")
    await world.slack.forge_click(BEN, card, "receipt", delegation.id)
    await world.whispered(BEN, "Only the people this is about")


async def test_without_an_address_to_send_from(world: World) -> None:
    """Nothing is created when the grantor cannot send email, and both hear what to do."""
    world.close.set_accounts(ADA)
    await world.connect(ADA)
    await asked(world)
    await press(world, ADA, "Approve")
    for person in (ADA, BEN):
        await world.card(person, "has no email address to send from")
    assert not world.close.associations


async def test_the_card_names_the_addresses(world: World) -> None:
    """The active card says which addresses can be used now."""
    account = HeldAccount(
        "emailacct_1", "custom_email", ADA.close_user_id or "", "Ada", ("a@one.test", "a@two.test")
    )
    world.close.set_accounts(ADA, account)
    delegation = await active(world)
    assert delegation.addresses == "a@one.test\na@two.test"
    assert "a@one.test, a@two.test" in world.slack.read(await shown(world, BEN, "I'm done"), BEN)


@pytest.mark.parametrize("status", [403, 404])
async def test_accounts_that_close_does_not_show(world: World, status: int) -> None:
    """Without that knowledge the right is given all the same."""
    world.close.trouble.fail("GET /connected_account/", status)
    delegation = await active(world)
    assert delegation.addresses == ""


async def test_the_warning_names_what_is_scheduled(world: World) -> None:
    """Before the end the grantee reads which of their emails Close would still try to send."""
    await active(world)
    tomorrow = world.clock() + timedelta(days=1)
    world.close.send_email(BEN, in_name_of=ADA, scheduled_for=tomorrow, subject="Later")
    world.close.send_email(BEN, in_name_of=ADA, subject="Sent")
    world.clock.push(minutes=61)
    warning = await world.card(BEN, "1 email is scheduled for later")
    assert "“Later”" in world.slack.read(warning, BEN)
    assert "“Sent”" not in world.slack.read(warning, BEN)


async def test_no_warning_about_nothing(world: World) -> None:
    """Without scheduled emails, or when Close does not show them, only the end is announced."""
    await active(world)
    world.close.unknowns.email_is_forbidden = True
    world.clock.push(minutes=61)
    await world.card(BEN, "Your time is nearly up")
    await cards_at_rest(world)
    assert "scheduled for later" not in read_all(world, BEN)


async def test_scheduled_emails_are_not_sent_ones(world: World) -> None:
    """An email that waits to be sent is not on the receipt."""
    await active(world)
    world.close.send_email(
        BEN, in_name_of=ADA, scheduled_for=world.clock() + timedelta(days=1), subject="Later"
    )
    world.clock.push(hours=2)
    await world.card(ADA, "No email was sent in your name")

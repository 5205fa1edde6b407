"""What takes away asks once: a "no" changes nothing, and a "yes" does what was said."""

from models.delegation import State
from sandbox.people import ADA, BEN
from tests.scenarios.moves import active, shown
from tests.scenarios.world import World


async def test_revoking_asks_once(world: World) -> None:
    """Ada reads whose right it is; after "Keep it" it is still there, after "Revoke" it ends."""
    await active(world)
    card = await shown(world, ADA, "Revoke")
    dialog = world.slack.dialog(ADA, card, "Revoke")
    assert dialog is not None
    assert (dialog.title, dialog.confirm, dialog.deny) == (
        f"Revoke {BEN.name}’s right?",
        "Revoke",
        "Keep it",
    )
    await world.slack.click(ADA, card, "Revoke", confirms=False)
    assert (await world.only()).state is State.ACTIVE
    assert (await world.slack.click(ADA, card, "Revoke")).ok
    await world.until(State.ENDED)


async def test_ending_early_names_the_address(world: World) -> None:
    """Ben reads as which address he can no longer send."""
    await active(world)
    card = await shown(world, BEN, "I'm done")
    dialog = world.slack.dialog(BEN, card, "I'm done")
    assert dialog is not None
    assert f"as {ADA.email}, at once" in dialog.text


async def test_disconnecting_can_be_left(world: World) -> None:
    """The question has "Never mind", and says that nothing changed."""
    await active(world)
    await world.sendas(ADA, "disconnect")
    question = world.last_answer(ADA)
    assert world.slack.dialog(ADA, question, "End these and disconnect") is not None
    assert (await world.slack.click(ADA, question, "Never mind")).ok
    await world.whispered(ADA, "You are still connected to Close.")
    assert (await world.only()).state is State.ACTIVE

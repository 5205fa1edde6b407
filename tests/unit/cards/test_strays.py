"""The list of many rights that were set up in Close itself."""

from dataclasses import replace

from bot.cards import strays
from models.stray import StrayState
from sandbox.slack.blockkit import problems_of_message
from tests.surfaces.around_close import stray

UPDATE_TEXT = 4000  # characters: chat.update refuses longer ones (slack.md §5)


def test_a_list_of_names_can_be_changed_later() -> None:
    """F7: while Slack has yet to say who they are, two hundred names and addresses are listed; the
    text beside the list is cut so that the list can still be brought up to date."""
    named = stray(StrayState.FOUND, grantee_id=None)
    many = [replace(named, id=f"x{number:021}") for number in range(strays.MOST_LISTED)]
    message = strays.listing(many)
    blocks = [each.to_dict() for each in message.blocks]
    assert problems_of_message(blocks, message.text) == []
    assert len(message.text) <= UPDATE_TEXT
    assert "more." in message.text
    assert str(blocks).count("• ") == strays.MOST_LISTED

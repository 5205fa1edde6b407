"""Every button and form, wherever it is shown: what decides carries a mark of what is shown."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from bot.cards.faces import Action
from sandbox.slack.blockkit import elements_of
from tests.surfaces.catalogue import MESSAGES, VIEWS

MARKED = re.compile(r"([a-z_]+:)?[^:]+:[0-9a-f]{16}")
UNCOMPARED = {
    # What takes away means the same whatever has changed; an extension is asked for in a form.
    *(Action.REVOKE, Action.RELEASE, Action.CANCEL, Action.EXTEND, "revoke_bundle"),
    # These only show something.
    *(Action.CONNECT, Action.RECEIPT, "ask_send_as", "home_newer", "home_older"),
    *("with_person", "everybody", "list_back", "list_more", "stray_single_out"),
    *("own_rights", "everybodys_rights", "everybody_earlier", "everybody_further"),
    # These open a form, in which an admin says why something is taken away.
    *("end_right", "end_all_of"),
    "review_choose",  # its form has a mark beside each thing that is kept
    # Each is about something that never changes, and has an id of its own: a standing approval, a
    # draft, a question to the admins.
    *("end_standing", "first_reading", "second_reading", "third_reading", "fourth_reading"),
    *("grant_all", "never_mind"),
    *("end_them", "keep_them"),
    # Says again what the grantor has agreed to.
    Action.REMIND,
    "stay_connected",  # changes nothing
    "end_cover",  # takes away
    *("plan_cover", "change_cover"),  # these open a form, which has the mark
    *("do_not_ask_me", "ask_me_again"),  # whether somebody is asked about their absences
    *("name_deputy", "end_deputy"),  # the one opens a form, the other takes away
}
# Three are about no row yet; in the others an admin takes away, whatever has changed.
OWN_FORMS = {"request", "end-right", "end-everything", "deputy", "cover"}
MANY = {"review"}  # is about many rows, each with its mark


def _values(blocks: Any) -> Iterator[tuple[str, str]]:
    for block in blocks:
        for element in elements_of(block):
            for each in element.get("options") or [element]:
                if "value" in each and element["type"] in ("button", "overflow", "static_select"):
                    yield element["action_id"], each["value"]


@pytest.mark.parametrize("kind", [*MESSAGES, *VIEWS])
def test_no_button_decides_unmarked(kind: str) -> None:
    """C1: a new button either carries a mark, or stands in the list of those that need none."""
    for surface, shown in (MESSAGES | VIEWS)[kind]().items():
        for action, value in _values(shown["blocks"]):
            assert action in UNCOMPARED or MARKED.fullmatch(value), (surface, action, value)


def test_no_form_decides_unmarked() -> None:
    """C1: so does a form."""
    for name, view in VIEWS["modals"]().items():
        if name.split("/")[0] in MANY:
            asked = [each["block_id"] for each in view["blocks"] if each["type"] == "input"]
            assert all(MARKED.fullmatch(each) for each in asked if not each.startswith("why:"))
            continue
        is_marked = MARKED.fullmatch(view.get("private_metadata", ""))
        assert is_marked or name.split("/")[0] in OWN_FORMS, name

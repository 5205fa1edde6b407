"""The App Home as rendered: what it says, what it offers, and what it leaves out."""

from dataclasses import replace
from typing import Any

import pytest

from bot.cards.homes import HISTORY_PAGE, MOST_ROWS, home_view
from models.delegation import State
from models.mark import marked
from models.overview import Excerpt, Overview
from sandbox.slack.blockkit import elements_of
from tests.surfaces import rows


def rendered(overview: Overview, admins: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """The blocks that Slack is sent."""
    view = home_view(overview, connect_url=rows.CONNECT_URL, now=rows.NOW, admins=admins)
    blocks: list[dict[str, Any]] = view.to_dict()["blocks"]
    return blocks


def said(blocks: list[dict[str, Any]]) -> str:
    """All text."""
    parts = []
    for block in blocks:
        texts = block["elements"] if block["type"] == "context" else [block.get("text")]
        parts += [text["text"] for text in texts if text]
    return "\n".join(parts)


def actions(blocks: list[dict[str, Any]]) -> list[str]:
    """The action ids of everything that can be pressed."""
    return [part["action_id"] for block in blocks for part in elements_of(block)]


def test_the_fullest_home_fits() -> None:
    """With a thousand rows of each kind, and every row as tall as it gets, 100 blocks suffice."""
    full = rows.overviews(MOST_ROWS, HISTORY_PAGE)["fullest"]
    blocks = rendered(full, (rows.DANA,))
    assert len(blocks) <= 100
    assert said(blocks).count("of 1000)") == 7
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    assert len(ids) == len(set(ids))


def test_nothing_to_connect_when_connected() -> None:
    """The button to connect is there exactly when connecting helps."""
    homes = rows.overviews(MOST_ROWS, HISTORY_PAGE)
    assert "connect" in actions(rendered(homes["empty"]))
    assert "connect" in actions(rendered(homes["reconnect"]))
    assert "connect" not in actions(rendered(homes["connected"]))


def test_the_same_buttons_as_the_cards() -> None:
    """A request in the home is answered with the card's own buttons, which carry the same."""
    request = rows.shortest(State.REQUESTED, id="w1")
    blocks = rendered(Overview(person_id=rows.ADA, waiting=Excerpt([request], 1)))
    row = next(block for block in blocks if block.get("block_id") == "delegation:w1")
    assert [part["action_id"] for part in row["elements"]] == ["approve", "deny", "more"]
    assert row["elements"][0]["value"] == marked(request)


def test_without_an_end() -> None:
    """A right without an end says so, and cannot be extended."""
    lasting = rendered(
        Overview(person_id=rows.ADA, given=Excerpt([rows.permanent(State.ACTIVE)], 1))
    )
    ending = rendered(Overview(person_id=rows.ADA, given=Excerpt([rows.shortest(State.ACTIVE)], 1)))
    assert f"<@{rows.BEN}> until revoked" in said(lasting)
    assert "extend" not in actions(lasting)
    assert "until revoked" not in said(ending)
    assert f"<@{rows.BEN}> until <!date^" in said(ending)
    assert "extend" in actions(ending)


def test_only_the_giver_ends_a_standing_approval() -> None:
    """The button to end a standing approval is there for its giver alone."""
    mine, theirs = rows.standing(1), rows.standing(2, grantor=rows.CLEO, grantee=rows.ADA)
    blocks = rendered(
        Overview(person_id=rows.ADA, trusted=Excerpt([mine], 1), trusting=Excerpt([theirs], 1))
    )
    assert actions(blocks).count("end_standing") == 1
    assert "Always approve you" in said(blocks)


@pytest.mark.parametrize(
    ("page", "has_older", "offered"),
    [
        (0, False, []),
        (0, True, ["home_older"]),
        (3, True, ["home_newer", "home_older"]),
        (3, False, ["home_newer"]),
    ],
)
def test_leafing(page: int, has_older: bool, offered: list[str]) -> None:
    """Only pages that exist are offered."""
    overview = Overview(person_id=rows.ADA, history=rows.past(3), page=page, has_older=has_older)
    turning = [each for each in actions(rendered(overview)) if each.startswith("home_")]
    assert turning == offered


def test_history_speaks_to_its_reader() -> None:
    """A row of the history says who sent as whom, from the reader's side."""
    row = rows.shortest(State.ENDED)
    for reader, line in (
        (rows.ADA, f"<@{rows.BEN}> as you"),
        (rows.BEN, f"You as <@{rows.ADA}>"),
        (rows.CLEO, f"<@{rows.BEN}> as <@{rows.ADA}>"),
    ):
        assert line in said(rendered(Overview(person_id=reader, history=[row])))


def test_who_can_help() -> None:
    """The admins are named as who can help, when there are any."""
    assert f"<@{rows.DANA}>" in said(rendered(Overview(person_id=rows.ADA), (rows.DANA,)))
    assert "looks wrong" not in said(rendered(Overview(person_id=rows.ADA)))


def test_nothing_is_said_twice() -> None:
    """A row with the same id in two lists would be refused by Slack: ids of blocks are unique."""
    overview = rows.overviews(MOST_ROWS, HISTORY_PAGE)["one-of-each"]
    ids = [block["block_id"] for block in rendered(overview) if "block_id" in block]
    assert len(ids) == len(set(ids))


def test_long_texts_are_cut() -> None:
    """A reason that would not fit into a row ends with an ellipsis."""
    long = replace(rows.shortest(State.ACTIVE), reason="a" * 500)
    blocks = rendered(Overview(person_id=rows.ADA, given=Excerpt([long], 1)))
    assert max(len(block["text"]["text"]) for block in blocks if "text" in block) <= 300
    assert "…" in said(blocks)


def test_no_block_id_twice() -> None:
    """K14: a delegation that is in two of the lists, whatever the reason, does not make Slack
    refuse the home."""
    shared = rows.shortest(State.ACTIVE, id="w1")
    both = Excerpt([shared, shared], 2)
    blocks = rendered(Overview(person_id=rows.ADA, waiting=both, given=both, received=both))
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    assert "delegation:w1" in ids
    assert len(ids) == len(set(ids))

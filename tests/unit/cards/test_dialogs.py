"""What takes away asks once, within Slack's limits, and nothing else does."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.cards import aftermath, alarms, covers, deputies, homes, notices, strays
from bot.cards.bundles import REVOKE_BUNDLE
from bot.cards.delegations import card
from bot.cards.dialogs import before
from bot.cards.faces import Action
from models.account import described
from models.card import Audience
from models.delegation import Delegation, State
from sandbox.slack.blockkit import elements_of
from tests.surfaces.catalogue import MESSAGES, VIEWS
from tests.surfaces.rows import CONNECT_URL, shortest

TAKES_AWAY = {
    REVOKE_BUNDLE,
    covers.END,
    *(REVOKE_BUNDLE, deputies.END),
    *(Action.REVOKE, Action.RELEASE, homes.END_STANDING, strays.REMOVE),
    *(aftermath.PAUSE, aftermath.DRAFTS),
    *(notices.REJECT_PAIRING, notices.DISCONNECT, alarms.END_THEM, alarms.IS_GONE),
}
LIMITS = {"title": 100, "text": 300, "confirm": 30, "deny": 30}  # slack.md §5


def _buttons(shown: Any) -> Iterator[dict[str, Any]]:
    for block in shown["blocks"]:
        for element in elements_of(block):
            if element["type"] == "button":
                yield element


@pytest.mark.parametrize("kind", [*MESSAGES, *VIEWS])
def test_what_takes_away_asks_once(kind: str) -> None:
    """Every such button on every surface, and no other one, has a dialog that says what happens."""
    for surface, shown in (MESSAGES | VIEWS)[kind]().items():
        for each in _buttons(shown):
            dialog = each.get("confirm")
            assert (dialog is not None) == (each["action_id"] in TAKES_AWAY), (surface, each)
            assert dialog is not None or each.get("style") != "danger", (surface, each)
            if dialog is not None:
                assert dialog["style"] == "danger", surface
                for part, most in LIMITS.items():
                    assert dialog[part]["type"] == "plain_text", surface
                    assert 0 < len(dialog[part]["text"]) <= most, (surface, part)


def test_every_surface_that_takes_away_is_looked_at() -> None:
    """The catalogue shows each of these buttons, so that none is forgotten above."""
    seen = {
        each["action_id"]
        for kind in (MESSAGES | VIEWS).values()
        for shown in kind().values()
        for each in _buttons(shown)
    }
    assert seen >= TAKES_AWAY


@pytest.mark.parametrize("kind", MESSAGES)
def test_one_primary_button_a_message(kind: str) -> None:
    """A reader sees at once what is meant to be pressed."""
    for surface, shown in MESSAGES[kind]().items():
        primary = [each for each in _buttons(shown) if each.get("style") == "primary"]
        assert len(primary) <= 1, surface


def _text(action: Action, delegation: Delegation, audience: Audience) -> tuple[str, str]:
    dialog = before(action, delegation, audience)
    assert dialog is not None
    shown = dialog.to_dict()
    return shown["title"]["text"], shown["text"]["text"]


def test_the_dialog_names_who_loses_what() -> None:
    """The name that Close knows stands in the question; without one it still says what happens."""
    known = shortest(State.ACTIVE, grantee_account=described("Ben Okafor", "ben@example.com"))
    revoking = _text(Action.REVOKE, known, Audience.GRANTOR)
    assert revoking == (
        "Revoke Ben Okafor’s right?",
        "Ben Okafor can no longer send email as you, at once.",
    )
    unknown = _text(Action.REVOKE, shortest(State.ACTIVE), Audience.GRANTOR)
    assert unknown == ("Revoke this right?", "They can no longer send email as you, at once.")
    mine = shortest(State.ACTIVE, addresses="ada@example.com\nada.l@example.com")
    _, text = _text(Action.RELEASE, mine, Audience.GRANTEE)
    assert text == "You can no longer send email as ada@example.com, at once."
    _, text = _text(Action.RELEASE, known, Audience.REQUESTER)
    assert text == "Ben Okafor can no longer send email as your colleague, at once."


def test_a_long_name_is_cut() -> None:
    """Whatever somebody is called in Close, Slack takes the dialog."""
    long = shortest(State.ACTIVE, grantee_account=described("W" * 400, "w" * 300 + "@example.com"))
    nameless = shortest(State.ACTIVE, grantee_account=described("", "w" * 300 + "@example.com"))
    for each in (long, nameless):
        title, text = _text(Action.REVOKE, each, Audience.GRANTOR)
        assert len(title) <= 100
        assert len(text) <= 300
        assert card(each, Audience.GRANTOR, connect_url=CONNECT_URL).blocks

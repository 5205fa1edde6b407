"""Every surface keeps to Slack's limits, and the stored ones are what the code renders."""

import json
from typing import Any

import pytest

from sandbox.slack.blockkit import problems_of_message, problems_of_view
from sandbox.slack.markup import problems_of_mrkdwn
from tests.surfaces.catalogue import KINDS, MESSAGES, TEXTS, VIEWS
from tests.surfaces.files import FOLDER, as_text, path_of
from tests.surfaces.rows import LONG_TEXT

UPDATE_TEXT = 4000  # characters: chat.update refuses longer ones (slack.md §5)


def stored(kind: str) -> dict[str, Any]:
    """The surfaces of one kind as they are stored."""
    found: dict[str, Any] = json.loads(path_of(kind).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_stored_is_rendered(kind: str) -> None:
    """The file is what the code renders today; ``make surfaces`` writes it anew."""
    assert path_of(kind).read_text(encoding="utf-8") == as_text(KINDS[kind]())


def test_no_file_is_left_over() -> None:
    """Each stored file belongs to a kind that is still rendered."""
    assert {path.stem for path in FOLDER.glob("*.json")} == set(KINDS)


@pytest.mark.parametrize("kind", MESSAGES)
def test_messages_fit(kind: str) -> None:
    """Slack takes every message, when it is posted and when it is updated."""
    for name, message in stored(kind).items():
        assert problems_of_message(message["blocks"], message["text"]) == [], name
        assert len(message["text"]) <= UPDATE_TEXT, name


@pytest.mark.parametrize("kind", VIEWS)
def test_views_fit(kind: str) -> None:
    """Slack takes every form and every App Home, also with a thousand rows behind it."""
    for name, view in stored(kind).items():
        assert problems_of_view(view) == [], name


@pytest.mark.parametrize("kind", TEXTS)
def test_texts_fit(kind: str) -> None:
    """Every answer is sound markup, and short enough for one message."""
    for name, text in stored(kind).items():
        assert 0 < len(text) <= UPDATE_TEXT, name
        if not name.endswith("/plain"):
            assert list(problems_of_mrkdwn(text)) == [], name


@pytest.mark.parametrize("kind", MESSAGES)
def test_a_reader_hears_everything(kind: str) -> None:
    """What stands in the blocks of a message is also in the text that a screen reader says."""
    for name, message in stored(kind).items():
        heard = _words(message["text"])
        for block in message["blocks"]:
            for text in _texts(block):
                assert _words(text) <= heard, name


def test_nobody_is_called() -> None:
    """What people typed can neither mention everybody nor format anything."""
    assert "<!everyone>" in LONG_TEXT
    for kind in MESSAGES | VIEWS:
        for name, shown in stored(kind).items():
            for text in _mrkdwn(shown):
                assert "<!everyone>" not in text, name


def _words(text: str) -> set[str]:
    """The words, apart from marks and the differences between the two kinds of text."""
    for mark in "*_~`“”\u200b":
        text = text.replace(mark, "")
    for entity, character in {"&lt;": "<", "&gt;": ">", "&amp;": "&"}.items():
        text = text.replace(entity, character)
    return {word.strip(".:,") for word in text.split() if word.isascii()}


def _texts(block: dict[str, Any]) -> list[str]:
    if block["type"] == "section":
        return [block["text"]["text"]]
    if block["type"] == "context":
        return [element["text"] for element in block["elements"]]
    return []


def _mrkdwn(shown: Any) -> list[str]:
    """Every text inside that Slack reads as markup."""
    if isinstance(shown, list):
        return [text for inner in shown for text in _mrkdwn(inner)]
    if not isinstance(shown, dict):
        return []
    own = [shown["text"]] if shown.get("type") == "mrkdwn" else []
    return own + [text for inner in shown.values() for text in _mrkdwn(inner)]

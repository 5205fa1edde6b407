"""Blocks as plain JSON: what the SDK would make of them, without its checks."""

from typing import Any

import pytest

from bot.slack.plain import plain
from tests.surfaces import catalogue


@pytest.mark.parametrize("kind", catalogue.MESSAGES)
def test_every_message(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each block of each message that is ever shown."""
    monkeypatch.setattr(catalogue, "_message", lambda message: {"blocks": list(message.blocks)})
    for name, message in catalogue.KINDS[kind]().items():
        blocks: list[Any] = message["blocks"]
        assert plain(blocks) == [each.to_dict() for each in blocks], name


@pytest.mark.parametrize("kind", catalogue.VIEWS)
def test_every_view(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each form and each App Home."""
    monkeypatch.setattr(catalogue, "_view", lambda view: {"view": view})
    for name, shown in catalogue.KINDS[kind]().items():
        assert plain(shown["view"]) == shown["view"].to_dict(), name

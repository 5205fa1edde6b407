"""docs/reference/: what the pages say is what the code does."""

import pytest

from bot.process.settings import Settings
from tests.site.reference import FOLDER, SANDBOX_ONLY, every_command, meanings, pages

HOW = "write it anew with: make reference"


@pytest.mark.parametrize("name", ["settings.md", "commands.md"])
def test_a_page_is_what_the_code_says(name: str) -> None:
    """Each page is exactly what the settings and the commands are now."""
    assert (FOLDER / name).read_text(encoding="utf-8") == pages()[name], HOW


def test_every_setting_says_what_it_means() -> None:
    """Below each field of the settings stands what it is for."""
    silent = set(Settings.model_fields) - SANDBOX_ONLY - set(meanings())
    assert not silent, f"write below the field what it means: {silent}"


def test_every_command_is_there() -> None:
    """The page has each command, also those of a group, with an example that calls it."""
    text = (FOLDER / "commands.md").read_text(encoding="utf-8")
    for words, command in every_command():
        assert f"\n## {' '.join(words)}\n" in text
        assert command.example.startswith(" ".join(words))

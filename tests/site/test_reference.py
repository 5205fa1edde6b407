"""The pages of reference: whatever can be set and run is on them, as the code has it."""

import re

from bot.process.settings import Settings
from tests.site.reference import SANDBOX_ONLY, commands_page, every_command, settings_page


def test_every_setting_is_there() -> None:
    """Each setting has a row with its name, its default and what it means."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \| (.*?) ?\|$", settings_page(), re.MULTILINE)
    assert [name.lower() for name, _, _ in rows] == [
        name for name in Settings.model_fields if name not in SANDBOX_ONLY
    ]
    shown = {name: value for name, value, _ in rows}
    assert (shown["PUBLIC_URL"], shown["MAX_DURATION"]) == ("required", "`30d`")
    assert (shown["ALLOW_PERMANENT"], shown["DATABASE_URL"]) == ("`true`", "`sqlite:///send-as.db`")


def test_every_command_is_there() -> None:
    """Each command is there, also of a group, with its options and an example that calls it."""
    page = commands_page()
    for words, command in every_command():
        assert f"\n## {' '.join(words)}\n" in page
        assert command.example.startswith(" ".join(words))
    assert "| `--person STR` |" in page

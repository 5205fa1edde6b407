"""The environment is described once in the settings; the example for people agrees."""

import re
from datetime import timedelta
from pathlib import Path

from bot.process.settings import Settings
from bot.times.lengths import parse_duration

ROOT = Path(__file__).resolve().parents[3]
SANDBOX_ONLY = {"CLOCK_FILE"}
NEEDED_BY_MOST = {"SLACK_SIGNING_SECRET", "CLOSE_CLIENT_ID", "CLOSE_CLIENT_SECRET"}
NAMES = {name.upper() for name in Settings.model_fields} - SANDBOX_ONLY
ASSIGNMENT = re.compile(r"^(# )?([A-Z_]+)=(.*)$", re.MULTILINE)


def test_the_example_names_all() -> None:
    """``.env.example`` names every variable that the bot reads, and no other."""
    text = (ROOT / ".env.example").read_text()
    assert {name for _, name, _ in ASSIGNMENT.findall(text)} == NAMES


def test_the_example_needs_what_the_bot_needs() -> None:
    """What the bot cannot start without stands in ``.env.example`` ready to be filled in."""
    text = (ROOT / ".env.example").read_text()
    ready = {name for mark, name, _ in ASSIGNMENT.findall(text) if not mark}
    required = {
        name.upper() for name, field in Settings.model_fields.items() if field.is_required()
    }
    assert ready == required | NEEDED_BY_MOST


def test_the_example_shows_the_defaults() -> None:
    """The values behind # in ``.env.example`` are the real defaults."""
    text = (ROOT / ".env.example").read_text()
    for mark, name, shown in ASSIGNMENT.findall(text):
        default = Settings.model_fields[name.lower()].default
        if not mark or name == "SLACK_APP_TOKEN":
            continue
        if isinstance(default, timedelta):
            assert parse_duration(shown) == default, name
        elif isinstance(default, bool):
            assert shown == str(default).lower(), name
        elif isinstance(default, tuple):
            assert shown == ",".join(default), name
        elif default:
            plain = default.get_secret_value() if hasattr(default, "get_secret_value") else default
            assert shown.rstrip("/") == str(plain), name
        else:
            assert shown == "", name

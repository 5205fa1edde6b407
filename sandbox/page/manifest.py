"""What the app's manifest lets people start: slash commands and shortcuts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

MANIFEST = Path(__file__).resolve().parents[2] / "slack_manifest.yml"


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """One command as the message box offers it."""

    name: str
    description: str
    usage: str


@dataclass(frozen=True, slots=True)
class Shortcut:
    """One entry of the shortcuts menu, or of a message's own menu."""

    callback_id: str
    name: str
    description: str
    is_for_messages: bool


@dataclass(frozen=True, slots=True)
class Manifest:
    """The part of the manifest that people see."""

    commands: tuple[SlashCommand, ...]
    shortcuts: tuple[Shortcut, ...]

    @property
    def global_shortcuts(self) -> tuple[Shortcut, ...]:
        """Those that start anywhere."""
        return tuple(each for each in self.shortcuts if not each.is_for_messages)

    @property
    def message_shortcuts(self) -> tuple[Shortcut, ...]:
        """Those that start from a message."""
        return tuple(each for each in self.shortcuts if each.is_for_messages)


def read_manifest(path: Path = MANIFEST) -> Manifest:
    """The commands and shortcuts of ``slack_manifest.yml``."""
    features: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["features"]
    return Manifest(
        tuple(_command(each) for each in features.get("slash_commands", [])),
        tuple(_shortcut(each) for each in features.get("shortcuts", [])),
    )


def _command(entry: dict[str, Any]) -> SlashCommand:
    return SlashCommand(entry["command"], entry["description"], entry.get("usage_hint", ""))


def _shortcut(entry: dict[str, Any]) -> Shortcut:
    is_for_messages = entry["type"] == "message"
    return Shortcut(entry["callback_id"], entry["name"], entry["description"], is_for_messages)

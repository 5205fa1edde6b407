"""``slack_manifest.yml``: accepted by Slack, and agreeing with what the code listens to."""

import inspect
import json
import pkgutil
from collections import defaultdict
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
import yaml

from bot import listeners
from bot.process.doctor.slack import EVENTS_HEARD, NEEDED, OPTIONAL
from tests.schemas import refusal

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "tests" / "contract" / "slack_manifest.schema.json"


class RecordingApp:
    """Stands in for bolt's app: notes what is listened to, by kind."""

    def __init__(self) -> None:
        self.heard: dict[str, set[str]] = defaultdict(set)

    def __getattr__(self, kind: str) -> Callable[..., Any]:
        """``app.action("approve")(function)`` and ``app.error(function)``."""

        def listen(to: Any) -> Callable[..., Any]:
            name = to.get("callback_id") or to.get("action_id") if isinstance(to, dict) else to
            self.heard[kind].add(str(name))
            return lambda function: function

        return listen


@pytest.fixture
def manifest() -> dict[str, Any]:
    """The manifest as Slack reads it."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "slack_manifest.yml").read_text())
    return loaded


@pytest.fixture
def heard() -> dict[str, set[str]]:
    """Everything that any module of ``bot.listeners`` registers."""
    app = RecordingApp()
    for module in pkgutil.iter_modules(listeners.__path__):
        register = getattr(import_module(f"bot.listeners.{module.name}"), "register", None)
        if register is not None:
            _, *others = inspect.signature(register).parameters
            register(app, *(MagicMock() for _ in others))
    return app.heard


def urls(part: Any) -> list[str]:
    """Every address in the manifest."""
    if isinstance(part, dict):
        return [url for value in part.values() for url in urls(value)]
    if isinstance(part, list):
        return [url for value in part for url in urls(value)]
    return [part] if isinstance(part, str) and part.startswith("http") else []


def test_slack_accepts_it(manifest: dict[str, Any]) -> None:
    """The manifest keeps to the lengths, names and shapes of Slack's schema (slack.md §10)."""
    assert refusal(manifest, json.loads(SCHEMA.read_text())) is None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("display_information", "name"), "n" * 36),
        (("display_information", "long_description"), "too short"),
        (("features", "slash_commands"), []),
        (("features", "shortcuts"), []),
        (("settings", "interactivity", "request_url"), "http://sendas.example.com"),
        (("settings", "unheard_of"), True),
    ],
)
def test_the_schema_refuses(manifest: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """The schema that the test above relies on does refuse what Slack refuses."""
    *parents, last = path
    part = manifest
    for name in parents:
        part = part[name]
    part[last] = value
    assert refusal(manifest, json.loads(SCHEMA.read_text()))


def test_commands_agree(manifest: dict[str, Any], heard: dict[str, set[str]]) -> None:
    """Every command in the manifest is listened to and the other way round."""
    named = {command["command"] for command in manifest["features"]["slash_commands"]}
    assert named == heard["command"]


def test_mentions_come_as_ids(manifest: dict[str, Any]) -> None:
    """Every command asks Slack to turn names into ids; without it nobody could be found."""
    assert all(command["should_escape"] for command in manifest["features"]["slash_commands"])


def test_shortcuts_agree(manifest: dict[str, Any], heard: dict[str, set[str]]) -> None:
    """Every shortcut in the manifest is listened to and the other way round."""
    named = {each["callback_id"] for each in manifest["features"].get("shortcuts", [])}
    assert named == heard["shortcut"] | heard["global_shortcut"] | heard["message_shortcut"]


def test_events_agree(manifest: dict[str, Any], heard: dict[str, set[str]]) -> None:
    """Every event in the manifest is listened to and the other way round."""
    assert set(manifest["settings"]["event_subscriptions"]["bot_events"]) == heard["event"]


def test_the_doctor_names_all_events(manifest: dict[str, Any]) -> None:
    """What it has people look for in the app's settings is what the manifest subscribes to."""
    assert list(EVENTS_HEARD) == manifest["settings"]["event_subscriptions"]["bot_events"]


def test_interactivity_agrees(manifest: dict[str, Any], heard: dict[str, set[str]]) -> None:
    """Clicks, forms and menus reach the bot exactly when it listens to them."""
    interactivity = manifest["settings"]["interactivity"]
    assert interactivity["is_enabled"] == bool(heard["action"] and heard["view"])
    assert ("message_menu_options_url" in interactivity) == bool(heard["options"])


def test_home_tab_agrees(manifest: dict[str, Any], heard: dict[str, set[str]]) -> None:
    """The App Home is offered exactly when the bot fills it, and nobody can write to the bot."""
    home = manifest["features"]["app_home"]
    assert home["home_tab_enabled"] == ("app_home_opened" in heard["event"])
    assert home["messages_tab_enabled"]
    assert home["messages_tab_read_only_enabled"]


def test_scopes_agree(manifest: dict[str, Any]) -> None:
    """The manifest asks for exactly the scopes that ``python -m bot doctor`` looks for."""
    scopes = manifest["oauth_config"]["scopes"]
    assert set(scopes["bot"]) == NEEDED | OPTIONAL.keys()
    assert set(scopes["bot_optional"]) == OPTIONAL.keys()


def test_some_scopes_may_be_left_out(manifest: dict[str, Any]) -> None:
    """What only some need is optional, and named among the scopes, as Slack wants it."""
    scopes = manifest["oauth_config"]["scopes"]
    assert scopes["bot_optional"] == ["usergroups:read", "channels:history", "groups:history"]
    assert set(scopes["bot_optional"]) < set(scopes["bot"])


def test_one_address(manifest: dict[str, Any]) -> None:
    """Everything Slack sends goes to the one endpoint the bot has for it."""
    assert {url.partition("sendas.example.com")[2] for url in urls(manifest)} == {"/slack/events"}

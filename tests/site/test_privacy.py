"""docs/privacy.md: the permissions that it explains are those that the app asks for."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
MANIFEST = yaml.safe_load((ROOT / "slack_manifest.yml").read_text(encoding="utf-8"))


def test_every_scope_is_explained() -> None:
    """The table has each scope of the manifest, and says of the optional ones that they are."""
    table = PAGE.partition("\n| scope |")[2].partition("\n\n")[0]
    rows = dict(re.findall(r"^\| `([\w:.]+)` \|.*\| ?(.*?) ?\|$", table, re.MULTILINE))
    scopes = MANIFEST["oauth_config"]["scopes"]
    assert set(rows) == set(scopes["bot"])
    optional = {scope for scope, without in rows.items() if without.startswith("optional: ")}
    assert optional == set(scopes["bot_optional"])


def test_every_event_is_explained() -> None:
    """Each event that Slack sends to the bot is named, with what it is for."""
    events = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    sentence = PAGE.partition(" events are sent to it: ")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", sentence)) == set(events)

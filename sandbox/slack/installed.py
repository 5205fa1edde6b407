"""What an app installed from ``slack_manifest.yml`` is and may: no more, no less."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

MANIFEST = Path(__file__).resolve().parents[2] / "slack_manifest.yml"


def manifest_scopes(path: Path = MANIFEST) -> frozenset[str]:
    """The bot scopes in the manifest."""
    return frozenset(_manifest(path)["oauth_config"]["scopes"]["bot"])


def is_tab_read_only(path: Path = MANIFEST) -> bool:
    """Whether people cannot write in the bot's Messages tab."""
    return bool(_manifest(path)["features"]["app_home"]["messages_tab_read_only_enabled"])


@cache
def _manifest(path: Path) -> dict[str, Any]:
    # Once for each file: it takes longer to read than the app that it describes to start.
    manifest: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return manifest

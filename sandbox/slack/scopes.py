"""The scopes that an app installed from ``slack_manifest.yml`` is granted: no more, no less."""

from pathlib import Path

import yaml

MANIFEST = Path(__file__).resolve().parents[2] / "slack_manifest.yml"


def manifest_scopes(path: Path = MANIFEST) -> frozenset[str]:
    """The bot scopes in the manifest."""
    manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
    return frozenset(manifest["oauth_config"]["scopes"]["bot"])

"""What the Slack CLI asks of this project: the manifest as JSON, and the bot for ``slack run``.

The CLI runs what ``hooks.json`` names, in the project's folder, after ``make install``.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import yaml

MANIFEST = Path(__file__).resolve().parent.parent / "slack_manifest.yml"
# What the CLI calls its tokens, and what the bot calls them.
TOKENS = {"SLACK_CLI_XOXB": "SLACK_BOT_TOKEN", "SLACK_CLI_XAPP": "SLACK_APP_TOKEN"}


def manifest() -> dict[str, Any]:
    """``slack_manifest.yml`` with Socket Mode on: an app that the CLI runs has no address at which
    Slack could reach it."""
    found: dict[str, Any] = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    found["settings"]["socket_mode_enabled"] = True
    return found


def start() -> NoReturn:
    """Migrate, then become the bot, with the CLI's tokens where the environment has none; those of
    ``.env`` belong to another app."""
    missing = [theirs for theirs in TOKENS if not os.environ.get(theirs)]
    if missing:
        sys.exit(f"{' and '.join(missing)}: not set. Start this with: slack run")
    for theirs, ours in TOKENS.items():
        os.environ.setdefault(ours, os.environ[theirs])
    bot = [sys.executable, "-m", "bot"]
    migrated = subprocess.run([*bot, "migrate"], check=False)  # noqa: S603 - our own interpreter and module
    if migrated.returncode:
        sys.exit(migrated.returncode)
    os.execv(sys.executable, [*bot, "serve"])  # noqa: S606 - so that a signal reaches the bot itself


def main(arguments: Sequence[str] | None = None) -> int:
    """One hook; the CLI may add options of its own, and says how it knows the answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("hook", choices=["get-manifest", "start"])
    parser.add_argument("--boundary", default="", help="stands before and after the answer")
    chosen, _ = parser.parse_known_args(arguments)
    if chosen.hook == "start":
        start()
    print(f"{chosen.boundary}{json.dumps(manifest())}{chosen.boundary}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

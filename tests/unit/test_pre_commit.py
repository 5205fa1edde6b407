"""The hooks before a commit are the commands of ``make check``, from the same environment."""

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CONFIG = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
HOOKS = [hook for repo in CONFIG["repos"] for hook in repo["hooks"]]
TOOLS = ["ruff format", "ruff check", "mypy", "lint-imports"]


def test_nothing_is_downloaded() -> None:
    """Every hook is local and runs what ``make install`` has put into ``.venv``."""
    assert {repo["repo"] for repo in CONFIG["repos"]} == {"local"}
    assert {hook["language"] for hook in HOOKS} == {"system"}
    for hook in HOOKS:
        assert (ROOT / hook["entry"].split()[0]).exists(), hook["entry"]


def test_they_are_what_make_check_runs() -> None:
    """The hooks and ``make check`` run the same four commands in the same order."""
    ran = [hook["entry"].removeprefix(".venv/bin/").partition(" --")[0] for hook in HOOKS]
    recipe = (ROOT / "Makefile").read_text().partition("\ncheck:")[2].partition("\n\n")[0]
    places = [recipe.find(tool) for tool in TOOLS]
    assert ran == TOOLS
    assert -1 < places[0] < places[1] < places[2] < places[3]

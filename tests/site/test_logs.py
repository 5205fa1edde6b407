"""docs/logs.md: every field that a line of the log may have, and events that there are."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")
LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "bind"}
PYTHONS_OWN = {"exc_info": "exception"}  # what is asked for, and what the line then has


def lines() -> Iterator[ast.Call]:
    """Every place in the bot that writes a line, or gives a logger a field for all of its own."""
    for path in sorted((ROOT / "bot").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(attr=level, value=who)) if level in LEVELS:
                    if "log" in ast.unparse(who).lower():
                        yield node


def table(heading: str) -> set[str]:
    """What stands in backticks in the first column of the table below a heading."""
    below = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [row.split("|")[1] for row in below.splitlines() if row.startswith("| `")]
    return {word for cell in rows for word in re.findall(r"`([^`]+)`", cell)}


def test_every_field_is_explained() -> None:
    """Whatever field the bot gives a line has a place on the page."""
    used = {field.arg for line in lines() for field in line.keywords if field.arg}
    named = {PYTHONS_OWN.get(each, each) for each in used}
    said = table("What a line may have")
    assert named <= said, f"not on the page: {named - said}"


def test_what_to_look_for_is_written() -> None:
    """Each event that the page has somebody look for is written somewhere in the bot."""
    written = {
        word.value
        for line in lines()
        for each in line.args[:1]
        for word in ast.walk(each)
        if isinstance(word, ast.Constant) and isinstance(word.value, str)
    }
    assert len(written) > 30
    assert table("What to look for") <= written

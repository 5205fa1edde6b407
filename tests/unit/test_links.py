"""Every relative link between the documents leads somewhere, down to the heading."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {".git", ".venv", "node_modules"}

FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(([^()\s]+)(?: \"[^\"]*\")?\)")
ATTRIBUTE = re.compile(r"\b(?:src|srcset|href)=\"([^\"\s]+)\"")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//")


def documents() -> Iterator[Path]:
    """Every Markdown file of the project."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [each for each in folders if each not in NOT_OURS and "cache" not in each]
        yield from (Path(folder, each) for each in files if each.endswith(".md"))


def links(text: str) -> list[str]:
    """The relative links of a document, as they are written; what is code is none."""
    prose = CODE.sub("", FENCED.sub("", text))
    found = [*LINK.findall(prose), *ATTRIBUTE.findall(prose)]
    return [each for each in found if not ELSEWHERE.match(each)]


def anchors(text: str) -> set[str]:
    """What can follow a ``#``: the headings, in the form that GitHub gives them."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in HEADING.findall(FENCED.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def is_broken(link: str, document: Path) -> bool:
    """Whether a relative link in ``document`` leads nowhere."""
    place, _, anchor = unquote(link).partition("#")
    target = document if not place else (document.parent / place).resolve()
    if not target.exists() or not target.is_relative_to(ROOT):
        return True
    return bool(anchor) and (target.suffix != ".md" or anchor not in anchors(target.read_text()))


@pytest.mark.parametrize(
    "document", sorted(documents()), ids=lambda each: str(each.relative_to(ROOT))
)
def test_links_lead_somewhere(document: Path) -> None:
    """Every relative link and anchor of this document is there, inside the project."""
    broken = [each for each in links(document.read_text()) if is_broken(each, document)]
    assert not broken, f"{document.relative_to(ROOT)} links to what is not there: {broken}"


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("README.md", False),
        ("docs/start.md#what-you-need", False),
        ("docs/troubleshooting.md#what-to-do-when", False),
        ("README.md#nowhere", True),
        ("nowhere.md", True),
        ("LICENSE#mit", True),
        ("../elsewhere.md", True),
    ],
)
def test_a_broken_link_is_found(link: str, *, expected: bool) -> None:
    """The check above finds files and headings that are not there."""
    assert is_broken(link, ROOT / "CHANGELOG.md") is expected


def test_what_counts_as_a_link() -> None:
    """Links and pictures count; code and other people's addresses do not."""
    text = (
        '[a](one.md#x) ![b](two.png "b") <img src="three.png"> <a href="#four">\n'
        "[c](https://example.com) [d](mailto:a@b) `[e](five.md)`\n```\n[f](six.md)\n```\n"
    )
    assert links(text) == ["one.md#x", "two.png", "three.png", "#four"]


def test_headings_as_anchors() -> None:
    """Marks are dropped, spaces become hyphens, and a second one of the same name is counted."""
    text = "# One `wake_at`, not two\n## A & B\n## A & B\n```\n# code\n```\n### What to do when…\n"
    assert anchors(text) == {"one-wake_at-not-two", "a--b", "a--b-1", "what-to-do-when"}

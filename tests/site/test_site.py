"""The site that ``make docs`` builds: strict, whole, and of nothing but its own files."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What a browser fetches by itself; a link that somebody may click is none of these.
FETCHED = re.compile(r"<(?:script|img|source|iframe|link)\b[^>]*>")
ADDRESS = re.compile(r"\b(?:src|srcset|href)=\"((?:https?:)?//[^\"]*)\"")
STYLED = re.compile(r"url\(\s*['\"]?(?:https?:)?//|@import")
LINK = re.compile(r"<a\b[^>]*?\bhref=\"([^\"#?:]*)(?:#([^\"]*))?\"")
NAMED = re.compile(r"\bid=\"([^\"]+)\"")
WITHIN = 120.0


def build(root: Path, to: Path) -> subprocess.CompletedProcess[str]:
    """The site of this project, as ``make docs`` builds it."""
    command = (sys.executable, "-m", "mkdocs", "build", "--site-dir", str(to))
    return subprocess.run(  # noqa: S603 - our own words
        [*command, "--config-file", str(root / "mkdocs.yml")],
        cwd=root,
        env={
            **os.environ,
            "NO_MKDOCS_2_WARNING": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built."""
    to = tmp_path_factory.mktemp("site")
    built = build(ROOT, to)
    assert built.returncode == 0, built.stdout + built.stderr
    return to


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    """Whoever reads a page tells nobody: no script, font, style or picture of another host."""
    pages = list(site.rglob("*.html"))
    assert len(pages) > 10
    for page in pages:
        text = page.read_text()
        asked = [
            ADDRESS.findall(tag) for tag in FETCHED.findall(text) if 'rel="canonical"' not in tag
        ]
        assert not [each for each in asked if each], page
        assert 'class="mermaid"' not in text, "the theme would fetch what draws it"
    for sheet in site.rglob("*.css"):
        assert not STYLED.search(sheet.read_text()), sheet


def test_every_link_leads_somewhere(site: Path) -> None:
    """Each link of each page leads to a page that is there, and to a heading that is on it."""
    pages = [page for page in site.rglob("*.html") if page.name != "404.html"]  # of any address
    names = {page: set(NAMED.findall(page.read_text())) for page in pages}
    for page in names:
        for place, heading in LINK.findall(page.read_text()):
            target = (page.parent / place).resolve() if place else page
            target = target / "index.html" if target.is_dir() else target
            assert target.exists(), f"{page.name}: {place}"
            if heading and target in names:
                assert heading in names[target], f"{page.name}: {place}#{heading}"


def test_pictures_are_there(site: Path) -> None:
    """Each picture that a page shows is part of the site."""
    shown = re.compile(r"<(?:img|source)\b[^>]*?\b(?:src|srcset)=\"([^\"]+)\"")
    found = [
        (page, each) for page in site.rglob("*.html") for each in shown.findall(page.read_text())
    ]
    assert len(found) > 20
    assert not [(page, each) for page, each in found if not (page.parent / each).exists()]


def test_the_projects_other_documents_are_pages(site: Path) -> None:
    """What lies beside docs/ and belongs to a reader is on the site, with its own links."""
    pages = {each.name for each in (site / "project").glob("*.html")}
    assert pages == {"changelog.html", "contributing.html", "security.html"}
    assert '../guarantees.html"' in (site / "project" / "security.html").read_text()
    assert 'project/contributing.html"' in (site / "architecture.html").read_text()


def test_what_builds_it_is_no_part_of_it(site: Path) -> None:
    """Neither code nor examples are copied to the site."""
    assert not list(site.rglob("*.py"))
    assert not (site / "site").exists()


def test_a_broken_link_stops_the_build(tmp_path: Path) -> None:
    """A page, a heading or a picture that is not there is an error each, and it is named."""
    nowhere = ("no-page.md", "start.md#no-heading", "images/no-picture.png")
    for each in (
        "docs",
        "mkdocs.yml",
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
    ):
        copy = shutil.copytree if (ROOT / each).is_dir() else shutil.copyfile
        copy(ROOT / each, tmp_path / each)
    with (tmp_path / "docs" / "team.md").open("a") as page:
        page.write("".join(f"\n[gone]({each})\n" for each in nowhere[:2]))
        page.write(f"\n![gone]({nowhere[2]})\n")
    built = build(tmp_path, tmp_path / "built")
    assert built.returncode != 0
    said = built.stdout + built.stderr
    assert f"Aborted with {len(nowhere)} warnings" in said
    assert [each for each in nowhere if each not in said] == []

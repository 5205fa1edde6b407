"""What MkDocs is told beside ``mkdocs.yml``: the documents outside of docs/ are pages, too.

A link is written for whoever reads the files. Here one that leads out of docs/ goes to the page of
that document, and one to a file that is no page (a test, the licence) is its words alone.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
# Where the project's other documents are on the site.
PAGES = {
    "README.md": "index.md",  # which is the way in here
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
}
PLACES = {page: document for document, page in PAGES.items() if page.startswith("project/")}
CODE = re.compile(r"(```.*?^\s*```|`[^`\n]*`)", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|!?\[[^\]]*\])*)\]\(([^()\s]+)\)")
PICTURE = re.compile(r"(!\[[^\]]*\]\(|\b(?:src|srcset)=\")([^()\s\"]+)")
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|#")


def on_files(files: Files, config: Any) -> Files:
    """Add the documents that are not in docs/."""
    for document, page in PAGES.items():
        if files.get_file_from_path(page) is None:
            text = (ROOT / document).read_text(encoding="utf-8")
            files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_others: Any) -> str:
    """The page with links as the site has them; what is code stays as it is."""
    uri: str = page.file.src_uri
    parts = CODE.split(markdown)
    parts[::2] = [_linked(prose, uri) for prose in parts[::2]]
    return "".join(parts)


def _linked(prose: str, uri: str) -> str:
    prose = PICTURE.sub(lambda found: found[1] + _moved(found[2], uri), prose)

    def link(found: re.Match[str]) -> str:
        target = _moved(found[2], uri)
        return f"[{found[1]}]({target})" if target else found[1]

    return LINK.sub(link, prose)


def _moved(link: str, uri: str) -> str:
    """Where the site has what a document links to; nothing where it does not have it."""
    if ELSEWHERE.match(link):
        return link
    place, mark, heading = link.partition("#")
    beside = posixpath.dirname(PLACES.get(uri, f"docs/{uri}"))
    named = posixpath.normpath(posixpath.join(beside, place))
    if (ROOT / named / "README.md").exists():
        named = f"{named}/README.md"
    there = PAGES.get(named) or (named.removeprefix("docs/") if named.startswith("docs/") else "")
    if not there:
        return ""
    return posixpath.relpath(there, posixpath.dirname(uri) or ".") + mark + heading

"""The map agrees with the tree: what the documents name is there, and what is there has a place."""

import ast
import re
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from models.delegation import State

ROOT = Path(__file__).resolve().parents[2]
BOT = ROOT / "bot"
MAP = (ROOT / "docs" / "architecture.md").read_text()
MOST_ENTRIES = 20

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PLACES = "bot|models|sandbox|tests|bench|docs"
NAMED = re.compile(rf"`((?:{PLACES})/[\w./-]*)(?:: ([\w.]+))?`")

# Longest first. What is left of two words that differ by these alone is the same.
ENDINGS = "isons ison ities ifies ings ions ers ity ify ies ing ion ed es er s y e".split()  # noqa: SIM905
SHORTEST_STEM = 3


def entries() -> set[str]:
    """What lies directly under ``bot/``: folders with a slash, files with their ending."""
    return {
        f"{each.name}/" if each.is_dir() else each.name
        for each in BOT.iterdir()
        if each.name != "__pycache__"
    }


def contracts() -> list[dict[str, Any]]:
    """The import contracts."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    return found


def names_in(body: list[ast.stmt], prefix: str = "") -> set[str]:
    """Every function, class and constant of a module; what is inside a class as ``Class.name``."""
    found: set[str] = set()
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                found.add(prefix + node.name)
            case ast.ClassDef():
                found |= {prefix + node.name, *names_in(node.body, f"{prefix}{node.name}.")}
            case ast.Assign():
                found |= {prefix + each.id for each in node.targets if isinstance(each, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.add(prefix + name)
    return found


def missing_names(text: str) -> list[str]:
    """What a document names in backticks, and the tree does not have."""
    missing = []
    for place, name in NAMED.findall(text):
        path = ROOT / place
        if not path.exists():
            missing.append(place)
        elif name and name not in names_in(ast.parse(path.read_text()).body):
            missing.append(f"{place}: {name}")
    return missing


def stem(word: str) -> str:
    """A module's name without its grammar: ``connecting`` and ``connections`` are ``connect``."""
    ending = next(
        (
            each
            for each in ENDINGS
            if word.endswith(each) and len(word) - len(each) >= SHORTEST_STEM
        ),
        "",
    )
    if not ending:
        return word[:-1] if word[-1:] == word[-2:-1] else word  # "planning" is "plan"
    return stem(word.removesuffix(ending))


def alike(names: set[str]) -> list[list[str]]:
    """The names that differ only by their grammar."""
    by_stem: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        by_stem[stem(name)].append(name)
    return [group for group in by_stem.values() if len(group) > 1]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: str(each.relative_to(ROOT)))
def test_what_is_named_exists(document: Path) -> None:
    """Every file, function and class that a document names in backticks is in the tree."""
    missing = missing_names(document.read_text())
    assert not missing, f"{document.relative_to(ROOT)} names what is not there: {missing}"


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("`bot/store/store.py: Store.finish`, `bot/clock/worker.py: LEASE`, `bot/clock/`", []),
        ("`bot/nowhere.py`", ["bot/nowhere.py"]),
        ("`bot/store/store.py: Store.start`", ["bot/store/store.py: Store.start"]),
        ("`bot/store/store.py: finish`", ["bot/store/store.py: finish"]),
        ("`somebody/elses.py`", []),
    ],
)
def test_a_wrong_name_is_found(text: str, missing: list[str]) -> None:
    """The check above finds what is not there, and knows methods by their class."""
    assert missing_names(text) == missing


def test_every_entry_is_described() -> None:
    """Everything directly under ``bot/`` has a place in docs/architecture.md."""
    described = {place.removeprefix("bot/") for place, _ in NAMED.findall(MAP)}
    missing = sorted(entries() - described)
    assert not missing, f"docs/architecture.md does not say what lives in bot/: {missing}"


def test_every_state_is_described() -> None:
    """The table of states in docs/architecture.md has exactly the states that there are."""
    table = MAP.partition("| state |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == [state.value for state in State]


def test_the_picture_shows_the_layers() -> None:
    """The picture of the layers is the import contract, line by line."""
    layers = next(each["layers"] for each in contracts() if each.get("containers") == ["bot"])
    picture = MAP.partition("\n## The layers\n")[2].partition("```text\n")[2].partition("```")[0]
    drawn = [line.strip() for line in picture.splitlines()]
    assert drawn[: len(layers)] == layers
    assert drawn[-1] == "models"


def test_every_wall_is_explained() -> None:
    """Each import contract beside the layers has a line that says what it is good for."""
    walls = {each["name"] for each in contracts() if each.get("containers") != ["bot"]}
    missing = sorted(name for name in walls if f"| {name} |" not in MAP)
    assert not missing, f"docs/architecture.md does not explain these contracts: {missing}"


def test_the_top_fits_on_a_screen() -> None:
    """A newcomer sees at most 20 entries under ``bot/``."""
    found = sorted(entries())
    assert len(found) <= MOST_ENTRIES, f"{len(found)} entries: {found}"


def test_every_folder_says_what_lives_there() -> None:
    """Each folder under ``bot/`` has a docstring in its ``__init__``."""
    folders = {path.parent for path in BOT.rglob("*.py")}
    inits = [folder / "__init__.py" for folder in sorted(folders)]
    silent = [
        str(init.relative_to(ROOT))
        for init in inits
        if not init.exists() or not ast.get_docstring(ast.parse(init.read_text()))
    ]
    assert not silent, f"these say nothing about their folder: {silent}"


def test_names_differ_by_more_than_grammar() -> None:
    """No two modules or folders under ``bot/`` are called by forms of the same word."""
    paths = [path for path in BOT.rglob("*") if path.suffix == ".py" or path.is_dir()]
    names = {path.stem for path in paths if not path.stem.startswith("__")}
    assert not alike(names), f"these are forms of the same word: {alike(names)}"


@pytest.mark.parametrize(
    ("names", "are_alike"),
    [
        ({"connecting", "connections"}, True),
        ({"identify", "identities"}, True),
        ({"strays", "straying"}, True),
        ({"compare", "comparisons"}, True),
        ({"views", "view"}, True),
        ({"planning", "plan"}, True),
        ({"scheduler", "schedule"}, True),
        ({"cards", "card_forms"}, False),
        ({"reading", "register"}, False),
        ({"store", "strays", "standing"}, False),
    ],
)
def test_grammar_is_seen_through(names: set[str], *, are_alike: bool) -> None:
    """The check above finds plurals and verb forms, and leaves different words alone."""
    assert bool(alike(names)) is are_alike

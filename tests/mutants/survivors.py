"""Mutants that no test notices, and why they may live: ``reasons.toml``."""

import ast
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
REASONS = Path(__file__).parent / "reasons.toml"


@dataclass(frozen=True, slots=True, order=True)
class Survivor:
    """One mutant by what stays the same when others come and go: the lines that it changes, without
    their indentation, in a function of a module."""

    module: str
    function: str
    was: str
    becomes: str

    def __str__(self) -> str:
        """As a difference."""
        was = "\n".join(f"    - {line}" for line in self.was.splitlines())
        becomes = "\n".join(f"    + {line}" for line in self.becomes.splitlines())
        return f"{self.module}: {self.function}\n{was}\n{becomes}"


def reasons(path: Path = REASONS) -> Mapping[Survivor, str]:
    """Who may live, and why. Raises ValueError where an entry is twice there, or says nothing."""
    found: dict[Survivor, str] = {}
    for entry in tomllib.loads(path.read_text("utf-8"))["survivor"]:
        reason = str(entry.pop("reason"))
        survivor = Survivor(**{name: str(value).strip() for name, value in entry.items()})
        if survivor in found or not reason.endswith("."):
            raise ValueError(f"{survivor}\n    {reason}")
        found[survivor] = reason
    return found


def unexplained(lived: Iterable[Survivor], known: Iterable[Survivor]) -> Sequence[Survivor]:
    """Those that lived without a reason."""
    return sorted(set(lived) - set(known))


def outdated(
    lived: Iterable[Survivor], known: Iterable[Survivor], modules: Iterable[str]
) -> Sequence[Survivor]:
    """Those of these modules that have a reason, and live no more."""
    ran = frozenset(modules)
    return sorted({each for each in known if each.module in ran} - set(lived))


def is_in_source(survivor: Survivor, root: Path = ROOT) -> bool:
    """Whether its function still has the lines that it changes."""
    source = (root / survivor.module).read_text("utf-8")
    body = _function(source, survivor.function)
    here = Counter(line.strip() for line in body.splitlines())
    return bool(body) and not Counter(survivor.was.splitlines()) - here


def _function(source: str, name: str) -> str:
    """The text of the function, or of the method that is named with its class."""
    nodes: Sequence[ast.stmt] = ast.parse(source).body
    found: ast.stmt | None = None
    for part in name.split("."):
        found = next((each for each in nodes if getattr(each, "name", None) == part), None)
        nodes = getattr(found, "body", ())
    return ast.get_source_segment(source, found) or "" if found is not None else ""

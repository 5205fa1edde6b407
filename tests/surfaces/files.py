"""The files beside this one: one for each kind of surface, in a stable order."""

import json
from pathlib import Path

from tests.surfaces.catalogue import KINDS, Surfaces

FOLDER = Path(__file__).parent


def path_of(kind: str) -> Path:
    """Where the surfaces of one kind are."""
    return FOLDER / f"{kind}.json"


def as_text(surfaces: Surfaces) -> str:
    """One line for each surface, so that a change of one is a change of one line."""
    lines = [
        f"{json.dumps(name)}: {json.dumps(shown, ensure_ascii=False, sort_keys=True)}"
        for name, shown in sorted(surfaces.items())
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def write_all() -> None:
    """Bring every file up to date."""
    for kind, render in KINDS.items():
        path_of(kind).write_text(as_text(render()), encoding="utf-8")

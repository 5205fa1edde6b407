"""What once broke something, kept so that it never does again."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.engine import tried_alone
from tests.fuzz.targets import TARGETS

KEPT = [
    pytest.param(path.stem, entry["input"], id=f"{path.stem}: {entry['why']}")
    for path in sorted((Path(__file__).parent / "corpus").glob("*.json"))
    for entry in json.loads(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("name", "value"), KEPT)
async def test_it_stays_mended(name: str, value: Any) -> None:
    """Each input that was found is answered, in time, and nothing fails unforeseen."""
    assert await tried_alone(TARGETS[name], value) is None

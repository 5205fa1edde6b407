"""What is promised is promised whole."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "guarantees.md").read_text()
PROMISES: dict[str, str] = dict(
    re.findall(r"^### (.+?)\n(.+?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
)


def test_there_are_promises() -> None:
    """The page is read as it is written."""
    assert len(PROMISES) > 15


@pytest.mark.parametrize("title", PROMISES)
def test_a_promise_is_whole(title: str) -> None:
    """Each promise is one sentence, with a bound, a proof and what it does not cover."""
    body = PROMISES[title]
    sentence = re.search(r"^> (.+)$", body, re.MULTILINE)
    assert sentence
    assert sentence[1].endswith(".")
    assert sentence[1].count(". ") == 0
    rows = dict(re.findall(r"^\| ([a-z ]+) \| (.+) \|$", body, re.MULTILINE))
    assert set(rows) == {"bound", "proved by", "not covered"}
    assert re.search(r"\d|every", rows["bound"])
    assert "`tests/" in rows["proved by"]


def test_every_proof_has_a_promise() -> None:
    """A folder of tests that prove promises is named by one, at least."""
    for folder in ("attacks", "chaos", "explore", "fuzz", "machine", "secrets", "storage"):
        assert f"`tests/{folder}/" in PAGE, folder

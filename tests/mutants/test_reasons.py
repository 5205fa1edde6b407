"""The list of mutants that may live is about the code as it is."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutants.modules import JUDGED, MODULES, THEN
from tests.mutants.survivors import (
    ROOT,
    Survivor,
    is_in_source,
    outdated,
    reasons,
    unexplained,
)

ONE = Survivor(
    "models/policy.py",
    "is_too_much",
    "return lost > max(FEW, total // FEW_OF)",
    "return lost > max(FEW, total / FEW_OF)",
)


def test_each_is_still_there() -> None:
    """Whoever changes such a line, or takes the function away, thinks about its reason anew."""
    gone = [str(each) for each in reasons() if not is_in_source(each)]
    assert not gone, "\n".join(gone)


def test_each_is_of_a_module_that_is_run() -> None:
    """A reason for a module that nobody runs would never be looked at."""
    assert {each.module for each in reasons()} <= set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_each_module_and_its_tests_exist(module: str) -> None:
    """A module or a test that was moved is moved in the table, too."""
    named = (each.removeprefix("--deselect=") for each in (*MODULES[module], *THEN.get(module, ())))
    paths = [each.partition("::")[0] for each in named if each.startswith("tests/")]
    assert [each for each in (module, *paths) if not (ROOT / each).exists()] == []


def test_every_module_that_decides_is_in_the_table() -> None:
    """A step, a use case or a reader of times that is added is added there, too."""
    folders = ("bot/delegations", "bot/delegations/steps", "bot/times")
    found = {f"{folder}/{path.name}" for folder in folders for path in (ROOT / folder).glob("*.py")}
    assert {path for path in found if _has_a_function(path)} <= set(MODULES)
    assert set(JUDGED) | set(THEN) <= set(MODULES)


def _has_a_function(module: str) -> bool:
    return "def " in (ROOT / module).read_text("utf-8")


def test_a_line_that_has_changed_is_noticed() -> None:
    """Another line, another function, a method that is none: not in the source."""
    assert is_in_source(ONE)
    assert not is_in_source(replace(ONE, was=ONE.was.replace("lost", "gone")))
    assert not is_in_source(replace(ONE, function="length_refusal"))
    assert not is_in_source(replace(ONE, function="Policy.is_too_much"))


def test_whoever_lives_without_a_reason_is_named() -> None:
    """And so is a reason whose mutant a test has come to notice, in the modules that were run."""
    other = replace(ONE, becomes="return True")
    assert unexplained([ONE, other], [ONE]) == [other]
    assert outdated([ONE], [ONE, other], [ONE.module]) == [other]
    assert outdated([], [ONE], ["models/mark.py"]) == []


@pytest.mark.parametrize("reason", ["", "equivalent", "The same.|The same."])
def test_a_reason_is_a_sentence_and_said_once(tmp_path: Path, reason: str) -> None:
    """A list that says nothing, or the same mutant twice, is refused."""
    entry = '[[survivor]]\nmodule = "m"\nfunction = "f"\nwas = "a"\nbecomes = "b"\nreason = "{}"\n'
    path = tmp_path / "reasons.toml"
    path.write_text("".join(entry.format(each) for each in reason.split("|")), "utf-8")
    with pytest.raises(ValueError, match="m: f"):
        reasons(path)

"""What GitHub reads: the workflow, the updates of dependencies, the forms for issues."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(
    set((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")) - {GITHUB / "ISSUE_TEMPLATE/config.yml"}
)
PINNED = re.compile(r"uses: ([\w-]+/[\w./-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+$")
RELEASING = {"contents": "write"}
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
FIELDS = {"markdown", "textarea", "input", "dropdown", "checkboxes"}


def read(path: Path) -> dict[Any, Any]:
    """A YAML file."""
    loaded: dict[Any, Any] = yaml.safe_load(path.read_text())
    return loaded


def commands(job: dict[str, Any]) -> list[str]:
    """What a job runs."""
    return [step["run"] for step in job["steps"] if "run" in step]


@pytest.fixture
def ci() -> dict[Any, Any]:
    """The workflow that checks every change."""
    return read(GITHUB / "workflows" / "ci.yml")


@pytest.mark.parametrize("path", sorted(GITHUB.rglob("*.yml")), ids=lambda each: each.name)
def test_it_is_yaml(path: Path) -> None:
    """Every file that GitHub reads is a YAML mapping."""
    assert isinstance(read(path), dict)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda each: each.name)
def test_actions_are_pinned(path: Path) -> None:
    """Each action is named by a whole commit, with its version beside it, the same everywhere."""
    used = [line.strip("- ") for line in path.read_text().splitlines() if "uses:" in line]
    pins = [PINNED.match(line) for line in used]
    assert used
    assert all(pins), f"not pinned: {used}"
    commits = {(pin[1], pin[2]) for pin in pins if pin}
    assert len(commits) == len({action for action, _ in commits})


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda each: each.name)
def test_jobs_may_do_nothing_but_read(path: Path) -> None:
    """No permission by default, reading the code at most, no credentials left behind, an end."""
    workflow = read(path)
    assert workflow["permissions"] == {}
    assert "cancel-in-progress" in workflow["concurrency"]
    for job in workflow["jobs"].values():
        most = RELEASING if path.stem == "release" else {"contents": "read"}
        assert job.get("permissions", {}) in ({}, most)
        assert 0 < job["timeout-minutes"] <= 90
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_ci_calls_what_a_clone_calls(ci: dict[Any, Any]) -> None:
    """The workflow has no steps of its own: it runs ``.ci/run`` on each supported Python."""
    job = ci["jobs"]["everything"]
    assert commands(job) == [".ci/run"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert job["strategy"]["matrix"] == {"python": PYTHONS}
    assert job["strategy"]["fail-fast"] is False


def test_ci_begins_with_the_oldest_python(ci: dict[Any, Any]) -> None:
    """The oldest Python that is tried is the oldest that pyproject.toml allows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={PYTHONS[0]}"
    assert ci["jobs"]["everything"]["strategy"]["matrix"]["python"][0] == PYTHONS[0]


def test_ci_measures_coverage(ci: dict[Any, Any]) -> None:
    """What no test has been through is measured for every change."""
    assert commands(ci["jobs"]["coverage"]) == ["make coverage"]


def test_ci_checks_every_change(ci: dict[Any, Any]) -> None:
    """It runs for pull requests, and for what is on main; never with a fork's code and rights."""
    triggers = ci[True]  # YAML 1.1 reads the key "on" as true
    assert set(triggers) == {"push", "pull_request"}
    assert triggers["push"]["branches"] == ["main"]


def test_a_release_has_passed_and_says_what_it_ships() -> None:
    """Only a version's tag makes a release: after ``.ci/run``, and with its bill of materials."""
    release = read(GITHUB / "workflows" / "release.yml")
    assert release[True] == {"push": {"tags": ["v*"]}}
    assert release["concurrency"]["cancel-in-progress"] is False
    first, second, third = commands(release["jobs"]["release"])
    assert (first, second) == (".ci/run", "make sbom")
    assert third.startswith("gh release create")
    assert third.endswith(" dist/send-as-bot.cdx.json")
    assert "BILL := dist/send-as-bot.cdx.json" in (ROOT / "Makefile").read_text()


def test_dependencies_are_kept_up_to_date() -> None:
    """Packages, actions and images are looked at for updates that had a few days to settle."""
    updates = read(GITHUB / "dependabot.yml")["updates"]
    kinds = {each["package-ecosystem"] for each in updates}
    assert kinds == {"pip", "github-actions", "docker", "docker-compose"}
    assert all(each["schedule"]["interval"] == "weekly" for each in updates)
    assert all(each["cooldown"]["default-days"] >= 3 for each in updates)


@pytest.mark.parametrize("path", FORMS, ids=lambda each: each.name)
def test_forms_are_forms(path: Path) -> None:
    """Each form has what GitHub asks for: a name, a description, and labelled fields with ids."""
    form = read(path)
    assert form["name"]
    assert form["description"]
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert {field["type"] for field in form["body"]} <= FIELDS
    assert len({field["id"] for field in fields}) == len(fields) > 0
    assert all(field["attributes"]["label"] for field in fields)
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_a_bug_report_keeps_secrets_out() -> None:
    """Whoever reports a bug reads first what belongs in private, and what to leave out."""
    first = read(GITHUB / "ISSUE_TEMPLATE" / "bug.yml")["body"][0]
    assert first["type"] == "markdown"
    assert "SECURITY.md" in first["attributes"]["value"]
    assert "tokens" in first["attributes"]["value"]

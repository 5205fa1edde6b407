"""What is shipped besides our own code."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.supply_chain.advisories import Advisories
from tests.supply_chain.licences import refused

ROOT = Path(__file__).resolve().parents[2]
LOCKS = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt"]
PINNED = re.compile(r"^([\w.-]+(?:\[[\w,-]+\])?)==\S+")
CLOSELY = {"httpx", "slack_bolt", "SQLAlchemy"}  # to read the addresses takes a while
HASHED = re.compile(r"--hash=sha256:[0-9a-f]{64}$")


def pins(lock: Path) -> dict[str, list[str]]:
    """The requirements of a lock file, each with the lines that follow it."""
    found: dict[str, list[str]] = {}
    for line in lock.read_text().splitlines():
        if line.startswith((" ", "#")) and found:
            found[next(reversed(found))].append(line.strip(" \\"))
        elif line and not line.startswith("#"):
            found[line] = []
    return found


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_everything_is_pinned_and_hashed(lock: Path) -> None:
    """Each requirement has one version and its hashes, and comes from wherever pip is told to."""
    found = pins(lock)
    assert len(found) > 40
    for requirement, lines in found.items():
        assert PINNED.match(requirement), requirement
        assert any(HASHED.match(line) for line in lines), requirement
    assert "://" not in lock.read_text()


def test_what_is_shipped_is_what_is_tested() -> None:
    """A package that is shipped has the same version where the tests run."""
    shipped, tested = (
        {line.split(" ")[0] for line in pins(lock) if PINNED.match(line)} for lock in LOCKS
    )
    assert shipped <= tested


def test_an_index_without_advisories_is_no_pass() -> None:
    """Where every package was skipped, it says that nothing was audited."""
    skipped = {"name": "httpx", "skip_reason": "Dependency not found"}
    read = Advisories.read(json.dumps({"dependencies": [skipped], "fixes": []}))
    assert read == Advisories(audited=0, skipped=("Dependency not found",), found=())
    assert "NOTHING was audited" in read.said("No known vulnerabilities found")
    assert "Dependency not found" in read.said("No known vulnerabilities found")
    assert "timed out" in Advisories.read("").said("first\ntimed out\n")


def test_an_advisory_is_said() -> None:
    """Each advisory is a line with the package, its version, and where it is mended."""
    vulnerable = {
        "name": "httpx",
        "version": "0.1",
        "vulns": [{"id": "GHSA-1", "fix_versions": ["0.2"]}],
    }
    skipped = {"name": "ours", "skip_reason": "Dependency not found"}
    read = Advisories.read(json.dumps({"dependencies": [vulnerable, skipped]}))
    assert read.found == ("httpx 0.1: GHSA-1, mended in 0.2",)
    assert "1 packages audited, 1 advisories." in read.said("")
    assert "NOT audited" in read.said("")


@pytest.mark.parametrize(
    ("licence", "may_be_shipped"),
    [
        ([{"license": {"id": "MIT"}}], True),
        ([{"expression": "Apache-2.0 AND MIT"}], True),
        ([{"expression": "GPL-3.0-only OR BSD-3-Clause"}], True),
        ([{"expression": "MIT AND GPL-3.0-only"}], False),
        ([{"license": {"id": "MIT"}}, {"license": {"id": "AGPL-3.0-only"}}], False),
        ([{"license": {"name": "License :: OSI Approved :: BSD License"}}], True),
        ([{"license": {"name": "License :: Other/Proprietary License"}}], False),
        ([], False),
    ],
)
def test_a_licence_that_binds_is_refused(licence: list[Any], *, may_be_shipped: bool) -> None:
    """Only what leaves a company free to use and change the bot may be shipped with it."""
    bill = {"components": [{"name": "some", "licenses": licence}]}
    assert bool(refused(bill)) is not may_be_shipped


def test_a_bill_of_materials(tmp_path: Path) -> None:
    """The tool that writes a release's bill knows our package, and its output is CycloneDX; of all
    that is written alike a few are looked at closely, and ``make sbom`` looks at each."""
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415 - as in tests/schemas.py
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415

    target = tmp_path / "bill.json"
    command = (
        *(sys.executable, "-m", "cyclonedx_py", "environment", "--no-validate"),
        *("--pyproject", "pyproject.toml", "--output-reproducible", "-o", str(target)),
    )
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)  # noqa: S603 - our own words
    bill = json.loads(target.read_text())
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == (
        "CycloneDX",
        "send-as-bot",
    )
    assert {each["name"] for each in bill["components"]} >= CLOSELY
    few = [each for each in bill["components"] if each["name"] in CLOSELY]
    bill["components"], bill["dependencies"] = few, bill["dependencies"][:10]
    schema = JsonStrictValidator(SchemaVersion.from_version(bill["specVersion"]))
    assert schema.validate_str(json.dumps(bill)) is None
    assert schema.validate_str(json.dumps(bill | {"components": [{"type": "no such"}]}))

"""Each of the eight mutants by hand is made in a copy of the code, and a test there is red."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.by_hand import BY_HAND, ByHand
from tests.mutants.survivors import ROOT

LIMIT = 120  # seconds
FAILED = 1  # pytest's exit status for a test that failed, and not for one that could not be run


@pytest.mark.parametrize("mutant", BY_HAND, ids=lambda each: each.promise)
def test_it_is_noticed(mutant: ByHand, tmp_path: Path) -> None:
    """The test fails with it; that it passes without is seen where it stands."""
    for part in ("models", "bot"):
        shutil.copytree(ROOT / part, tmp_path / part)  # with what was compiled of it
    for part in ("tests", "sandbox", "pyproject.toml"):
        (tmp_path / part).symlink_to(ROOT / part)
    path = tmp_path / mutant.module
    source = path.read_text("utf-8")
    assert source.count(mutant.was) == 1
    path.write_text(source.replace(mutant.was, mutant.becomes), "utf-8")
    Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)
    command = (sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", mutant.test)
    run = subprocess.run(  # noqa: S603 - our own
        command, cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert run.returncode == FAILED, run.stdout + run.stderr
    assert f"FAILED {mutant.test}" in run.stdout

"""One module under mutmut, in a copy of the tree: the checkout itself is never touched."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.survivors import ROOT, Survivor

WORKSHOP = ROOT / ".mutants"
PARTS = ("bot", "models", "sandbox", "tests", "pyproject.toml")
# The words of mutmut for what a worker ended with (mutmut/stats.py).
NOTICED = {1: "killed", 3: "killed", 37: "by its types"}
LATE = dict.fromkeys((36, 24, -24, 152, 255), "timed out")
MYPY = ("--output=json", "--no-warn-unused-ignores", "--no-warn-unreachable")

LIMIT = 180.0  # seconds for tests that take a tenth of it
GRACE = 20.0  # seconds for stopping

CONFIGURATION = """
[tool.mutmut]
source_paths = ["bot", "models"]
only_mutate = ["{module}"]
also_copy = ["sandbox"]
pytest_add_cli_args = ["-p", "no:cacheprovider", "-k", "not postgresql"]
pytest_add_cli_args_test_selection = {tests}
type_check_command = {types}
timeout_multiplier = 5.0
timeout_constant = 5.0
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the mutants of one module."""

    module: str
    figures: Counter[str]
    lived: Sequence[Survivor]


def mutated(
    module: str,
    tests: Sequence[str],
    known: Collection[Survivor],
    *,
    then: Sequence[str] = (),
    only_survivors: bool = False,
) -> Outcome:
    """Every mutant of the module against these tests; with ``only_survivors`` those that lived the
    last time, or were not reached. What lives without being ``known`` meets the slower tests of
    ``then`` as well. Raises CalledProcessError when the tests fail without any mutant."""
    shop = WORKSHOP / module.removesuffix(".py").replace("/", ".")
    if not only_survivors:
        shutil.rmtree(shop, ignore_errors=True)
    again = _survivors(shop, module) if only_survivors else []
    _furnish(shop, module, tests)
    if again or not only_survivors:
        with (shop / "log").open("w") as log:
            command = ("run", "--max-children", "1", *again)
            _mutmut(shop, *command, stdout=log, stderr=subprocess.STDOUT)
    lived = {key: _shown(shop, module, key) for key in _survivors(shop, module)}
    figures = Counter(_word(end) for end in _ends(shop, module).values())
    for key in [key for key, shown in lived.items() if shown not in known]:
        if then and _is_noticed_by(then, shop, key):
            del lived[key]
            figures.update({"killed later": 1, "lived": -1})
    return Outcome(module, figures, list(lived.values()))


def _is_noticed_by(tests: Sequence[str], shop: Path, key: str) -> bool:
    command = (sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests)
    environment = {**os.environ, "MUTANT_UNDER_TEST": key}
    with subprocess.Popen(  # noqa: S603 - our own
        command, cwd=shop / "mutants", env=environment, stdout=subprocess.DEVNULL
    ) as run:
        try:
            return run.wait(LIMIT) in NOTICED
        except subprocess.TimeoutExpired:  # it goes round in circles
            run.send_signal(signal.SIGINT)  # pytest then stops the PostgreSQL that it started
            with suppress(subprocess.TimeoutExpired):
                run.wait(GRACE)
            run.kill()
            return True


def _furnish(shop: Path, module: str, tests: Sequence[str]) -> None:
    """Copy what is needed, older than what mutmut has made of it, so that this is kept."""
    shop.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        if (ROOT / part).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, shop / part, ignore=ignored, dirs_exist_ok=True)
    (shop / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)
    types = ["mypy", *MYPY, f"--cache-dir={WORKSHOP / 'mypy'}", module]
    values = {"module": module, "tests": json.dumps(tests), "types": json.dumps(types)}
    project = (ROOT / "pyproject.toml").read_text("utf-8").replace('"ignore-without-code", ', "")
    (shop / "pyproject.toml").write_text(project + CONFIGURATION.format(**values), "utf-8")


def _mutmut(shop: Path, *arguments: str, **streams: object) -> subprocess.CompletedProcess[str]:
    there = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{there}{os.pathsep}{os.environ['PATH']}"}
    command = (str(there / "mutmut"), *arguments)
    return subprocess.run(  # type: ignore[call-overload,no-any-return]  # noqa: S603 - our own
        command, cwd=shop, env=environment, check=True, text=True, **streams
    )


def _ends(shop: Path, module: str) -> dict[str, int | None]:
    """With what the worker of each mutant ended."""
    meta = json.loads((shop / "mutants" / f"{module}.meta").read_text("utf-8"))
    ends: dict[str, int | None] = meta["exit_code_by_key"]
    return ends


def _word(end: int | None) -> str:
    return "not run" if end is None else NOTICED.get(end) or LATE.get(end) or "lived"


def _survivors(shop: Path, module: str) -> list[str]:
    return [key for key, end in _ends(shop, module).items() if _word(end) in ("lived", "not run")]


def _shown(shop: Path, module: str, key: str) -> Survivor:
    diff = _mutmut(shop, "show", key, stdout=subprocess.PIPE).stdout.splitlines()
    changed = [line for line in diff if line[:1] in "-+" and line[:3] not in ("---", "+++")]
    was = [line[1:].strip() for line in changed if line[:1] == "-"]
    becomes = [line[1:].strip() for line in changed if line[:1] == "+"]
    return Survivor(module, _function(key), "\n".join(was), "\n".join(becomes))


def _function(key: str) -> str:
    """``models.policy.xǁPolicyǁwarn_at__mutmut_6`` is one of ``Policy.warn_at``."""
    mangled = key.rpartition(".")[2]
    return re.sub(r"^x_|^xǁ|__mutmut_\d+$", "", mangled).replace("ǁ", ".")

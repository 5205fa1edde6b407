"""The Dockerfile: what it says, and that its steps make something that runs."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.process.settings import Settings
from tests.deploy.dockerfile import ROOT, Build, Context, environment, read, words
from tests.deploy.image import Image, has_docker

TEXT = (ROOT / "Dockerfile").read_text()
STAGES = read(TEXT)
RESULT = STAGES[-1]
PINNED = re.compile(r"^python:\d+\.\d+\.\d+-slim-\w+$")
SECRET = re.compile(r"token|secret|password|encryption|xox|api_key", re.IGNORECASE)


def test_hadolint_finds_nothing() -> None:
    """The linter for Dockerfiles has nothing to say, not even of style, and nothing is excused."""
    hadolint = Path(sys.executable).parent / "hadolint"
    command = [str(hadolint), "--no-color", "--failure-threshold", "style", "Dockerfile"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - a linter of ours
    assert found.returncode == 0, found.stdout
    assert "hadolint ignore" not in TEXT


def test_there_is_one_base_and_it_is_pinned() -> None:
    """Both stages begin with the same slim image, by its whole version: never what is newest."""
    assert len(STAGES) == 2
    assert len({each.base for each in STAGES}) == 1
    assert PINNED.match(RESULT.base)


def test_the_base_is_a_python_that_is_tested() -> None:
    """The image's Python is one of those on which every change is tested."""
    tested = re.findall(r'"(3\.\d+)"', (ROOT / ".github/workflows/ci.yml").read_text())
    version = RESULT.base.partition(":")[2].partition("-")[0]
    assert version.rpartition(".")[0] in tested


def test_nothing_is_compiled_and_everything_is_hashed() -> None:
    """Packages are wheels with the hashes of the lock file, in an environment without pip."""
    [installing] = [each.rest for each in STAGES[0].all("RUN") if " pip " in each.rest]
    assert "--require-hashes" in installing
    assert "--only-binary=:all:" in installing
    assert "--without-pip" in installing
    assert "apt" not in TEXT


def test_nothing_runs_in_the_result() -> None:
    """The result only takes what the first stage made: no step of it can install anything."""
    assert not RESULT.all("RUN")
    assert not [step for stage in STAGES for step in stage.all("ADD")]


def test_it_is_nobody() -> None:
    """It runs as a number that no account has, which Kubernetes can tell from root."""
    user, group = RESULT.last("USER").rest.split(":")
    assert int(user) > 10000
    assert int(group) > 10000
    owners = [each.options["chown"] for each in RESULT.all("COPY") if "chown" in each.options]
    assert owners == [RESULT.last("USER").rest]  # of the data, and of nothing that is run


def test_it_has_no_secrets() -> None:
    """No argument and no variable of the image could hold one, and what is set is known."""
    assert not [each for stage in STAGES for each in stage.all("ARG")]
    variables = environment(RESULT)
    assert not [each for each in variables if SECRET.search(each)]
    ours = {each for each in variables if not each.startswith("PYTHON")} - {"PATH", "HOME"}
    assert ours <= {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize(
    ("path", "is_seen"),
    [
        ("bot/process/cli.py", True),
        ("models/migrations/versions/0001_first.py", True),
        ("requirements.txt", True),
        (".env", False),
        ("bot/.env", True),  # no build hides what the project itself has in bot/
        ("bot/__pycache__/desk.cpython-311.pyc", False),
        ("send-as.db", False),
        ("tests/conftest.py", False),
        (".git/config", False),
        ("requirements-dev.txt", False),
    ],
)
def test_a_build_sees_what_is_shipped(path: str, *, is_seen: bool) -> None:
    """No .env, no database, no history and no tests get into a build, let alone into the image."""
    assert Context().has(path) is is_seen


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """The result of all steps but the installation; the tests' own environment is used instead."""
    build = Build(STAGES, tmp_path / "image", sys.executable)
    return Image(build.carry_out(installs=False), STAGES, sys.executable)


def test_the_result_has_what_it_needs_and_no_more(image: Image) -> None:
    """What is copied is the code, compiled, the licence, and an empty folder for the data."""
    assert {each.name for each in image.root.iterdir()} == {"app", "data"}
    assert {each.name for each in (image.root / "app").iterdir()} == {"bot", "models", "LICENSE"}
    assert not list((image.root / "data").iterdir())
    modules = [each for each in image.root.rglob("*.py") if "versions" not in each.parts]
    assert all(list((each.parent / "__pycache__").glob(f"{each.stem}.*.pyc")) for each in modules)


async def test_it_runs_with_nothing_to_write_to_but_its_data(image: Image) -> None:
    """Migrated, healthy by its own check, stopped with 0, while all but its data is read-only."""
    async with image.running() as running:
        assert (await running.check()) == 0
        assert await running.stop(signal.SIGTERM) == 0
        assert (await running.check()) == 1
    assert (image.root / "data" / "send-as.db").exists()
    assert image.is_untouched()


def test_the_health_check_needs_no_tool_of_its_own() -> None:
    """Python itself asks, at the port of the image, whether the process comes round."""
    check = RESULT.last("HEALTHCHECK")
    kind, _, command = check.rest.partition(" ")
    assert kind == "CMD"
    assert words(command)[0] == "python"
    assert "'/healthz'" in command
    assert set(check.options) == {"interval", "timeout", "start-period", "retries"}


def test_it_is_told_to_stop_by_the_signal_that_it_knows() -> None:
    """The image serves, without a shell between it and the signal."""
    assert words(RESULT.last("CMD").rest) == ["python", "-m", "bot", "serve"]
    assert RESULT.last("STOPSIGNAL").rest == "SIGTERM"
    assert not RESULT.all("ENTRYPOINT")


@pytest.mark.skipif(not has_docker(), reason="no container runtime answers here")
def test_docker_builds_it() -> None:
    """Where there is a container runtime, it builds the image, and the image knows its commands."""
    docker = shutil.which("docker") or ""
    name = f"send-as-bot:test-{os.getpid()}"
    subprocess.run([docker, "build", "--quiet", "--tag", name, "."], cwd=ROOT, check=True)  # noqa: S603 - as above
    try:
        run = [docker, "run", "--rm", "--read-only", name, "python", "-m", "bot", "--help"]
        said = subprocess.run(run, check=True, capture_output=True, text=True)  # noqa: S603 - as above
        assert "migrate" in said.stdout
    finally:
        subprocess.run([docker, "image", "rm", name], check=True, capture_output=True)  # noqa: S603 - as above


def test_what_is_read_only_cannot_be_written_to(image: Image) -> None:
    """The test above would notice: whatever runs there can write to the data and nowhere else."""
    assert image.can_write("/data")
    assert not image.can_write("/app")
    assert not image.can_write("/app/bot")

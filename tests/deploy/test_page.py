"""docs/deploy.md, start.md and upkeep.md: what can be copied from them can be used."""

import re
import subprocess
import tomllib
from typing import Any

import pytest
import yaml

from bot.process.settings import Settings
from tests.deploy.dockerfile import ROOT, environment, read

PAGE = (ROOT / "docs" / "deploy.md").read_text()
BLOCKS: list[tuple[str, str]] = re.findall(
    r"^ *```(\w+)\n(.*?)^ *```$", PAGE, re.MULTILINE | re.DOTALL
)
OTHERS = "".join((ROOT / "docs" / name).read_text() for name in ("start.md", "upkeep.md"))
SHELL = re.findall(r"^ *```sh\n(.*?)^ *```$", PAGE + OTHERS, re.MULTILINE | re.DOTALL)
OURS = {name.upper() for name in Settings.model_fields}
FOR_OTHERS = {"POSTGRES_PASSWORD"}
PORT = int(environment(read((ROOT / "Dockerfile").read_text())[-1])["PORT"])


def only(language: str) -> str:
    """The one block in this language."""
    [found] = [text for each, text in BLOCKS if each == language]
    return found


@pytest.mark.parametrize("block", SHELL)
def test_commands_are_a_shells(block: str) -> None:
    """Each block of commands is read by a shell without a complaint."""
    checked = subprocess.run(["/bin/sh", "-n"], input=block.encode(), check=False)
    assert checked.returncode == 0


def test_files_are_there() -> None:
    """Each file of the project that the page has somebody copy, read or apply is in its place."""
    named = set(re.findall(r"(?<![\w/])(deploy/[\w.]+|\.env\.example|requirements\.txt)", PAGE))
    assert {"deploy/sendas.service", "deploy/Caddyfile", "deploy/kubernetes.yaml"} <= named
    assert not [each for each in named if not (ROOT / each).exists()]


def test_names_are_settings() -> None:
    """Every variable that the pages name is read by the bot, or belongs to another part."""
    named = set(re.findall(r"(?:`|--setenv=|^)([A-Z]+_[A-Z_]+)=?", PAGE + OTHERS, re.MULTILINE))
    assert named - FOR_OTHERS <= OURS


def test_fly_serves_and_never_sleeps() -> None:
    """The file for Fly.io migrates first, sends to the image's port, keeps the process awake."""
    fly = tomllib.loads(only("toml"))
    assert fly["deploy"]["release_command"] == "python -m bot migrate"
    assert fly["http_service"]["internal_port"] == PORT
    assert fly["http_service"]["auto_stop_machines"] == "off"
    assert fly["http_service"]["min_machines_running"] >= 1


def test_render_sets_what_is_required() -> None:
    """The file for Render migrates first, and has a place for everything without a default."""
    render: dict[str, Any] = yaml.safe_load(only("yaml"))
    [service] = render["services"]
    assert service["preDeployCommand"] == "python -m bot migrate"
    names = {each["key"] for each in service["envVars"]}
    required = {
        name.upper() for name, field in Settings.model_fields.items() if field.is_required()
    }
    assert required <= names <= OURS
    assert {"key": "PORT", "value": str(PORT)} in service["envVars"]


def test_the_procfile_does_the_same() -> None:
    """What the Procfile runs is what the page says it does."""
    lines = dict(
        line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines() if line
    )
    assert lines == {"release": "python -m bot migrate", "web": "python -m bot serve"}


def test_the_first_settings_are_enough() -> None:
    """What docs/start.md has somebody fill in is what the bot needs, and its admins."""
    [block] = re.findall(r"```ini\n(.*?)```", OTHERS, re.DOTALL)
    named = set(re.findall(r"^([A-Z_]+)=", block, re.MULTILINE))
    required = {
        name.upper() for name, field in Settings.model_fields.items() if field.is_required()
    }
    asked = {"SLACK_SIGNING_SECRET", "CLOSE_CLIENT_ID", "CLOSE_CLIENT_SECRET"}
    assert named == required | asked | {"ADMINS"}

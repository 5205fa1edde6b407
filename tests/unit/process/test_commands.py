"""The commands: each is found, explains itself, and a wrong word is met with a sentence."""

import inspect
import os
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot import __version__
from bot.__main__ import main
from bot.process.cli import COMMANDS, PROGRAM, WRONG, Command, command_line

ROOT = Path(__file__).resolve().parents[3]
EVERY = [
    (each.name, each) if isinstance(each, Command) else (f"{each.name} {inner.name}", inner)
    for each in COMMANDS
    for inner in ([each] if isinstance(each, Command) else each.commands)
]
HEAVY = {"sqlalchemy", "aiohttp", "httpx", "slack_sdk", "pydantic", "alembic", "uvicorn"}


@pytest.mark.parametrize(("name", "command"), EVERY, ids=lambda each: str(each)[:24])
def test_each_is_there(name: str, command: Command) -> None:
    """What the table names is a function, and its example calls it."""
    module, _, function = command.place.partition(":")
    found = getattr(import_module(module), function)
    called, _, _ = command_line().parse_args(command.example.split(), exit_on_error=False)
    assert called is found
    assert inspect.getdoc(found)
    assert command.example.startswith(name)


@pytest.mark.parametrize(("name", "command"), EVERY, ids=lambda each: str(each)[:24])
def test_each_explains_itself(
    name: str, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--help`` of each says what it is for, with an example."""
    assert main([*name.split(), "--help"]) == 0
    said = capsys.readouterr().out
    assert f"Example: {PROGRAM} {command.example}" in " ".join(said.split())
    assert command.summary in said


def test_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """``--help`` names every command, each on one line."""
    assert main(["--help"]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert {f"{each.name}: {each.summary}" for each in COMMANDS} <= set(lines)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """``--version`` says the one of the project."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__ == project["version"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("serv", 'Did you mean "serve"?'),
        ("list --persn U1", "Did you mean --person?"),
        ("list --person", "--person"),
        ("serve now", "Nothing can be done with: now"),
        ("connections forget", 'Did you mean "forget-lost"?'),
    ],
)
def test_a_wrong_word(typed: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong word is named, with the one that was probably meant; nothing is begun."""
    assert main(typed.split()) == WRONG
    told = capsys.readouterr()
    assert said in told.err
    assert "Traceback" not in told.err
    assert not told.out


@pytest.mark.parametrize("typed", ["", "connections"])
def test_nothing_to_do(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command there is help, and a status that a supervisor notices."""
    assert main(typed.split()) == WRONG
    assert "Commands:" in capsys.readouterr().out


def test_nobody_reads_on() -> None:
    """Whoever pipes a command into ``head`` sees no traceback when that has read enough."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "bot", "key"], stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_new_key(capsys: pytest.CaptureFixture[str]) -> None:
    """``key`` prints a key that can be used, another one each time."""
    assert (main(["key"]), main(["key"])) == (0, 0)
    first, second = capsys.readouterr().out.split()
    assert first != second
    for each in (first, second):
        Fernet(each)


def test_the_changelog_has_this_version() -> None:
    """Its newest entry is this version's, with a day and its tag, above the one before."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    entries = re.findall(r"^## (\S+) – \d{4}-\d\d-\d\d\n\nTag `v(\S+)`\.", text, re.MULTILINE)
    assert entries == [(__version__, __version__), ("0.1.0", "0.1.0")]


@pytest.mark.parametrize("typed", ["--help", "--version", "key"])
def test_nothing_heavy_is_read_for_a_word(typed: str) -> None:
    """What needs neither database nor network answers without reading what talks to them."""
    code = "import sys; from bot.__main__ import main; main(sys.argv[1:]); print(*sys.modules)"
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code, typed], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(done.stdout.split())

"""Starting the demo: which port it takes, and what a person reads when it cannot have it."""

import socket
import subprocess
from pathlib import Path

import pytest

from sandbox.page.stay import PORT, PortRefused, stay, wanted_port

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's own settings do not count here."""
    for name in ("SANDBOX_PORT", "PORT"):
        monkeypatch.delenv(name, raising=False)


def test_the_port_is_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """SANDBOX_PORT comes before a host's PORT; without both it is the usual one."""
    assert wanted_port() == PORT
    monkeypatch.setenv("PORT", "8080")
    assert wanted_port() == 8080
    monkeypatch.setenv("SANDBOX_PORT", "0")
    assert wanted_port() == 0


@pytest.mark.parametrize("value", ["80000", "abc", "-1", "3000x", " 3000", "٣٠٠٠", "9" * 5000])
def test_what_is_no_port_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A number too high, words and other digits are named, with what to write instead."""
    monkeypatch.setenv("SANDBOX_PORT", value)
    with pytest.raises(PortRefused) as refused:
        wanted_port()
    assert str(refused.value).startswith(f"SANDBOX_PORT={value} is not a port")
    assert "SANDBOX_PORT=3001 make demo" in str(refused.value)


async def test_a_port_that_cannot_be_had_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong or a taken port ends with status 2 and one line, before anything was started."""
    monkeypatch.setenv("SANDBOX_PORT", "80000")
    assert await stay() == 2
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        monkeypatch.setenv("SANDBOX_PORT", str(taken))
        assert await stay() == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    wrong, in_use = shown.err.splitlines()
    assert wrong.startswith("SANDBOX_PORT=80000 is not a port")
    assert in_use.startswith(f"Port {taken} cannot be used (address already in use)")


def test_installing_says_how_long_it_takes() -> None:
    """The first make demo tells of the minute before it begins to install."""
    dry = ["make", "--dry-run", "--always-make", "install"]
    planned = subprocess.run(  # noqa: S603 - make, with what stands here
        dry, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert planned.index("about a minute") < planned.index("pip install")

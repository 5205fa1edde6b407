"""``.slack/``: the hooks, run as the Slack CLI runs them."""

import asyncio
import json
import os
import shlex
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.close import SandboxClose
from sandbox.people import BEN
from sandbox.running import ROOT, SandboxClock, environment_for, free_port
from sandbox.serving import serve
from sandbox.slack import SandboxSlack
from tests.schemas import refusal

HOOKS: dict[str, Any] = json.loads((ROOT / ".slack" / "hooks.json").read_text())
MANIFEST = yaml.safe_load((ROOT / "slack_manifest.yml").read_text())
SCHEMA = json.loads((ROOT / "tests/contract/slack_manifest.schema.json").read_text())
BOUNDARY = "3561f3a3c5576e2ce0dc0d1e268bb9b2"
WITHIN = 60.0


async def hook(name: str, *options: str, **environment: str) -> asyncio.subprocess.Process:
    """A hook as the CLI starts it: split at blanks, in the project's folder, options at the end."""
    return await asyncio.create_subprocess_exec(
        *(*HOOKS["hooks"][name].split(), *options),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.parametrize(
    ("options", "around"),
    [
        ((), ""),
        (("--protocol=message-boundaries", f"--boundary={BOUNDARY}"), BOUNDARY),
        (("--sdk-slack-dev-domain=dev.slack.com",), ""),
    ],
)
async def test_the_manifest(options: tuple[str, ...], around: str) -> None:
    """It is slack_manifest.yml as JSON, in both protocols, and differs in Socket Mode alone."""
    process = await hook("get-manifest", *options)
    said, _ = await process.communicate()
    text = said.decode().strip()
    assert text.startswith(f"{around}{{")
    assert text.endswith(f"}}{around}")
    found = json.loads(text.removeprefix(around).removesuffix(around))
    assert refusal(found, SCHEMA) is None
    assert found["settings"].pop("socket_mode_enabled") is True
    assert MANIFEST["settings"].pop("socket_mode_enabled", False) is False
    assert found == MANIFEST


async def test_it_runs(tmp_path: Path) -> None:
    """``slack run`` has a bot that greets Slack over the socket with the CLI's tokens, and that a
    signal stops."""
    async with AsyncExitStack() as stack:
        clock = SandboxClock(tmp_path / "clock")
        slack, close = SandboxSlack(now=clock), SandboxClose(now=clock)
        await stack.enter_async_context(slack.serving())
        close_url = await stack.enter_async_context(serve(close.app))
        environment = environment_for(slack, close_url, clock, stack.enter_context(free_port()))
        tokens = {
            "SLACK_CLI_XOXB": environment.pop("SLACK_BOT_TOKEN"),
            "SLACK_CLI_XAPP": "xapp-sandbox-app",
        }
        del environment["SLACK_SIGNING_SECRET"]
        database = {"DATABASE_URL": f"sqlite:///{tmp_path}/send-as.db"}
        process = await hook("start", **environment, **tokens, **database)
        try:
            async with asyncio.timeout(WITHIN):
                await slack.wait_for(lambda: slack.sockets.connections, what="the socket")
                slack.socket_mode = True
                assert (await slack.command(BEN, "/sendas", "help")).ok
                process.send_signal(signal.SIGINT)  # as Ctrl-C does
                await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()
        assert process.returncode == 0


async def test_it_says_what_is_missing() -> None:
    """Started by hand, without the CLI's tokens, it says so in a sentence and ends."""
    process = await hook("start")
    _, said = await process.communicate()
    assert process.returncode == 1
    assert said.decode() == (
        "SLACK_CLI_XOXB and SLACK_CLI_XAPP: not set. Start this with: slack run\n"
    )


def test_the_cli_knows_the_project() -> None:
    """The manifest is the project's, the connection is the bot's, and what is watched is there."""
    config = HOOKS["config"]
    assert config["sdk-managed-connection-enabled"] is True
    watched = [path for each in config["watch"].values() for path in each["paths"]]
    assert all((ROOT / path).exists() for path in watched)
    assert set(HOOKS["hooks"]) == {"get-manifest", "start"}
    assert all(shlex.split(each) == each.split() for each in HOOKS["hooks"].values())
    source = json.loads((ROOT / ".slack" / "config.json").read_text())["manifest"]["source"]
    assert source == "local"
    ignored = (ROOT / ".slack" / ".gitignore").read_text().split()
    assert ignored == ["apps.dev.json", "cache/"]  # as the CLI writes it

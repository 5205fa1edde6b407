"""The pages of reference, as the code has it: what can be set, and what can be run."""

import ast
import contextlib
import inspect
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.process import settings
from bot.process.cli import COMMANDS, PROGRAM, Command, command_line
from bot.process.settings import Settings
from bot.times.saying import write_length

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
MADE = "This page is made from the code, by `make reference`."
SANDBOX_ONLY = {"clock_file"}
SETTINGS = f"""\
# Settings

{MADE}

They are environment variables, or lines of a file `.env` in the folder in which the bot is started;
a variable takes the place of a line. Durations are written as `30s 45m 2h 3d 1w 1d12h`. What makes
no sense is said in a sentence, and the bot does not start.

| variable | default | meaning |
|---|---|---|
"""
COMMANDS_PAGE = f"""\
# Commands

{MADE} What people type in Slack is on [another page](../commands.md).

All take the same [settings](settings.md) as `serve`, and explain themselves with `--help`. The exit
status is 0 when it worked, 1 when it did not, 2 when the command or the settings make no sense, 3
when the database cannot be worked with, and 5 when `serve` has ended itself.
"""


def meanings() -> dict[str, str]:
    """What stands below each field of the settings, in one line."""
    [body] = [
        node.body
        for node in ast.parse(inspect.getsource(settings)).body
        if isinstance(node, ast.ClassDef) and node.name == Settings.__name__
    ]
    found = {}
    for node, after in itertools.pairwise(body):
        match node, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = " ".join(text.split())
    return found


def default(value: Any) -> str:
    """A default as somebody would write it into the environment."""
    match value:
        case SecretStr():
            return default(value.get_secret_value())
        case timedelta():
            return write_length(value).replace(" ", "")
        case bool():
            return str(value).lower()
        case None:
            return ""
        case tuple():
            return ",".join(str(each) for each in value)
    return str(value)


def settings_page() -> str:
    """Every setting, in the order of the code."""
    said = meanings()
    lines = []
    for name, field in Settings.model_fields.items():
        if name in SANDBOX_ONLY:
            continue
        shown = "" if field.is_required() else default(field.default)
        cell = "required" if field.is_required() else f"`{shown}`" if shown else ""
        lines.append(f"| `{name.upper()}` | {cell} | {said[name]} |\n")
    return SETTINGS + "".join(lines)


def commands_page() -> str:
    """Every command, with its options and an example."""
    return COMMANDS_PAGE + "".join(_command(words, each) for words, each in every_command())


def every_command() -> Iterator[tuple[Sequence[str], Command]]:
    """The words that call a command, and the command."""
    for each in COMMANDS:
        if isinstance(each, Command):
            yield [each.name], each
        else:
            yield from (([each.name, command.name], command) for command in each.commands)


def _command(words: Sequence[str], command: Command) -> str:
    parts = [f"\n## {' '.join(words)}\n", command.summary]
    if command.more:
        parts[-1] += f" {command.more}"
    options = list(_options(words))
    if options:
        parts.append("\n".join(["\n| option | meaning |", "|---|---|", *options]))
    parts.append(f"\n```sh\n{PROGRAM} {command.example}\n```\n")
    return "\n".join(parts)


def _options(words: Sequence[str]) -> Iterator[str]:
    """The lines of its help that are about options and arguments of its own."""
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        command_line()([*words, "--help"], exit_on_error=False)
    helped = written.getvalue().partition("Parameters:\n")[2].partition("\n\n")[0]
    joined = re.sub(r"\n {4,}", " ", helped)
    for line in joined.splitlines():
        option, _, meaning = line.strip().partition(": ")
        yield f"| `{option}` | {meaning.removesuffix(' [default: False]')} |"


def pages() -> dict[str, str]:
    """The pages by their names."""
    return {"settings.md": settings_page(), "commands.md": commands_page()}


def write_all() -> None:
    """Bring the pages up to date."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")

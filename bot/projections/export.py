"""The log for an auditor, record by record, as CSV or as lines of JSON."""

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.projections.pages import PAGE, paged
from bot.projections.rights import Right, rights
from bot.projections.telling import FIELDS, stamp, told
from bot.store import Database
from bot.store.ledger import Stretch

FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for one
HELD = tuple(each.name for each in fields(Right))


class Format(StrEnum):
    """How an export is written."""

    CSV = "csv"
    JSONL = "jsonl"


class Writer:
    """Makes lines of records that have some of these fields."""

    def __init__(self, format_: Format, names: Sequence[str]) -> None:
        self._format = format_
        self._names = names
        self._out = io.StringIO()
        self._csv = csv.DictWriter(self._out, names, restval="", lineterminator="\n")

    def head(self) -> str:
        """What comes before the first."""
        if self._format is Format.JSONL:
            return ""
        self._csv.writeheader()
        return self._taken()

    def line(self, record: Mapping[str, Any]) -> str:
        """One record."""
        if self._format is Format.JSONL:
            return json.dumps(record, ensure_ascii=False) + "\n"
        self._csv.writerow({name: _harmless(value) for name, value in record.items()})
        return self._taken()

    def _taken(self) -> str:
        written = self._out.getvalue()
        self._out.seek(0)
        self._out.truncate()
        return written


def _harmless(value: Any) -> Any:
    """A cell that a spreadsheet does not calculate."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULAS) else value


def names_of(*, is_of_day: bool) -> Sequence[str]:
    """The fields of a record: of the log, or of the rights of a day."""
    return ("what", *HELD) if is_of_day else FIELDS


async def entries(database: Database, wanted: Stretch) -> AsyncIterator[Mapping[str, Any]]:
    """Each entry of this stretch as a record."""
    async for line in paged(
        database,
        lambda store, after: store.ledger.entries(wanted, after=after, limit=PAGE),
        lambda each: each.entry.id,
        first=0,
    ):
        yield told(line, has_text=True)


async def held(
    database: Database, since: datetime, until: datetime
) -> AsyncIterator[Mapping[str, Any]]:
    """Each right that Close held at any moment of this stretch as a record."""
    async for right in rights(database, since, until):
        said = {name: _plain(value) for name, value in asdict(right).items()}
        known = {name: value for name, value in said.items() if value not in (None, "")}
        yield {"what": "right", **known}


def _plain(value: Any) -> Any:
    return stamp(value) if isinstance(value, datetime) else value


def gap(connected: int, members: int | None) -> str:
    """What an export cannot know, in a sentence."""
    if members is None:
        return (
            f"{connected} people are connected; how many members there are could not be asked. "
            "Rights of people who never connected cannot be listed"
        )
    return (
        f"{connected} of {members} members connected; "
        "rights of people who never connected cannot be listed"
    )

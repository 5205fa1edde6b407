"""What a call of the sandbox Close's API asks for: its parameters and its body, read strictly."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from json import JSONDecodeError
from typing import Any

from starlette.requests import Request

from sandbox.close.refusals import invalid, plain

LONGEST_PAGE = 200
_ID = re.compile(r"[a-z]+_[A-Za-z0-9]+", re.ASCII)
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


def selected(row: dict[str, Any], request: Request) -> dict[str, Any]:
    """Apply ``_fields``."""
    wanted = request.query_params.get("_fields")
    if not wanted:
        return row
    return {name: value for name, value in row.items() if name in wanted.split(",")}


def sliced(request: Request, rows: Sequence[Mapping[str, Any]], usual: int) -> dict[str, Any]:
    """Apply ``_limit`` and ``_skip``; a page has at most ``usual`` rows."""
    limit = min(_whole(request, "_limit", usual, least=1), usual)
    skip = _whole(request, "_skip", 0, least=0)
    return {"data": list(rows[skip : skip + limit]), "has_more": skip + limit < len(rows)}


def _whole(request: Request, name: str, usual: int, *, least: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return usual
    if not _WHOLE_NUMBER.fullmatch(text) or not least <= int(text):
        raise invalid(name, "Not a valid number.")
    if name == "_limit" and int(text) > LONGEST_PAGE:
        raise invalid(name, "Too large.")
    return int(text)


def filter_id(request: Request, name: str, prefix: str = "user") -> str | None:
    """The id in this parameter of the query; 400 for one of another kind."""
    value = request.query_params.get(name)
    if value is not None and not is_id(value, prefix):
        raise invalid(name, "Not a valid id.")
    return value


def filter_moment(request: Request, name: str) -> datetime | None:
    """The moment in this parameter of the query; one without an offset is in UTC."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(name, "Not a valid date.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def body_of(request: Request, names: set[str]) -> dict[str, Any]:
    """Return the JSON object of the request; exactly ``names`` are allowed and required."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise plain(415, "Unsupported media type.")
    try:
        body = await request.json()
    except (JSONDecodeError, UnicodeDecodeError):
        raise plain(400, "Malformed JSON.") from None
    if not isinstance(body, dict):
        raise plain(400, "An object is expected.")
    for name in sorted(names ^ body.keys()):
        raise invalid(name, "This field is required." if name in names else "Unknown field.")
    return body


def is_id(value: object, prefix: str) -> bool:
    """Whether it is an id of this kind."""
    return (
        isinstance(value, str)
        and value.startswith(f"{prefix}_")
        and _ID.fullmatch(value) is not None
    )


def id_in(body: Mapping[str, Any], name: str) -> str:
    """The user's id in this field."""
    value = body[name]
    if not is_id(value, "user"):
        raise invalid(name, "Not a valid id.")
    return str(value)


def ids_in(body: Mapping[str, Any], name: str) -> list[str]:
    """The users' ids in this field."""
    values = body[name]
    if not isinstance(values, list):
        raise invalid(name, "A list is expected.")
    return [id_in({name: value}, name) for value in values]

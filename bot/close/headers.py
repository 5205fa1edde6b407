"""Reading Close's rate-limit headers, in every form that was documented or seen (close.md §6)."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

LONGEST_WAIT = timedelta(minutes=5)
USUAL_WAIT = timedelta(seconds=3)

_PAIR = re.compile(r"([a-z]+)\s*=\s*\"?([0-9]+(?:\.[0-9]+)?)\"?\s*(?:[,;]|$)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a ``RateLimit`` header says: requests in a window, requests left, seconds to its end,
    of which no more than ``LONGEST_WAIT`` are believed."""

    limit: int | None
    remaining: int
    reset: float


def allowance(headers: Mapping[str, str]) -> Allowance | None:
    """Return what the headers say about the limit closest to being hit, or None; never raises."""
    pairs = _pairs(headers)
    remaining = _first(pairs.get("remaining"), _number(headers.get("ratelimit-remaining")))
    reset = _first(pairs.get("reset"), _number(headers.get("ratelimit-reset")))
    limit = _first(pairs.get("limit"), _number(headers.get("ratelimit-limit")))
    if remaining is None or reset is None:
        return None
    reset = min(reset, LONGEST_WAIT.total_seconds())
    return Allowance(None if limit is None else int(limit), int(remaining), reset)


def wait_named(headers: Mapping[str, str], body: bytes = b"") -> timedelta:
    """Return how long to wait after a 429, in Close's order of trust; never raises.

    ``RateLimit`` reset, ``ratelimit-reset``, ``retry-after``, the old body's ``rate_reset``, and
    if nobody names a time ``USUAL_WAIT``; at most ``LONGEST_WAIT`` (close.md §6).
    """
    seconds = next((each for each in _waits(headers, body) if each is not None), None)
    if seconds is None:
        return USUAL_WAIT
    return timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds()))


def _waits(headers: Mapping[str, str], body: bytes) -> Iterator[float | None]:
    yield _pairs(headers).get("reset")
    yield _number(headers.get("ratelimit-reset"))
    yield _number(headers.get("retry-after"))
    yield _reset_in_body(body)


def _pairs(headers: Mapping[str, str]) -> dict[str, float]:
    found = _PAIR.findall(headers.get("ratelimit", "").lower())
    numbers = {name: _number(text) for name, text in found}
    return {name: number for name, number in numbers.items() if number is not None}


def _number(text: str | None) -> float | None:
    """Read a number of seconds or requests; words, dates, negative and endless ones are None."""
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    return number if number is not None and math.isfinite(number) and number >= 0 else None


def _reset_in_body(body: bytes) -> float | None:
    try:
        reset = json.loads(body)["error"]["rate_reset"]
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return None
    return _number(str(reset))


def _first(*numbers: float | None) -> float | None:
    return next((each for each in numbers if each is not None), None)

"""Reading the rate-limit headers in all their forms."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.close.headers import LONGEST_WAIT, USUAL_WAIT, Allowance, allowance, wait_named

NAMES = ("ratelimit", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "retry-after")
HEADERS = st.dictionaries(st.sampled_from(NAMES), st.text(max_size=60))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("limit=100, remaining=50, reset=5", Allowance(100, 50, 5.0)),
        ("limit=100; remaining=50; reset=0.25", Allowance(100, 50, 0.25)),
        ("limit=100,remaining=50,reset=5.5", Allowance(100, 50, 5.5)),
        ("Limit = 100 ; Remaining = 0 ; Reset = 1", Allowance(100, 0, 1.0)),
        ("remaining=3, reset=1", Allowance(None, 3, 1.0)),
        ("limit=100, remaining=50", None),
        ("limit=-1, remaining=-2, reset=-3", None),
        ("", None),
    ],
)
def test_an_allowance_is_read_in_every_form(header: str, expected: Allowance | None) -> None:
    """The comma form, the semicolon form, decimals, odd spaces and letters all read the same."""
    assert allowance({"ratelimit": header}) == expected


def test_separate_headers_are_an_allowance_too() -> None:
    """The three separate headers seen live are enough without the combined one."""
    headers = {"ratelimit-limit": "20", "ratelimit-remaining": "7", "ratelimit-reset": "0.5"}
    assert allowance(headers) == Allowance(20, 7, 0.5)


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"ratelimit": "limit=1, remaining=0, reset=4", "retry-after": "9"}, b"", 4),
        ({"ratelimit": "limit=1; remaining=0; reset=0.75"}, b"", 0.75),
        ({"ratelimit": "broken", "ratelimit-reset": "6", "retry-after": "9"}, b"", 6),
        ({"retry-after": "9"}, b'{"error": {"rate_reset": 2}}', 9),
        ({}, b'{"error": {"rate_reset": 0.870663}}', 0.870663),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, b"", USUAL_WAIT.total_seconds()),
        ({}, b'{"error": "Too many"}', USUAL_WAIT.total_seconds()),
        ({}, b"<html>", USUAL_WAIT.total_seconds()),
        ({"retry-after": "86400"}, b"", LONGEST_WAIT.total_seconds()),
        ({"retry-after": "inf"}, b"", USUAL_WAIT.total_seconds()),
    ],
)
def test_the_wait_follows_the_order_of_trust(
    headers: dict[str, str], body: bytes, seconds: float
) -> None:
    """Each source is used only when the more trusted ones are silent, and the wait is capped."""
    assert wait_named(headers, body) == timedelta(seconds=seconds)


@given(HEADERS, st.binary(max_size=80))
def test_no_header_text_breaks_the_reading(headers: dict[str, str], body: bytes) -> None:
    """Whatever arrives, the wait is between zero and the cap and nothing is raised."""
    assert timedelta(0) <= wait_named(headers, body) <= LONGEST_WAIT
    seen = allowance(headers)
    assert seen is None or (seen.remaining >= 0 and seen.reset >= 0)


@given(
    st.recursive(
        st.none() | st.floats() | st.text(),
        lambda each: (
            st.lists(each) | st.dictionaries(st.sampled_from(["error", "rate_reset", "x"]), each)
        ),
    )
)
def test_no_body_breaks_the_reading(body: object) -> None:
    """Any JSON in the body of a 429 gives a wait within the cap."""
    assert timedelta(0) <= wait_named({}, json.dumps(body).encode()) <= LONGEST_WAIT


@given(
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.floats(0, 3600, allow_nan=False),
    st.sampled_from([", ", ",", "; ", ";", " ; "]),
)
def test_what_is_written_is_read_back(
    limit: int, remaining: int, reset: float, separator: str
) -> None:
    """Every well-formed header is understood exactly, in both separators."""
    header = separator.join([f"limit={limit}", f"remaining={remaining}", f"reset={reset:.6f}"])
    believed = min(float(f"{reset:.6f}"), LONGEST_WAIT.total_seconds())
    assert allowance({"ratelimit": header}) == Allowance(limit, remaining, believed)

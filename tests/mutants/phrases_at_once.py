"""The table of phrases in one test: a mutant of ``bot/times`` meets all of it within a second.

Named by ``modules.py``; ``make test`` has each phrase as a test of its own (tests/unit/times).
"""

from bot.times.reading import read_span
from bot.times.saying import say_span
from tests.unit.times import test_phrases as one_by_one
from tests.unit.times.reasons import REASONS


def test_all_phrases() -> None:
    """Each is what the table says: alone, in a form, before a reason, and said back."""
    for kind, phrase, expected in one_by_one.PHRASES:
        one_by_one.test_phrase(kind, phrase, expected)
        one_by_one.test_phrase_in_a_form(kind, phrase, expected)
        if expected[0] != "!":
            _is_read(phrase, expected)
        elif kind not in (one_by_one.HALF, one_by_one.LATE):
            one_by_one.test_refused_before_a_reason(phrase, expected)
    for reason in REASONS:
        one_by_one.test_an_ordinary_reason_is_no_time(reason)


def _is_read(phrase: str, expected: str) -> None:
    now, zone = one_by_one.NOW, one_by_one.NEW_YORK
    one_by_one.test_phrase_before_a_reason(phrase, expected)
    for span in one_by_one.understood(phrase):
        assert read_span(say_span(span, now=now, zone=zone), now=now, zone=zone) == span

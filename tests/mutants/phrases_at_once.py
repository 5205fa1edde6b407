"""The table of phrases in one test: a mutant of ``bot/times`` meets all of it within a second.

Named by ``modules.py``; ``make test`` has each kind of phrases as a test of its own
(tests/unit/times).
"""

from bot.times.reading import read_span
from bot.times.saying import say_span
from tests.unit.times import test_phrases as by_kind
from tests.unit.times.reasons import REASONS


def test_all_phrases() -> None:
    """Each is what the table says: alone, in a form, before a reason, and said back."""
    for kind in by_kind.OF_KIND:
        by_kind.test_phrase(kind)
        by_kind.test_phrase_in_a_form(kind)
        by_kind.test_phrase_before_a_reason(kind)
        if kind not in (by_kind.HALF, by_kind.LATE):
            by_kind.test_refused_before_a_reason(kind)
    for phrase, _ in by_kind.READ:
        _is_said_back(phrase)
    for reason in REASONS:
        by_kind.test_an_ordinary_reason_is_no_time(reason)


def _is_said_back(phrase: str) -> None:
    now, zone = by_kind.NOW, by_kind.NEW_YORK
    for span in by_kind.understood(phrase):
        assert read_span(say_span(span, now=now, zone=zone), now=now, zone=zone) == span

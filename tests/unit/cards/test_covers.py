"""A cover in words: whole days of its grantor's, or else moments."""

from dataclasses import replace
from datetime import date, timedelta

from bot.cards import covers as cards
from bot.times.choices import whole_days
from models.cover import Covered
from models.delegation import State
from tests.surfaces.covers import right


def test_days_stay_days_when_the_clock_changes() -> None:
    """Over a change of the clock it is whole days in its grantor's zone, and moments in another."""
    starts, until = whole_days(date(2026, 10, 23), date(2026, 10, 26), "Europe/Berlin")
    own = right(State.APPROVED, starts_at=starts, until=until, grantor_zone="Europe/Berlin")
    said = cards.when(Covered("c", [own]))
    assert said.startswith("from <!date^")
    assert f"<!date^{int((until - timedelta(seconds=1)).timestamp())}^" in said
    elsewhere = replace(own, grantor_zone="Asia/Kolkata")
    assert " until <!date^" in cards.when(Covered("c", [elsewhere]))

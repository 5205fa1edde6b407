"""What people might type: clocks, zones and phrases for any test of reading time."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from bot.times.span import Span

BERLIN = "Europe/Berlin"
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)  # Wednesday, 10:00 in Berlin
FRIDAY_FIVE = Span(until=datetime(2026, 11, 27, 16, tzinfo=UTC))
ZONES = ("UTC", BERLIN, "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Tokyo")
TIME_WORDS = (
    "until from to for at the of next this last end a an half and - , 5 17:00 9am pm noon midnight "
    "today tomorrow yesterday monday friday sat week month day 2h 30m 3 days hours forever 1 1st "
    "december dec 29 february 3/4 2026-12-01 99999999999d -2h 0m now on morning covering ２h ½"
)

clocks = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
zones = st.sampled_from(ZONES)
phrases = st.lists(st.sampled_from(TIME_WORDS.split()), max_size=12).map(" ".join)


def check_sound(span: Span, clock: datetime) -> None:
    """Exactly one kind of end, and everything in the future."""
    assert [span.length is not None, span.until is not None, span.forever].count(True) == 1
    assert span.starts is None or span.starts > clock
    assert span.until is None or span.until > (span.starts or clock)
    assert span.length is None or span.length > timedelta()

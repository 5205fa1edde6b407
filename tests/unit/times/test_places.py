"""Places whose clock a time is on: what names one, which it is, and how its offset is said."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.times.places import (
    Place,
    city_of,
    is_city,
    is_own,
    is_part_of_a_name,
    is_place,
    is_short_place,
    places_of,
    say_offset,
    word_for,
    word_in_capitals,
)

WINTER, SUMMER = datetime(2026, 11, 25, 15, tzinfo=UTC), datetime(2026, 7, 1, 9, tzinfo=UTC)
TOKYO = "Asia/Tokyo"


def written(place: Place) -> str:
    """Its zone, how it is said, and the offset: a fixed one, or one that its name has by rights."""
    offset = f" {say_offset(place.offset)}" if place.offset else ""
    strict = f" ({say_offset(place.strict)})" if place.strict is not None else ""
    return f"{place.zone}, {place.said or '-'}{offset}{strict}"


@pytest.mark.parametrize(
    ("word", "own", "places"),
    [
        ("@your", TOKYO, "Asia/Tokyo, -"),
        ("utc", TOKYO, "UTC, UTC"),
        ("zulu", TOKYO, "UTC, UTC"),
        ("gmt", "Europe/London", "UTC, UTC"),
        ("utc+2", TOKYO, "UTC, at UTC+2 UTC+2"),
        ("@utc+2", TOKYO, "UTC, at UTC+2 UTC+2"),
        ("gmt-3", TOKYO, "UTC, at UTC-3 UTC-3"),
        ("+05:30", TOKYO, "UTC, at UTC+05:30 UTC+05:30"),
        ("cet", TOKYO, "Europe/Berlin, CET (UTC+1)"),
        ("@cet", TOKYO, "Europe/Berlin, CET (UTC+1)"),
        ("@eat", TOKYO, "Africa/Nairobi, EAT (UTC+3)"),
        ("est", "Nowhere/City", "America/New_York, EST (UTC-5)"),
        ("@berlin", TOKYO, "Europe/Berlin, in Berlin"),
        ("@new york", TOKYO, "America/New_York, in New York"),
        ("@pacific standard", TOKYO, "America/Los_Angeles, in Los Angeles"),
        ("@us pacific summer", TOKYO, "America/Los_Angeles, in Los Angeles"),
        ("europe/berlin", TOKYO, "Europe/Berlin, in Berlin"),
        ("ast", TOKYO, "America/Halifax, in Halifax | Asia/Riyadh, in Riyadh"),
        # Whoever lives in one of them means their own.
        ("cet", "Europe/Paris", "Europe/Paris, - (UTC+1)"),
        ("cest", "Europe/Paris", "Europe/Paris, - (UTC+2)"),
        ("ist", "Asia/Kolkata", "Asia/Kolkata, - (UTC+05:30)"),
        ("pst", "Asia/Manila", "Asia/Manila, - (UTC+8)"),
    ],
)
@pytest.mark.parametrize("now", [WINTER, SUMMER])
def test_places_of(word: str, own: str, places: str, now: datetime) -> None:
    """Every place that a word may mean, in winter as in summer."""
    assert " | ".join(map(written, places_of(word, own, now))) == places


@pytest.mark.parametrize("month", range(1, 13))
@pytest.mark.parametrize(
    ("word", "own", "offset"),
    [
        ("cst", "America/Chicago", "UTC-6"),
        ("cdt", "America/Chicago", "UTC-5"),
        ("ist", "Asia/Jerusalem", "UTC+2"),
        ("cet", "Europe/Paris", "UTC+1"),
        ("cest", "Europe/Paris", "UTC+2"),
        ("aedt", "Australia/Melbourne", "UTC+11"),
    ],
)
def test_at_home(word: str, own: str, offset: str, month: int) -> None:
    """All year round a name that one's own clock has in a part of it means one's own: summer takes
    more than half of a year."""
    (place,) = places_of(word, own, datetime(2026, month, 10, tzinfo=UTC))
    assert written(place) == f"{own}, - ({offset})"


def test_at_home_no_more() -> None:
    """What one's own clock showed before, and will not show again, is somebody else's: Mexico gave
    up its summer in 2022."""
    (place,) = places_of("cdt", "America/Mexico_City", datetime(2022, 12, 10, tzinfo=UTC))
    assert written(place) == "America/Chicago, CDT (UTC-5)"


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("+01:00", "UTC+1"),
        ("-01:30", "UTC-01:30"),
        ("+0100", "UTC+1"),
        ("+1:30", "UTC+01:30"),
        ("utc+2", "UTC+2"),
        ("gmt-3", "UTC-3"),
        ("utc−3", "UTC-3"),
        ("utc–3", "UTC-3"),
        ("utc+0", "UTC+0"),
        ("utc+5:59", "UTC+05:59"),
        ("utc+13:59", "UTC+13:59"),
        ("utc+14", "UTC+14"),
        ("utc-14:00", "UTC-14"),
        ("utc+0:05", "UTC+00:05"),
    ],
)
def test_offset(word: str, said: str) -> None:
    """A distance from UTC, and how it is said back."""
    assert is_place(word)
    (place,) = places_of(word, TOKYO, WINTER)
    assert (place.zone, place.said, say_offset(place.offset)) == ("UTC", f"at {said}", said)


@pytest.mark.parametrize(
    ("kind", "words", "others"),
    [
        (
            is_place,
            "@x utc z gmt cet ist utc+2 europe/berlin america/argentina/buenos_aires @eat",
            "et berlin egypt eat x / 9/5 a/b +1 -3 +14:01 utc+14:01 utc+15 utc+5:60 x+1:00 utc+1x",
        ),
        (is_own, "@your @my @our @local @own @here", "@berlin your @utc"),
        (is_short_place, "et ct mt pt eastern pacific", "@et cet central mountain est"),
        (is_part_of_a_name, "new york los your here local et zürich salt", "etc utc eat x"),
    ],
)
def test_kinds_of_words(kind: object, words: str, others: str) -> None:
    """Which words name a place, one's own, one only behind a clock time, or are a part of one."""
    assert callable(kind)
    assert [word for word in words.split() if not kind(word)] == []
    assert [word for word in others.split() if kind(word)] == []


def test_is_city() -> None:
    """Cities and countries, with and without the half of the year; no continents or old names."""
    cities = (
        "berlin|new york|salt lake city|uk|us pacific|us pacific summer|uk standard|uk daylight"
    )
    assert [name for name in cities.split("|") if not is_city(tuple(name.split()))] == []
    others = "etc|gmt|utc|europe|egypt|san|york|berlin summer|uk winter"
    assert [name for name in others.split("|") if is_city(tuple(name.split()))] == []


def test_word_for() -> None:
    """The several words of a place are one; ordinary words, and halves of a name, are none."""
    names = ("your", "here", "local", "new york", "cet", "utc", "ist", "pacific daylight")
    words = {name: word_for((*name.split(), "time")) for name in names}
    assert words == {name: f"@{name}" for name in names}
    assert word_for(("new", "york", "local", "time")) == "@new york"
    none = ("time", "york time", "your own time", "my local time", "eat time", "x time", "berlin")
    assert [word for word in none if word_for(tuple(word.split()))] == []
    assert [word_for(words) for words in (("new", "york"), ("berlin", "office"))] == [None] * 2


def test_word_in_capitals() -> None:
    """What is an ordinary word as well names a place in capitals only."""
    assert [word_in_capitals(word) for word in ("EAT", "WEST")] == ["@eat", "@west"]
    assert [word_in_capitals(word) for word in ("eat", "Eat", "CET", "E")] == [None] * 4


def test_what_a_clock_shows() -> None:
    """In a zone, at a fixed offset as if it were UTC, and UTC where nobody knows the zone."""
    two, one = timedelta(hours=2), timedelta(hours=1)
    strictly = Place("Europe/Berlin", "CET", strict=one).at_its_offset()
    assert strictly == Place("UTC", "at UTC+1", one)
    places = (Place("Europe/Berlin"), Place("UTC", "", two), Place("Nowhere"), Place(""))
    shown = [place.local(WINTER) for place in places]
    assert [each.hour for each in shown] == [16, 17, 15, 15]
    assert [each.tz_id for each in shown] == ["Europe/Berlin", "UTC", "UTC", "UTC"]


def test_city_of() -> None:
    """The city is the last part of a zone's name, as it is written."""
    zones = ("Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC")
    assert [city_of(zone) for zone in zones] == ["Berlin", "Buenos Aires", "UTC"]

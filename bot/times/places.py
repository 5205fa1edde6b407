"""Whose clock a time is on: ``CET``, ``UTC+2``, ``Europe/Berlin``, ``Berlin time``, ``your time``.

A name may mean several places: "IST" is India, Israel and Ireland. People also say "PST" all year
round, when in July no clock in Los Angeles shows it; such a name has the place and the strict
offset as its meanings, and only where the two differ somebody has to choose.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from whenever import Instant, TimeZoneNotFoundError, ZonedDateTime, available_timezones

MOST_WORDS = 4  # of a place's name, with "time"
MARK = "@"  # begins a word that stands for the several words of a place
SAID = {"@your", "utc"}  # whose clock the bot itself names; it says all hours with two digits
_QUARTERS = tuple(timedelta(days=days) for days in (0, 91, 182, 273))  # no season is shorter

_AREAS = {
    *("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe"),
    *("Indian", "Pacific"),
}
_NEW_YORK, _CHICAGO, _DENVER = "America/New_York", "America/Chicago", "America/Denver"
_LOS_ANGELES, _LONDON, _BERLIN = "America/Los_Angeles", "Europe/London", "Europe/Berlin"
_KOLKATA, _SYDNEY = "Asia/Kolkata", "Australia/Sydney"
_NICKNAMES = {
    _NEW_YORK: "nyc|ny|new york city|boston|washington|dc|atlanta|miami|philadelphia|eastern"
    "|us eastern|east coast|et",
    _CHICAGO: "texas|dallas|houston|austin|central|us central|ct",
    _DENVER: "mountain|us mountain|mt|salt lake city",
    "America/Phoenix": "arizona|az",
    _LOS_ANGELES: "la|sf|san francisco|california|seattle|las vegas|san diego|portland|pacific"
    "|us pacific|west coast|pt",
    _LONDON: "uk|british|england|scotland|edinburgh|manchester|cardiff|glasgow",
    _BERLIN: "german|germany|munich|frankfurt|hamburg|cologne|central european",
    "Europe/Paris": "french|france|lyon",
    "Europe/Madrid": "spanish|spain|barcelona",
    "Europe/Rome": "italian|italy|milan",
    "Europe/Zurich": "swiss|geneva|zürich",
    "Europe/Amsterdam": "dutch",
    "Europe/Dublin": "irish|ireland",
    "Europe/Kyiv": "kyiv|kiev",
    "Europe/Helsinki": "eastern european",
    _KOLKATA: "india|indian|mumbai|delhi|new delhi|bangalore|bengaluru|chennai|hyderabad|pune",
    "Asia/Shanghai": "china|chinese|beijing|shenzhen",
    "Asia/Tokyo": "japan|japanese|osaka",
    "Asia/Jerusalem": "israel|israeli|tel aviv",
    _SYDNEY: "canberra|australian eastern",
    "Pacific/Auckland": "new zealand|nz|wellington",
    "America/Toronto": "ottawa",
    "America/Sao_Paulo": "são paulo|brazil|brasília",
    "Asia/Kathmandu": "nepal",
    "Pacific/Honolulu": "hawaii",
    "UTC": "universal|coordinated universal|greenwich mean|greenwich",
}
_HALVES_OF_THE_YEAR = ("", " standard", " daylight", " summer")
_OWN = {"your", "my", "our", "local", "own", "here"}
_STRICT = {
    "cet": (_BERLIN, 60),
    "cest": (_BERLIN, 120),
    "wet": ("Europe/Lisbon", 0),
    "eet": ("Europe/Helsinki", 120),
    "eest": ("Europe/Helsinki", 180),
    "msk": ("Europe/Moscow", 180),
    "trt": ("Europe/Istanbul", 180),
    "bst": (_LONDON, 60),
    "est": (_NEW_YORK, -300),
    "edt": (_NEW_YORK, -240),
    "cdt": (_CHICAGO, -300),
    "mst": (_DENVER, -420),
    "mdt": (_DENVER, -360),
    "pst": (_LOS_ANGELES, -480),
    "pdt": (_LOS_ANGELES, -420),
    "akst": ("America/Anchorage", -540),
    "akdt": ("America/Anchorage", -480),
    "hst": ("Pacific/Honolulu", -600),
    "adt": ("America/Halifax", -180),
    "nst": ("America/St_Johns", -210),
    "ndt": ("America/St_Johns", -150),
    "brt": ("America/Sao_Paulo", -180),
    "cot": ("America/Bogota", -300),
    "idt": ("Asia/Jerusalem", 180),
    "pkt": ("Asia/Karachi", 300),
    "npt": ("Asia/Kathmandu", 345),
    "ict": ("Asia/Bangkok", 420),
    "wib": ("Asia/Jakarta", 420),
    "sgt": ("Asia/Singapore", 480),
    "myt": ("Asia/Kuala_Lumpur", 480),
    "pht": ("Asia/Manila", 480),
    "hkt": ("Asia/Hong_Kong", 480),
    "awst": ("Australia/Perth", 480),
    "jst": ("Asia/Tokyo", 540),
    "kst": ("Asia/Seoul", 540),
    "acst": ("Australia/Adelaide", 570),
    "acdt": ("Australia/Adelaide", 630),
    "aest": (_SYDNEY, 600),
    "aedt": (_SYDNEY, 660),
    "nzst": ("Pacific/Auckland", 720),
    "nzdt": ("Pacific/Auckland", 780),
    "sast": ("Africa/Johannesburg", 120),
    # These are ordinary words as well, so they are read in capitals only.
    "@west": ("Europe/Lisbon", 60),
    "@eat": ("Africa/Nairobi", 180),
    "@cat": ("Africa/Maputo", 120),
    "@wat": ("Africa/Lagos", 60),
    "@art": ("America/Argentina/Buenos_Aires", -180),
    "@met": (_BERLIN, 60),
}
_SEVERAL = {
    "cst": (_CHICAGO, "Asia/Shanghai"),
    "ist": (_KOLKATA, "Asia/Jerusalem", "Europe/Dublin"),
    "ast": ("America/Halifax", "Asia/Riyadh"),
    "gst": ("Asia/Dubai", "Atlantic/South_Georgia"),
    "sst": ("Asia/Singapore", "Pacific/Pago_Pago"),
}
_UNIVERSAL = {"utc", "gmt", "z", "zulu"}
_OFFSET = re.compile(r"(?:utc|gmt)?([+−–-])([0-9]{1,2})(?::?([0-9]{2}))?")
_FURTHEST = timedelta(hours=14)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a clock hangs: in ``zone``, or at a fixed ``offset`` from UTC, its zone then being UTC.

    ``said`` names it behind a clock time: "in Berlin", "CET"; it is empty for the asker's own.
    ``strict`` is the offset that the name has by rights, if it has one.
    """

    zone: str
    said: str = ""
    offset: timedelta = timedelta()
    strict: timedelta | None = None

    def local(self, moment: datetime) -> ZonedDateTime:
        """What the clock there shows; of a fixed offset, as if it were UTC."""
        instant = Instant(moment + self.offset)
        try:
            return instant.to_tz(self.zone)
        except TimeZoneNotFoundError:
            return instant.to_tz("UTC")

    def at_its_offset(self) -> "Place":
        """The clock that shows what the name strictly says all year round."""
        assert self.strict is not None  # noqa: S101 - asked only of a place that has one
        return Place("UTC", f"at {say_offset(self.strict)}", self.strict)


def word_in_capitals(word: str) -> str | None:
    """The word for a place whose name is an ordinary word, too, when it is in capitals: ``EAT``."""
    marked = MARK + word.lower()
    return marked if word.isupper() and marked in _STRICT else None


def word_for(words: tuple[str, ...]) -> str | None:
    """One word for the several of a place's name, or None: ``new york time``, ``your time``."""
    if len(words) < 2 or words[-1] != "time":
        return None
    names = words[:-1]
    if names[-1] in _OWN and len(names) == 1:
        return MARK + names[-1]
    if names[-1] == "local":
        names = names[:-1]
    name = " ".join(names)
    return (
        MARK + name
        if name in _cities() or name in _UNIVERSAL | _STRICT.keys() | _SEVERAL.keys()
        else None
    )


def is_place(word: str) -> bool:
    """Whether the word names a place in any way."""
    return (
        word.startswith(MARK)
        or word in _UNIVERSAL
        or word in _STRICT
        or word in _SEVERAL
        or _offset(word) is not None
        or ("/" in word and word[0].isalpha() and word in _names())
    )


def is_own(word: str) -> bool:
    """Whether it is the asker's own clock: "your time", "my time"."""
    return word.startswith(MARK) and word.removeprefix(MARK) in _OWN


def is_short_place(word: str) -> bool:
    """``ET`` and ``PT``, which name a place only behind a clock time."""
    return word in {"et", "ct", "mt", "pt", "eastern", "pacific"}


def is_city(words: tuple[str, ...]) -> bool:
    """Whether the words, taken whole, are a city or country whose clock is known."""
    return " ".join(words) in _cities()


def is_part_of_a_name(word: str) -> bool:
    """Whether the word is one of those that a place is called by: "new", "york", "your"."""
    return word in _OWN or word in _parts()


def places_of(word: str, own: str, now: datetime) -> list[Place]:
    """Every place that the word may mean, for somebody whose own zone is ``own``."""
    name = word.removeprefix(MARK)
    if is_own(word):
        return [Place(own)]
    if (offset := _offset(name)) is not None:
        return [Place("UTC", f"at {say_offset(offset)}", offset)]
    if name in _UNIVERSAL:
        return [Place("UTC", "UTC")]
    if home := _at_home(name, own, now):
        return [home]
    if strict := _STRICT.get(word) or _STRICT.get(name):
        zone, minutes = strict
        return [Place(zone, name.upper(), strict=timedelta(minutes=minutes))]
    zones = _SEVERAL.get(name) or (_cities().get(name) or _names()[name],)
    return [Place(zone, f"in {city_of(zone)}") for zone in zones]


def city_of(zone: str) -> str:
    """The city in a zone's name."""
    return zone.rsplit("/", 1)[-1].replace("_", " ")


def say_offset(offset: timedelta) -> str:
    """A distance from UTC: ``UTC+2``, ``UTC-03:30``."""
    hours, rest = divmod(abs(offset), timedelta(hours=1))
    sign = "-" if offset < timedelta() else "+"
    return f"UTC{sign}{hours}" if not rest else f"UTC{sign}{hours:02}:{rest.seconds // 60:02}"


def _offset(word: str) -> timedelta | None:
    """``+01:00``, ``+0100``, ``UTC+2``; a sign with hours alone is none without "UTC"."""
    found = _OFFSET.fullmatch(word)
    if not found or (word[0] not in "ug" and not found[3]):
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if offset > _FURTHEST or int(found[3] or 0) >= 60:
        return None
    return offset if found[1] == "+" else -offset


def _at_home(name: str, own: str, now: datetime) -> Place | None:
    """Somebody in India means India by "IST"."""
    for later in _QUARTERS:
        local = Place(own).local(now + later)
        if local.tz_abbrev().lower() == name:
            strict = timedelta(seconds=local.offset.total("seconds"))
            return Place(own, strict=strict)
    return None


@cache
def _names() -> dict[str, str]:
    """The zones by their names in lower case."""
    return {zone.lower(): zone for zone in available_timezones()}


@cache
def _parts() -> set[str]:
    return {word for name in _cities() for word in name.split()}


@cache
def _cities() -> dict[str, str]:
    """The zones by city, and by what else people call the time there."""
    found = {
        city_of(zone).lower(): zone
        for zone in sorted(available_timezones())
        if zone.split("/", 1)[0] in _AREAS
    }
    for zone, names in _NICKNAMES.items():
        for name in names.split("|"):
            found |= {name + half: zone for half in _HALVES_OF_THE_YEAR}
    return found

"""When somebody who is away is asked who covers for them, and when no longer. Pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.process.settings import Settings
from models.absence import LEAST, Absence, AwayStatuses, Offer, judged, read_statuses
from models.person import Person

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MONDAY = NOW + timedelta(days=7)
LONGEST = timedelta(days=30)
USUAL = read_statuses([":palm_tree:", "on leave", "OOO"])
ADA = Person(
    id="U0ADA",
    team_id="T0",
    name="Ada",
    email=None,
    time_zone="Europe/Berlin",
    is_bot=False,
    is_deactivated=False,
    is_guest=False,
    is_stranger=False,
)
NEW = Absence(id="a", team_id="T0", slack_user_id="U0ADA")
OPEN = replace(NEW, number=1, offer=Offer.OPEN, until=MONDAY)


def after(absence: Absence, until: datetime | None, *, covered: bool = False) -> Absence:
    """What becomes of it now."""
    return judged(absence, until, now=NOW, longest=LONGEST, is_covered=covered)


@pytest.mark.parametrize(
    ("emoji", "text", "is_away"),
    [
        (":palm_tree:", "", True),
        (":palm_tree::skin-tone-3:", "", True),
        (":coffee:", "On leave, back Monday", True),
        ("", "ooo!", True),
        ("", "OOOH, a status", False),
        (":coffee:", "In a meeting", False),
        ("", "leave me alone", False),
        ("", "", False),
    ],
)
def test_which_statuses_count(emoji: str, text: str, *, is_away: bool) -> None:
    """An emoji with any skin, or whole words in any case; nothing that only contains them."""
    ada = replace(ADA, status_emoji=emoji, status_text=text, status_expires_at=MONDAY)
    assert USUAL.say_away(ada) is is_away
    assert (USUAL.away_until(ada, now=NOW) == MONDAY) is is_away


@pytest.mark.parametrize(
    ("emoji", "text", "is_away"),
    [
        (":palm_tree:", "Vacationing", True),
        (":palm_tree:", "Im Urlaub", True),
        (":palm_tree:", "休暇中", True),
        (":face_with_thermometer:", "Out sick", True),
        (":face_with_thermometer:", "Krankgeschrieben", True),
        (":no_entry:", "Out of office - back on the 7th", True),
        (":speech_balloon:", "On parental leave", True),
        (":speech_balloon:", "OOO until Monday", True),
        (":baby:", "On maternity leave", True),
        (":spiral_calendar_pad:", "In a meeting", False),
        (":spiral_calendar_pad:", "In einer Besprechung", False),
        (":bus:", "Commuting", False),
        (":house_with_garden:", "Working remotely", False),
        (":headphones:", "Focusing", False),
        (":hamburger:", "Lunch, out of the house", False),
        (":computer:", "Sick of spreadsheets", False),
    ],
)
def test_what_counts_unless_it_is_set(emoji: str, text: str, *, is_away: bool) -> None:
    """Of Slack's own statuses, in any language, those of a holiday and of illness; what a calendar
    or people write for leave; and no meeting, no way to work, no work from home."""
    usual = read_statuses(Settings.model_fields["away_statuses"].default)
    ada = replace(ADA, status_emoji=emoji, status_text=text, status_expires_at=MONDAY)
    assert usual.say_away(ada) is is_away


def test_an_emoji_is_listed_in_any_skin() -> None:
    """With a tone it stands for the same in the setting as in a status."""
    listed = read_statuses([":surfer::skin-tone-2:"])
    assert listed.say_away(replace(ADA, status_emoji=":surfer:"))
    assert listed.say_away(replace(ADA, status_emoji=":surfer::skin-tone-5:"))


def test_without_an_end_or_a_list_nobody_is_away() -> None:
    """A status that stays, one that is over, and a setting that is empty."""
    ada = replace(ADA, status_emoji=":palm_tree:")
    assert USUAL.away_until(ada, now=NOW) is None
    assert USUAL.away_until(replace(ada, status_expires_at=NOW), now=NOW) is None
    ahead = replace(ada, status_expires_at=MONDAY)
    assert AwayStatuses().away_until(ahead, now=NOW) is None
    assert read_statuses(()).away_until(ahead, now=NOW) is None


def test_a_new_one_is_asked_about() -> None:
    """If it is long enough, short enough for a right, and its owner wants to be asked."""
    assert after(NEW, MONDAY) == OPEN
    assert after(NEW, NOW + LEAST).is_open
    assert after(NEW, NOW + LEAST - timedelta(seconds=1)) == NEW
    assert after(NEW, NOW + LONGEST + timedelta(seconds=1)) == NEW
    assert after(NEW, None) == NEW
    quiet = replace(NEW, is_quiet=True)
    assert after(quiet, MONDAY) == quiet
    assert after(NEW, MONDAY, covered=True) == replace(OPEN, offer=Offer.COVERED)


def test_one_that_goes_on_is_the_same() -> None:
    """Another end, its last hours, and the same status set again count as the same absence."""
    later = MONDAY + timedelta(days=1)
    assert after(OPEN, MONDAY) == OPEN
    assert after(OPEN, later) == replace(OPEN, until=later)
    assert after(OPEN, NOW + timedelta(hours=1)).number == 1
    cleared = after(OPEN, None)
    assert cleared == replace(OPEN, offer=Offer.CLEARED)
    assert after(cleared, None) == cleared
    assert after(cleared, MONDAY) == OPEN
    assert after(cleared, later) == replace(OPEN, until=later, number=2)


def test_it_is_over_with_its_time_or_with_a_cover() -> None:
    """What has passed is asked about no more, and what was settled stays so until then."""
    past = replace(OPEN, until=NOW)
    assert after(past, None) == replace(past, offer=Offer.PASSED)
    assert after(past, MONDAY) == replace(OPEN, number=2)
    covered = after(OPEN, MONDAY, covered=True)
    assert covered == replace(OPEN, offer=Offer.COVERED)
    assert after(covered, MONDAY) == covered
    assert after(replace(covered, until=NOW), NOW + timedelta(hours=1)).offer is Offer.PASSED

"""Clock times as they are typed: which each can be, and which words are none."""

import pytest
from whenever import Time

from bot.times.hours import is_hour, read_clock, uses_24_hours


def clock(said: str, *, is_24_hours: bool = False) -> str | None:
    """The clock times and how many days later each is, with ``~`` where only beside "until"."""
    found = read_clock(tuple(said.split()), is_24_hours=is_24_hours)
    if found is None:
        return None
    times = [f"{at.hour:02}:{at.minute:02}{'+' * later}" for at, later in found.options]
    return ("~" if found.is_bare else "") + " ".join(times)


@pytest.mark.parametrize(
    ("said", "usual", "of_24_hours"),
    [
        ("noon", "12:00", "12:00"),
        ("at noon", "12:00", "12:00"),
        ("midnight", "00:00 00:00+", "00:00 00:00+"),
        ("at", None, None),
        ("5 o'clock", "~05:00 17:00", "~05:00"),
        ("five o'clock", "~05:00 17:00", "~05:00"),
        ("24 o'clock", None, None),
        ("now 5 o'clock", None, None),
        ("5:30 hours", "05:30 17:30", "05:30"),
        ("17:30 h", "17:30", "17:30"),
        ("17:30 minutes", None, None),
        ("17:30 5", None, None),
        ("5 hours", None, None),
        ("5:30 hours hours", None, None),
        # past and to
        ("half past 5", "~05:30 17:30", "~05:30"),
        ("half 5", "~05:30 17:30", "~05:30"),
        ("half twelve", "~12:30 00:30+", "~12:30"),
        ("quarter past five", "~05:15 17:15", "~05:15"),
        ("a quarter to 1", "~12:45 00:45+", "~12:45"),
        ("quarter to 2", "~01:45 13:45", "~01:45"),
        ("ten to six", "~05:50 17:50", "~05:50"),
        ("one past 05", "~05:01 17:01", "~05:01"),
        ("half past 12", "~12:30 00:30+", "~12:30"),
        ("half past 1", "~01:30 13:30", "~01:30"),
        ("half past 13", None, None),
        ("half past 0", None, None),
        ("half to 5", None, None),
        ("thirty past 5", "~05:30 17:30", "~05:30"),
        ("thirty to 5", None, None),
        ("forty past 5", None, None),
        ("zero past 5", None, None),
        ("past past 5", None, None),
        ("ten past 005", None, None),
        ("ten in 5", None, None),
        ("ten past 5 6", None, None),
        ("five thirty", "~05:30 17:30", "~05:30"),
        ("one ten", "~01:10 13:10", "~01:10"),
        ("twelve forty", "~12:40 00:40+", "~12:40"),
        ("thirteen thirty", None, None),
        ("five five", None, None),
        ("x thirty", None, None),
        # am and pm
        ("5pm", "17:00", "17:00"),
        ("5p", "17:00", "17:00"),
        ("5am", "05:00", "05:00"),
        ("1am", "01:00", "01:00"),
        ("12am", "00:00", "00:00"),
        ("12pm", "12:00", "12:00"),
        ("0pm", None, None),
        ("13pm", None, None),
        ("530pm", "17:30", "17:30"),
        ("5:59pm", "17:59", "17:59"),
        ("5:60pm", None, None),
        # of 24 hours
        ("24:00", "00:00+", "00:00+"),
        ("24.00", "00:00+", "00:00+"),
        ("24h", "00:00+", "00:00+"),
        ("24h00", "00:00+", "00:00+"),
        ("24:01", None, None),
        ("5h", None, "~05:00"),
        ("5h30", None, "~05:30"),
        ("17h", "~17:00", "~17:00"),
        ("17h30", "~17:30", "~17:30"),
        ("00h", "~00:00", "~00:00"),
        ("23h", "~23:00", "~23:00"),
        ("25h", None, None),
        ("29h", None, None),
        ("5:30", "05:30 17:30", "05:30"),
        ("05:30", "05:30", "05:30"),
        ("5.30", "~05:30 17:30", "~05:30"),
        ("17.30", "~17:30", "~17:30"),
        ("12:30", "12:30 00:30+", "12:30"),
        ("0:30", "00:30", "00:30"),
        ("1:30", "01:30 13:30", "01:30"),
        ("23:59", "23:59", "23:59"),
        ("24:30", None, None),
        ("23:60", None, None),
        ("5:30:15", "05:30", "05:30"),
        ("5:30:59", "05:30", "05:30"),
        ("5:30:60", None, None),
        ("1730", "~17:30", "~17:30"),
        ("2019", "~20:19", "~20:19"),
        ("2030", None, None),
        ("2400", None, None),
        # a bare number
        ("0", "~00:00", "~00:00"),
        ("1", "~01:00 13:00", "~01:00"),
        ("12", "~12:00 00:00+", "~12:00"),
        ("13", "~13:00", "~13:00"),
        ("23", "~23:00", "~23:00"),
        ("24", None, None),
        ("one", "~01:00 13:00", "~01:00"),
        ("twelve", "~12:00 00:00+", "~12:00"),
        ("thirteen", None, None),
        ("5 6", None, None),
        ("x", None, None),
    ],
)
def test_read_clock(said: str, usual: str | None, of_24_hours: str | None) -> None:
    """Morning and evening are both meant unless the words, or those beside them, say which."""
    assert clock(said) == usual
    assert clock(said, is_24_hours=True) == of_24_hours


def test_seconds_are_kept() -> None:
    """A time that is written with its seconds is that second."""
    found = read_clock(("17:30:15",))
    assert found is not None
    assert found.options == ((Time(17, 30, 15), 0),)


def test_hours_are_a_length() -> None:
    """Where nothing says that there are 24 hours, 5h is none of them."""
    assert read_clock(("5h",)) is None


def test_numbers_of_hours() -> None:
    """Two digits can be an hour; a leading zero or more than twelve shows that there are 24."""
    assert [is_hour(word) for word in ("5", "17", "175", "5pm", "x")] == [True, True, *[False] * 3]
    assert uses_24_hours(("9:00", "17:30"))
    assert not uses_24_hours(("9:00", "5:30"))

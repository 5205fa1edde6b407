"""What people say around a time, and the halves of the day that they leave out."""

import pytest

from bot.times.plain import plainly
from bot.times.tokens import tokens_of, words_of


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("from 5pm on", "from 5pm"),
        ("from 5pm onward", "from 5pm"),
        ("from 5pm onwards", "from 5pm"),
        ("3.30 to 5pm", "3.30pm to 5pm"),
        ("3:30 to 5pm", "3:30pm to 5pm"),
        ("5:15 to 5:30pm", "5:15pm to 5:30pm"),
        ("5:30 to 5:15pm", "5:30am to 5:15pm"),
        ("5 to 5pm", "5am to 5pm"),
        ("1 to 12pm", "1am to 12pm"),
        ("12 to 1pm", "12pm to 1pm"),
        ("13 to 5pm", "13 to 5pm"),
        ("9 to 5 and between 9 and 5", "9 to 5 and from 9 to 5"),
        ("up to 2 hours", "2 hours"),
        ("up to friday", "until friday"),
        ("monday for up to friday", "monday for upto friday"),
    ],
)
def test_plainly(said: str, plain: str) -> None:
    """A bound, a range and half a day become the words that are read; anything else stays."""
    assert plainly(words_of(tokens_of(said))) == tuple(plain.split())

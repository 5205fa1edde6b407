"""When two addresses count as the same."""

import pytest

from models.address import address_key, is_same_address

SAME = [("ada@example.com", "ADA@Example.com"), ("strau\u00df@x.example", "strau\u00df@x.example")]
OTHER = [
    ("strauss@example.com", "strau\u00df@example.com"),
    ("STRASSE@example.com", "stra\u00dfe@example.com"),
    ("id@example.com", "\u0130d@example.com"),
    ("id@example.com", "\u0131d@example.com"),
    ("kim@example.com", "\u212aim@example.com"),
    ("ada@example.com", "\uff41da@example.com"),
    ("ada@example.com", "ada@example.com."),
    ("ada@example.com", "ada+x@example.com"),
    ("\u00e4@example.com", "\u00c4@example.com"),
    ("", ""),
    (None, None),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same(one: str, other: str) -> None:
    """A4: equal as they are, or both ASCII and equal in lower case."""
    assert is_same_address(one, other)
    assert address_key(one) == address_key(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_another(one: str | None, other: str | None) -> None:
    """A4: what folds to the same letters is another address, and none is nobody's."""
    assert not is_same_address(one, other)
    assert not is_same_address(other, one)

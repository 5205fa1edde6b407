"""Who is gone from a Close organization, by lists of which not everybody sees each."""

import pytest

from bot.delegations.people.membership import missing
from bot.ports import Memberships

ME, ADA, BEN = "user_me", "user_ada", "user_ben"


def both(*, active: set[str], inactive: set[str]) -> Memberships:
    """The organization's own lists."""
    return Memberships(frozenset(active), frozenset(inactive))


@pytest.mark.parametrize(
    ("listed", "memberships", "gone"),
    [
        ({ME, ADA, BEN}, None, set()),
        ({ME, ADA}, None, {BEN}),
        ({ME, ADA, BEN}, both(active={ME, ADA, BEN}, inactive=set()), set()),
        ({ME, ADA}, both(active={ME, ADA}, inactive={BEN}), {BEN}),
        # removed members are listed all the same
        ({ME, ADA, BEN}, both(active={ME, ADA}, inactive={BEN}), {BEN}),
        # a page that was missed, or somebody who came back
        ({ME, ADA}, both(active={ME, ADA, BEN}, inactive={BEN}), set()),
        # the organization shows only a part
        ({ME, ADA, BEN}, both(active={ME}, inactive=set()), set()),
    ],
)
def test_missing(listed: set[str], memberships: Memberships | None, gone: set[str]) -> None:
    """Whoever is a member in one of the lists, and removed in none that counts, is there."""
    assert missing([ADA, BEN], ME, listed, memberships) == frozenset(gone)


def test_a_list_that_cannot_be_right() -> None:
    """Whoever asks is a member: a list without them says nothing about others."""
    assert missing([ADA, BEN], ME, [], None) is None
    assert missing([ADA, BEN], ME, [ADA], both(active={ADA}, inactive={BEN})) is None

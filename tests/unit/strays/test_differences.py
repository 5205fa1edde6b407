"""What Close holds against what the bot knows, for every kind of difference."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.ports import Association
from bot.strays.differences import LATE_CREATE, counting, differences
from models.delegation import OPEN_STATES, Delegation, State
from models.stray import Stray, StrayState

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HELD = Association("sdas_1", "orga_1", "user_a", "user_b")
DELEGATION = Delegation(
    id="d1",
    team_id="T1",
    grantor_id="UA",
    grantee_id="UB",
    requester_id="UB",
    reason="",
    state=State.ACTIVE,
    requested_at=NOW,
    lapses_at=NOW,
    attempted_at=NOW,
    active_at=NOW,
    association_id="sdas_1",
    grantor_close_id="user_a",
    grantee_close_id="user_b",
)
ENDED = replace(DELEGATION, state=State.ENDED, ended_at=NOW)
STRAY = Stray(
    id="s1",
    team_id="T1",
    grantor_id="UA",
    association_id="sdas_1",
    organization_id="orga_1",
    grantor_close_id="user_a",
    grantee_close_id="user_b",
    grantee_name="Ben",
    grantee_email="ben@example.com",
    grantee_id="UB",
    is_grantee_proven=False,
    state=StrayState.FOUND,
    found_at=NOW,
)


def test_what_fits() -> None:
    """An active delegation whose association is there is no difference."""
    found = differences([HELD], [DELEGATION], [], now=NOW)
    assert found.fitting == 1
    assert not any((found.gone, found.back, found.unknown, found.refused, found.vanished))


def test_gone() -> None:
    """Active here and not in Close; what the pair has instead by now is asked about."""
    other = replace(HELD, id="sdas_2")
    for held in ([], [other]):
        found = differences(held, [DELEGATION], [], now=NOW)
        assert found.gone == [DELEGATION]
        assert found.unknown == held


def test_a_twin_of_a_running_right() -> None:
    """F3: only what may be the effect of an unanswered create belongs to the pair's delegation."""
    twin = replace(HELD, id="sdas_2")
    assert differences([HELD, twin], [DELEGATION], [], now=NOW).unknown == [twin]
    doubtful = replace(DELEGATION, is_unclear=True)
    found = differences([HELD, twin], [doubtful], [], now=NOW)
    assert (found.unknown, found.fitting) == ([], 2)


@pytest.mark.parametrize("state", OPEN_STATES)
def test_an_open_pair_is_never_unknown(state: State) -> None:
    """What may just be in the making, or in the taking away, is nobody else's."""
    open_one = replace(DELEGATION, state=state, association_id=None)
    assert not differences([HELD], [open_one], [], now=NOW).unknown


def test_back() -> None:
    """Ended here and still in Close."""
    assert differences([HELD], [ENDED], [], now=NOW).back == [(ENDED, HELD)]


def test_ended_while_the_pair_has_a_new_one() -> None:
    """An association whose id is known belongs to whoever has it: it is there again, although the
    new delegation of the pair may just be making its own."""
    new = replace(DELEGATION, id="d2", state=State.APPROVED, association_id=None)
    assert differences([HELD], [ENDED, new], [], now=NOW).back == [(ENDED, HELD)]
    other = replace(HELD, id="sdas_2")
    assert differences([other], [ENDED, new], [], now=NOW).fitting == 1


SETTLED = NOW - timedelta(seconds=15)


@pytest.mark.parametrize(
    ("held", "delegations", "strays"),
    [
        ([], [DELEGATION], []),
        ([HELD], [ENDED], []),
        ([], [], [STRAY]),
        ([HELD], [], [replace(STRAY, state=StrayState.REMOVED, decided_at=NOW)]),
    ],
)
def test_what_is_too_new_does_not_count(
    held: list[Association], delegations: list[Delegation], strays: list[Stray]
) -> None:
    """F5: Close's reads lag: neither absence nor presence counts so soon, and it is said so."""
    found = differences(held, delegations, strays, now=NOW)
    assert any((found.gone, found.back, found.refused, found.vanished))
    early = counting(found, SETTLED)
    assert not any((early.gone, early.back, early.refused, early.vanished))
    assert early.is_early
    assert counting(found, NOW) == found


@pytest.mark.parametrize(
    ("after", "is_ours"), [(timedelta(), True), (LATE_CREATE, False), (timedelta(minutes=5), False)]
)
def test_a_create_that_took_effect_late(after: timedelta, is_ours: bool) -> None:
    """Soon after an unclear attempt it is ours; later it was made by hand and is asked about."""
    unclear = replace(ENDED, association_id=None)
    found = differences([HELD], [unclear], [], now=NOW + after)
    assert bool(found.back) is is_ours
    assert bool(found.unknown) is not is_ours


def test_unknown() -> None:
    """In Close and never made here, also for a pair that had an ended delegation."""
    assert differences([HELD], [], [], now=NOW).unknown == [HELD]
    earlier = replace(ENDED, association_id="sdas_0")
    assert differences([HELD], [earlier], [], now=NOW).unknown == [HELD]


@pytest.mark.parametrize(
    "state", [each for each in StrayState if each not in (StrayState.REMOVED, StrayState.VANISHED)]
)
def test_a_stray_is_asked_about_once(state: StrayState) -> None:
    """Whatever the grantor said, the same association is not asked about again."""
    found = differences([HELD], [], [replace(STRAY, state=state)], now=NOW)
    assert not found.unknown
    assert not found.refused


def test_a_removed_stray_that_is_there() -> None:
    """The grantor wanted it gone: it is removed again, without asking."""
    removed = replace(STRAY, state=StrayState.REMOVED)
    found = differences([HELD], [], [removed], now=NOW)
    assert found.refused == [removed]
    assert not found.unknown


def test_vanished() -> None:
    """A stray that is no longer there needs no answer."""
    assert differences([], [], [STRAY], now=NOW).vanished == [STRAY]


def test_vanished_and_there_again() -> None:
    """What was taken for gone and is in Close all the same is asked about, like an unknown one."""
    vanished = replace(STRAY, state=StrayState.VANISHED)
    found = differences([HELD], [], [vanished], now=NOW)
    assert found.unknown == [HELD]
    assert found.fitting == 0

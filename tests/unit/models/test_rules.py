"""Rules: the first that fits decides, and where that is not known, the stricter ones hold."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.policy import Policy, Refusal, Rule, Rules, Verdict

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ADA, BEN, CLEO = "U0ADA", "U0BEN", "U0CLEO"
INTERNS, BOARD = "S0INTERNS", "S0BOARD"
GROUPS = {INTERNS: frozenset({BEN}), BOARD: frozenset({ADA})}


def rule(**values: Any) -> Rule:
    """A rule that allows everything but what is said."""
    usual = {"max_duration": 30 * 24 * HOUR, "allow_permanent": True, "require_reason": False}
    return Rule(**{**usual, **values})


def people(*ids: str) -> frozenset[str]:
    """Some ids."""
    return frozenset(ids)


FOR_INTERNS = rule(who=people(INTERNS), max_duration=4 * HOUR, allow_permanent=False)
AS_BOARD = rule(whose=people(BOARD), second="U0DANA", require_reason=True)


def broken(verdict: Verdict, **values: Any) -> tuple[Refusal, Rule] | None:
    """Why a stretch of time is refused now."""
    span = {"length": None, "starts_at": None, "until": None, **values}
    return verdict.length_refusal(now=NOON, **span)


@pytest.mark.parametrize(
    ("who", "whose", "fits"),
    [
        ((), (), True),
        ((BEN,), (), True),
        ((CLEO,), (), False),
        ((CLEO, INTERNS), (), True),
        ((INTERNS,), (BOARD,), True),
        ((INTERNS,), (CLEO,), False),
        (("S0OTHER",), (), None),
        (("S0OTHER", BEN), (), True),
        (("S0OTHER", INTERNS), (), True),
        (("S0OTHER",), (CLEO,), False),
        ((CLEO,), ("S0OTHER",), False),
        ((BEN,), ("S0OTHER",), None),
    ],
)
def test_whom_a_rule_is_about(who: Any, whose: Any, fits: bool | None) -> None:
    """By name, by a group, or everybody; a group that is not known leaves it open only where
    nothing else has decided it."""
    some = rule(who=people(*who), whose=people(*whose))
    assert some.fits(ADA, BEN, GROUPS) is fits


def test_the_first_that_fits_decides() -> None:
    """Their order counts, and what no rule is about is the policy's."""
    rules = Rules(Policy(max_duration=9 * HOUR), [FOR_INTERNS, AS_BOARD])
    assert rules.between(ADA, BEN, GROUPS).rules == [FOR_INTERNS]
    assert rules.between(ADA, CLEO, GROUPS).rules == [AS_BOARD]
    default = rules.between(CLEO, ADA, GROUPS)
    assert default.rules == [rules.default]
    assert default.is_certain
    assert broken(default, length=10 * HOUR) == (Refusal.TOO_LONG, rules.default)


def test_without_rules_the_policy_holds_for_everybody() -> None:
    """What the settings say is the rule behind all rules."""
    policy = Policy(max_duration=HOUR, allow_permanent=False, require_reason=True)
    verdict = Rules(policy).between(ADA, BEN, {})
    assert verdict.bounds == policy
    assert (verdict.second, verdict.without_standing) == (None, None)
    assert verdict.reason_refusal("") == (Refusal.REASON_MISSING, Rules(policy).default)


def test_what_is_not_known_is_held_to_the_stricter() -> None:
    """As long as nobody says who is in a group, every rule that may decide holds."""
    rules = Rules(Policy(), [FOR_INTERNS, AS_BOARD])
    verdict = rules.between(ADA, BEN, {})
    assert not verdict.is_certain
    assert verdict.rules == [FOR_INTERNS, AS_BOARD, rules.default]
    assert broken(verdict, length=5 * HOUR) == (Refusal.TOO_LONG, FOR_INTERNS)
    assert broken(verdict) == (Refusal.PERMANENT, FOR_INTERNS)
    assert broken(verdict, length=HOUR) is None
    assert verdict.second is AS_BOARD
    assert verdict.without_standing is AS_BOARD
    assert verdict.reason_refusal(" ") == (Refusal.REASON_MISSING, AS_BOARD)
    assert verdict.bounds == Policy(
        max_duration=4 * HOUR, allow_permanent=False, require_reason=True
    )


def test_a_rule_can_allow_more_than_the_policy() -> None:
    """The policy holds where no rule fits, and nowhere else; its shortest time holds everywhere."""
    rules = Rules(Policy(max_duration=HOUR, allow_permanent=False), [rule()])
    verdict = rules.between(ADA, BEN, {})
    assert broken(verdict) is None
    assert broken(verdict, length=50 * HOUR) is None
    assert broken(verdict, length=timedelta(minutes=4)) == (Refusal.TOO_SHORT, rules.rules[0])


def test_whom_slack_is_asked_about() -> None:
    """The groups that decide which rule fits, and those who may have to agree as well."""
    rules = Rules(Policy(), [FOR_INTERNS, AS_BOARD, rule(second="S0LEADS"), rule(who=people(BEN))])
    assert rules.groups == {INTERNS, BOARD}
    assert rules.all_groups == {INTERNS, BOARD, "S0LEADS"}


@pytest.mark.parametrize(
    ("rules", "groups", "idle"),
    [
        ([], {}, []),
        ([FOR_INTERNS, AS_BOARD], GROUPS, []),
        ([rule(), FOR_INTERNS], {}, [1]),
        ([FOR_INTERNS, rule(who=people(INTERNS), whose=people(ADA))], {}, [1]),
        ([FOR_INTERNS, rule(who=people(BEN))], {}, []),
        ([FOR_INTERNS, rule(who=people(BEN))], GROUPS, [1]),
        ([rule(who=people(BEN)), FOR_INTERNS], GROUPS, [1]),
        ([rule(who=people(BEN)), FOR_INTERNS], {INTERNS: frozenset()}, []),
        ([rule(who=people(BEN)), AS_BOARD, rule(who=people(BEN), whose=people(ADA))], {}, [2]),
        ([rule(who=people(BEN)), rule(who=people(CLEO)), rule(who=people(BEN, CLEO))], {}, [2]),
    ],
)
def test_a_rule_that_never_decides(rules: list[Rule], groups: Any, idle: list[int]) -> None:
    """It stands below rules that fit everybody whom it is about, one of them or several together;
    a group that is not known is somebody, and an empty one as well."""
    assert Rules(Policy(), rules).idle(groups) == idle


some_rules = st.lists(
    st.builds(
        rule,
        who=st.frozensets(st.sampled_from([BEN, CLEO, INTERNS, BOARD])),
        whose=st.frozensets(st.sampled_from([ADA, CLEO, INTERNS, BOARD])),
        max_duration=st.integers(1, 9).map(lambda hours: hours * HOUR),
        allow_permanent=st.booleans(),
        require_reason=st.booleans(),
        standing=st.booleans(),
        second=st.sampled_from([None, "U0DANA"]),
    ),
    max_size=4,
)


@given(
    some_rules,
    st.frozensets(st.sampled_from([INTERNS, BOARD])),
    st.sampled_from([None, *(hours * HOUR for hours in range(1, 10))]),
)
def test_an_outage_never_allows_more(
    rules: list[Rule], known: frozenset[str], length: timedelta | None
) -> None:
    """Whatever is not known, what is allowed then is allowed when everything is known."""
    every = Rules(Policy(max_duration=5 * HOUR), rules)
    sure = every.between(ADA, BEN, GROUPS)
    doubted = every.between(ADA, BEN, {each: GROUPS[each] for each in known})
    assert sure.rules[0] in doubted.rules
    if broken(doubted, length=length) is None:
        assert broken(sure, length=length) is None
    if doubted.reason_refusal("") is None:
        assert sure.reason_refusal("") is None
    if doubted.without_standing is None:
        assert sure.without_standing is None
    if doubted.second is None:
        assert sure.second is None


@given(some_rules, st.frozensets(st.sampled_from([INTERNS, BOARD])))
def test_what_is_idle_is_never_met(rules: list[Rule], known: frozenset[str]) -> None:
    """No two people meet a rule that is said to be idle; with all groups known, every other rule
    decides between some two."""
    every = Rules(Policy(), rules)
    everybody = (ADA, BEN, CLEO, "U0NOBODY")
    deciding = {
        next((place for place, one in enumerate(rules) if one.fits(grantor, grantee, GROUPS)), None)
        for grantor in everybody
        for grantee in everybody
    }
    assert not deciding & {*every.idle({each: GROUPS[each] for each in known})}
    assert {*range(len(rules))} - deciding == {*every.idle(GROUPS)}


ALONE = rule(whose=people(BOARD), whose_name="the board", deputies=False)


@pytest.mark.parametrize(
    ("rules", "groups", "is_refused"),
    [
        ([], GROUPS, False),
        ([ALONE], GROUPS, True),
        ([ALONE], {}, True),  # nobody knows who is in it
        ([ALONE], {BOARD: frozenset({CLEO})}, False),
        ([rule(who=people(INTERNS), deputies=False)], GROUPS, False),  # of others they can answer
        ([rule(who=people(INTERNS), deputies=False), ALONE], GROUPS, True),
        ([rule(who=people(INTERNS)), ALONE], GROUPS, False),
        ([rule(), ALONE], GROUPS, False),
    ],
)
def test_who_can_have_a_deputy(rules: list[Rule], groups: Any, is_refused: bool) -> None:
    """Nobody is named where a rule leaves them nothing to answer; between two people the rule that
    decides says whether they can."""
    held = Rules(Policy(), rules)
    assert (held.without_deputy(ADA, groups) is not None) is is_refused
    if is_refused and groups:
        assert held.between(ADA, BEN, groups).without_deputy is not None

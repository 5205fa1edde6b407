"""The scenarios: each is a part of life, with as much of everything as can be searched through."""

from collections.abc import Mapping
from datetime import timedelta

from models.policy import Rule
from tests.explore.people import CLEO
from tests.explore.world import Scenario

BY_CLEO = Rule(
    max_duration=timedelta(days=30), allow_permanent=True, require_reason=False, second=CLEO
)

_EVERY = (
    Scenario(
        "asked",
        {"ask": 1, "approve": 1, "approve an old screen": 1, "deny": 1, "cancel": 1, "revoke": 1},
        faults=2,
        crashes=1,
        pauses=1,
    ),
    Scenario(
        "ended",
        {"ask": 1, "approve": 1, "revoke": 1, "release": 1},
        faults=3,
        crashes=1,
        has_twins=True,
    ),
    Scenario(
        "extended",
        {
            "ask": 1,
            "approve": 1,
            "ask to extend": 1,
            "approve the wish": 1,
            "decline the wish": 1,
            "extend": 1,
            "revoke": 1,
        },
        faults=1,
        crashes=1,
        pauses=1,
    ),
    Scenario(
        "asked twice",
        {"ask": 2, "approve": 2, "revoke": 1},
        faults=2,
        crashes=1,
        pauses=1,
        has_twins=True,
    ),
    Scenario(
        "connecting",
        {"ask": 1, "approve": 1, "connect": 2, "disconnect": 1, "revoke": 1},
        faults=1,
        crashes=1,
        is_connected=False,
        workers=("delegations", "connections"),
    ),
    Scenario(
        "by hand",
        {"ask": 1, "approve": 1, "revoke": 1},
        faults=2,
        crashes=1,
        by_hand=2,
    ),
    Scenario(
        "by hand, twins",
        {"ask": 1, "approve": 1, "revoke": 1},
        faults=1,
        pauses=1,
        by_hand=2,
        has_twins=True,
    ),
    Scenario(
        "compared",
        {"ask": 1, "approve": 1, "revoke": 1},
        faults=1,
        crashes=1,
        by_hand=1,
        workers=("delegations", "comparisons"),
    ),
    Scenario(
        "several at once",
        {"grant both": 1, "revoke all": 1, "revoke": 1},
        faults=2,
        crashes=1,
    ),
    Scenario(
        "two grantees",
        {"ask": 1, "approve": 1, "Cleo asks": 1, "approve Cleo": 1, "revoke all": 1},
        faults=1,
        crashes=1,
    ),
    Scenario(
        "for ever",
        {"ask for ever": 1, "approve": 1, "revoke": 1, "release": 1},
        faults=2,
        crashes=1,
        pauses=1,
    ),
    Scenario(
        "standing",
        {"ask": 2, "always approve": 1, "always approve no longer": 1, "revoke": 1},
        faults=1,
        crashes=1,
    ),
    Scenario(
        "shown",
        {"revoke": 1, "release": 1, "extend": 1},
        faults=1,
        crashes=1,
        first=("ask", "approve"),
        workers=("delegations", "cards"),
    ),
    Scenario(
        "shown from the start",
        {"ask": 1, "approve": 1, "deny": 1, "cancel": 1},
        faults=1,
        crashes=1,
        workers=("delegations", "cards"),
    ),
    Scenario(
        "a second yes",
        {"ask": 1, "approve": 1, "agree too": 1, "disagree": 1, "cancel": 1, "revoke": 1},
        faults=1,
        crashes=1,
        rules=(BY_CLEO,),
    ),
    Scenario(
        "leaving",
        {"ask": 1, "approve": 1, "Ben leaves": 1, "Ben leaves unheard": 1, "Ada leaves": 1},
        faults=1,
        crashes=1,
    ),
)
SCENARIOS: Mapping[str, Scenario] = {each.name: each for each in _EVERY}

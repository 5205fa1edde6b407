"""Some seconds of chaos on each database: real processes die, and the books balance."""

import pytest

from tests.chaos.run import Plan, run, told

# Seeds whose first faults are kills; a longer run is behind ``make chaos``.
SHORT = (
    Plan(seed=1, seconds=30, at_once=8, people=8, pause=2.0),
    Plan(seed=2, seconds=30, at_once=8, people=8, pause=2.0, processes=2, database="postgresql"),
)


@pytest.mark.parametrize("plan", SHORT, ids=[plan.database for plan in SHORT])
def test_nothing_is_lost_or_doubled(plan: Plan) -> None:
    """While processes die and everything fails now and then, each acknowledged request and click is
    kept, each right ends, nothing foreign is deleted, and everybody has one true card."""
    outcome = run(plan)
    assert not outcome.wrong, told(outcome) + "\n" + "\n".join(outcome.wrong)
    assert outcome.ledger.kills
    assert outcome.late

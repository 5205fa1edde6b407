"""The short form of ``make explore``: the beginning of every scenario, and every seeded fault."""

import pytest

from tests.explore.mutations import MUTATIONS, Mutation
from tests.explore.scenarios import SCENARIOS
from tests.explore.search import Search
from tests.explore.world import Scenario

FEW = 250  # transitions of each scenario
FEWEST = 100  # where a fault is seen sooner
ENOUGH = 2_400  # to see a fault; each is seen within 1,800


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_what_happens_first(scenario: Scenario) -> None:
    """Whatever happens in whatever order, nothing that is promised is broken."""
    report = Search(scenario).run(depth=99, transitions=FEW)
    assert not report.found, report.found[0]
    assert report.transitions >= FEW


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[each.breaks for each in MUTATIONS])
def test_a_seeded_fault_is_seen(mutation: Mutation) -> None:
    """The search finds the fault, and nothing where it is not, as far as it had to go for it."""
    with mutation.applied():
        report = Search(mutation.scenario).run(depth=99, transitions=ENOUGH)
    assert report.found, f"nobody sees that {mutation.breaks}"
    as_far = max(report.transitions, FEWEST)
    assert not Search(mutation.scenario).run(depth=99, transitions=as_far).found


def test_a_counterexample_reads_like_a_story() -> None:
    """What was found says what is broken, and how to come there."""
    mutation = MUTATIONS[0]
    with mutation.applied():
        report = Search(mutation.scenario).run(depth=99, transitions=ENOUGH)
    told = str(report.found[0]).splitlines()
    assert told == ["mark: a click on an old screen counted", "  1. approve an old screen"]


def test_the_same_seed_searches_the_same() -> None:
    """Two searches with one seed see the same states in the same order."""
    scenario = SCENARIOS["asked"]
    first, again = (Search(scenario, seed=3).run(depth=99, transitions=FEW) for _ in range(2))
    seen = [(each.states, each.transitions, each.transactions) for each in (first, again)]
    assert seen[0] == seen[1]

"""The search: breadth first, so that what it finds is the shortest way there."""

import gc
import random
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tests.explore.engine import Engine, Move
from tests.explore.fair import Fairness
from tests.explore.invariants import Broken
from tests.explore.world import Scenario, World


@dataclass(frozen=True, slots=True)
class Found:
    """A broken invariant and the shortest way to it."""

    scenario: str
    broken: Broken
    way: Sequence[str]

    def __str__(self) -> str:
        """As a list to read."""
        lines = [f"{number:3}. {words}" for number, words in enumerate(self.way, 1)]
        return "\n".join([f"{self.scenario}: {self.broken.what}", *lines])


@dataclass(slots=True)
class Report:
    """What a search saw; ``seconds`` of one core."""

    HEADLINE: ClassVar[str] = (
        f"{'scenario':<18}{'states':>10}{'transitions':>13}{'transactions':>14}"
        f"{'to the end':>12}{'moves deep':>12}{'all of it':>11}{'CPU':>11}"
    )

    scenario: str
    states: int = 0
    transitions: int = 0
    transactions: int = 0
    fair_steps: int = 0
    depth: int = 0
    is_complete: bool = False
    seconds: float = 0.0
    found: list[Found] = field(default_factory=list)

    def __str__(self) -> str:
        """As one line under the headline."""
        return (
            f"{self.scenario:<18}{self.states:>10,}{self.transitions:>13,}{self.transactions:>14,}"
            f"{self.fair_steps:>12,}{self.depth:>12}{'yes' if self.is_complete else 'no':>11}"
            f"{self.seconds:>9,.0f} s"
        )


class Search:
    """Every state that can be reached, each once. With a ``seed`` what is as near is searched in
    another order, which matters where a limit ends the search."""

    def __init__(self, scenario: Scenario, *, seed: int = 0) -> None:
        self.engine = Engine(scenario)
        self._fairness = Fairness(self.engine)
        self._parents: list[tuple[int, Move]] = []
        self._random = random.Random(seed)  # noqa: S311 - an order, not a secret
        self.report = Report(scenario.name)

    def run(self, *, depth: int, transitions: int) -> Report:
        """As far as this; stops at the first broken invariant."""
        began = time.process_time()
        with self.engine.scripted():
            self._run(depth, transitions)
        self.report.seconds = time.process_time() - began
        self.report.transactions = self.engine.transactions
        self.report.fair_steps = self._fairness.steps
        return self.report

    def _run(self, depth: int, transitions: int) -> None:
        first, report = self.engine.start(), self.report
        seen = {self.engine.key(first)}
        self._parents.append((-1, Move("start")))
        waiting: deque[tuple[int, int, World]] = deque([(0, 0, first)])
        while waiting and report.transitions < transitions:
            number, deep, world = waiting.popleft()
            if deep >= depth:
                break
            report.depth = deep + 1
            for move in self._shuffled(world):
                after = self._moved(number, world, move, seen)
                if report.found:
                    return
                if after is not None:
                    waiting.append((len(self._parents) - 1, deep + 1, after))
        report.is_complete = not waiting

    def _shuffled(self, world: World) -> Sequence[Move]:
        moves = list(self.engine.moves(world))
        self._random.shuffle(moves)
        return moves

    def _moved(self, number: int, world: World, move: Move, seen: set[Any]) -> World | None:
        """The state after it, if nobody has been there."""
        after, broken = self.engine.apply(world, move)
        self.report.transitions += 1
        key = self.engine.key(after)
        if key in seen and broken is None:
            return None
        broken = broken or self._fairness.check(after)
        if broken is not None:
            self.report.found.append(Found(self.report.scenario, broken, self._way(number, move)))
            return None
        seen.add(key)
        self.report.states = len(seen)
        self._parents.append((number, move._replace(words="")))
        return after

    def _way(self, number: int, last: Move) -> Sequence[str]:
        """What happened, in words: the moves are looked up again where they were possible."""
        moves: list[Move] = []
        while number > 0:
            number, move = self._parents[number]
            moves.append(move)
        world, words = self.engine.start(), []
        for move in reversed(moves):
            words.append(_in_words(self.engine, world, move))
            world, _ = self.engine.apply(world, move)
        return [*words, last.words]


def explored(scenario: Scenario, depth: int, transitions: int, seed: int) -> Report:
    """One scenario, in a process of its own."""
    gc.set_threshold(100_000, 20, 1_000)  # almost all that is made here stays
    return Search(scenario, seed=seed).run(depth=depth, transitions=transitions)


def _in_words(engine: Engine, world: World, move: Move) -> str:
    return next(each.words for each in engine.moves(world) if each._replace(words="") == move)

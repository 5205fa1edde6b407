"""What is measured: one line each, with its goal and how it comes about; and what came out."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """What a figure counts."""

    TIMES = "×"
    MILLISECONDS = " ms"
    SECONDS = " s"
    STATEMENTS = " statements"
    A_MINUTE = " a minute"
    A_SECOND = " a second"
    CALLS = " calls"
    MEBIBYTES = " MiB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table. The goal is the most that the figure may be, or with ``is_least`` the
    least; None where the line is there to be read beside others."""

    name: str
    unit: Unit
    goal: float | None
    how: str
    is_least: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """The figure of each round; ``note`` says what else is worth knowing, and ``points`` what it
    cost at each size, where that was measured. Without a round it was not measured, and ``note``
    says why."""

    line: Line
    of: str  # which database, or which size
    rounds: Sequence[float]
    note: str = ""
    points: Sequence[tuple[int, float]] = ()

    @property
    def figure(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.rounds)

    @property
    def is_measured(self) -> bool:
        """Whether there is a figure."""
        return bool(self.rounds)

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is; None where there is none, or no figure."""
        if self.line.goal is None or not self.is_measured:
            return None
        if self.line.is_least:
            return self.figure >= self.line.goal
        return self.figure <= self.line.goal

    @property
    def shown(self) -> str:
        """The median, and between what the rounds were."""
        if not self.is_measured:
            return "not measured"
        text = f"{number(self.figure)}{self.line.unit}"
        if len(self.rounds) == 1:
            return text
        return f"{text} ({number(min(self.rounds))} to {number(max(self.rounds))})"

    @property
    def goal(self) -> str:
        """The goal in words; empty without one."""
        if self.line.goal is None:
            return ""
        return f"{'≥' if self.line.is_least else '≤'} {number(self.line.goal)}{self.line.unit}"


def number(value: float) -> str:
    """Three digits are what such a measurement is worth."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"

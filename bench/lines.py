"""What is measured: one line each, with its goal and how it comes about; and what came out."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

FLOOR = 1.7  # milliseconds: what the floor took on SQLite where the goals were set


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
    least; None where the line is there to be read beside others. With ``is_of_machine`` it was set
    where the floor took :data:`FLOOR`, and is as far away as the floor is here."""

    name: str
    unit: Unit
    goal: float | None
    how: str
    is_least: bool = False
    is_of_machine: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """The figure of each round; ``note`` says what else is worth knowing, ``points`` what it cost
    at each size, where that was measured, and ``floor`` how many milliseconds the floor took before
    it, where that is known. Without a round it was not measured, and ``note`` says why."""

    line: Line
    of: str  # which database, or which size
    rounds: Sequence[float]
    note: str = ""
    points: Sequence[tuple[int, float]] = ()
    floor: float | None = None

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
        bound = self.bound
        if bound is None or not self.is_measured:
            return None
        return self.figure >= bound if self.line.is_least else self.figure <= bound

    @property
    def bound(self) -> float | None:
        """The goal on this machine; None where there is none."""
        goal = self.line.goal
        if goal is None or self.floor is None or not self.line.is_of_machine:
            return goal
        slower = self.floor / FLOOR
        return goal / slower if self.line.is_least else goal * slower

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
        if self.bound is None or self.line.goal is None:
            return ""
        text = f"{'≥' if self.line.is_least else '≤'} {number(self.bound)}{self.line.unit}"
        is_moved = self.bound != self.line.goal
        return f"{text} ({number(self.line.goal)} there)" if is_moved else text


def number(value: float) -> str:
    """Three digits are what such a measurement is worth."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"

"""What the benchmarks print and write."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bench import report
from bench.growth import LINES, LIST
from bench.lines import FLOOR, Line, Result, Unit

MOST = Line(name="ask", unit=Unit.TIMES, goal=2.0, how="against a floor")
LEAST = Line(name="lives", unit=Unit.A_SECOND, goal=30, is_least=True, how="as they are")


def test_a_result_is_the_median_of_its_rounds_and_knows_whether_it_reaches_its_goal() -> None:
    """One bad round does not decide, and a goal is the most or the least."""
    good, bad = Result(MOST, "sqlite", [1.5, 9.0, 1.75]), Result(LEAST, "sqlite", [20.0])
    assert (good.shown, good.goal, good.is_met) == ("1.75× (1.50 to 9.00)", "≤ 2.00×", True)
    assert (bad.shown, bad.goal, bad.is_met) == ("20.0 a second", "≥ 30.0 a second", False)


@pytest.mark.parametrize(
    ("line", "figure", "floor", "goal", "is_met"),
    [
        (replace(MOST, is_of_machine=True), 3.9, 2 * FLOOR, "≤ 4.00× (2.00 there)", True),
        (replace(MOST, is_of_machine=True), 1.1, FLOOR / 2, "≤ 1.00× (2.00 there)", False),
        (replace(MOST, is_of_machine=True), 2.1, None, "≤ 2.00×", False),
        (replace(LEAST, is_of_machine=True), 16.0, 2 * FLOOR, "≥ 15.0 a second (30.0 there)", True),
        (MOST, 3.9, 2 * FLOOR, "≤ 2.00×", False),
    ],
)
def test_a_goal_that_is_a_time_moves_with_the_floor(
    line: Line, figure: float, floor: float | None, goal: str, is_met: bool
) -> None:
    """A slower machine is given more time, a faster one less, and a ratio stays what it is."""
    result = Result(line, "sqlite", [figure], floor=floor)
    assert (result.goal, result.is_met) == (goal, is_met)


def test_the_page_marks_what_was_missed_and_says_how_each_line_came_about() -> None:
    """A reader sees goals, figures and method in one place."""
    results = {"lives": [Result(LEAST, "sqlite, 2 processes", [20.0], "noisy")]}
    page = report.measured(results, ["two cores"], date(2026, 11, 29))
    row = "| lives | SQLite, 2 processes | 20.0 a second | ≥ 30.0 a second **missed** | noisy |"
    assert row in page
    assert "- Lives: as they are." in page
    assert "Of 1 goals 0 are met" in page
    assert "- On 29 November 2026\n- two cores" in page


def test_the_same_figures_draw_the_same_plot(tmp_path: Path) -> None:
    """So the file changes only where figures do."""
    results = [Result(LINES[LIST], "sqlite", [1.0], points=[(1_000, 2.5), (100_000, 3.0)])]
    for name in ("one", "two"):
        report.draw("sqlite", results, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_plot_without_figures_is_drawn_all_the_same(tmp_path: Path) -> None:
    """What could not be measured does not keep the page from being written."""
    report.draw("sqlite", [Result(LINES[LIST], "sqlite", [], "TimeoutError")], tmp_path / "one")
    assert (tmp_path / "one").read_text().startswith("<?xml")


def test_the_page_has_a_place_for_the_figures() -> None:
    """Else writing them would lose what stands around them."""
    text = report.PAGE.read_text()
    assert 0 < text.index(report.BEGIN) < text.index(report.END)

"""The figures in ``docs/performance.md``, and its plots, from what was measured."""

import os
import platform
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from bench.ground import KINDS, Ground
from bench.growth import BESIDE, LINES, MEMORY
from bench.lines import FLOOR, Result, number
from sandbox.running import ROOT

PAGE = ROOT / "docs" / "performance.md"
PLOTS = ROOT / "docs" / "performance"
HEADINGS = {
    "commands": "A command that does nothing",
    "answers": "Answers, and the way to Close",
    "lives": "Whole lives",
    "wholesale": "Many rights that end with one word",
    "ends": "Ends",
    "idle": "Nothing to do",
    "growth": "What is stored",
    "company": "A whole company",
}
LIBRARIES = ("slack-bolt", "sqlalchemy", "asyncpg", "httpx", "aiohttp", "starlette", "uvicorn")
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
MISSED = "**missed**"

BEGIN, END = "<!-- measured: python -m bench --write -->", "<!-- until here -->"


def write(results: Mapping[str, Sequence[Result]], ground: Ground) -> None:
    """The figures of all groups between the marks of the page, and the plots."""
    PLOTS.mkdir(exist_ok=True)
    for kind in KINDS:
        draw(kind, results.get("growth", ()), PLOTS / f"growth-{kind}.svg")
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    found = measured(results, machine(ground), datetime.now(UTC).date())
    PAGE.write_text(f"{before}{BEGIN}\n\n{found}\n{END}{after}")


def machine(ground: Ground) -> list[str]:
    """On what it was measured."""
    server = ground.sql("SHOW server_version").split()
    postgresql = next((word for word in server if word[0].isdigit() and "." in word), "")
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return [
        f"{os.cpu_count()} cores ({_processor()}), {platform.system()} {platform.release()}",
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version} (WAL, synchronous=FULL)",
        f"PostgreSQL {postgresql} (fsync on, the same machine)",
        libraries,
    ]


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def measured(results: Mapping[str, Sequence[Result]], where: Sequence[str], day: date) -> str:
    """What stands between the marks of the page."""
    parts = [_in_short(results)]
    for name, heading in HEADINGS.items():
        if results.get(name):
            parts.append(f"## {heading}\n\n{table(results[name])}")
        if name == "growth":
            parts.append(_plots())
    lines = "\n".join(
        f"- {line}" for line in (f"On {day.day} {day:%B %Y}", *where, *_pace(results))
    )
    parts.append(f"## When, and on what\n\n{lines}\n")
    return "\n".join(parts)


def _pace(results: Mapping[str, Sequence[Result]]) -> list[str]:
    floors = [each.floor for group in results.values() for each in group if each.floor is not None]
    if not floors:
        return []
    took = f"{number(min(floors))} to {number(max(floors))} ms before each part"
    return [f"The floor took {took}; there, where goals were set, it took {number(FLOOR)} ms"]


def _in_short(results: Mapping[str, Sequence[Result]]) -> str:
    every = [result for group in results.values() for result in group]
    judged = [result for result in every if result.is_met is not None]
    met = sum(1 for result in judged if result.is_met)
    lost = sum(1 for result in every if not result.is_measured)
    left = f" {lost} could not be measured, and say why." if lost else ""
    return f"Of {len(judged)} goals {met} are met; the others are marked.{left}\n"


def table(results: Sequence[Result]) -> str:
    """One line each, and below them how each came about."""
    rows = [
        "| | where | measured | goal | |",
        "|---|---|---|---|---|",
        *(_row(result) for result in results),
    ]
    said: dict[str, str] = {}  # of two of a name, as on two databases, the first tells
    for each in results:
        said.setdefault(each.line.name, f"- {_up(each.line.name)}: {each.line.how}.")
    return "\n".join([*rows, "", *said.values(), ""])


def _row(result: Result) -> str:
    where, _, of = result.of.partition(",")
    where = NAMES.get(where, where) + ("," + of if of else "")
    goal = result.goal + (f" {MISSED}" if result.is_met is False else "")
    return f"| {result.line.name} | {where} | {result.shown} | {goal} | {result.note} |"


def _up(text: str) -> str:
    return text[:1].upper() + text[1:]


def _plots() -> str:
    return "\n".join(
        f"![What each thing costs beside so many delegations on {NAMES[kind]}]"
        f"(performance/growth-{kind}.svg)\n"
        for kind in KINDS
    )


def draw(kind: str, results: Sequence[Result], path: Path) -> None:
    """Cost against size, both logarithmic; the same figures make the same file."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for result in results:
        if result.of == kind and result.points and result.line is not LINES[MEMORY]:
            sizes, costs = zip(*result.points, strict=True)
            label = result.line.name.removesuffix(BESIDE).replace("`", "")
            axes.plot(sizes, costs, marker="o", label=label)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("delegations stored")
    axes.set_ylabel("milliseconds")
    axes.set_title(f"{NAMES[kind]}: what each thing costs, by what is stored")
    axes.grid(visible=True, which="major", alpha=0.3)
    if axes.lines:
        figure.legend(loc="outside right upper", frameon=False)
    with mpl.rc_context({"svg.hashsalt": kind}):
        figure.savefig(path, format="svg", metadata={"Date": None})

"""The two plots of docs/performance/past-one-machine.md; the same figures give the same files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

FOLDER = Path(__file__).parents[2] / "docs" / "performance"
LABELS = {
    "ends": "the right is gone",
    "told": "its people were told",
    "told, audit": "the audit channel was told",
}

Late = Mapping[str, float]  # the 99th percentile of each


def one_workspace(days: Sequence[tuple[int, Late]]) -> None:
    """Lateness against the rights of one workspace."""
    figure, axes = _axes("rights that end at five o'clock in one workspace")
    _lines(axes, days)
    _save(figure, axes, "one-workspace.svg")


def many_workspaces(days: Sequence[tuple[int, Late]]) -> None:
    """Lateness against the processors that all workspaces share."""
    figure, axes = _axes("processes, for a million rights in 1,000 workspaces")
    _lines(axes, days)
    _save(figure, axes, "many-workspaces.svg")


def _axes(across: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log", xlabel=across, ylabel="seconds after five, 99 of 100")
    axes.grid(color="#dddddd", linewidth=0.5)
    return figure, axes


def _lines(axes: Axes, days: Sequence[tuple[int, Late]]) -> None:
    sizes = [size for size, _ in days]
    for (name, label), marker in zip(LABELS.items(), "osv", strict=True):
        axes.plot(sizes, [late[name] for _, late in days], marker=marker, label=label)
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter("{x:,g}")


def _save(figure: Figure, axes: Axes, name: str) -> None:
    axes.legend()
    FOLDER.mkdir(exist_ok=True)
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(FOLDER / name, metadata={"Date": None})

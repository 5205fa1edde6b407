"""The dashboard for Grafana: it can be imported, and asks for what the bot says."""

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

from tests.deploy.asked import ADDED, asked
from tests.deploy.told import Told

FILE = Path(__file__).resolve().parents[2] / "deploy" / "grafana" / "send-as.json"
BOARD: dict[str, Any] = json.loads(FILE.read_text())
PANELS: dict[str, dict[str, Any]] = {each["title"]: each for each in BOARD["panels"]}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24  # columns


def questions() -> list[str]:
    """What is asked by all panels, with Grafana's own words filled in."""
    found = [target["expr"] for panel in PANELS.values() for target in panel["targets"]]
    return [each.replace("$__rate_interval", "5m").replace("$job", "sendas") for each in found]


async def test_the_bot_has_the_figures(known: Told) -> None:
    """Every question can be read, and asks for figures and labels that the bot has."""
    for question in questions():
        found = asked(question)
        assert found.names, question
        for name in found.names - {"up"}:
            assert name in known.labels, question
            assert found.grouped <= known.labels[name] | ADDED, question
        for name, label, value in found.chosen:
            assert label in ADDED or known.has(name, label, value), question


async def test_every_figure_is_on_it(known: Told) -> None:
    """Whatever the bot says stands on the dashboard; of a histogram, its buckets."""
    shown = {name for question in questions() for name in asked(question).names} - {"up"}
    assert {name for name in known.labels if not name.endswith(("_sum", "_count"))} == shown


def test_it_asks_whatever_prometheus_there_is() -> None:
    """No data source of ours is written in: the reader chooses theirs, and the job."""
    variables = {each["name"]: each for each in BOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["job"]["datasource"] == SOURCE
    for panel in PANELS.values():
        assert panel["datasource"] == SOURCE
        assert all(target["datasource"] == SOURCE for target in panel["targets"])
    used = set(re.findall(r"\$\{?(\w+)", FILE.read_text()))
    assert used <= {*variables, "__rate_interval"}


def test_no_panel_lies_on_another() -> None:
    """The panels have names and numbers of their own, say what they show, and lie side by side."""
    assert len(PANELS) == len(BOARD["panels"]) == len({each["id"] for each in PANELS.values()})
    for panel in PANELS.values():
        assert panel["description"].endswith(".")
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= WIDTH
    for one, other in combinations([each["gridPos"] for each in PANELS.values()], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)

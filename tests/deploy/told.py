"""What the bot says at ``/metrics``, as somebody reads it who writes rules and dashboards."""

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from bot.telemetry import Metrics

PARTS = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("_total",)}


@dataclass(frozen=True)
class Told:
    """The labels of each figure that is announced, and the words that some have by now."""

    labels: Mapping[str, set[str]]
    words: Mapping[tuple[str, str], set[str]]

    def has(self, name: str, label: str, value: str) -> bool:
        """Whether the figure is said for this word."""
        return value in self.words.get((name, label), set())


def told(figures: str) -> Told:
    """What stands there; a figure counts with its first event, and is announced before."""
    labels: dict[str, set[str]] = {}
    words: dict[tuple[str, str], set[str]] = {}
    own = _labels()
    for family in text_string_to_metric_families(figures):
        if family.name.endswith("_created"):  # since when each is counted: the client adds it
            continue
        for part in PARTS.get(family.type, ("",)):
            name = f"{family.name}{part}"
            labels[name] = own[family.name] | ({"le"} if part == "_bucket" else set())
        for sample in family.samples:
            for label, word in sample.labels.items():
                words.setdefault((sample.name, label), set()).add(word)
    return Told(labels, words)


def _labels() -> dict[str, set[str]]:
    figures = [each for each in vars(Metrics()).values() if isinstance(each, MetricWrapperBase)]
    return {each._name: set(each._labelnames) for each in figures}

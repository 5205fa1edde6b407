"""What a question to Prometheus asks for: figures, and their labels."""

from dataclasses import dataclass, field
from typing import Any

import promql_parser

ADDED = {"job", "instance"}  # by Prometheus itself


@dataclass
class Asked:
    """The names of figures, each with the labels that it is chosen by, and those that are grouped
    by."""

    names: set[str] = field(default_factory=set)
    chosen: set[tuple[str, str, str]] = field(default_factory=set)  # name, label, value
    grouped: set[str] = field(default_factory=set)


def asked(question: str) -> Asked:
    """Of one question; raises ValueError for one that Prometheus could not read."""
    found = Asked()

    def look(part: Any) -> bool:
        selector = getattr(part, "vector_selector", part)
        if isinstance(selector, promql_parser.VectorSelector):
            found.names.add(str(selector.name))
            for each in selector.matchers.matchers:
                found.chosen.add((str(selector.name), each.name, each.value))
        if isinstance(part, promql_parser.AggregateExpr) and part.modifier is not None:
            found.grouped |= set(part.modifier.labels)
        return True

    promql_parser.walk(promql_parser.parse(question), look)
    return found

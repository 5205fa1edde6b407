"""Prometheus's own tool, and what its alert rules make of figures.

It comes with Debian's package ``prometheus``. Where ``CI`` is set, a missing one is a failure.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"

Series = Mapping[str, str]  # values by name, as promtool's tests write both: "0+1x60"


def promtool(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """What it says to this; skips where there is none."""
    found = shutil.which("promtool")
    if found is None:
        message = "no promtool found: install it (Debian: apt-get install prometheus)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return subprocess.run(  # noqa: S603 - a program of this machine, and our own files
        [found, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


def rules() -> list[dict[str, Any]]:
    """All alert rules."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def evaluated(series: Series, *, after: str, fires: Iterable[str], folder: Path) -> str:
    """Nothing when exactly these alerts (with their labels) fire after this time with these series,
    one value each half minute; else what promtool says about it."""
    expected = [
        {"labels": f"ALERTS{{{_labelled(alert)}}}", "value": 1} for alert in sorted(set(fires))
    ]
    test = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "30s",
        "tests": [
            {
                "interval": "30s",
                "input_series": [{"series": name, "values": v} for name, v in series.items()],
                "promql_expr_test": [
                    {
                        "expr": 'ALERTS{alertstate="firing"}',
                        "eval_time": after,
                        "exp_samples": expected,
                    }
                ],
            }
        ],
    }
    file = folder / "alerts_test.yml"
    file.write_text(yaml.safe_dump(test))
    answer = promtool("test", "rules", str(file), folder=folder)
    return "" if answer.returncode == 0 else answer.stdout + answer.stderr


def _labelled(alert: str) -> str:
    """Of ``Name{label="value"}``, what Prometheus adds as well."""
    name, _, labels = alert.partition("{")
    [severity] = [each["labels"]["severity"] for each in rules() if each["alert"] == name]
    own = [labels.removesuffix("}")] if labels else []
    return ", ".join((f'alertname="{name}"', 'alertstate="firing"', f'severity="{severity}"', *own))


def as_series(figures: str, job: str = 'job="sendas", instance="one"') -> dict[str, str]:
    """What ``/metrics`` says, as it would be if it stayed so for three hours."""
    found = {}
    for line in figures.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()  # type: ignore[union-attr]  # as the format is
        all_labels = ", ".join(each for each in (labels, job) if each)
        found[f"{name}{{{all_labels}}}"] = f"{float(value):f}x360"
    return found | {f"up{{{job}}}": "1x360"}

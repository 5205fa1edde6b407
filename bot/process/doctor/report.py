"""What was found, and how it is told: one table for people, one object for machines."""

import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

WIDTH = 76  # columns of what is said


class Verdict(StrEnum):
    """What became of one question."""

    FINE = "ok"
    NOTE = "note"  # it works; something is worth knowing
    AWAY = "away"  # nobody answered, so nothing is known
    WRONG = "wrong"  # refused, missing or unfit: it will not work before somebody has mended it


@dataclass(frozen=True, slots=True)
class Finding:
    """One question, what was found, and what to do about it."""

    subject: str
    verdict: Verdict
    says: str = ""
    to_do: str = ""

    @property
    def is_failure(self) -> bool:
        """Whether somebody has to do something."""
        return self.verdict in (Verdict.AWAY, Verdict.WRONG)


def fine(subject: str, says: str = "") -> Finding:
    """It works."""
    return Finding(subject, Verdict.FINE, says)


def note(subject: str, says: str, to_do: str = "") -> Finding:
    """It works, and something is worth knowing."""
    return Finding(subject, Verdict.NOTE, says, to_do)


def away(subject: str, says: str, to_do: str = "") -> Finding:
    """Nobody answered."""
    return Finding(subject, Verdict.AWAY, says, to_do)


def wrong(subject: str, says: str, to_do: str = "") -> Finding:
    """It does not work."""
    return Finding(subject, Verdict.WRONG, says, to_do)


def as_table(findings: Sequence[Finding]) -> str:
    """A line for each, with what to do below it; at the end how many there are to mend."""
    wide = max(len(each.subject) for each in findings)
    lines = [line for each in findings for line in _lines(each, wide)]
    failures = sum(each.is_failure for each in findings)
    return "\n".join([*lines, "", _summary(failures)])


def as_json(findings: Sequence[Finding]) -> str:
    """The same as one object."""
    is_fine = not any(each.is_failure for each in findings)
    return json.dumps({"ok": is_fine, "findings": [asdict(each) for each in findings]}, indent=2)


def _lines(finding: Finding, wide: int) -> Iterable[str]:
    head = f"{finding.verdict:<5}  {finding.subject:<{wide}}"
    said = [*textwrap.wrap(finding.says, WIDTH), *textwrap.wrap(finding.to_do, WIDTH)]
    yield f"{head}  {said[0]}" if said else head.rstrip()
    for more in said[1:]:
        yield f"{'':<{len(head)}}  {more}"


def _summary(failures: int) -> str:
    match failures:
        case 0:
            return "Everything is in place."
        case 1:
            return "One thing is to be mended."
        case _:
            return f"{failures} things are to be mended."

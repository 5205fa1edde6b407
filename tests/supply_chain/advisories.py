"""What pip-audit found, and whether it could ask anybody.

pip-audit ends well when an index has no advisories, as a mirror has not: it skips every package
and says so beside each. Read as a pass, that would be a check that cannot fail.
"""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Advisories:
    """How many packages an advisory index knew, why the others were skipped, and what is known to
    be wrong: a line for each advisory."""

    audited: int
    skipped: tuple[str, ...]
    found: tuple[str, ...]

    @classmethod
    def read(cls, output: str) -> "Advisories":
        """From pip-audit's JSON; without any, nothing was asked."""
        packages = json.loads(output)["dependencies"] if output.strip() else []
        skipped = tuple(each["skip_reason"] for each in packages if "skip_reason" in each)
        found = tuple(
            f"{each['name']} {each['version']}: {advisory['id']},"
            f" mended in {', '.join(advisory['fix_versions']) or 'no version yet'}"
            for each in packages
            for advisory in each.get("vulns", ())
        )
        return cls(len(packages) - len(skipped), skipped, found)

    def said(self, errors: str) -> str:
        """In words; with what pip-audit itself complained of where it could ask nobody."""
        if not self.audited:
            complaint = self.skipped[0] if self.skipped else errors.strip().rpartition("\n")[2]
            return (
                "No advisory index could be asked, so that NOTHING was audited here."
                f" Run it where one can be reached. ({complaint})"
            )
        lines = [*self.found, f"{self.audited} packages audited, {len(self.found)} advisories."]
        if self.skipped:
            lines.append(f"{len(self.skipped)} packages are not known to the index: NOT audited.")
        return "\n".join(lines)

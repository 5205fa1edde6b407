"""``make audit``: known advisories, and the licences of everything that is shipped."""

import json
import subprocess
import sys
from pathlib import Path

from tests.supply_chain.advisories import Advisories
from tests.supply_chain.licences import licences, refused

ROOT = Path(__file__).resolve().parents[2]
AUDIT = (
    *(sys.executable, "-m", "pip_audit", "--format", "json"),
    *("--disable-pip", "--require-hashes", "--requirement", "requirements.txt"),
)


def main() -> int:
    """Prints both; 1 when something is known to be vulnerable, or may not be shipped."""
    bill = json.loads(Path(sys.argv[1]).read_text())
    for name, said in sorted(licences(bill).items(), key=lambda each: each[0].lower()):
        print(f"{name:24}{said}")
    unfit = refused(bill)
    for name, said in unfit.items():
        print(f"Not on the list of licences that may be shipped: {name}: {said}")

    run = subprocess.run(AUDIT, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    advisories = Advisories.read(run.stdout)
    print(advisories.said(run.stderr))
    return 1 if unfit or advisories.found else 0


if __name__ == "__main__":
    sys.exit(main())

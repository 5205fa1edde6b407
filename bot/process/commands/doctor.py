"""The doctor's round, as a command."""

from typing import Annotated

from cyclopts import Parameter

from bot.process.doctor.examination import examine
from bot.process.doctor.report import as_json, as_table
from bot.process.settings import Settings
from bot.process.start import FAILED, run


def doctor(
    *, json: Annotated[bool, Parameter(negative="", help="as JSON, for a machine")] = False
) -> int:
    """Print what was found; returns 0 when nothing has to be mended."""
    return run(lambda settings: report(settings, as_object=json))


async def report(settings: Settings, *, as_object: bool) -> int:
    """Print what was found, as a table or as an object; the exit status."""
    findings = await examine(settings)
    print(as_json(findings) if as_object else as_table(findings))
    return FAILED if any(each.is_failure for each in findings) else 0

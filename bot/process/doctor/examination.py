"""All questions, asked at the same time where they do not wait for each other."""

import asyncio
from collections.abc import Sequence

from bot.clock.present import utc_now
from bot.ports import Now
from bot.process.doctor.close import examine_close
from bot.process.doctor.database import examine_database
from bot.process.doctor.policy_file import examine_file
from bot.process.doctor.public_address import examine_address
from bot.process.doctor.report import Finding, fine, wrong
from bot.process.doctor.slack import examine_slack
from bot.process.misnamed import misnamed
from bot.process.settings import Settings

SETTINGS = "Settings"


async def examine(settings: Settings, now: Now = utc_now) -> Sequence[Finding]:
    """Everything that was found, subject by subject; ``now`` is this machine's own clock."""
    found = await asyncio.gather(
        examine_database(settings),
        examine_slack(settings, now),
        examine_close(settings),
        examine_address(settings, now),
    )
    return [*_settings(), *examine_file(settings), *(each for some in found for each in some)]


def _settings() -> Sequence[Finding]:
    wrong_names = [wrong(SETTINGS, each) for each in misnamed()]
    return wrong_names or [fine(SETTINGS)]

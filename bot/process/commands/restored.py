"""Stock is taken after the database was restored from a backup, before the bot works with it."""

from datetime import datetime

from bot.process.fit import ready_database
from bot.process.settings import Settings
from bot.process.start import clock_of, run
from bot.strays.restored import take_stock


def restored() -> int:
    """Take stock; returns the exit status."""
    return run(_take_stock)


async def _take_stock(settings: Settings) -> int:
    admins, now = settings.policy.admins, clock_of(settings)()
    async with ready_database(settings) as database:
        found = await database.run_patiently(lambda store: take_stock(store, admins, now=now))
    print(
        f"{_when(found.since)}. Called off: "
        f"{found.called_off} approvals, {found.standing} standing approvals. Once the bot runs, it "
        f"tries {found.connections} connections, compares, and tells everybody concerned."
    )
    return 0


def _when(since: datetime | None) -> str:
    if since is None:
        return "No change is known"
    return f"The last change that is known is of {since:%Y-%m-%d %H:%M} UTC"

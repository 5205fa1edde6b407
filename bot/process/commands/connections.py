"""Who is connected to Close, and what becomes of connections whose key is lost."""

from collections.abc import Collection

from bot.cards.foreign import address
from bot.connections import keys
from bot.connections.vault import Vault
from bot.process.fit import ready_database
from bot.process.settings import Settings
from bot.process.start import clock_of, run
from models.connection import Connection
from models.pairing import Pairing


def list_all() -> int:
    """Print every connection; returns the exit status."""
    return run(print_all)


def forget_lost() -> int:
    """Give up what no key opens, and print whose it was; returns the exit status."""
    return run(give_up_lost)


async def print_all(settings: Settings) -> int:
    """Print every connection."""
    async with ready_database(settings) as database:
        found = await keys.look_through(database, Vault(settings.keys))
        every = await database.read(lambda store: store.connections.all())
    lost = {each.id for each in found.lost}
    for each in sorted(every, key=lambda each: (each.team_id, each.slack_user_id)):
        print(f"{_whose(each)}  {_state(each, lost)}")
    print(f"{len(every)} {'connection' if len(every) == 1 else 'connections'}.")
    return 0


async def give_up_lost(settings: Settings) -> int:
    """Give up what no key opens, and print whose it was."""
    admins, now = settings.policy.admins, clock_of(settings)
    async with ready_database(settings) as database:
        found, new = await keys.forget_lost(database, Vault(settings.keys), admins, now)
    for each in new:
        print(f"{_whose(each)}  given up; asked to connect again once the bot runs")
    if found.problem is None:
        print("The keys in ENCRYPTION_KEYS open every connection: there is nothing to give up.")
    elif not new:
        print("What no key in ENCRYPTION_KEYS opens was given up before: there is nothing more.")
    return 0


def _whose(holder: Connection | Pairing) -> str:
    return f"{holder.slack_user_id}  {address(holder.account.email)} in Close"


def _state(connection: Connection, lost: Collection[str]) -> str:
    if connection.id in lost:
        return "no key in ENCRYPTION_KEYS opens it"
    if connection.leaving_at is not None:
        return "is being disconnected"
    if not connection.is_alive:
        return f"Close refuses it since {connection.died_at:%Y-%m-%d %H:%M} UTC"
    return "works, with an API key" if connection.account.is_api_key else "works"

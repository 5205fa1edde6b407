"""One person who asked for it is forgotten."""

import re
import sys

from bot.connections.vault import Vault
from bot.delegations.people.retention import Forgotten, StillThere, forget
from bot.process.fit import ready_database
from bot.process.settings import Settings
from bot.process.start import FAILED, clock_of, run


def forget_person(user_id: str, /) -> int:
    """Forget them; returns the exit status."""
    return run(lambda settings: _forget(settings, user_id.strip()))


async def _forget(settings: Settings, user_id: str) -> int:
    if not re.fullmatch(r"[UW][A-Z0-9]{2,31}", user_id):
        print(f"{user_id} is no Slack id of a person, like U0123456789.", file=sys.stderr)
        return FAILED
    async with ready_database(settings) as database:
        now = clock_of(settings)()
        try:
            done = await forget(database, Vault(settings.keys), user_id, now)
        except StillThere as error:
            print(
                f"Nothing was changed: {user_id} still has {error}. End these first; a connection "
                "ends with /sendas disconnect, or when they leave.",
                file=sys.stderr,
            )
            return FAILED
    print(_sentence(user_id, done))
    return 0


def _sentence(user_id: str, done: Forgotten) -> str:
    if not done.details and not done.rows:
        return f"Nothing is known of {user_id}."
    rows = ", ".join(f"{name} {number}" for name, number in sorted(done.rows.items())) or "none"
    return (
        f"{user_id} is {done.pseudonym} from now on. {done.details} details went out of the log, "
        f"which is as whole as before. Rows changed: {rows}. Times and decisions stay."
    )

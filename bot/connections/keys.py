"""Encryption keys at the start: does one of them open every stored token, and which are old?"""

from bot.connections.vault import Undecryptable, Vault
from bot.ports import Now
from bot.store import Database, Store

PROBLEM = (
    "ENCRYPTION_KEYS opens all but {number} of the stored connections to Close. Add the key that "
    "was used before, after the new one: ENCRYPTION_KEYS=new,old. It can go once the bot has run "
    "with both: rows are re-encrypted in the background."
)


async def keys_problem(database: Database, vault: Vault) -> str | None:
    """What is wrong with the configured keys, as a sentence, or None."""
    sealed = await database.run(
        lambda store: [*store.connections.secrets(), *store.pairings.secrets()]
    )
    unopened = sum(not _opens(vault, secret) for _, secret in sealed)
    return PROBLEM.format(number=unopened) if unopened else None


async def rotate(database: Database, vault: Vault, now: Now) -> None:
    """Have the watch re-encrypt connections that an older key sealed, and do so for pairings."""
    secrets, pairings = await database.run(
        lambda store: (store.connections.secrets(), store.pairings.secrets())
    )
    old = [row_id for row_id, secret in secrets if not vault.is_newest(secret)]
    resealed = [
        (row_id, secret, vault.reseal(secret))
        for row_id, secret in pairings
        if secret and not vault.is_newest(secret) and _opens(vault, secret)
    ]

    def write(store: Store) -> None:
        store.connections.look_now(old, now=now())
        for row_id, before, secret in resealed:
            store.pairings.reseal(row_id, secret=secret, before=before)

    if old or resealed:
        await database.run(write)


def _opens(vault: Vault, sealed: bytes) -> bool:
    try:
        vault.open(sealed)
    except Undecryptable:
        return False
    return True

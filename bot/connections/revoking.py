"""What is not kept is ended at Close, however long that takes.

Tokens are written down as to be revoked before anybody knows whether they will be kept; storing
the connection or the pairing takes them off the list. So whatever happens in between, they do not
live on with nobody who could end them.
"""

from datetime import datetime, timedelta

from bot.clock.backoff import pause_after
from bot.connections.sessions import Connections
from bot.connections.vault import owner
from bot.ports import Now
from bot.store import Database, Store
from models.account import Account
from models.base import new_id
from models.pairing import Pairing, Verdict
from models.revocation import UNDECIDED, Revocation

HELD = timedelta(days=1)  # between looks whether somebody still uses the account


def not_kept(
    store: Store, team_id: str, slack_user_id: str, account: Account, *, now: datetime
) -> None:
    """Have an account's tokens ended; of an API key there is nothing that the bot could end."""
    if not account.is_api_key and account.secret:
        row = Revocation(
            id=new_id(),
            team_id=team_id,
            slack_user_id=slack_user_id,
            close_user_id=account.close_user_id,
            secret=account.secret,
            created_at=now,
        )
        store.revocations.add(row, wake_at=now)


def turn_down(
    store: Store, pairing: Pairing, verdict: Verdict, *, by: str | None, now: datetime
) -> None:
    """A pairing comes to nothing: its question is answered, and its tokens are ended."""
    store.pairings.decide(pairing, verdict, by=by, now=now)
    store.revocations.wake_for_account(pairing.account.close_user_id, now=now)
    not_kept(store, pairing.team_id, pairing.slack_user_id, pairing.account, now=now)
    store.notices.mark_stale(pairing.id, now=now)


def _in_use_for(store: Store, close_user_id: str) -> timedelta | None:
    """Until the next look whether somebody still uses the account; None when nobody does."""
    if store.connections.is_known(close_user_id) or store.pairings.is_waiting_with(close_user_id):
        return HELD
    return UNDECIDED if store.revocations.is_undecided(close_user_id) else None


class RevocationStep:
    """The worker's step: tokens that Close is to end."""

    def __init__(self, database: Database, connections: Connections, now: Now) -> None:
        self._database = database
        self._connections = connections
        self._now = now

    async def take(self, revocation: Revocation) -> None:
        """Revoke them; raises CloseError.

        While somebody is connected with the same account or just connecting, or it waits for an
        admin, these wait: whether Close would end what is kept as well is unknown (close.md §2.2).
        """
        account = revocation.close_user_id
        held_for = await self._database.run(lambda store: _in_use_for(store, account))
        if held_for is not None:
            await self._database.run(
                lambda store: store.revocations.due.put_off(
                    revocation, wake_at=self._now() + held_for, attempts=0
                )
            )
            return
        whose = owner(revocation.team_id, revocation.slack_user_id, revocation.close_user_id)
        await self._connections.revoke(revocation.secret, whose)
        await self._database.run(lambda store: store.revocations.forget(revocation.id))

    async def put_off(self, revocation: Revocation, error: Exception) -> None:
        """Revoke them later."""
        wake_at = self._now() + pause_after(error, revocation.attempts)
        await self._database.run(
            lambda store: store.revocations.due.put_off(revocation, wake_at=wake_at)
        )

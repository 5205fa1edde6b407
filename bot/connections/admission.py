"""An account becomes somebody's connection, by themselves or by an admin's word."""

from datetime import datetime, timedelta

from bot.connections.errors import OtherAccountInUse
from bot.connections.revoking import not_kept, turn_down
from bot.desk import Desk
from bot.store import Store
from models.connection import Connection
from models.notice import NoticeKind
from models.pairing import Pairing, Verdict
from models.stray import StrayState

CONFIRMING = timedelta(seconds=5)  # longer than it takes from the connection to the confirmation
UNFINISHED = (StrayState.FOUND, StrayState.REMOVING)


def put(
    store: Store, connection: Connection, *, now: datetime, is_confirming: bool = False
) -> None:
    """Store a connection in place of an earlier one and of every account that waits for an admin,
    and let what waits for it go on. Who ``is_confirming`` something by it confirms that as they
    have read it: to which accounts rights would go is looked up after that.

    Raises OtherAccountInUse. Pairings are locked before delegations, and those before connections,
    as everywhere.
    """
    team_id, person = connection.team_id, connection.slack_user_id
    replace_waiting(store, team_id, person, now=now)
    _note_holder(store, connection, now=now)
    store.delegations.wake_for_person(team_id, person, now=now)
    look_up_at = now + CONFIRMING if is_confirming else now
    store.delegations.identify_anew(team_id, person, at=look_up_at)
    store.strays.wake_for_person(team_id, person, now=now)
    store.aftermaths.wake_for_person(team_id, person, now=now)
    # Checked under the locks: an attempt is either seen here, or sees the new connection.
    before = store.connections.get(team_id, person, lock=True)
    _check_account(store, before, connection)
    store.connections.put(connection)
    store.departures.forget(team_id, [person], from_close=True)  # Close has just named them
    store.comparisons.plan(team_id, person, now=now)
    if before is not None:
        store.notices.mark_stale(before.id, now=now)
        not_kept(store, team_id, person, before.account, now=now)
        store.revocations.wake_for_account(before.account.close_user_id, now=now)


def replace_waiting(store: Store, team_id: str, slack_user_id: str, *, now: datetime) -> None:
    """No account of theirs waits for an admin any longer: a later one is in its place."""
    for earlier in store.pairings.waiting_for(team_id, slack_user_id):
        turn_down(store, earlier, Verdict.REPLACED, by=None, now=now)


def _note_holder(store: Store, connection: Connection, *, now: datetime) -> None:
    """Whoever else waits for an admin with this account: the question names its holder from now
    on, who hears of it."""
    holder_id = connection.slack_user_id
    for each in store.pairings.waiting_with(connection.team_id, connection.account.close_user_id):
        if each.other_id != holder_id:
            store.pairings.note_other(each.id, holder_id)
            store.notices.mark_stale(each.id, now=now)
            tell_other(store, each, holder_id, now=now)


def _check_account(store: Store, before: Connection | None, new: Connection) -> None:
    """Rights that exist, or that the grantor was asked about, can be taken back only with the
    account that gave them."""
    if before is None or before.account.membership == new.account.membership:
        return
    for each in store.delegations.served_by(new.team_id, new.slack_user_id):
        if each.attempted_at is not None and not each.belongs_to(new.account):
            raise OtherAccountInUse(before.account.email)
    for stray in store.strays.of_grantor(new.team_id, new.slack_user_id):
        if stray.state in UNFINISHED and not stray.belongs_to(new.account):
            raise OtherAccountInUse(before.account.email)


async def wake_what_waited(desk: Desk, team_id: str, slack_user_id: str) -> None:
    """After :func:`put`: what began to wait while the connection was being stored goes on too."""
    await desk.database.run_until_stored(
        lambda store: store.delegations.wake_for_person(team_id, slack_user_id, now=desk.now())
    )
    desk.wake()


def deciders(desk: Desk, pairing: Pairing) -> frozenset[str]:
    """Who may confirm a pairing: an admin, and nobody their own, from either side."""
    return desk.policy.admins - {pairing.slack_user_id, pairing.other_id}


def show_waiting(store: Store, pairing: Pairing, *, now: datetime) -> None:
    """Have everybody who waits for this person's account read what it waits for by now."""
    team_id, person = pairing.team_id, pairing.slack_user_id
    store.homes.touch(team_id, person, now=now)
    for each in store.delegations.approved_with(team_id, person):
        store.cards.show_anew(each.id, now=now)
        store.homes.touch(team_id, each.grantor_id, each.grantee_id, each.requester_id, now=now)


def tell_other(store: Store, pairing: Pairing, other_id: str, *, now: datetime) -> None:
    """Whoever is known by an account hears that somebody else brought it."""
    store.notices.tell(
        NoticeKind.ACCOUNT_CLAIMED,
        team_id=pairing.team_id,
        recipients=[other_id],
        subject_id=pairing.id,
        incident="asked",
        now=now,
    )

"""Which Close account belongs to a grantee.

An account proven by the person's own connection beats a match by e-mail address.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.close.errors import CloseError
from bot.connections.sessions import CloseSession, NotConnected
from bot.delegations.members import FRESH, KEPT
from bot.delegations.tools import Tools
from bot.ports import CloseUser
from bot.store import Store
from models.account import described, name_and_email
from models.address import is_same_address
from models.connection import Connection
from models.delegation import Delegation, State, Trouble


class NoAccount(Exception):
    """The grantee has no usable Close account; ``trouble`` says why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class GranteeAccount:
    """A Close account as people read it; proven when its owner connected it themselves."""

    close_user_id: str
    shown: str
    is_proven: bool


@dataclass(frozen=True, slots=True)
class Known:
    """The connections of the two, which tell best who a grantee is."""

    grantor: Connection | None
    grantee: Connection | None


async def known_of(tools: Tools, delegation: Delegation) -> Known:
    """The connections that the two have now."""
    d = delegation

    def read(store: Store) -> Known:
        found = store.connections.of_these(d.team_id, (d.grantor_id, d.grantee_id))
        return Known(grantor=found.get(d.grantor_id), grantee=found.get(d.grantee_id))

    return await tools.database.read(read)


async def of_grantee(
    tools: Tools, session: CloseSession, delegation: Delegation, known: Known
) -> GranteeAccount:
    """The grantee's account in the grantor's organization, asked in the grantor's name.

    Raises NoAccount, ``bot.close.errors`` and ``bot.slack.errors``.
    """
    if known.grantee is not None:
        if known.grantee.account.organization_id != session.account.organization_id:
            raise NoAccount(Trouble.OTHER_ORGANIZATION)
        found = _proven(known.grantee)
    elif not tools.matches_email:
        raise NoAccount(Trouble.GRANTEE_NOT_CONNECTED)
    else:
        email = delegation.grantee_email or await _confirmed_since(tools, delegation)
        found = await _by_email(tools, session, email, delegation.team_id)
    if found.close_user_id == session.account.close_user_id:
        raise NoAccount(Trouble.SAME_CLOSE_ACCOUNT)
    if delegation.state is State.APPROVED and not _was_seen(found, delegation):
        raise NoAccount(Trouble.GRANTEE_CHANGED)
    return found


async def foreseen(tools: Tools, delegation: Delegation) -> GranteeAccount | None:
    """The account that an approval would be for, as far as any connection can tell.

    None when nobody who is connected knows. Raises NoAccount and ``bot.close.errors``.
    """
    known = await known_of(tools, delegation)
    if known.grantor is not None and known.grantor.is_usable:
        session = tools.connections.session(known.grantor)
        return await of_grantee(tools, session, delegation, known)
    if known.grantee is not None:
        return _proven(known.grantee)
    if not tools.matches_email:
        raise NoAccount(Trouble.GRANTEE_NOT_CONNECTED)
    if not delegation.grantee_email:
        raise NoAccount(Trouble.GRANTEE_WITHOUT_EMAIL)
    # The grantor's organization is one of these, most likely.
    for other in await _usable(tools, delegation.team_id):
        session = tools.connections.session(other)
        matches = await tools.members.with_email(session, delegation.grantee_email)
        if len(matches) == 1:
            return _matched(matches[0])
    return None


async def _usable(tools: Tools, team_id: str) -> Sequence[Connection]:
    """One living connection for each organization."""
    return await tools.database.read(lambda store: store.connections.usable(team_id))


async def _confirmed_since(tools: Tools, delegation: Delegation) -> str | None:
    """The address of somebody who had none in Slack when this was asked for."""
    person = await tools.directory.person(delegation.grantee_id)
    return person.email if person else None


async def _by_email(
    tools: Tools, session: CloseSession, email: str | None, team_id: str
) -> GranteeAccount:
    if not email:
        raise NoAccount(Trouble.GRANTEE_WITHOUT_EMAIL)
    matches: Sequence[CloseUser] = ()
    for oldest in (KEPT, FRESH):
        matches = await tools.members.with_email(session, email, not_older_than=oldest)
        if len(matches) == 1:
            return _matched(matches[0])
    if matches:
        raise NoAccount(Trouble.GRANTEE_FOUND_TWICE)
    if await _is_elsewhere(tools, session, email, team_id):
        raise NoAccount(Trouble.OTHER_ORGANIZATION)
    raise NoAccount(Trouble.GRANTEE_NOT_IN_CLOSE)


async def _is_elsewhere(tools: Tools, session: CloseSession, email: str, team_id: str) -> bool:
    """Whether an organization other than the session's has this address."""
    if any(is_same_address(user.email, email) for user in await tools.members.all(session)):
        return True
    for other in await _usable(tools, team_id):
        if other.account.organization_id == session.account.organization_id:
            continue
        try:
            if await tools.members.with_email(tools.connections.session(other), email):
                return True
        except (CloseError, NotConnected):
            continue  # it is only to say more exactly what is wrong
    return False


def _was_seen(account: GranteeAccount, delegation: Delegation) -> bool:
    """Whether the grantor saw this account, if they saw any: it gets what they approved.

    Addresses can pass from one account to another; rows of earlier releases have nothing else.
    """
    seen = delegation.grantee_account
    if seen is None or delegation.grantee_close_id is None:
        return seen is None or is_same_address(_address(seen), _address(account.shown))
    return account.close_user_id == delegation.grantee_close_id


def _address(shown: str) -> str:
    return name_and_email(shown)[1]


def _matched(user: CloseUser) -> GranteeAccount:
    return GranteeAccount(user.id, described(user.name, user.email), is_proven=False)


def _proven(connection: Connection) -> GranteeAccount:
    account = connection.account
    shown = described(account.name, account.email)
    return GranteeAccount(account.close_user_id, shown, is_proven=True)

"""Connecting: from a link in Slack to a Close account that is known to be that person's.

The link opens a page that says for whom it is; nothing is stored before its reader has said that
this is them. The way then leads through Close's consent page, or through our own form for an API
key. Its state is one-time, lives ten minutes, and is bound to the person in Slack and to the
browser that said so. An account with another address than the person's own in Slack waits for an
admin.
"""

import asyncio
import contextlib
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.close.errors import CloseError, CloseProblem, RefusedByClose
from bot.connections.admission import (
    deciders,
    put,
    replace_waiting,
    show_waiting,
    tell_other,
    wake_what_waited,
)
from bot.connections.errors import (
    AccountMismatch,
    AccountTaken,
    NobodyCanConfirm,
    NoOrganization,
    NotAMember,
    NotTheirAccount,
    OrganizationUnclear,
    StateRefused,
    StoredLater,
    TooManyKeys,
)
from bot.connections.links import Links
from bot.connections.sessions import Connections
from bot.connections.vault import fingerprint, new_secret, owner
from bot.desk import Desk, check_person
from bot.ports import (
    AddressBook,
    Close,
    CloseOAuth,
    CloseUser,
    Credential,
    OutsideError,
    TokenAnswer,
)
from bot.refusals import Refused
from bot.store import Store
from models.account import Account
from models.address import is_same_address
from models.base import new_id
from models.connection import Connection, ConnectState
from models.key_try import KeyTry
from models.notice import NoticeKind
from models.pairing import Pairing
from models.person import Person
from models.policy import who_refusal
from models.revocation import Revocation

STATE_LIFE = timedelta(minutes=10)
MOST_KEYS = 10  # API keys that can be tried for one person within KEYS_WITHIN
KEYS_WITHIN = timedelta(hours=1)
PAIRING_LIFE = timedelta(days=7)
BROWSER_WAITS = 20.0  # seconds, while the database does not answer


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send the browser, and what it has to bring back: the state and, as a cookie, the
    secret."""

    url: str
    state: str = field(repr=False)
    browser_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Whose account it is; ``needs_admin`` says that an admin has to confirm it first."""

    email: str
    needs_admin: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """What the way to Close and back needs besides the desk."""

    desk: Desk
    connections: Connections
    oauth: CloseOAuth
    close: Close
    links: Links
    people: AddressBook


async def invited(way: Way, link: str) -> Person:
    """Whom our link is for; changes nothing.

    Raises LinkRefused, NotAMember and ``bot.slack.errors``.
    """
    team_id, slack_user_id = way.links.read(link)
    return await _member(way.desk, team_id, slack_user_id, afresh=False)


async def depart(way: Way, link: str) -> Departure:
    """From our link to Close's consent page; raises as :func:`invited` does."""
    team_id, slack_user_id = way.links.read(link)
    await _member(way.desk, team_id, slack_user_id)
    confirms = way.links.confirms(link) or None
    return await depart_again(way, team_id, slack_user_id, confirms=confirms)


async def depart_again(
    way: Way, team_id: str, slack_user_id: str, *, confirms: str | None = None
) -> Departure:
    """A fresh state for a person whose link was good a moment ago."""
    state, browser_secret, now = new_secret(), new_secret(), way.desk.now()
    row = ConnectState(
        state_hash=fingerprint(state),
        browser_hash=fingerprint(browser_secret),
        team_id=team_id,
        slack_user_id=slack_user_id,
        expires_at=now + STATE_LIFE,
        confirms=confirms,
    )
    await way.desk.database.run(lambda store: store.connect_states.add(row, now=now))
    return Departure(way.oauth.authorize_url(state), state, browser_secret)


async def take_state(desk: Desk, *, state: str, browser_secret: str) -> ConnectState:
    """Use the state up, if this is the browser that it was made for; raises StateRefused."""
    hashes = fingerprint(state), fingerprint(browser_secret)
    started = await desk.database.run(lambda store: store.connect_states.take(*hashes))
    if started is None or started.expires_at <= desk.now():
        raise StateRefused
    return started


async def arrive(way: Way, started: ConnectState, *, code: str) -> Arrival:
    """Back from Close with a code.

    Raises NotConnectable, ``bot.slack.errors`` and ``bot.close.errors``.
    """
    # Asked first: a code of Close works only once.
    person = await _member(way.desk, started.team_id, started.slack_user_id)
    answer = await way.oauth.exchange(code)
    # The code is used up: what Close gave for it is nowhere but here.
    return await _held(way, _kept_or_ended(way, started, person.email, answer))


async def _held(way: Way, storing: Coroutine[Any, Any, Arrival]) -> Arrival:
    """A browser waits only so long; raises StoredLater."""
    try:
        return await way.connections.hold(storing, BROWSER_WAITS)
    except TimeoutError:
        raise StoredLater from None


async def _kept_or_ended(
    way: Way, started: ConnectState, slack_email: str | None, answer: TokenAnswer
) -> Arrival:
    """What Close has just given is revoked, unless it is stored as somebody's in time."""
    unkept = await _write_down(way, started, answer)
    try:
        account = await _proven(way, answer, unkept.secret)
        return await _bind(way, started, slack_email, account, unkept)
    except Exception:
        await way.desk.database.run_until_stored(
            lambda store: store.revocations.wake(unkept.id, now=way.desk.now())
        )
        way.desk.wake()
        raise


async def _write_down(way: Way, started: ConnectState, answer: TokenAnswer) -> Revocation:
    whose = owner(started.team_id, started.slack_user_id, answer.user_id)
    row = Revocation(
        id=new_id(),
        team_id=started.team_id,
        slack_user_id=started.slack_user_id,
        close_user_id=answer.user_id,
        secret=way.connections.seal(answer, whose),
        created_at=way.desk.now(),
    )
    try:
        await way.desk.database.run_until_stored(
            lambda store: store.revocations.add_undecided(row, now=way.desk.now())
        )
    except (Exception, asyncio.CancelledError):  # or the process ends: these are the only copy
        with contextlib.suppress(CloseError):
            await way.connections.revoke(row.secret, whose)
        raise
    return row


async def _proven(way: Way, answer: TokenAnswer, sealed: bytes) -> Account:
    """Whose tokens these are, as ``/me/`` says it; raises AccountMismatch."""
    user = await way.close.me(Credential(answer.access_token))
    if user.id != answer.user_id or answer.organization_id not in user.organization_ids:
        raise AccountMismatch
    expires_at = way.connections.expiry(answer)
    return _account(user, answer.organization_id, sealed, expires_at=expires_at)


async def arrive_with_key(way: Way, started: ConnectState, *, api_key: str) -> Arrival:
    """An API key from our own form; raises as :func:`arrive` does. A key that lies somewhere proves
    nothing of who holds it now, so it confirms nothing."""
    if started.confirms is not None:
        raise StateRefused
    person = await _member(way.desk, started.team_id, started.slack_user_id)
    await way.desk.database.run(lambda store: _count_key(store, started, now=way.desk.now()))
    if not api_key.isascii() or not api_key.isprintable() or ":" in api_key:
        raise RefusedByClose(CloseProblem.INVALID)  # a key has no such characters
    user = await way.close.me(Credential(api_key, is_api_key=True))
    if not user.organization_ids:
        raise NoOrganization
    if len(user.organization_ids) > 1:
        raise OrganizationUnclear
    whose = owner(started.team_id, started.slack_user_id, user.id)
    sealed = way.connections.seal_key(api_key, whose)
    account = _account(user, user.organization_ids[0], sealed, is_api_key=True)
    arrival = await _held(way, _bind(way, started, person.email, account, None))
    await way.desk.database.run(
        lambda store: store.key_tries.forget(started.team_id, started.slack_user_id)
    )
    return arrival


def _count_key(store: Store, started: ConnectState, *, now: datetime) -> None:
    """Written down before Close is asked, so that many at once count as well."""
    team_id, slack_user_id = started.team_id, started.slack_user_id
    store.key_tries.sweep(before=now - KEYS_WITHIN)
    if store.key_tries.count(team_id, slack_user_id) >= MOST_KEYS:
        raise TooManyKeys
    row = KeyTry(id=new_id(), team_id=team_id, slack_user_id=slack_user_id, tried_at=now)
    store.key_tries.add(row)


async def _member(desk: Desk, team_id: str, slack_user_id: str, *, afresh: bool = True) -> Person:
    """Raises NotAMember for whoever cannot give or get a right."""
    try:
        return await check_person(desk, team_id, slack_user_id, afresh=afresh)
    except Refused:
        raise NotAMember from None


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of an account: it is this person's already, or they have another one, or it is
    somebody else's."""

    has_account: bool
    is_theirs: bool
    holder_id: str | None


async def _bind(
    way: Way,
    started: ConnectState,
    slack_email: str | None,
    account: Account,
    unkept: Revocation | None,
) -> Arrival:
    """At once when nobody can doubt whose account it is; otherwise an admin is asked."""
    known = await way.desk.database.run_until_stored(lambda store: _known(store, started, account))
    if started.confirms is not None and known.has_account and not known.is_theirs:
        raise NotTheirAccount(account.email)
    has_address = is_same_address(slack_email, account.email)
    is_own = known.is_theirs or (has_address and known.holder_id is None)
    if is_own:
        await _connect(way.desk, started, account, unkept, is_admitted=known.is_theirs)
    else:
        other_id = known.holder_id or await _in_slack(way, started, account.email)
        await _ask_admins(way.desk, started, slack_email, account, unkept, other_id)
    log = structlog.get_logger("bot.connections.flow")
    event = "connected" if is_own else "pairing waits"
    log.info(event, team=started.team_id, user=started.slack_user_id)
    return Arrival(account.email, needs_admin=not is_own)


def _known(store: Store, started: ConnectState, account: Account) -> _Known:
    team_id, person = started.team_id, started.slack_user_id
    held = store.connections.get(team_id, person)
    return _Known(
        has_account=held is not None,
        is_theirs=held is not None and held.account.membership == account.membership,
        holder_id=store.connections.holder(team_id, account.close_user_id, besides=person),
    )


async def _in_slack(way: Way, started: ConnectState, email: str) -> str | None:
    """Whoever else has this address in Slack; when Slack cannot say, the question goes without."""
    try:
        found = await way.people.by_email(email)
    except OutsideError:
        return None
    if found is None or found.id == started.slack_user_id:
        return None
    return found.id if who_refusal(found, started.team_id) is None else None


async def _connect(
    desk: Desk,
    started: ConnectState,
    account: Account,
    unkept: Revocation | None,
    *,
    is_admitted: bool,
) -> None:
    """``is_admitted`` says that it was theirs before, whoever else is connected with it."""
    now = desk.now()
    connection = Connection(
        id=new_id(),
        team_id=started.team_id,
        slack_user_id=started.slack_user_id,
        account=account,
        connected_at=now,
        checked_at=now,
        wake_at=now,
    )

    def connect(store: Store) -> None:
        held = store.connections.get(started.team_id, started.slack_user_id)
        if held is not None and held.account.secret == account.secret:
            return  # stored by an attempt whose answer was lost
        _keep(store, unkept)
        if not is_admitted and _known(store, started, account).holder_id is not None:
            raise AccountTaken(account.email)  # somebody else was faster, just now
        put(store, connection, now=now, is_confirming=started.confirms is not None)

    await desk.database.run_until_stored(connect)
    await wake_what_waited(desk, started.team_id, started.slack_user_id)


def _keep(store: Store, unkept: Revocation | None) -> None:
    """These tokens are about to be stored; raises StateRefused when it took too long."""
    if unkept is not None and not store.revocations.call_off(unkept.id):
        raise StateRefused


async def _ask_admins(
    desk: Desk,
    started: ConnectState,
    slack_email: str | None,
    account: Account,
    unkept: Revocation | None,
    other_id: str | None,
) -> None:
    now = desk.now()
    pairing = Pairing(
        id=new_id(),
        team_id=started.team_id,
        slack_user_id=started.slack_user_id,
        slack_email=slack_email,
        account=account,
        other_id=other_id,
        created_at=now,
        wake_at=now + PAIRING_LIFE,
    )
    admins = deciders(desk, pairing)
    if not admins and other_id is not None:
        raise AccountTaken(account.email)
    if not admins:
        raise NobodyCanConfirm(account.email)

    def ask(store: Store) -> None:
        if store.pairings.get(pairing.id) is not None:
            return  # stored by an attempt whose answer was lost
        _keep(store, unkept)
        replace_waiting(store, pairing.team_id, pairing.slack_user_id, now=now)
        store.pairings.add(pairing)
        store.notices.tell(
            NoticeKind.PAIRING,
            team_id=pairing.team_id,
            recipients=sorted(admins),
            subject_id=pairing.id,
            incident="asked",
            now=now,
        )
        if other_id is not None:
            tell_other(store, pairing, other_id, now=now)
        show_waiting(store, pairing, now=now)

    await desk.database.run_until_stored(ask)
    desk.wake()


def _account(
    user: CloseUser,
    organization_id: str,
    sealed: bytes,
    *,
    is_api_key: bool = False,
    expires_at: datetime | None = None,
) -> Account:
    return Account(
        close_user_id=user.id,
        organization_id=organization_id,
        email=user.email,
        name=user.name[:200],
        is_api_key=is_api_key,
        secret=sealed,
        access_expires_at=expires_at,
    )

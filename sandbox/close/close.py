"""The sandbox Close: Close's REST and OAuth endpoints over real HTTP, with a memory one can see.

::

    close = SandboxClose()
    async with serve(close.app) as url:
        ...
"""

import asyncio
import secrets
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from starlette.applications import Starlette

from sandbox.close.changes import Changes
from sandbox.close.front import Front, application
from sandbox.close.oauth import OAuth
from sandbox.close.rest import Rest
from sandbox.close.state import (
    CloseState,
    Grant,
    HeldAccount,
    HeldAssociation,
    HeldBulkAction,
    HeldEmail,
    HeldSequence,
    HeldSubscription,
    RecordedCall,
    new_id,
)
from sandbox.close.trouble import Trouble
from sandbox.close.unknowns import Unknowns
from sandbox.people import PEOPLE, SandboxPerson

Value = TypeVar("Value")

CLIENT_ID = "oa2client_SANDBOX000000000000000"
CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105 - opens nothing real


def _real_now() -> datetime:
    return datetime.now(UTC)


class SandboxClose:
    """One Close organization; everything a test or a page needs to look at it and to disturb it."""

    def __init__(
        self,
        people: Iterable[SandboxPerson] = PEOPLE,
        *,
        unknowns: Unknowns | None = None,
        now: Callable[[], datetime] = _real_now,
        client_id: str = CLIENT_ID,
        client_secret: str = CLIENT_SECRET,
        redirect_uri: str | None = None,
    ) -> None:
        self.unknowns = unknowns or Unknowns()
        self.trouble = Trouble()
        self.calls: list[RecordedCall] = []
        self.client_id, self.client_secret = client_id, client_secret
        self._changes = Changes()
        self.state = CloseState(people, self.unknowns, now)
        self._oauth = OAuth(self.state, self._changes.tell, client_id, client_secret, redirect_uri)
        routes = [*Rest(self.state, self._changes.tell).routes(), *self._oauth.routes()]
        self.starlette: Starlette = application(routes)
        self.app = Front(self.starlette, self.trouble, self._record, now)

    @property
    def associations(self) -> list[HeldAssociation]:
        """Return what Close holds now; the list itself, not a copy."""
        return self.state.associations

    @property
    def emails(self) -> list[HeldEmail]:
        """Return the email activities."""
        return self.state.emails

    def allow(self, grantor: SandboxPerson, grantee: SandboxPerson) -> HeldAssociation:
        """Do what the grantor can do in Close's own screen."""
        added = self.state.add(_id(grantor), _id(grantee))
        self._changes.tell("association")
        return added

    def remove(self, grantor: SandboxPerson, grantee: SandboxPerson) -> bool:
        """Undo it there; tell whether there was something to remove."""
        found = self.state.drop_pair(_id(grantor), _id(grantee))
        self._changes.tell("association")
        return found

    def find(self, grantor: SandboxPerson, grantee: SandboxPerson) -> HeldAssociation | None:
        """Return the association of the pair, if Close holds one."""
        return self.state.find(_id(grantor), _id(grantee))

    def send_email(
        self,
        grantee: SandboxPerson,
        *,
        in_name_of: SandboxPerson | None = None,
        to: tuple[str, ...] = ("customer@example.org",),
        subject: str = "Hello",
        scheduled_for: datetime | None = None,
        is_in_outbox: bool = False,
        bulk: str | None = None,
        subscription: HeldSubscription | None = None,
    ) -> HeldEmail:
        """Record an email; ``in_name_of`` needs an association. Raises ``LookupError`` without.

        With ``scheduled_for``, or in the outbox, it waits to be sent, and in this sandbox it waits
        for ever. ``bulk`` is the id of the bulk email that it is one of, ``subscription`` that by
        which a sequence sends it.
        """
        association = None if in_name_of is None else self.find(in_name_of, grantee)
        if in_name_of is not None and association is None:
            raise LookupError(f"{grantee.name} may not send as {in_name_of.name}")
        owner = in_name_of if self.unknowns.email_belongs_to_grantor and in_name_of else grantee
        sent = HeldEmail(
            id=new_id("acti", 43),
            user_id=_id(owner),
            send_as_id=association.id if association else None,
            date=self.state.now(),
            subject=subject,
            to=to,
            scheduled_for=scheduled_for,
            status="outbox" if is_in_outbox else "",
            writer=_id(grantee),
            on_behalf_of=_id(in_name_of) if in_name_of else None,
            bulk_email_action_id=bulk,
            sequence_id=subscription.sequence_id if subscription else None,
            sequence_subscription_id=subscription.id if subscription else None,
        )
        self.state.emails.append(sent)
        self._changes.tell("email")
        return sent

    def enrol(
        self,
        grantee: SandboxPerson,
        leads: int = 1,
        *,
        sequence: str = "Spring",
        in_name_of: SandboxPerson | None = None,
        in_bulk: bool = True,
        is_under_way: bool = False,
    ) -> list[HeldSubscription]:
        """Put so many leads into a sequence, as the grantee can in Close's own screen; it sends
        from the first account of ``in_name_of``, which needs an association, or from their own.

        Raises ``LookupError`` without. In bulk it is one action, which may still be ``under_way``.
        """
        if in_name_of is not None and self.find(in_name_of, grantee) is None:
            raise LookupError(f"{grantee.name} may not send as {in_name_of.name}")
        owner, now = in_name_of or grantee, self.state.now()
        account = next(each for each in self.state.accounts if each.user_id == owner.close_user_id)
        by_grantor = self.unknowns.subscription_created_by_grantor
        made = [
            HeldSubscription(
                id=new_id("sub"),
                sequence_id=self._sequence(sequence).id,
                lead_id=new_id("lead", 43),
                contact_id=new_id("cont", 43),
                sender_account_id=account.id,
                sender_email=account.addresses[0],
                created_by=_id(owner if by_grantor else grantee),
                created_at=now,
            )
            for _ in range(leads)
        ]
        self.state.subscriptions += made
        if in_bulk:
            bulk_action = HeldBulkAction(
                id=new_id("bulkseqsub", 43),
                action_type="subscribe",
                sequence_id=self._sequence(sequence).id,
                sender_account_id=account.id,
                sender_email=account.addresses[0],
                created_by=_id(grantee),
                created_at=now,
                n_leads=leads,
                status="processing" if is_under_way else "done",
            )
            self.state.bulk_actions.append(bulk_action)
        self._changes.tell("sequence")
        return made

    def mail_many(
        self,
        grantee: SandboxPerson,
        leads: int,
        *,
        in_name_of: SandboxPerson,
        is_under_way: bool = True,
    ) -> HeldBulkAction:
        """Send a bulk email to so many leads from the first account of ``in_name_of``, as the
        grantee can in Close's own screen. Raises ``LookupError`` without an association."""
        if self.find(in_name_of, grantee) is None:
            raise LookupError(f"{grantee.name} may not send as {in_name_of.name}")
        lent = (each for each in self.state.accounts if each.user_id == in_name_of.close_user_id)
        account = next(lent)
        made = HeldBulkAction(
            id=new_id("bulkemail", 43),
            action_type="email",
            sequence_id=None,
            sender_account_id=account.id,
            sender_email=account.addresses[0],
            created_by=_id(grantee),
            created_at=self.state.now(),
            n_leads=leads,
            status="processing" if is_under_way else "done",
        )
        self.state.bulk_actions.append(made)
        self._changes.tell("bulk email")
        return made

    def active(self, sequence: str | None = None) -> int:
        """How many are in this sequence, or in any, and get more email from it."""
        wanted = None if sequence is None else self._sequence(sequence).id
        return sum(
            each.status == "active" and wanted in (None, each.sequence_id)
            for each in self.state.subscriptions
        )

    def lend_to_workflows(self, person: SandboxPerson) -> None:
        """Do what a manager of the organization can: let Workflows send in this person's name."""
        self.state.lent_to_workflows.add(_id(person))
        self._changes.tell("member")

    def _sequence(self, name: str) -> HeldSequence:
        """The sequence of this name, which is made when there is none."""
        found = next((each for each in self.state.sequences if each.name == name), None)
        if found is None:
            found = HeldSequence(new_id("seq"), name)
            self.state.sequences.append(found)
        return found

    async def consent(
        self, authorize_url: str, person: SandboxPerson, *, allow: bool = True
    ) -> str:
        """Decide on the consent page as ``person``; returns the address the browser is sent to."""
        query = dict(parse_qsl(urlsplit(authorize_url).query, keep_blank_values=True))
        return self._oauth.decide(query, _id(person), allow=allow)

    def connect(self, person: SandboxPerson) -> dict[str, Any]:
        """Return a token answer for ``person``, as if they had gone through the consent page."""
        grant = Grant(_id(person), refresh_token=secrets.token_urlsafe(24))
        self.state.grants.append(grant)
        return self.state.issue(grant)

    def api_key(self, person: SandboxPerson) -> str:
        """Make an API key for ``person``."""
        key = f"{new_id('api')}.{secrets.token_urlsafe(16)}"
        self.state.api_keys[key] = _id(person)
        return key

    def revoke_tokens(self, person: SandboxPerson) -> None:
        """End all grants and keys of ``person``, as their settings in Close can."""
        for grant in self.state.grants:
            if grant.user_id == person.close_user_id:
                self.state.kill(grant)
        self.state.api_keys = {
            key: owner
            for key, owner in self.state.api_keys.items()
            if owner != person.close_user_id
        }
        self._changes.tell("tokens")

    def deactivate(self, person: SandboxPerson) -> None:
        """Remove ``person`` from the organization."""
        gone = _id(person)
        self.state.inactive.add(gone)
        if self.unknowns.deactivation_removes_associations:
            self.state.associations[:] = [
                each
                for each in self.state.associations
                if gone not in (each.allowing_user_id, each.allowed_user_id)
            ]
        self._changes.tell("member")

    def set_accounts(self, person: SandboxPerson, *accounts: HeldAccount) -> None:
        """Replace the connected accounts of ``person``; with none they cannot send."""
        others = [each for each in self.state.accounts if each.user_id != person.close_user_id]
        self.state.accounts = [*others, *accounts]

    def set_expires_in(self, life: timedelta) -> None:
        """Choose how long the access tokens issued from now on live."""
        self.state.expires_in = life

    def set_page_limit(self, rows: int) -> None:
        """Choose how many rows a page has at most, so that few people make many pages."""
        self.state.page_limit = rows

    def set_read_lag(self, lag: timedelta) -> None:
        """Choose how long reads of associations show what was there before a write."""
        self.state.read_lag = lag

    def set_redirect_uri(self, redirect_uri: str | None) -> None:
        """Choose the only address that the application registered; None accepts any."""
        self._oauth.redirect_uri = redirect_uri

    async def wait_for(
        self, predicate: Callable[[], Value], timeout: float = 30.0, what: str = "a change in Close"
    ) -> Value:
        """Return the first true value of ``predicate``, looked at again at each change.

        Raises ``AssertionError`` that names ``what`` and shows what Close holds.
        """
        return await self._changes.wait_for(
            predicate, timeout=timeout, describe=lambda: f"waited for {what}; {self._described()}"
        )

    def subscribe(self) -> AbstractAsyncContextManager[asyncio.Queue[str]]:
        """Return a context manager that yields a queue of one line per change."""
        return self._changes.subscribed()

    def _described(self) -> str:
        calls = ", ".join(f"{each.method} {each.path} {each.status}" for each in self.calls[-10:])
        return f"Close holds {self.associations}; its last calls are: {calls or 'none'}"

    def _record(self, call: RecordedCall) -> None:
        self.calls.append(call)
        self._changes.tell(f"{call.method} {call.path} {call.status}")


def _id(person: SandboxPerson) -> str:
    if person.close_user_id is None:
        raise LookupError(f"{person.name} has no Close account")
    return person.close_user_id

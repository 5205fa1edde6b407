"""What the sandbox Close holds: members, associations, connected accounts, grants, sent email."""

import secrets
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.close.unknowns import AfterEnd, Unknowns
from sandbox.people import ORGANIZATION_ID, SandboxPerson, close_id

CODE_LIFE = timedelta(seconds=60)
_BASE62 = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 22) -> str:
    """Return a fresh id in Close's shape."""
    return f"{prefix}_" + "".join(secrets.choice(_BASE62) for _ in range(length))


@dataclass(frozen=True, slots=True)
class HeldAssociation:
    """A Send As association."""

    id: str
    organization_id: str
    allowing_user_id: str
    allowed_user_id: str

    def shown(self) -> dict[str, str]:
        """Return the four fields that Close shows."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class HeldAccount:
    """A connected account."""

    id: str
    type: str
    user_id: str
    name: str
    addresses: tuple[str, ...]

    def shown(self) -> dict[str, Any]:
        """Return it as Close shows it."""
        return {
            "id": self.id,
            "_type": self.type,
            "user_id": self.user_id,
            "organization_id": ORGANIZATION_ID,
            "identities": [{"email": each, "name": self.name} for each in self.addresses],
            "send_status": "ok",
        }


@dataclass(frozen=True, slots=True)
class HeldEmail:
    """An email activity."""

    id: str
    user_id: str
    send_as_id: str | None
    date: datetime
    subject: str
    to: tuple[str, ...]
    scheduled_for: datetime | None = None
    status: str = ""
    writer: str | None = None
    on_behalf_of: str | None = None
    bulk_email_action_id: str | None = None
    sequence_id: str | None = None
    sequence_subscription_id: str | None = None

    def shown(self) -> dict[str, Any]:
        """Return it as Close shows it."""
        scheduled_for = self.scheduled_for
        return {
            "id": self.id,
            "_type": "Email",
            "organization_id": ORGANIZATION_ID,
            "user_id": self.user_id,
            "send_as_id": self.send_as_id,
            "date_created": self.date.isoformat(),
            "date_sent": None if scheduled_for or self.status else self.date.isoformat(),
            "date_scheduled": scheduled_for.isoformat() if scheduled_for else None,
            "direction": "outgoing",
            "status": self.status or ("scheduled" if scheduled_for else "sent"),
            "created_by": self.writer or self.user_id,
            "bulk_email_action_id": self.bulk_email_action_id,
            "sequence_id": self.sequence_id,
            "sequence_subscription_id": self.sequence_subscription_id,
            "subject": self.subject,
            "to": list(self.to),
            "cc": [],
            "bcc": [],
        }


@dataclass(frozen=True, slots=True)
class HeldSequence:
    """A sequence of emails; whoever is in it has a subscription."""

    id: str
    name: str

    def shown(self, counts: Mapping[str, int] | None) -> dict[str, Any]:
        """Return it as Close shows it, with how many are in it by status, or without."""
        shown = {
            "id": self.id,
            "name": self.name,
            "organization_id": ORGANIZATION_ID,
            "status": "active",
            "steps": [],
            "timezone": "Europe/Berlin",
        }
        return shown if counts is None else shown | {"subscription_counts_by_status": dict(counts)}


@dataclass(slots=True)
class HeldSubscription:
    """One contact in a sequence; ``created_by`` put them there, and it sends from the account."""

    id: str
    sequence_id: str
    lead_id: str
    contact_id: str
    sender_account_id: str
    sender_email: str
    created_by: str
    created_at: datetime
    status: str = "active"
    status_reason: str | None = None

    def shown(self) -> dict[str, Any]:
        """Return it as Close shows it, with dates that have no offset."""
        return {
            "id": self.id,
            "organization_id": ORGANIZATION_ID,
            "sequence_id": self.sequence_id,
            "lead_id": self.lead_id,
            "contact_id": self.contact_id,
            "contact_email": "contact@example.org",
            "sender_account_id": self.sender_account_id,
            "sender_email": self.sender_email,
            "sender_name": self.sender_email,
            "created_by_id": self.created_by,
            "updated_by_id": self.created_by,
            "date_created": self.created_at.replace(tzinfo=None).isoformat(),
            "status": self.status,
            "status_reason": self.status_reason,
        }


@dataclass(slots=True)
class HeldBulkAction:
    """What somebody did to many leads at once: about a sequence, or a bulk email."""

    id: str
    action_type: str
    sequence_id: str | None
    sender_account_id: str
    sender_email: str
    created_by: str
    created_at: datetime
    n_leads: int
    status: str = "done"

    @property
    def is_email(self) -> bool:
        """Whether it is a bulk email."""
        return self.id.startswith("bulkemail_")

    def shown(self) -> dict[str, Any]:
        """Return it as Close shows it."""
        about_sequence = {
            "action_type": self.action_type,
            "sequence_id": self.sequence_id,
            "sender_account_id": self.sender_account_id,
            "sender_email": self.sender_email,
            "sender_name": self.sender_email,
        }
        as_email = {
            "email_account_id": self.sender_account_id,
            "sender": self.sender_email,
            "template_id": None,
            "send_done_email": False,
        }
        return (as_email if self.is_email else about_sequence) | {
            "id": self.id,
            "organization_id": ORGANIZATION_ID,
            "created_by": self.created_by,
            "updated_by": self.created_by,
            "date_created": self.created_at.isoformat(),
            "n_leads": self.n_leads,
            "n_leads_processed": self.n_leads if self.status == "done" else 0,
            "status": self.status,
            "s_query": {},
            "sort": [],
        }


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A request that Close received; ``caller`` is a Close user id when the credential was good."""

    method: str
    path: str
    query: str
    status: int | None
    caller: str | None
    when: datetime


@dataclass(slots=True)
class Grant:
    """What a person allowed an application: one living refresh token, some access tokens."""

    user_id: str
    refresh_token: str
    old_refresh_tokens: set[str] = field(default_factory=set)
    access_tokens: dict[str, datetime] = field(default_factory=dict)
    is_dead: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code on its way."""

    user_id: str
    redirect_uri: str
    expires_at: datetime


class CloseState:
    """One organization; plain data and the rules that hold between them, no HTTP."""

    def __init__(
        self, people: Iterable[SandboxPerson], unknowns: Unknowns, now: Callable[[], datetime]
    ) -> None:
        self.now = now
        self.unknowns = unknowns
        self.members = {each.close_user_id: each for each in people if each.close_user_id}
        self.inactive = {key for key, each in self.members.items() if each.deleted}
        self.associations: list[HeldAssociation] = []
        self.emails: list[HeldEmail] = []
        self.sequences: list[HeldSequence] = []
        self.subscriptions: list[HeldSubscription] = []
        self.bulk_actions: list[HeldBulkAction] = []
        self.lent_to_workflows: set[str] = set()  # members in whose name Workflows may send
        self.accounts = [_google_account(each) for each in self.members.values()]
        self.grants: list[Grant] = []
        self.codes: dict[str, Code] = {}
        self.api_keys: dict[str, str] = {}
        self.expires_in = timedelta(hours=1)
        self.page_limit = 100
        self.read_lag = timedelta()
        self.added: dict[str, datetime] = {}  # when each association came, by its id
        self.dropped: list[tuple[datetime, HeldAssociation]] = []  # and when which one went

    def active(self, user_id: str) -> bool:
        """Return whether the user is a member and was not removed."""
        return user_id in self.members and user_id not in self.inactive

    def active_members(self) -> list[SandboxPerson]:
        """Return everybody who was not removed."""
        return [person for key, person in self.members.items() if self.active(key)]

    def find(self, allowing_user_id: str, allowed_user_id: str) -> HeldAssociation | None:
        """Return the first association of the pair."""
        pair = (allowing_user_id, allowed_user_id)
        return next(
            (
                each
                for each in self.associations
                if (each.allowing_user_id, each.allowed_user_id) == pair
            ),
            None,
        )

    def add(self, allowing_user_id: str, allowed_user_id: str) -> HeldAssociation:
        """Add an association, without looking whether there is one."""
        added = HeldAssociation(new_id("sdas"), ORGANIZATION_ID, allowing_user_id, allowed_user_id)
        self.associations.append(added)
        self.added[added.id] = self.now()
        return added

    def drop(self, association: HeldAssociation) -> None:
        """Remove this one."""
        self.associations.remove(association)
        self.dropped.append((self.now(), association))
        self._end_what_runs(association)

    def _end_what_runs(self, association: HeldAssociation) -> None:
        """What Close does with active subscriptions when the right ends is an unknown."""
        becomes = {AfterEnd.ERROR: "error", AfterEnd.PAUSES: "paused"}
        status = becomes.get(self.unknowns.after_end)
        lent = {each.id for each in self.accounts if each.user_id == association.allowing_user_id}
        pair = (association.allowing_user_id, association.allowed_user_id)
        for each in self.subscriptions:
            if (
                status is not None
                and each.status == "active"
                and each.sender_account_id in lent
                and each.created_by in pair
            ):
                each.status, each.status_reason = status, "permission_lost"

    def readable(self) -> list[HeldAssociation]:
        """Return what reads show: the associations as they were ``read_lag`` ago."""
        seen = self.now() - self.read_lag
        held = [*self.associations, *(each for when, each in self.dropped if when > seen)]
        return [each for each in held if self.added.get(each.id, seen) <= seen]

    def drop_pair(self, allowing_user_id: str, allowed_user_id: str) -> bool:
        """Remove every association of the pair; tell whether there was one."""
        pair = (allowing_user_id, allowed_user_id)
        found = [
            each
            for each in self.associations
            if (each.allowing_user_id, each.allowed_user_id) == pair
        ]
        for each in found:
            self.drop(each)
        return bool(found)

    def caller_of_token(self, token: str) -> str | None:
        """Return whose access token this is; None for a wrong or expired one."""
        for grant in self.grants:
            expires_at = grant.access_tokens.get(token)
            if expires_at is not None:
                return grant.user_id if expires_at > self.now() else None
        return None

    def issue(self, grant: Grant) -> dict[str, Any]:
        """Give ``grant`` new tokens and return the token endpoint's answer."""
        if not self.unknowns.access_survives_refresh:
            grant.access_tokens.clear()
        grant.old_refresh_tokens.add(grant.refresh_token)
        grant.refresh_token = secrets.token_urlsafe(24)
        access_token = secrets.token_urlsafe(24)
        grant.access_tokens[access_token] = self.now() + self.expires_in
        return {
            "token_type": "Bearer",
            "access_token": access_token,
            "expires_in": max(int(self.expires_in.total_seconds()), 1),
            "refresh_token": grant.refresh_token,
            "scope": "all.full_access offline_access",
            "organization_id": ORGANIZATION_ID,
            "user_id": grant.user_id,
        }

    def kill(self, grant: Grant, *, with_access_tokens: bool = True) -> None:
        """End a grant."""
        grant.is_dead = True
        if with_access_tokens:
            grant.access_tokens.clear()


def _google_account(person: SandboxPerson) -> HeldAccount:
    return HeldAccount(
        id=close_id("emailacct", person.handle),
        type="google",
        user_id=person.close_user_id or "",
        name=person.name,
        addresses=(person.email,),
    )

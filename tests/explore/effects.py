"""Effects: a transaction and a call to Close or Slack are points at which the search takes over.

The real coroutines are driven with ``send``. Whatever they await is an effect; so the search can
stop a process there, kill it, let others go first, or choose how Close answers.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.close.errors import CloseProblem, NotFound
from bot.ports import (
    Association,
    BulkAction,
    CloseSequence,
    CloseUser,
    Credential,
    Memberships,
    SendingAccount,
    SentEmail,
    Sighting,
    Subscription,
    Turn,
    at_once,
)
from bot.store import Store
from models.person import Person


class Kind(StrEnum):
    """What is asked of the world."""

    DATABASE = "database"  # a transaction
    SLACK = "slack"  # who somebody is: answered at once, and truly
    LOOK = "look"  # a read of Close's associations
    CHANGE = "change"  # a write to them
    POST = "post"  # a message


@dataclass(frozen=True, slots=True)
class Effect:
    """One of these, with what it needs; awaiting it hands it to whoever drives the coroutine."""

    kind: Kind
    name: str
    ask: Any

    def __await__(self) -> Generator["Effect", Any, Any]:
        """What whoever drives the coroutine answers."""
        return (yield self)


class StepDatabase:
    """As :class:`bot.store.Database`: each transaction is an effect."""

    kind = "sqlite"

    async def run(self, function: Callable[[Store], Any]) -> Any:
        """One transaction."""
        return await Effect(Kind.DATABASE, "transaction", function)

    async def read(self, function: Callable[[Store], Any]) -> Any:
        """The same: others may act before and after it as well."""
        return await self.run(function)

    async def run_single(self, function: Callable[[Store], Any]) -> Any:
        """The same: one statement is a transaction by itself."""
        return await self.run(function)

    async def run_until_stored(self, function: Callable[[Store], Any]) -> Any:
        """The same: this database is never away."""
        return await self.run(function)


class StepClose:
    """As :class:`bot.ports.Close`. A credential's secret is the id of its owner in Close."""

    def __init__(self, users: Sequence[CloseUser]) -> None:
        self._users = users

    async def me(self, credential: Credential) -> CloseUser:
        """Whoever asks."""
        await Effect(Kind.LOOK, "me", (credential.secret,))
        return next(each for each in self._users if each.id == credential.secret)

    async def users(self, credential: Credential) -> Sequence[CloseUser]:
        """Everybody; that never changes here."""
        return self._users

    async def memberships(self, credential: Credential, organization_id: str) -> Memberships | None:
        """Not to be seen."""
        return None

    async def sending_accounts(
        self, credential: Credential, user_id: str
    ) -> Sequence[SendingAccount]:
        """One, with one address."""
        return (SendingAccount("emailacct_1", user_id, (f"{user_id}@example.com",)),)

    async def associations(
        self,
        credential: Credential,
        *,
        allowing_user_id: str | None = None,
        allowed_user_id: str | None = None,
        urgent: bool = False,
    ) -> Sequence[Association]:
        """What is to be seen of the caller's."""
        ask = (credential.secret, allowing_user_id, allowed_user_id)
        found: Sequence[Association] = await Effect(Kind.LOOK, "list", ask)
        return found

    async def association(
        self, credential: Credential, association_id: str, *, urgent: bool = False
    ) -> Association:
        """One of them."""
        ask = (credential.secret, association_id)
        found: Association = await Effect(Kind.LOOK, "one", ask)
        return found

    async def create_association(
        self, credential: Credential, allowing_user_id: str, allowed_user_id: str
    ) -> Association:
        """One more."""
        ask = (credential.secret, allowing_user_id, allowed_user_id)
        made: Association = await Effect(Kind.CHANGE, "create", ask)
        return made

    async def delete_association(self, credential: Credential, association_id: str) -> None:
        """One less."""
        await Effect(Kind.CHANGE, "delete", (credential.secret, association_id))

    async def change_associations(
        self, credential: Credential, *, allow: Sequence[str], disallow: Sequence[str]
    ) -> Sequence[Association]:
        """Several at once."""
        ask = (credential.secret, tuple(allow), tuple(disallow))
        left: Sequence[Association] = await Effect(Kind.CHANGE, "bulk", ask)
        return left

    async def outgoing_emails(
        self, credential: Credential, *, user_id: str, since: datetime, until: datetime
    ) -> Sequence[SentEmail]:
        """Nothing was sent, and nothing will be."""
        return ()

    async def sequences(
        self, credential: Credential, *, turn: Turn = at_once
    ) -> Sequence[CloseSequence]:
        """None: nothing goes on by itself here."""
        return ()

    async def sequence(self, credential: Credential, sequence_id: str) -> CloseSequence:
        """There is none."""
        raise NotFound(CloseProblem.NOT_FOUND, status=404)

    async def subscriptions(
        self,
        credential: Credential,
        sequence_id: str,
        *,
        most: int | None = None,
        turn: Turn = at_once,
    ) -> Sequence[Subscription]:
        """Nobody."""
        return ()

    async def enrolments(
        self, credential: Credential, *, since: datetime, turn: Turn = at_once
    ) -> Sequence[BulkAction]:
        """None."""
        return ()

    async def bulk_emails(
        self, credential: Credential, *, since: datetime, turn: Turn = at_once
    ) -> Sequence[BulkAction]:
        """None."""
        return ()

    async def pause_subscription(self, credential: Credential, subscription_id: str) -> None:
        """There is none."""

    async def pause_bulk_action(self, credential: Credential, enrolment_id: str) -> None:
        """There is none."""

    async def to_draft(self, credential: Credential, email_id: str) -> None:
        """There is none."""

    async def may_workflows_send(self, credential: Credential) -> bool | None:
        """It does not say."""
        return None


@dataclass(frozen=True, slots=True)
class Told:
    """As the SDK's answer."""

    data: Any


class StepSlack:
    """As the SDK's client: each call is an effect."""

    async def api_call(self, method: str, *, json: Mapping[str, Any]) -> Told:
        """One call; of a message only what is read of it, and its mark."""
        kept = {name: json[name] for name in ("channel", "ts", "text", "users") if name in json}
        if "metadata" in json:
            kept["mark"] = json["metadata"]["event_payload"]["mark"]
        return Told(await Effect(Kind.POST, method, tuple(kept.items())))


class StepDirectory:
    """As :class:`bot.ports.Directory`: ``gone`` are those who have left by now."""

    def __init__(self, people: Mapping[str, Person], left: Mapping[str, Person]) -> None:
        self._people = people
        self._left = left
        self.gone: frozenset[str] = frozenset()

    async def person(self, user_id: str, *, afresh: bool = False) -> Person | None:
        """As Slack says it at this moment."""
        found: Person | None = await Effect(Kind.SLACK, "person", user_id)
        return found

    def known(self, user_id: str) -> Sighting | None:
        """The same, within a transaction."""
        return Sighting(self.now(user_id))

    def now(self, user_id: str) -> Person | None:
        """Who they are now."""
        return (self._left if user_id in self.gone else self._people).get(user_id)

    async def members(self, group_id: str) -> Sequence[str]:
        """No group has any."""
        return ()

    def known_members(self, group_id: str) -> frozenset[str] | None:
        """The same."""
        return frozenset()

    async def learn(self, user: Mapping[str, Any]) -> Person:
        """Nothing new."""
        return self._people[str(user["id"])]

    async def by_email(self, email: str) -> Person | None:
        """Everybody has their own address."""
        return next((each for each in self._people.values() if each.email == email), None)

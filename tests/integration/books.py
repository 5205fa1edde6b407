"""Close as books in memory, for tests of single steps: nothing is served, and nothing waits.

It answers what it is told to answer once, and else does what it is asked to.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

from cryptography.fernet import Fernet

from bot.close.errors import CloseProblem, NotFound
from bot.connections.sessions import Connections
from bot.connections.vault import Purpose, Vault, owner_of
from bot.delegations.tools import Tools
from bot.desk import Actor, Desk
from bot.ports import (
    Association,
    CloseOAuth,
    CloseUser,
    Credential,
    SendingAccount,
    SentEmail,
    Sighting,
)
from bot.store import Database
from models.connection import Connection
from models.delegation import Delegation, State
from models.policy import Policy
from tests.integration.rows import NOON, TEAM, account, add, connection, delegation, get
from tests.integration.tools import EverybodyIsHere, person, tools

ORGANIZATION = "orga_one"
ADA, BEN, CLEO = "U0ADA", "U0BEN", "U0CLEO"
CLOSE_IDS = {ADA: "user_ada", BEN: "user_ben", CLEO: "user_cleo"}


@dataclass
class Books:
    """What Close holds. ``says`` is raised by the next calls of a method, one each; with ``acts``
    it is done all the same, and the answer is lost."""

    held: list[Association] = field(default_factory=list)
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    members: list[CloseUser] = field(default_factory=list)
    sending: tuple[str, ...] = ("ada@example.com",)
    emails: list[SentEmail] = field(default_factory=list)
    answers: dict[str, list[tuple[Exception, bool]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def says(self, method: str, *errors: Exception, acts: bool = False) -> None:
        """Answer the next calls of this method with these errors."""
        self.answers[method] += [(error, acts) for error in errors]

    def hold(self, number: int, grantor: str = ADA, grantee: str = BEN) -> Association:
        """An association that is simply there."""
        pair = (CLOSE_IDS[grantor], CLOSE_IDS[grantee])
        held = Association(f"sdas_{number}", ORGANIZATION, *pair)
        self.held.append(held)
        return held

    def ids(self) -> list[str]:
        """The ids of what is held."""
        return [each.id for each in self.held]

    def asked(self, method: str) -> list[tuple[Any, ...]]:
        """With what this method was called."""
        return [call[1:] for call in self.calls if call[0] == method]

    def _told(self, method: str, *said: Any) -> Exception | None:
        """The error to raise after acting; raises the one that comes before."""
        self.calls.append((method, *said))
        if not self.answers[method]:
            return None
        error, acts = self.answers[method].pop(0)
        if not acts:
            raise error
        return error

    async def users(self, credential: Credential) -> Sequence[CloseUser]:
        """The members of the organization."""
        self._answer("users")
        return tuple(self.members)

    async def sending_accounts(
        self, credential: Credential, user_id: str
    ) -> Sequence[SendingAccount]:
        """One account with the addresses."""
        self._answer("sending_accounts", user_id)
        return [SendingAccount("emailacct_1", user_id, self.sending)] if self.sending else []

    async def associations(
        self,
        credential: Credential,
        *,
        allowing_user_id: str | None = None,
        allowed_user_id: str | None = None,
        urgent: bool = False,
    ) -> Sequence[Association]:
        """What matches both."""
        self._answer("associations", allowing_user_id, allowed_user_id, urgent)
        return [
            each
            for each in self.held
            if allowing_user_id in (None, each.allowing_user_id)
            and allowed_user_id in (None, each.allowed_user_id)
        ]

    async def association(
        self, credential: Credential, association_id: str, *, urgent: bool = False
    ) -> Association:
        """The one with this id."""
        self._answer("association", association_id, urgent)
        for each in self.held:
            if each.id == association_id:
                return each
        raise NotFound(CloseProblem.NOT_FOUND, status=404)

    async def create_association(
        self, credential: Credential, allowing_user_id: str, allowed_user_id: str
    ) -> Association:
        """One more."""
        lost = self._told("create_association", allowing_user_id, allowed_user_id)
        made = self._make(allowing_user_id, allowed_user_id)
        _raise(lost)
        return made

    async def delete_association(self, credential: Credential, association_id: str) -> None:
        """Gone by its id."""
        lost = self._told("delete_association", association_id)
        if association_id not in self.ids():
            raise NotFound(CloseProblem.NOT_FOUND, status=404)
        self.held = [each for each in self.held if each.id != association_id]
        _raise(lost)

    async def change_associations(
        self, credential: Credential, *, allow: Sequence[str], disallow: Sequence[str]
    ) -> Sequence[Association]:
        """Several at once, of whoever has the credential; the answer is all that is left."""
        lost = self._told("change_associations", tuple(allow), tuple(disallow))
        owner = credential.secret
        for grantee in allow:
            self._make(owner, grantee)
        self.held = [
            each
            for each in self.held
            if each.allowing_user_id != owner or each.allowed_user_id not in disallow
        ]
        _raise(lost)
        return list(self.held)

    async def outgoing_emails(
        self, credential: Credential, *, user_id: str, since: datetime, until: datetime
    ) -> Sequence[SentEmail]:
        """What this user sent meanwhile."""
        self._answer("outgoing_emails", user_id, since, until)
        return [each for each in self.emails if each.user_id == user_id]

    async def may_workflows_send(self, credential: Credential) -> bool | None:
        """Close does not say."""
        self._answer("may_workflows_send")
        return None

    def _answer(self, method: str, *said: Any) -> None:
        _raise(self._told(method, *said))

    def _make(self, grantor: str, grantee: str) -> Association:
        made = Association(f"sdas_made{len(self.calls)}_{grantee}", ORGANIZATION, grantor, grantee)
        self.held.append(made)
        return made


def _raise(error: Exception | None) -> None:
    if error is not None:
        raise error


@dataclass
class Bench:
    """A database, the books, a clock that stands still, and what a step and a use case need."""

    database: Database
    books: Books
    directory: Any
    policy: Policy
    moment: datetime = NOON
    woken: int = 0

    def __post_init__(self) -> None:
        """Put the parts together."""
        self._vault = Vault([Fernet.generate_key().decode()])
        oauth = cast("CloseOAuth", None)  # no token runs out here
        connections = Connections(self.database, self._vault, oauth, self.now)
        self.tools: Tools = tools(
            self.database,
            connections=connections,
            close=self.books,
            now=self.now,
            directory=self.directory,
            policy=self.policy,
        )
        self.desk = Desk(self.database, self.directory, self.policy, self.now, self._wake)

    def now(self) -> datetime:
        """The moment."""
        return self.moment

    def wait(self, **how_long: float) -> None:
        """Let the clock go on, in the words of timedelta."""
        self.moment += timedelta(**how_long)

    def _wake(self) -> None:
        self.woken += 1

    async def connect(self, person: str = ADA, **changes: Any) -> Connection:
        """Their key is Close's word for who they are."""
        close_id = CLOSE_IDS[person]
        row = connection(
            slack_user_id=person,
            account=account(
                close_user_id=close_id,
                email=f"{close_id}@example.com",
                name=close_id,
                is_api_key=True,
                access_expires_at=None,
                **changes,
            ),
        )
        document = {"access_token": close_id, "refresh_token": None}
        secret = self._vault.seal(document, Purpose.TOKENS, owner_of(row))
        row = replace(row, account=replace(row.account, secret=secret))
        await self.database.run(lambda store: store.connections.put(row))
        return (await self.tools.connections.open(TEAM, person)).connection

    async def row(self, **changes: Any) -> Delegation:
        """Ada's right for Ben, stored."""
        added = right(**changes)
        await add(self.database, added)
        return await get(self.database, added)

    async def present(self, row: Delegation) -> Delegation:
        """The row as it is now."""
        return await get(self.database, row)


def bench(
    database: Database, *, directory: Any = None, policy: Policy | None = None, **settings: Any
) -> Bench:
    """Everything, with nobody connected."""
    return Bench(database, Books(**settings), directory or EverybodyIsHere(), policy or Policy())


# Of what Close was never asked for.
NEVER = {"attempted_at": None, "active_at": None, "association_id": None, "ends_at": None}


def right(**changes: Any) -> Delegation:
    """Ada's active right for Ben, for two hours from noon on."""
    values: dict[str, Any] = {
        "grantor_id": ADA,
        "grantee_id": BEN,
        "requester_id": BEN,
        "state": State.ACTIVE,
        "decided_at": NOON,
        "attempted_at": NOON,
        "active_at": NOON,
        "ends_at": NOON + timedelta(hours=2),
        "association_id": "sdas_1",
        "organization_id": ORGANIZATION,
        "grantor_close_id": CLOSE_IDS[ADA],
        "grantee_close_id": CLOSE_IDS[BEN],
        "grantee_account": "user_ben, user_ben@example.com",
        "wake_at": NOON,
        **changes,
    }
    return delegation(**values)


class Gone(EverybodyIsHere):
    """A directory that knows that one has left."""

    def __init__(self, who: str) -> None:
        self._who = who

    def known(self, user_id: str) -> Sighting:
        """They are deactivated."""
        return Sighting(person(user_id, is_deactivated=user_id == self._who))


def as_of(person: str) -> Actor:
    """This person, as Slack signed it."""
    return Actor(TEAM, person)

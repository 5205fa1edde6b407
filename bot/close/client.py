"""Close's REST API as the bot uses it: users, connected accounts, associations, sent email."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, TypeVar

import httpx
from pydantic import ValidationError

from bot.close.errors import (
    CloseError,
    CloseProblem,
    OutcomeUnclear,
    RefusedByClose,
    RetryLater,
)
from bot.close.limits import Group, Limiter
from bot.close.shapes import (
    AccountShape,
    AssociationShape,
    BulkEmailShape,
    ChangedShape,
    EmailShape,
    EnrolmentShape,
    MeShape,
    OrganizationMembersShape,
    Page,
    RefusalShape,
    Row,
    SequenceShape,
    Shape,
    SubscriptionShape,
    UserShape,
    WorkflowsShape,
)
from bot.close.translation import refused_create, translated, unreadable
from bot.close.transport import FOREIGN_ERRORS, TOTAL_TIMEOUT, Answer, Request, send
from bot.ports import (
    Association,
    BulkAction,
    CloseSequence,
    CloseUser,
    Credential,
    Memberships,
    SendingAccount,
    SentEmail,
    Subscription,
    Turn,
    at_once,
)

ROOT = "/api/v1"
PAGE_SIZE = 100
MOST_PAGES = 1000
OK, CREATED, NO_CONTENT = 200, 201, 204
DONE = (OK, CREATED)
_ID = re.compile(r"[a-z0-9]+_[A-Za-z0-9]{1,58}", re.ASCII)
_EMAIL_FIELDS = (
    "id,send_as_id,user_id,date_created,date_sent,date_scheduled,direction,status,subject,to,cc,bcc,"
    "bulk_email_action_id,sequence_id,sequence_subscription_id"
)
_ENROLMENT_FIELDS = (
    "id,action_type,status,sequence_id,sender_account_id,created_by,date_created,n_leads"
)
_BULK_EMAIL_FIELDS = "id,status,email_account_id,created_by,date_created,n_leads"
_BULK = {
    "bulkseqsub": "/bulk_action/sequence_subscription/",
    "bulkemail": "/bulk_action/email/",
}

AnyShape = TypeVar("AnyShape", bound=Shape)


@dataclass(frozen=True, slots=True)
class _Call:
    """One call; ``path`` may hold ``{id}``. Revocations are urgent: they pass before the rest."""

    method: str
    path: str
    id: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    json: dict[str, Any] | None = None
    urgent: bool = False

    @property
    def is_write(self) -> bool:
        return self.method != "GET"

    @property
    def endpoint_group(self) -> str:
        """Return our reading of Close's "path plus method classes" (close.md §6)."""
        return f"{'write' if self.is_write else 'read'} {self.path.partition('{')[0]}"


class CloseClient:
    """Implements ``bot.ports.Close``; each method raises the errors of ``bot.close.errors``.

    ``api_url`` is without ``/api/v1``. A token is never refreshed here: on ``Unauthorized`` the
    owner of the connection refreshes it and calls again. ``within`` bounds a whole call, its body
    included, but not the wait for a turn at ``limits``.
    """

    def __init__(
        self,
        http: httpx.AsyncBaseTransport,
        api_url: str,
        limits: Limiter,
        *,
        within: timedelta = TOTAL_TIMEOUT,
    ) -> None:
        self._http = http
        self._within = within
        self._root = api_url.rstrip("/") + ROOT
        self._limits = limits

    async def me(self, credential: Credential) -> CloseUser:
        """Return the owner of ``credential``."""
        call = _Call("GET", "/me/")
        return self._read(call, await self._call(credential, call), MeShape).value()

    async def users(self, credential: Credential) -> Sequence[CloseUser]:
        """Return all members of the caller's organization."""
        call = _Call("GET", "/user/", params={"_limit": str(PAGE_SIZE)})
        return [row.value() async for row in self._rows(credential, call, Page[UserShape])]

    async def memberships(self, credential: Credential, organization_id: str) -> Memberships | None:
        """Return who belongs to an organization; None where the caller may not see it."""
        checked = _checked(organization_id, "orga")
        fields = {"_fields": "id,memberships,inactive_memberships"}
        call = _Call("GET", "/organization/{id}/", id=checked, params=fields)
        try:
            answer = await self._call(credential, call)
            return self._read(call, answer, OrganizationMembersShape).value()
        except RefusedByClose:
            return None
        except RetryLater as error:
            if error.problem is CloseProblem.UNREADABLE:
                return None
            raise

    async def sending_accounts(
        self, credential: Credential, user_id: str
    ) -> Sequence[SendingAccount]:
        """Return the connected accounts of ``user_id`` that can send email."""
        call = _Call("GET", "/connected_account/", params={"user_id": _checked(user_id, "user")})
        rows = self._rows(credential, call, Page[AccountShape])
        return [row.value() async for row in rows if row.user_id == user_id and row.can_send]

    async def associations(
        self,
        credential: Credential,
        *,
        allowing_user_id: str | None = None,
        allowed_user_id: str | None = None,
        urgent: bool = False,
    ) -> Sequence[Association]:
        """Return the associations that match; one of the two has to be the caller.

        Rows that do not match are dropped: what is listed here may be deleted by its id next.
        Urgent is what a revocation needs to know.
        """
        wanted = {"allowing_user_id": allowing_user_id, "allowed_user_id": allowed_user_id}
        filters = {
            name: _checked(value, "user") for name, value in wanted.items() if value is not None
        }
        call = _Call("GET", "/send_as/", params=filters, urgent=urgent)
        return [
            row.value()
            async for row in self._rows(credential, call, Page[AssociationShape])
            if all(getattr(row, name) == value for name, value in filters.items())
        ]

    async def association(
        self, credential: Credential, association_id: str, *, urgent: bool = False
    ) -> Association:
        """Return one association; raises ``NotFound`` when it is gone."""
        call = _Call("GET", "/send_as/{id}/", id=_checked(association_id, "sdas"), urgent=urgent)
        answer = await self._call(credential, call)
        return self._read(call, answer, AssociationShape).value()

    async def create_association(
        self, credential: Credential, allowing_user_id: str, allowed_user_id: str
    ) -> Association:
        """Let ``allowed_user_id`` send as the caller; the answer for an existing pair is unknown.

        An answer about another pair counts as unreadable, so it ends in ``OutcomeUnclear``. A
        refusal whose problem is ``EXISTS`` says that Close holds one.
        """
        pair = {
            "allowing_user_id": _checked(allowing_user_id, "user"),
            "allowed_user_id": _checked(allowed_user_id, "user"),
        }
        call = _Call("POST", "/send_as/", json=pair)
        answer = await self._answer(credential, call)
        if not answer.is_success:
            raise refused_create(answer)
        created = self._done(call, answer, AssociationShape).value()
        if (created.allowing_user_id, created.allowed_user_id) != (
            allowing_user_id,
            allowed_user_id,
        ):
            raise unreadable(answer, write=True)
        return created

    async def delete_association(self, credential: Credential, association_id: str) -> None:
        """Delete by id; returns once Close has confirmed it.

        Confirmed is 204, or 200 with no body or with JSON that names no error (close.md §3 has
        both codes). ``NotFound`` is no confirmation: look whether it is listed. Any other success,
        such as a proxy's page, ends in ``OutcomeUnclear``.
        """
        call = _Call("DELETE", "/send_as/{id}/", id=_checked(association_id, "sdas"), urgent=True)
        answer = await self._call(credential, call)
        if answer.status != NO_CONTENT and not _is_confirmation(answer):
            raise unreadable(answer, write=True)

    async def change_associations(
        self, credential: Credential, *, allow: Sequence[str], disallow: Sequence[str]
    ) -> Sequence[Association]:
        """Allow and disallow several users at once; returns all that the caller now allows.

        Whether Close does all or nothing is unknown: compare the answer with what was asked. A
        success that is not the documented list ends in ``OutcomeUnclear``.
        """
        body = {
            "allowed_user_ids": [_checked(each, "user") for each in allow],
            "disallowed_user_ids": [_checked(each, "user") for each in disallow],
        }
        call = _Call("POST", "/send_as/bulk/", json=body, urgent=bool(disallow))
        page = self._done(call, await self._call(credential, call), Page[AssociationShape])
        if not page.has_more:
            return [row.value() for row in page.data]
        try:
            return await self.associations(credential, urgent=call.urgent)
        except CloseError as error:  # the change itself is made
            raise OutcomeUnclear(error.problem, status=error.status) from error

    async def outgoing_emails(
        self, credential: Credential, *, user_id: str, since: datetime, until: datetime
    ) -> Sequence[SentEmail]:
        """Return the email that ``user_id`` wrote between two aware moments and Close has sent, or
        has yet to send, in no order."""
        rows = self._emails(credential, user_id, since, until)
        return [row.value() async for row in rows if row.was_sent or row.is_waiting]

    async def sequences(
        self, credential: Credential, *, turn: Turn = at_once
    ) -> Sequence[CloseSequence]:
        """Return every sequence of the caller's organization; each page is a ``turn``."""
        call = _Call("GET", "/sequence/", params={"_limit": str(PAGE_SIZE)})
        rows = self._rows(credential, call, Page[SequenceShape], turn)
        return [row.value() async for row in rows]

    async def sequence(self, credential: Credential, sequence_id: str) -> CloseSequence:
        """Return one sequence, with how many are active in it."""
        call = _Call("GET", "/sequence/{id}/", id=_checked(sequence_id, "seq"))
        return self._read(call, await self._call(credential, call), SequenceShape).value()

    async def subscriptions(
        self,
        credential: Credential,
        sequence_id: str,
        *,
        most: int | None = None,
        turn: Turn = at_once,
    ) -> Sequence[Subscription]:
        """Return who is in a sequence; one of three filters has to be there (news.md §2.2)."""
        checked, active = _checked(sequence_id, "seq"), 0

        def is_all(page: Sequence[SubscriptionShape]) -> bool:
            nonlocal active
            active += sum(each.is_active for each in page)
            return most is not None and active >= most

        params = {"sequence_id": checked, "_limit": str(PAGE_SIZE)}
        call = _Call("GET", "/sequence_subscription/", params=params)
        rows = self._rows(credential, call, Page[SubscriptionShape], turn, is_all)
        return [row.value() async for row in rows]

    async def enrolments(
        self, credential: Credential, *, since: datetime, turn: Turn = at_once
    ) -> Sequence[BulkAction]:
        """Return the bulk actions about sequences, the newest of them at least."""
        params = {"_fields": _ENROLMENT_FIELDS, "_limit": str(PAGE_SIZE)}
        call = _Call("GET", _BULK["bulkseqsub"], params=params)
        rows = self._rows(credential, call, Page[EnrolmentShape], turn, _all_since(since))
        return [row.value() async for row in rows]

    async def bulk_emails(
        self, credential: Credential, *, since: datetime, turn: Turn = at_once
    ) -> Sequence[BulkAction]:
        """Return the bulk emails, the newest of them at least."""
        params = {"_fields": _BULK_EMAIL_FIELDS, "_limit": str(PAGE_SIZE)}
        call = _Call("GET", _BULK["bulkemail"], params=params)
        rows = self._rows(credential, call, Page[BulkEmailShape], turn, _all_since(since))
        return [row.value() async for row in rows]

    async def pause_subscription(self, credential: Credential, subscription_id: str) -> None:
        """Pause one; an answer that does not say so ends in ``OutcomeUnclear``."""
        checked = _checked(subscription_id, "sub")
        await self._set_status(credential, "/sequence_subscription/{id}/", checked, "paused")

    async def pause_bulk_action(self, credential: Credential, action_id: str) -> None:
        """Pause one that is under way; as :meth:`pause_subscription`."""
        prefix = "bulkemail" if action_id.startswith("bulkemail_") else "bulkseqsub"
        checked = _checked(action_id, prefix)
        await self._set_status(credential, _BULK[prefix] + "{id}/", checked, "paused")

    async def to_draft(self, credential: Credential, email_id: str) -> None:
        """Put an email that waits back to the drafts; as :meth:`pause_subscription`."""
        checked = _checked(email_id, "acti")
        await self._set_status(credential, "/activity/email/{id}/", checked, "draft")

    async def may_workflows_send(self, credential: Credential) -> bool | None:
        """Return what ``/me/`` says of the caller's own membership; None where it says nothing."""
        answer = await self._call(credential, _Call("GET", "/me/"))
        try:
            own = WorkflowsShape.model_validate_json(answer.body).memberships
        except ValidationError:
            return None
        here = [each for each in own if each.organization_id == credential.organization_id]
        return here[0].may_workflows_impersonate if len(here) == 1 else None

    async def _set_status(
        self, credential: Credential, path: str, checked_id: str, status: str
    ) -> None:
        call = _Call("PUT", path, id=checked_id, json={"status": status})
        answer = await self._call(credential, call)
        changed = self._done(call, answer, ChangedShape)
        if (changed.id, changed.status) != (checked_id, status):
            raise unreadable(answer, write=True)

    def _emails(
        self, credential: Credential, user_id: str, since: datetime, until: datetime
    ) -> AsyncIterator[EmailShape]:
        call = _Call(
            "GET",
            "/activity/email/",
            params={
                "user_id": _checked(user_id, "user"),
                "date_created__gte": since.astimezone(UTC).isoformat(),
                "date_created__lte": until.astimezone(UTC).isoformat(),
                "_fields": _EMAIL_FIELDS,
                "_limit": str(PAGE_SIZE),
            },
        )
        return self._named(self._rows(credential, call, Page[EmailShape]))

    @staticmethod
    async def _named(rows: AsyncIterator[EmailShape]) -> AsyncIterator[EmailShape]:
        """Yield the rows; without the field that names the association nothing can be counted."""
        async for row in rows:
            if "send_as_id" not in row.model_fields_set:
                raise RefusedByClose(CloseProblem.UNREADABLE)
            yield row

    async def _rows(
        self,
        credential: Credential,
        call: _Call,
        shape: type[Page[Row]],
        turn: Turn = at_once,
        is_all: Callable[[Sequence[Row]], bool] = lambda _: False,
    ) -> AsyncIterator[Row]:
        """Yield the rows of all pages, or of those until one of which ``is_all`` says that nothing
        of use comes after it; a row that moved to the next page is yielded once."""
        seen: set[object] = set()
        skip = 0
        for _ in range(MOST_PAGES):
            await turn()
            params = {**call.params, "_skip": str(skip)} if skip else call.params
            next_call = replace(call, params=params)
            page = self._read(next_call, await self._call(credential, next_call), shape)
            for row in page.data:
                if (row_id := getattr(row, "id", row)) not in seen:
                    seen.add(row_id)
                    yield row
            if not page.has_more or not page.data or is_all(page.data):
                return
            skip += len(page.data)
        raise RetryLater(CloseProblem.UNREADABLE)

    async def _call(self, credential: Credential, call: _Call) -> Answer:
        answer = await self._answer(credential, call)
        if answer.is_success:
            return answer
        raise translated(answer, write=call.is_write)

    async def _answer(self, credential: Credential, call: _Call) -> Answer:
        """Return what Close answered, whatever its status."""
        group = Group(call.endpoint_group, _payer(credential), credential.organization_id)
        async with self._limits.turn(group, urgent=call.urgent) as learn:
            try:
                answer = await send(
                    self._http, self._request(credential, call), within=self._within
                )
            except FOREIGN_ERRORS as exc:
                raise translated(exc, write=call.is_write) from exc
            learn(answer)
        return answer

    def _request(self, credential: Credential, call: _Call) -> Request:
        return Request(
            call.method,
            path=ROOT + call.path,
            url=self._root + call.path.replace("{id}", call.id),
            headers={"Authorization": _authorization(credential), "Accept": "application/json"},
            params=dict(call.params),
            json=call.json,
        )

    def _done(self, call: _Call, answer: Answer, shape: type[AnyShape]) -> AnyShape:
        """Read the answer to a write; 202 and the like do not say that it is done."""
        if answer.status not in DONE:
            raise unreadable(answer, write=True)
        return self._read(call, answer, shape)

    @staticmethod
    def _read(call: _Call, answer: Answer, shape: type[AnyShape]) -> AnyShape:
        try:
            return shape.model_validate_json(answer.body)
        except ValidationError as exc:
            raise unreadable(answer, write=call.is_write) from exc


def _is_confirmation(answer: Answer) -> bool:
    if answer.status != OK or not answer.is_whole:
        return False
    if not answer.body.strip():
        return True
    try:
        return not RefusalShape.model_validate_json(answer.body).says_no
    except ValidationError:
        return False


def _all_since(since: datetime) -> Callable[[Sequence[EnrolmentShape | BulkEmailShape]], bool]:
    """Whether a page shows that what comes after it is older. Close does not document an order, so
    a page has to show that it runs from new to old."""

    def is_all(page: Sequence[EnrolmentShape | BulkEmailShape]) -> bool:
        dates = [each.date_created for each in page if each.date_created is not None]
        runs_down = len(dates) == len(page) and all(a >= b for a, b in pairwise(dates))
        return runs_down and dates[0] > dates[-1] and dates[-1] < since

    return is_all


def _checked(identifier: str, prefix: str) -> str:
    """Return ``identifier`` if it has Close's shape (close.md §7), so it is safe in an address."""
    if not identifier.startswith(prefix + "_") or not _ID.fullmatch(identifier):
        raise RefusedByClose(CloseProblem.INVALID)
    return identifier


def _authorization(credential: Credential) -> str:
    """Return the header's value: Basic with an empty password for a key (close.md §2.1)."""
    if credential.is_api_key:
        return "Basic " + base64.b64encode(f"{credential.secret}:".encode()).decode()
    return f"Bearer {credential.secret}"


def _payer(credential: Credential) -> str:
    """Return on whose limit a call counts: a refreshed token is no new credential."""
    if credential.connection_id:
        return credential.connection_id
    return hashlib.sha256(credential.secret.encode()).hexdigest()[:16]

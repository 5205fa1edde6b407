"""Sequences, bulk actions, and email that waits: what goes on by itself in Close."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.close.asked import body_of, filter_id, selected, sliced
from sandbox.close.refusals import invalid, plain
from sandbox.close.state import CloseState, HeldBulkAction, HeldEmail, HeldSubscription
from sandbox.close.unknowns import BulkPause, Seen

UNDER_WAY = ("created", "loading", "processing", "resuming")
WAITING = ("scheduled", "outbox")
STATUSES = ("active", "error", "finished", "goal", "paused")

Held = TypeVar("Held", HeldSubscription, HeldBulkAction, HeldEmail)


class Outreach:
    """The endpoints about these; ``changed`` is called after each write."""

    def __init__(self, state: CloseState, changed: Callable[[str], None]) -> None:
        self._state = state
        self._changed = changed

    async def sequences(self, request: Request, _: str) -> Response:
        """Return every sequence of the organization; whether with its counts is an unknown."""
        has_counts = self._state.unknowns.sequence_list_has_counts
        rows = [
            each.shown(self._counts(each.id) if has_counts else None)
            for each in self._state.sequences
        ]
        return JSONResponse(sliced(request, rows, self._state.page_limit))

    async def sequence(self, request: Request, _: str) -> Response:
        """Return one sequence, with how many are in it, whoever of them the caller may see."""
        wanted = request.path_params["id"]
        for each in self._state.sequences:
            if each.id == wanted:
                has_counts = self._state.unknowns.sequence_has_counts
                return JSONResponse(each.shown(self._counts(wanted) if has_counts else None))
        raise plain(404, "Not found.")

    def _counts(self, sequence_id: str) -> dict[str, int]:
        inside = [
            each.status for each in self._state.subscriptions if each.sequence_id == sequence_id
        ]
        return {status: inside.count(status) for status in STATUSES}

    async def subscriptions(self, request: Request, caller: str) -> Response:
        """Return who is in a sequence, or what a contact or lead is in; one has to be named."""
        wanted = {
            name: filter_id(request, name, prefix)
            for name, prefix in (
                ("sequence_id", "seq"),
                ("contact_id", "cont"),
                ("lead_id", "lead"),
            )
        }
        if not any(wanted.values()):
            raise plain(400, "One of sequence_id, contact_id and lead_id is required.")
        sequence_id = wanted["sequence_id"]
        known = {each.id for each in self._state.sequences}
        if sequence_id is not None and sequence_id not in known:
            raise plain(404, "Not found.")
        rows = [
            each.shown()
            for each in self._seen(self._state.subscriptions, caller)
            if all(value in (None, getattr(each, name)) for name, value in wanted.items())
        ]
        return JSONResponse(sliced(request, rows, self._state.page_limit))

    async def change_subscription(self, request: Request, caller: str) -> Response:
        """Pause one, or let it go on."""
        held = _found(self._seen(self._state.subscriptions, caller), request)
        status = (await body_of(request, {"status"}))["status"]
        if status not in ("paused", "active"):
            raise invalid("status", "Not a valid choice.")
        if held.status not in ("active", "paused", "error"):
            raise invalid("status", "This subscription is over.")
        held.status, held.status_reason = status, "manual" if status == "paused" else None
        self._changed("subscription")
        return JSONResponse(held.shown())

    async def bulk_actions(self, request: Request, caller: str) -> Response:
        """Return what was done to many at once about sequences, newest first."""
        return self._bulk(request, caller, are_emails=False)

    async def bulk_emails(self, request: Request, caller: str) -> Response:
        """Return the bulk emails, newest first."""
        return self._bulk(request, caller, are_emails=True)

    def _bulk(self, request: Request, caller: str, *, are_emails: bool) -> Response:
        seen = self._seen(self._state.bulk_actions, caller)
        held = [each for each in seen if each.is_email is are_emails]
        newest = sorted(held, key=lambda each: each.created_at, reverse=True)
        rows = [selected(each.shown(), request) for each in newest]
        return JSONResponse(sliced(request, rows, self._state.page_limit))

    async def change_bulk_action(self, request: Request, caller: str) -> Response:
        """Pause what is under way; whether that still works is an unknown."""
        if self._state.unknowns.bulk_pause is BulkPause.NOT_ALLOWED:
            raise plain(405, "Method not allowed.")
        held = _found(self._seen(self._state.bulk_actions, caller), request)
        status = (await body_of(request, {"status"}))["status"]
        if status not in ("paused", "resuming"):
            raise invalid("status", "Not a valid choice.")
        if held.status not in (*UNDER_WAY, "paused"):
            raise invalid("status", "This bulk action is over.")
        held.status = status
        self._changed("bulk action")
        return JSONResponse(held.shown())

    async def change_email(self, request: Request, _: str) -> Response:
        """Put what waits to be sent back to the drafts; nothing else is played here."""
        held = _found(self._state.emails, request)
        if (await body_of(request, {"status"}))["status"] != "draft":
            raise invalid("status", "Not a valid choice.")
        if held.shown()["status"] not in (*WAITING, "draft"):
            raise invalid("status", "This email was sent already.")
        draft = replace(held, status="draft", scheduled_for=None)
        self._state.emails[self._state.emails.index(held)] = draft
        self._changed("email")
        return JSONResponse(draft.shown())

    def _seen(self, held: Sequence[Held], caller: str) -> Sequence[Held]:
        """What the caller sees of these; what that is for an ordinary member is an unknown."""
        if self._state.members[caller].is_admin:
            return held
        match self._state.unknowns.seen:
            case Seen.EVERYTHING:
                return held
            case Seen.OWN_ONLY:
                return [each for each in held if getattr(each, "created_by", None) == caller]
            case Seen.NOTHING:
                raise plain(403, "Forbidden.")


def _found(held: Sequence[Held], request: Request) -> Held:
    wanted = request.path_params["id"]
    for each in held:
        if each.id == wanted:
            return each
    raise plain(404, "Not found.")

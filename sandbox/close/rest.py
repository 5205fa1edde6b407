"""The sandbox Close's REST endpoints, as openapi_send_as.yml has them."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.close.asked import (
    body_of,
    filter_id,
    filter_moment,
    id_in,
    ids_in,
    selected,
    sliced,
)
from sandbox.close.outreach import Outreach
from sandbox.close.refusals import invalid, plain
from sandbox.close.send_as import SendAs
from sandbox.close.state import CloseState, HeldAccount, HeldEmail
from sandbox.people import ORGANIZATION_ID, TEAM_NAME, SandboxPerson, close_id

Handler = Callable[[Request, str], Awaitable[Response]]

ORDERS = ("last_name,first_name", "first_name,last_name")


class Rest:
    """All endpoints below ``/api/v1``; ``changed`` is called after each write."""

    def __init__(self, state: CloseState, changed: Callable[[str], None]) -> None:
        self._state = state
        self._changed = changed
        self._outreach = Outreach(state, changed)

    def routes(self) -> list[Route]:
        """Return the routes; methods that are not listed give 405."""
        root, outreach = "/api/v1", self._outreach
        one = f"{root}/sequence_subscription/{{id}}/"
        bulk = f"{root}/bulk_action/sequence_subscription"
        email = f"{root}/bulk_action/email"
        return [
            self._route(f"{root}/me/", GET=self.me),
            self._route(f"{root}/user/", GET=self.users),
            self._route(f"{root}/user/{{id}}/", GET=self.user),
            self._route(f"{root}/organization/{{id}}/", GET=self.organization),
            self._route(f"{root}/connected_account/", GET=self.accounts),
            self._route(f"{root}/activity/email/", GET=self.emails),
            self._route(f"{root}/activity/email/{{id}}/", PUT=outreach.change_email),
            self._route(f"{root}/sequence/", GET=outreach.sequences),
            self._route(f"{root}/sequence/{{id}}/", GET=outreach.sequence),
            self._route(f"{root}/sequence_subscription/", GET=outreach.subscriptions),
            self._route(one, PUT=outreach.change_subscription),
            self._route(f"{bulk}/", GET=outreach.bulk_actions),
            self._route(f"{bulk}/{{id}}/", PUT=outreach.change_bulk_action),
            self._route(f"{email}/", GET=outreach.bulk_emails),
            self._route(f"{email}/{{id}}/", PUT=outreach.change_bulk_action),
            self._route(
                f"{root}/send_as/",
                GET=self.list_send_as,
                POST=self.create_send_as,
                DELETE=self.delete_pair,
            ),
            self._route(f"{root}/send_as/bulk/", POST=self.bulk),
            self._route(f"{root}/send_as/{{id}}/", GET=self.one, DELETE=self.delete_one),
        ]

    def _route(self, path: str, **handlers: Handler) -> Route:
        async def endpoint(request: Request) -> Response:
            caller = self._caller(request)
            request.scope["close_caller"] = caller
            return await handlers[request.method](request, caller)

        return _exact(path, endpoint, list(handlers))

    def _caller(self, request: Request) -> str:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            caller = self._state.caller_of_token(secret)
        else:
            key = _user_name(secret) if scheme.lower() == "basic" else ""
            caller = self._state.api_keys.get(key)
        if caller is None:
            raise plain(401, "Unauthorized.")
        if not self._state.active(caller):
            raise plain(self._state.unknowns.deactivated_caller.value, "Not a member any more.")
        return caller

    async def me(self, request: Request, caller: str) -> Response:
        """Return the caller, whose organizations are objects here (close.md §4)."""
        person = self._state.members[caller]
        shown = _user(person) | {
            "last_used_timezone": person.tz,
            "organizations": [{"id": ORGANIZATION_ID, "name": TEAM_NAME}],
            "memberships": [self._membership(person)],
            "email_accounts": [each.shown() for each in self._accounts_of(caller)],
        }
        return JSONResponse(selected(shown, request))

    async def users(self, request: Request, _: str) -> Response:
        """Return the members, in one of ``ORDERS``; whether removed ones are listed is unknown."""
        order = request.query_params.get("_order_by")
        if order is not None and order not in ORDERS:
            raise invalid("_order_by", "Unknown order.")
        listed = self._state.active_members()
        if self._state.unknowns.removed_members_are_listed:
            listed = list(self._state.members.values())
        rows = [_user(person) for person in listed]
        names = (order or ORDERS[0]).split(",")
        rows.sort(key=lambda row: [row[name] for name in names])
        return self._page(request, rows)

    async def user(self, request: Request, _: str) -> Response:
        """Return one member, also one who was deactivated; 404 for anybody else."""
        person = self._state.members.get(request.path_params["id"])
        if person is None:
            raise plain(404, "Not found.")
        return JSONResponse(_user(person))

    async def organization(self, request: Request, _: str) -> Response:
        """Return the organization with its members and those who were removed (close.md §4)."""
        if request.path_params["id"] != ORGANIZATION_ID:
            raise plain(404, "Not found.")
        if not self._state.unknowns.organization_is_visible:
            raise plain(403, "Forbidden.")
        removed = [each for key, each in self._state.members.items() if not self._state.active(key)]
        shown = {
            "id": ORGANIZATION_ID,
            "name": TEAM_NAME,
            "memberships": [self._membership(each) for each in self._state.active_members()],
            "inactive_memberships": [self._membership(each) for each in removed],
        }
        return JSONResponse(selected(shown, request))

    async def accounts(self, request: Request, caller: str) -> Response:
        """Return the connected accounts of the caller and of those whom they may send as."""
        wanted = filter_id(request, "user_id")
        lenders = {
            each.allowing_user_id
            for each in self._state.associations
            if each.allowed_user_id == caller
        }
        rows = [
            selected(each.shown(), request)
            for each in self._state.accounts
            if wanted in (None, each.user_id)
            and (
                self._state.unknowns.all_accounts_are_visible or each.user_id in {caller, *lenders}
            )
        ]
        return JSONResponse({"data": rows, "has_more": False})

    async def emails(self, request: Request, _: str) -> Response:
        """Return emails by user and date; whether they name their association is an unknown."""
        if self._state.unknowns.email_is_forbidden:
            raise plain(403, "Forbidden.")
        user_id = filter_id(request, "user_id")
        since, until = (
            filter_moment(request, "date_created__gte"),
            filter_moment(request, "date_created__lte"),
        )
        rows = [
            selected(self._email(each), request)
            for each in self._state.emails
            if user_id in (None, each.user_id)
            and (since is None or each.date >= since)
            and (until is None or each.date <= until)
        ]
        return self._page(request, rows)

    def _email(self, email: HeldEmail) -> dict[str, Any]:
        shown = email.shown()
        if not self._state.unknowns.email_names_association:
            del shown["send_as_id"]
        if self._state.unknowns.email_created_by_grantor and email.on_behalf_of is not None:
            shown["created_by"] = email.on_behalf_of
        return shown

    async def list_send_as(self, request: Request, caller: str) -> Response:
        """Return the caller's associations that match, on one page unless told otherwise."""
        found = SendAs(self._state, caller).listed(
            filter_id(request, "allowing_user_id"), filter_id(request, "allowed_user_id")
        )
        answer: dict[str, Any] = {"data": [each.shown() for each in found]}
        if self._state.unknowns.list_has_more_field:
            answer = sliced(request, answer["data"], self._state.page_limit)
        return JSONResponse(answer)

    async def create_send_as(self, request: Request, caller: str) -> Response:
        """Let somebody send as the caller; 400 for unknown or missing fields."""
        body = await body_of(request, {"allowing_user_id", "allowed_user_id"})
        pair = [id_in(body, name) for name in ("allowing_user_id", "allowed_user_id")]
        status, created = SendAs(self._state, caller).create(*pair)
        self._changed("association")
        return JSONResponse(created.shown(), status)

    async def delete_pair(self, request: Request, caller: str) -> Response:
        """Delete the association of two users, both named in the query."""
        pair = [filter_id(request, name) for name in ("allowing_user_id", "allowed_user_id")]
        if pair[0] is None or pair[1] is None:
            raise invalid("allowed_user_id", "Both users are required.")
        return self._deleted(SendAs(self._state, caller).delete_pair(pair[0], pair[1]))

    async def delete_one(self, request: Request, caller: str) -> Response:
        """Delete by id; what a second delete is answered with is an unknown."""
        return self._deleted(SendAs(self._state, caller).delete(request.path_params["id"]))

    def _deleted(self, status: int) -> Response:
        self._changed("association")
        return Response(status_code=status)

    async def one(self, request: Request, caller: str) -> Response:
        """Return one of the caller's associations."""
        found = SendAs(self._state, caller).one(request.path_params["id"])
        return JSONResponse(found.shown())

    async def bulk(self, request: Request, caller: str) -> Response:
        """Allow and disallow several users; whether in part or all or nothing is an unknown."""
        body = await body_of(request, {"allowed_user_ids", "disallowed_user_ids"})
        lists = [ids_in(body, name) for name in ("allowed_user_ids", "disallowed_user_ids")]
        now_allowed = SendAs(self._state, caller).bulk(*lists)
        self._changed("association")
        return JSONResponse({"data": [each.shown() for each in now_allowed]})

    def _membership(self, person: SandboxPerson) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": close_id("memb", person.handle),
            "organization_id": ORGANIZATION_ID,
            "user_id": person.close_user_id,
            "role_id": "admin" if person.is_admin else "user",
            "permissions_granted": ["bulk_email", "calling"],
        }
        if self._state.unknowns.membership_names_workflows:
            is_open = person.close_user_id in self._state.lent_to_workflows
            shown["may_workflows_impersonate"] = is_open
        return shown

    def _accounts_of(self, user_id: str) -> list[HeldAccount]:
        return [each for each in self._state.accounts if each.user_id == user_id]

    def _page(self, request: Request, rows: Sequence[Mapping[str, Any]]) -> Response:
        return JSONResponse(sliced(request, rows, self._state.page_limit))


def _exact(
    path: str, endpoint: Callable[[Request], Awaitable[Response]], methods: list[str]
) -> Route:
    """Return a route that does not answer HEAD, which Starlette adds to GET."""
    route = Route(path, endpoint, methods=methods)
    route.methods = set(methods)
    return route


def _user_name(encoded: str) -> str:
    """Return the user name of Basic credentials whose password is empty (close.md §2.1)."""
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return decoded[:-1] if decoded.endswith(":") else ""


def _user(person: SandboxPerson) -> dict[str, Any]:
    first, _, last = person.name.partition(" ")
    return {
        "id": person.close_user_id,
        "email": person.email,
        "first_name": first,
        "last_name": last,
        "image": None,
        "organizations": [ORGANIZATION_ID],
        "date_created": "2024-02-01T08:00:00.000000+00:00",
        "date_updated": "2026-02-01T08:00:00.000000+00:00",
    }

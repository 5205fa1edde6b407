"""The sandbox Close's REST endpoints, as openapi_send_as.yml has them."""

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from json import JSONDecodeError
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.close.refusals import invalid, plain
from sandbox.close.send_as import SendAs
from sandbox.close.state import CloseState, HeldAccount, HeldEmail
from sandbox.people import ORGANIZATION_ID, TEAM_NAME, SandboxPerson, close_id

Handler = Callable[[Request, str], Awaitable[Response]]

LONGEST_PAGE = 200
ORDERS = ("last_name,first_name", "first_name,last_name")
_USER_ID = re.compile(r"user_[A-Za-z0-9]+", re.ASCII)
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


class Rest:
    """All endpoints below ``/api/v1``; ``changed`` is called after each write."""

    def __init__(self, state: CloseState, changed: Callable[[str], None]) -> None:
        self._state = state
        self._changed = changed

    def routes(self) -> list[Route]:
        """Return the routes; methods that are not listed give 405."""
        root = "/api/v1"
        return [
            self._route(f"{root}/me/", GET=self.me),
            self._route(f"{root}/user/", GET=self.users),
            self._route(f"{root}/user/{{id}}/", GET=self.user),
            self._route(f"{root}/organization/{{id}}/", GET=self.organization),
            self._route(f"{root}/connected_account/", GET=self.accounts),
            self._route(f"{root}/activity/email/", GET=self.emails),
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
            "memberships": [_membership(person)],
            "email_accounts": [each.shown() for each in self._accounts_of(caller)],
        }
        return JSONResponse(_selected(shown, request))

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
            "memberships": [_membership(each) for each in self._state.active_members()],
            "inactive_memberships": [_membership(each) for each in removed],
        }
        return JSONResponse(_selected(shown, request))

    async def accounts(self, request: Request, caller: str) -> Response:
        """Return the connected accounts of the caller and of those whom they may send as."""
        wanted = _user_id(request, "user_id")
        lenders = {
            each.allowing_user_id
            for each in self._state.associations
            if each.allowed_user_id == caller
        }
        rows = [
            _selected(each.shown(), request)
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
        user_id = _user_id(request, "user_id")
        since, until = _moment(request, "date_created__gte"), _moment(request, "date_created__lte")
        rows = [
            _selected(self._email(each), request)
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
        return shown

    async def list_send_as(self, request: Request, caller: str) -> Response:
        """Return the caller's associations that match, on one page unless told otherwise."""
        found = SendAs(self._state, caller).listed(
            _user_id(request, "allowing_user_id"), _user_id(request, "allowed_user_id")
        )
        answer: dict[str, Any] = {"data": [each.shown() for each in found]}
        if self._state.unknowns.list_has_more_field:
            answer = _sliced(request, answer["data"], self._state.page_limit)
        return JSONResponse(answer)

    async def create_send_as(self, request: Request, caller: str) -> Response:
        """Let somebody send as the caller; 400 for unknown or missing fields."""
        body = await _body(request, {"allowing_user_id", "allowed_user_id"})
        pair = [_id_in(body, name) for name in ("allowing_user_id", "allowed_user_id")]
        status, created = SendAs(self._state, caller).create(*pair)
        self._changed("association")
        return JSONResponse(created.shown(), status)

    async def delete_pair(self, request: Request, caller: str) -> Response:
        """Delete the association of two users, both named in the query."""
        pair = [_user_id(request, name) for name in ("allowing_user_id", "allowed_user_id")]
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
        body = await _body(request, {"allowed_user_ids", "disallowed_user_ids"})
        lists = [_ids_in(body, name) for name in ("allowed_user_ids", "disallowed_user_ids")]
        now_allowed = SendAs(self._state, caller).bulk(*lists)
        self._changed("association")
        return JSONResponse({"data": [each.shown() for each in now_allowed]})

    def _accounts_of(self, user_id: str) -> list[HeldAccount]:
        return [each for each in self._state.accounts if each.user_id == user_id]

    def _page(self, request: Request, rows: Sequence[Mapping[str, Any]]) -> Response:
        return JSONResponse(_sliced(request, rows, self._state.page_limit))


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


def _membership(person: SandboxPerson) -> dict[str, Any]:
    return {
        "id": close_id("memb", person.handle),
        "organization_id": ORGANIZATION_ID,
        "user_id": person.close_user_id,
        "role_id": "admin" if person.is_admin else "user",
        "permissions_granted": ["bulk_email", "calling"],
    }


def _selected(row: dict[str, Any], request: Request) -> dict[str, Any]:
    """Apply ``_fields``."""
    wanted = request.query_params.get("_fields")
    if not wanted:
        return row
    return {name: value for name, value in row.items() if name in wanted.split(",")}


def _sliced(request: Request, rows: Sequence[Mapping[str, Any]], usual: int) -> dict[str, Any]:
    limit = min(_whole(request, "_limit", usual, least=1), usual)
    skip = _whole(request, "_skip", 0, least=0)
    return {"data": list(rows[skip : skip + limit]), "has_more": skip + limit < len(rows)}


def _whole(request: Request, name: str, usual: int, *, least: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return usual
    if not _WHOLE_NUMBER.fullmatch(text) or not least <= int(text):
        raise invalid(name, "Not a valid number.")
    if name == "_limit" and int(text) > LONGEST_PAGE:
        raise invalid(name, "Too large.")
    return int(text)


def _user_id(request: Request, name: str) -> str | None:
    value = request.query_params.get(name)
    if value is not None and not _USER_ID.fullmatch(value):
        raise invalid(name, "Not a valid id.")
    return value


def _moment(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(name, "Not a valid date.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def _body(request: Request, names: set[str]) -> dict[str, Any]:
    """Return the JSON object of the request; exactly ``names`` are allowed and required."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise plain(415, "Unsupported media type.")
    try:
        body = await request.json()
    except (JSONDecodeError, UnicodeDecodeError):
        raise plain(400, "Malformed JSON.") from None
    if not isinstance(body, dict):
        raise plain(400, "An object is expected.")
    for name in sorted(names ^ body.keys()):
        raise invalid(name, "This field is required." if name in names else "Unknown field.")
    return body


def _id_in(body: Mapping[str, Any], name: str) -> str:
    value = body[name]
    if not isinstance(value, str) or not _USER_ID.fullmatch(value):
        raise invalid(name, "Not a valid id.")
    return value


def _ids_in(body: Mapping[str, Any], name: str) -> list[str]:
    values = body[name]
    if not isinstance(values, list):
        raise invalid(name, "A list is expected.")
    return [_id_in({name: value}, name) for value in values]

"""The sandbox Close's OAuth endpoints and consent page (close.md §2.2)."""

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.close.consent import consent_page, wrong_page
from sandbox.close.refusals import RefusalError
from sandbox.close.state import CODE_LIFE, CloseState, Code, Grant
from sandbox.close.unknowns import OldRefreshToken


class OAuth:
    """One registered application; ``redirect_uri`` None accepts any address."""

    def __init__(
        self,
        state: CloseState,
        changed: Callable[[str], None],
        client_id: str,
        client_secret: str,
        redirect_uri: str | None,
    ) -> None:
        self._state = state
        self._changed = changed
        self._client_id = client_id
        self._client_secret = client_secret
        self.redirect_uri = redirect_uri

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/oauth2/authorize/", self._authorize, methods=["GET", "POST"]),
            Route("/oauth2/token/", self._token, methods=["POST"]),
            Route("/oauth2/revoke/", self._revoke, methods=["POST"]),
        ]

    def decide(self, query: Mapping[str, str], user_id: str, *, allow: bool) -> str:
        """Return where the browser is sent after the person decided; raises ``RefusalError``."""
        self._check_authorize(query)
        target = query["redirect_uri"]
        state = {"state": query["state"]} if "state" in query else {}
        if not allow:
            return _with_query(target, {"error": "access_denied", **state})
        if not self._state.active(user_id):
            raise _oauth_error(400, "access_denied")
        code = secrets.token_urlsafe(16)
        self._state.codes[code] = Code(user_id, target, self._state.now() + CODE_LIFE)
        return _with_query(target, {"code": code, **state})

    def _check_authorize(self, query: Mapping[str, str]) -> None:
        if query.get("client_id") != self._client_id:
            raise _oauth_error(400, "invalid_client")
        if query.get("response_type") != "code":
            raise _oauth_error(400, "unsupported_response_type")
        target = query.get("redirect_uri", "")
        if not target or self.redirect_uri not in (None, target):
            raise _oauth_error(400, "invalid_redirect_uri")

    async def _authorize(self, request: Request) -> Response:
        query = dict(request.query_params)
        try:
            self._check_authorize(query)
            if request.method == "GET":
                people = self._state.active_members()
                return HTMLResponse(consent_page(people, query.get("login_hint")))
            form = await _form(request)
            target = self.decide(query, form.get("person", ""), allow=form.get("do") == "allow")
        except RefusalError as refusal:
            return HTMLResponse(wrong_page(refusal.body["error"]), refusal.status)
        return RedirectResponse(target, 303)

    async def _token(self, request: Request) -> Response:
        form = await self._client_form(request)
        match form.get("grant_type"):
            case "authorization_code":
                grant = self._grant_of_code(form)
            case "refresh_token":
                grant = self._grant_of_refresh_token(form)
            case _:
                raise _oauth_error(400, "unsupported_grant_type")
        request.scope["close_caller"] = grant.user_id
        answer = self._state.issue(grant)
        self._changed("tokens")
        return JSONResponse(answer, headers={"cache-control": "no-store"})

    async def _revoke(self, request: Request) -> Response:
        form = await self._client_form(request)
        if not form.get("token"):
            raise _oauth_error(400, "invalid_request")
        for grant in self._state.grants:
            if form["token"] == grant.refresh_token or form["token"] in grant.access_tokens:
                survives = self._state.unknowns.access_survives_revoke
                self._state.kill(grant, with_access_tokens=not survives)
        self._changed("tokens")
        return JSONResponse({})

    async def _client_form(self, request: Request) -> dict[str, str]:
        form = await _form(request)
        client_id, client_secret = _basic(request) or (
            form.get("client_id", ""),
            form.get("client_secret", ""),
        )
        if not client_id or not client_secret:
            raise _oauth_error(400, "invalid_request")
        is_known = hmac.compare_digest(client_id.encode(), self._client_id.encode())
        fits = hmac.compare_digest(client_secret.encode(), self._client_secret.encode())
        if not is_known or not fits:
            raise _oauth_error(401, "invalid_client")
        return form

    def _grant_of_code(self, form: Mapping[str, str]) -> Grant:
        if not form.get("code"):
            raise _oauth_error(400, "invalid_request")
        code = self._state.codes.pop(form["code"], None)
        if code is None or code.expires_at <= self._state.now():
            raise _oauth_error(400, "invalid_grant")
        if form.get("redirect_uri", code.redirect_uri) != code.redirect_uri:
            raise _oauth_error(400, "invalid_grant")
        grant = Grant(code.user_id, refresh_token=secrets.token_urlsafe(24))
        self._state.grants.append(grant)
        return grant

    def _grant_of_refresh_token(self, form: Mapping[str, str]) -> Grant:
        token = form.get("refresh_token")
        if not token:
            raise _oauth_error(400, "invalid_request")
        for grant in self._state.grants:
            self._punish_reuse(grant, token)
            is_usable = not grant.is_dead and self._state.active(grant.user_id)
            if grant.refresh_token == token and is_usable:
                return grant
        raise _oauth_error(400, "invalid_grant")

    def _punish_reuse(self, grant: Grant, token: str) -> None:
        kills = self._state.unknowns.old_refresh_token is OldRefreshToken.KILLS_THE_GRANT
        if kills and token in grant.old_refresh_tokens:
            self._state.kill(grant)


def _oauth_error(status: int, word: str) -> RefusalError:
    return RefusalError(status, {"error": word})


async def _form(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/x-www-form-urlencoded":
        raise _oauth_error(400, "invalid_request")
    text = (await request.body()).decode("utf-8", "replace")
    return dict(parse_qsl(text, keep_blank_values=True))


def _basic(request: Request) -> tuple[str, str] | None:
    """Return client credentials from an Authorization header, as RFC 6749 §2.3.1 has them."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote(name), unquote(secret)


def _with_query(url: str, extra: Mapping[str, Any]) -> str:
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *extra.items()])
    return urlunsplit(parts._replace(query=query))

"""Close's OAuth authorization-code flow: the consent address, tokens, revoking (close.md §2.2)."""

from urllib.parse import urlencode

import httpx
from pydantic import ValidationError

from bot.close.errors import CloseError, CloseProblem, ReconnectNeeded, RefusedByClose, RetryLater
from bot.close.limits import Group, Limiter
from bot.close.shapes import OAuthErrorShape, TokenShape
from bot.close.translation import translated, unreadable
from bot.close.transport import FOREIGN_ERRORS, Answer, Request, send
from bot.ports import TokenAnswer

AUTHORIZE = "/oauth2/authorize/"
EXCHANGE = "/oauth2/token/"
REVOKE = "/oauth2/revoke/"


class CloseOAuthClient:
    """Implements ``bot.ports.CloseOAuth``; each method raises the errors of ``bot.close.errors``.

    ``app_url`` is where people consent, ``api_url`` is where tokens come from. Whether Close counts
    these calls by app or by address is unknown; ``limits`` takes all of a kind as one group.
    """

    def __init__(
        self,
        http: httpx.AsyncBaseTransport,
        *,
        api_url: str,
        app_url: str,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
        limits: Limiter | None = None,
    ) -> None:
        self._http = http
        self._api_url = api_url.rstrip("/")
        self._app_url = app_url.rstrip("/")
        self._client = {"client_id": client_id, "client_secret": client_secret}
        self._redirect_uri = redirect_uri
        self._limits = limits if limits is not None else Limiter()

    def authorize_url(self, state: str) -> str:
        """Return the address of Close's consent page; it sends the person back with ``state``."""
        query = {
            "client_id": self._client["client_id"],
            "response_type": "code",
            "redirect_uri": self._redirect_uri,
            "state": state,
        }
        return f"{self._app_url}{AUTHORIZE}?{urlencode(query)}"

    async def exchange(self, code: str) -> TokenAnswer:
        """Trade a code for tokens; a code works once, so a lost answer is ``OutcomeUnclear``."""
        return await self._tokens(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._redirect_uri,
            }
        )

    async def refresh(self, refresh_token: str) -> TokenAnswer:
        """Trade a refresh token for new tokens; the old one dies when Close answers.

        Raises ``ReconnectNeeded`` when the grant is gone and ``OutcomeUnclear`` when the answer
        was lost: the old token may be dead by then.
        """
        return await self._tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})

    async def revoke(self, refresh_token: str) -> None:
        """End the grant; a token that Close no longer knows is a success. Safe to repeat."""
        answer = await self._post(REVOKE, {"token": refresh_token}, write=False)
        if answer.is_success or _error_word(answer) in ("invalid_grant", "invalid_token"):
            return
        raise _refusal(answer, write=False)

    async def _tokens(self, form: dict[str, str]) -> TokenAnswer:
        answer = await self._post(EXCHANGE, form, write=True)
        if not answer.is_success:
            raise _refusal(answer, write=True)
        try:
            return TokenShape.model_validate_json(answer.body).value()
        except ValidationError as exc:
            raise unreadable(answer, write=True) from exc

    async def _post(self, path: str, form: dict[str, str], *, write: bool) -> Answer:
        request = Request(
            "POST",
            path=path,
            url=self._api_url + path,
            headers={"Accept": "application/json"},
            form={**self._client, **form},
        )
        # Somebody waits for tokens; nobody waits for the end of a grant.
        async with self._limits.turn(Group(path), urgent=path == EXCHANGE) as learn:
            try:
                answer = await send(self._http, request)
            except FOREIGN_ERRORS as exc:
                raise translated(exc, write=write) from exc
            learn(answer)
        return answer


def _refusal(answer: Answer, *, write: bool) -> CloseError:
    """Read an error of RFC 6749; whatever is not clearly final is temporary (close.md §2.2)."""
    word = _error_word(answer)
    if word == "invalid_grant":
        return ReconnectNeeded(CloseProblem.GRANT_LOST, status=answer.status)
    if word in ("invalid_client", "unauthorized_client"):
        return RefusedByClose(CloseProblem.CLIENT_REJECTED, status=answer.status)
    if answer.status == 429 or answer.status >= 500:
        return translated(answer, write=write)
    return RetryLater(CloseProblem.UNEXPECTED, status=answer.status)


def _error_word(answer: Answer) -> str:
    if answer.status not in (400, 401):
        return ""
    try:
        return OAuthErrorShape.model_validate_json(answer.body).error
    except ValidationError:
        return ""

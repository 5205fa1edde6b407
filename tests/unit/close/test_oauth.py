"""The OAuth client against prepared answers."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bot.close.errors import (
    CloseError,
    CloseProblem,
    OutcomeUnclear,
    ReconnectNeeded,
    RefusedByClose,
    RetryLater,
)
from bot.close.oauth import CloseOAuthClient
from bot.close.shapes import LONGEST_LIFE, USUAL_LIFE

TOKENS = {
    "token_type": "Bearer",
    "access_token": "access",
    "expires_in": 3600,
    "refresh_token": "refresh",
    "scope": "all.full_access offline_access",
    "organization_id": "orga_1",
    "user_id": "user_a",
}


def client_of(handler: Any) -> CloseOAuthClient:
    """Return a client whose requests are answered by a function."""
    return CloseOAuthClient(
        httpx.MockTransport(handler),
        api_url="https://api.test",
        app_url="https://app.test/",
        client_id="oa2client_1",
        client_secret="hidden",
        redirect_uri="https://bot.test/close/callback",
    )


def always(status: int, body: Any) -> CloseOAuthClient:
    """Return a client that gets the same answer to everything."""
    if isinstance(body, bytes):
        return client_of(lambda _: httpx.Response(status, content=body))
    return client_of(lambda _: httpx.Response(status, json=body))


def test_the_consent_address_is_complete() -> None:
    """The person is sent to the app's host with client, response type, way back and state."""
    url = urlsplit(always(200, {}).authorize_url("state & more"))
    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://app.test/oauth2/authorize/"
    assert parse_qs(url.query) == {
        "client_id": ["oa2client_1"],
        "response_type": ["code"],
        "redirect_uri": ["https://bot.test/close/callback"],
        "state": ["state & more"],
    }


async def test_the_token_request_is_a_form_with_the_client_in_its_body() -> None:
    """Secrets travel in the form body, never in the address."""
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=TOKENS)

    await client_of(handler).exchange("code")
    (request,) = seen
    assert str(request.url) == "https://api.test/oauth2/token/"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(request.content.decode())["client_secret"] == ["hidden"]


async def test_tokens_are_hidden_in_a_repr() -> None:
    """A token answer that lands in a log shows no token."""
    answer = await always(200, TOKENS).refresh("old")
    assert answer.refresh_token == "refresh"
    assert "refresh_token" not in repr(answer)
    assert "access'" not in repr(answer)


async def test_a_refresh_token_may_be_missing() -> None:
    """Without offline_access there is none, and that is no error."""
    answer = await always(200, {**TOKENS, "refresh_token": None}).exchange("code")
    assert answer.refresh_token is None


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (7200, 7200),
        (0.5, 1),
        (0, USUAL_LIFE),
        (-1, USUAL_LIFE),
        ("soon", USUAL_LIFE),
        (None, USUAL_LIFE),
        ([], USUAL_LIFE),
        (10**30, LONGEST_LIFE),
        (10**400, LONGEST_LIFE),
    ],
)
async def test_no_lifetime_costs_the_tokens(said: Any, read: int) -> None:
    """Close has ended the old pair by now: the new one is kept whatever is said about its life."""
    answer = await always(200, {**TOKENS, "expires_in": said}).refresh("old")
    assert (answer.refresh_token, answer.expires_in) == ("refresh", read)


@pytest.mark.parametrize(
    ("status", "body", "expected", "problem"),
    [
        (400, {"error": "invalid_grant"}, ReconnectNeeded, CloseProblem.GRANT_LOST),
        (401, {"error": "invalid_grant"}, ReconnectNeeded, CloseProblem.GRANT_LOST),
        (401, {"error": "invalid_client"}, RefusedByClose, CloseProblem.CLIENT_REJECTED),
        (400, {"error": "invalid_client"}, RefusedByClose, CloseProblem.CLIENT_REJECTED),
        (400, {"error": "invalid_request"}, RetryLater, CloseProblem.UNEXPECTED),
        (400, {"error": {"message": "?"}}, RetryLater, CloseProblem.UNEXPECTED),
        (400, b"<html>invalid_grant", RetryLater, CloseProblem.UNEXPECTED),
        (401, b"", RetryLater, CloseProblem.UNEXPECTED),
        (403, {"error": "invalid_grant"}, RetryLater, CloseProblem.UNEXPECTED),
        (404, {"error": "x"}, RetryLater, CloseProblem.UNEXPECTED),
        (302, b"", RetryLater, CloseProblem.UNEXPECTED),
        (429, {}, RetryLater, CloseProblem.RATE_LIMITED),
        (500, b"oops", OutcomeUnclear, CloseProblem.UNAVAILABLE),
        (503, b"", OutcomeUnclear, CloseProblem.UNAVAILABLE),
        (200, b"{", OutcomeUnclear, CloseProblem.UNREADABLE),
        (200, {**TOKENS, "user_id": "nobody"}, OutcomeUnclear, CloseProblem.UNREADABLE),
        (200, {**TOKENS, "access_token": "a b\n"}, OutcomeUnclear, CloseProblem.UNREADABLE),
    ],
)
async def test_only_invalid_grant_asks_the_person(
    status: int, body: Any, expected: type[CloseError], problem: CloseProblem
) -> None:
    """Reconnect is said for invalid_grant alone; everything else is ours, temporary or unclear."""
    with pytest.raises(CloseError) as caught:
        await always(status, body).refresh("old")
    assert (type(caught.value), caught.value.problem) == (expected, problem)


async def test_an_unreadable_token_answer_does_not_leak() -> None:
    """Neither the error nor its cause repeats the tokens of an answer that did not validate."""
    with pytest.raises(OutcomeUnclear) as caught:
        await always(200, {**TOKENS, "access_token": "top secret"}).refresh("old")
    assert "top secret" not in f"{caught.value!r} {caught.value.__cause__}"


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b""), (204, b""), (200, b"<html>"), (400, {"error": "invalid_grant"})],
)
async def test_revoking_what_is_gone_is_fine(status: int, body: Any) -> None:
    """Any success and an unknown token both mean that the grant is over."""
    await always(status, body).revoke("token")


@pytest.mark.parametrize("status", [500, 503, 429, 404])
async def test_a_revoke_that_failed_may_be_repeated(status: int) -> None:
    """Revoking twice harms nobody, so a failure is never unclear."""
    with pytest.raises(RetryLater):
        await always(status, b"").revoke("token")


async def test_a_429_is_not_answered_with_another_request() -> None:
    """While Close wants it quiet nothing is sent: the caller learns how long that lasts."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(429, headers={"retry-after": "60"})

    client = client_of(answer)
    for refresh_token in ("one", "another"):
        with pytest.raises(RetryLater) as caught:
            await client.refresh(refresh_token)
        assert caught.value.wait is not None
        assert caught.value.wait.total_seconds() == pytest.approx(60, abs=1)
    assert len(asked) == 1

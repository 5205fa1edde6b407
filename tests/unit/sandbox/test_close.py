"""The sandbox Close itself: as strict as the real one, and open to those who look into it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.close import CLIENT_ID, CLIENT_SECRET, SandboxClose
from sandbox.close.trouble import HeaderForm
from sandbox.people import ADA, BEN, FINN
from sandbox.serving import serve
from tests.patience import PATIENCE


@pytest.fixture
def close() -> SandboxClose:
    """Return a sandbox."""
    return SandboxClose()


@pytest.fixture
async def http(close: SandboxClose) -> AsyncIterator[httpx.AsyncClient]:
    """Serve it and return a client that is signed in as Ada."""
    headers = {"authorization": f"Bearer {close.connect(ADA)['access_token']}"}
    async with (
        serve(close.app) as url,
        httpx.AsyncClient(base_url=f"{url}/api/v1", headers=headers, trust_env=False) as client,
    ):
        yield client


async def test_a_missing_slash_is_a_trap(close: SandboxClose, http: httpx.AsyncClient) -> None:
    """Without its last slash a path answers a redirect and does nothing."""
    body = {"allowing_user_id": ADA.close_user_id, "allowed_user_id": BEN.close_user_id}
    answer = await http.post("/send_as", json=body)
    assert (answer.status_code, answer.headers["location"]) == (301, "/api/v1/send_as/")
    assert close.associations == []


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer wrong", "Basic !!!", "Basic d3Jvbmc6", "Digest x", "Bearer ä"],
)
async def test_a_wrong_credential_is_refused(http: httpx.AsyncClient, authorization: str) -> None:
    """Anything but a living token or key answers 401."""
    answer = await http.get("/me/", headers={b"authorization": authorization.encode()})
    assert answer.status_code == 401


async def test_a_key_needs_its_colon(close: SandboxClose, http: httpx.AsyncClient) -> None:
    """A key is the user name with an empty password; with a password it is refused."""
    key = close.api_key(BEN)
    assert (await http.get("/me/", auth=(key, ""))).json()["id"] == BEN.close_user_id
    assert (await http.get("/me/", auth=(key, "x"))).status_code == 401


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"content": b"{}", "headers": {"content-type": "text/plain"}}, 415),
        ({"data": {"allowed_user_id": "user_a"}}, 415),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400),
        ({"json": []}, 400),
        ({"json": {"allowing_user_id": "user_a"}}, 400),
        ({"json": {"allowing_user_id": "user_a", "allowed_user_id": "lead_b"}}, 400),
        ({"json": {"allowing_user_id": ADA.close_user_id, "allowed_user_id": 5}}, 400),
        (
            {
                "json": {
                    "allowing_user_id": ADA.close_user_id,
                    "allowed_user_id": BEN.close_user_id,
                    "expires": "tomorrow",
                }
            },
            400,
        ),
    ],
)
async def test_odd_bodies_are_refused(
    close: SandboxClose, http: httpx.AsyncClient, options: dict[str, Any], status: int
) -> None:
    """Wrong formats, missing, wrong and unknown fields create nothing."""
    answer = await http.post("/send_as/", **options)
    assert answer.status_code == status
    assert close.associations == []


async def test_a_validation_error_has_closes_shape(http: httpx.AsyncClient) -> None:
    """A 400 carries errors and field-errors, with a hyphen."""
    answer = await http.post("/send_as/", json={"allowing_user_id": ADA.close_user_id})
    assert answer.json() == {
        "errors": [],
        "field-errors": {"allowed_user_id": "This field is required."},
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("PUT", "/send_as/", 405), ("POST", "/me/", 405), ("GET", "/nothing/", 404)],
)
async def test_what_does_not_exist(
    http: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    """Unknown methods and addresses have Close's own bodies."""
    answer = await http.request(method, path)
    assert answer.status_code == status
    assert isinstance(answer.json()["error"], str)


async def test_fields_can_be_chosen(http: httpx.AsyncClient) -> None:
    """``_fields`` leaves out everything else."""
    assert set((await http.get("/me/?_fields=id,email")).json()) == {"id", "email"}


@pytest.mark.parametrize("query", ["_limit=0", "_limit=201", "_limit=x", "_skip=-1", "_skip=1.5"])
async def test_paging_is_checked(http: httpx.AsyncClient, query: str) -> None:
    """Numbers that make no sense answer 400."""
    assert (await http.get(f"/user/?{query}")).status_code == 400


async def test_every_form_of_a_limit(close: SandboxClose, http: httpx.AsyncClient) -> None:
    """A 429 tells its wait in the headers or in the body, as chosen."""
    seen = {}
    for form in HeaderForm:
        close.trouble.rate_limit(reset=1.5, form=form)
        answer = await http.get("/me/")
        seen[form] = (answer.headers.get("ratelimit"), answer.headers.get("retry-after"))
    assert seen == {
        HeaderForm.COMMA: ("limit=20, remaining=0, reset=1.500", "2"),
        HeaderForm.SEMICOLON: ("limit=20; remaining=0; reset=1.500", "2"),
        HeaderForm.RETRY_AFTER_ONLY: (None, "2"),
        HeaderForm.BODY_ONLY: (None, None),
    }


async def test_the_limit_per_second(close: SandboxClose, http: httpx.AsyncClient) -> None:
    """Beyond the limit of a second requests are refused, and the headers count down."""
    close.trouble.limit_per_second(3)
    answers = [await http.get("/me/") for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert "remaining=2" in answers[0].headers["ratelimit"]


async def test_two_limits_at_once(close: SandboxClose, http: httpx.AsyncClient) -> None:
    """A credential has a limit of its own beside the organization's, the headers show the one that
    is closer to being hit, and both can change."""
    close.trouble.limit_per_second(3, each=2)
    ben = {"authorization": f"Bearer {close.connect(BEN)['access_token']}"}
    answers = [await http.get("/me/") for _ in range(3)]
    answers += [await http.get("/me/", headers=ben) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 200, 429, 200, 429]
    limits = [each.headers["ratelimit"].partition(",")[0] for each in answers]
    assert limits == ["limit=2", "limit=2", "limit=2", "limit=3", "limit=3"]
    close.trouble.limit_per_second(1)
    assert "limit=1," in (await http.get("/me/")).headers["ratelimit"]


async def test_trouble_hits_what_it_names(close: SandboxClose, http: httpx.AsyncClient) -> None:
    """A fault hits its method and path, as often as asked, and nothing else."""
    close.trouble.fail("GET /user/", 503, times=2)
    assert (await http.get("/me/")).status_code == 200
    statuses = [(await http.get("/user/")).status_code for _ in range(3)]
    assert statuses == [503, 503, 200]


async def test_a_dropped_answer_was_acted_on(close: SandboxClose, http: httpx.AsyncClient) -> None:
    """The connection breaks without an answer, and yet the association exists."""
    close.trouble.drop("POST /send_as/")
    body = {"allowing_user_id": ADA.close_user_id, "allowed_user_id": BEN.close_user_id}
    with pytest.raises(httpx.TransportError):
        await http.post("/send_as/", json=body)
    assert close.find(ADA, BEN)
    assert close.calls[-1].status is None


async def test_calls_are_recorded_without_secrets(
    close: SandboxClose, http: httpx.AsyncClient
) -> None:
    """A record says who called what with which result, and holds no token."""
    await http.get("/send_as/")
    (call,) = close.calls
    assert (call.method, call.path, call.status) == ("GET", "/api/v1/send_as/", 200)
    assert call.caller == ADA.close_user_id
    assert http.headers["authorization"].split()[1] not in repr(call)


async def test_waiting_for_something(close: SandboxClose) -> None:
    """A wait ends at the change it waits for."""
    asyncio.get_running_loop().call_later(0.01, close.allow, ADA, BEN)
    found = await close.wait_for(lambda: close.find(ADA, BEN), what="the association")
    assert found in close.associations


async def test_a_wait_that_fails_says_what_for(close: SandboxClose) -> None:
    """A wait in vain names what it waited for and shows what Close holds."""
    close.allow(BEN, ADA)
    with pytest.raises(AssertionError, match=r"the association; .*sdas_"):
        await close.wait_for(lambda: close.find(ADA, BEN), timeout=0.01, what="the association")


async def test_changes_can_be_watched(close: SandboxClose) -> None:
    """A subscriber hears of changes while it listens."""
    async with close.subscribe() as queue:
        close.allow(ADA, BEN)
        assert await asyncio.wait_for(queue.get(), PATIENCE) == "association"
    close.remove(ADA, BEN)
    assert queue.empty()


async def test_email_in_a_name_needs_the_right(close: SandboxClose) -> None:
    """Nobody sends in somebody's name without an association, and then it is marked."""
    with pytest.raises(LookupError):
        close.send_email(BEN, in_name_of=ADA)
    held = close.allow(ADA, BEN)
    assert close.send_email(BEN, in_name_of=ADA).send_as_id == held.id


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"refresh_token": "wrong"}, 400, "invalid_grant"),
        ({"refresh_token": ""}, 400, "invalid_request"),
    ],
)
async def test_wrong_token_requests(
    http: httpx.AsyncClient, changes: dict[str, str], status: int, error: str
) -> None:
    """Each mistake has its word of RFC 6749."""
    form = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "grant_type": "refresh_token",
        "refresh_token": "x",
    }
    url = str(http.base_url).replace("/api/v1/", "/oauth2/token/")
    answer = await http.post(url, data=form | changes)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


async def test_a_removed_person_cannot_consent(close: SandboxClose) -> None:
    """Somebody who left the organization gets no code."""
    address = f"https://x/oauth2/authorize/?client_id={CLIENT_ID}&response_type=code"
    with pytest.raises(Exception, match="400"):
        await close.consent(f"{address}&redirect_uri=https://bot.test/", FINN)

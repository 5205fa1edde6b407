"""What Close answers: any status, header and body, or none. Only what is declared comes out of it,
what is read fits where it is stored, and the next call gets its turn."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import httpx
import yaml

from bot.close.client import CloseClient
from bot.close.errors import CloseError
from bot.close.headers import LONGEST_WAIT
from bot.close.limits import Limiter
from bot.close.oauth import CloseOAuthClient
from bot.close.shapes import MOST_THINGS
from bot.ports import (
    Association,
    BulkAction,
    CloseSequence,
    CloseUser,
    Credential,
    SentEmail,
    TokenAnswer,
)
from tests.fuzz import making
from tests.fuzz.engine import Check, Target

DONE, NOTHING = "done", "nothing"
EXAMPLES: dict[str, Any] = {
    name: example["value"]
    for name, example in yaml.safe_load(
        (Path(__file__).parent.parent / "contract" / "openapi_send_as.yml").read_text()
    )["components"]["examples"].items()
}
PAIR = (EXAMPLES["SendAs"]["allowing_user_id"], EXAMPLES["SendAs"]["allowed_user_id"])
ID, ORGANIZATION = EXAMPLES["SendAs"]["id"], EXAMPLES["SendAs"]["organization_id"]
EMAILS: dict[str, Any] = {
    "data": [
        {
            "id": "acti_1",
            "send_as_id": ID,
            "user_id": PAIR[1],
            "date_created": "2026-11-25T15:00:00.000000+00:00",
            "date_sent": "2026-11-25T15:00:00",
            "date_scheduled": None,
            "direction": "outgoing",
            "status": "sent",
            "subject": "Hello",
            "to": ["x@example.com"],
            "cc": [],
            "bcc": None,
        }
    ],
    "has_more": False,
}
MEMBERS = {"id": ORGANIZATION, "memberships": [{"user_id": PAIR[0]}], "inactive_memberships": []}
SEQUENCE: dict[str, Any] = {
    "id": "seq_1",
    "name": "Spring",
    "status": "active",
    "subscription_counts_by_status": {"active": 10, "error": 0, "finished": 5, "paused": 2},
}
SUBSCRIPTION = {
    "id": "sub_1",
    "sequence_id": "seq_1",
    "status": "active",
    "sender_account_id": "emailacct_1",
    "created_by_id": PAIR[1],
}
ENROLMENT = {
    "id": "bulkseqsub_1",
    "action_type": "subscribe",
    "status": "processing",
    "sequence_id": "seq_1",
    "sender_account_id": "emailacct_1",
    "created_by": PAIR[1],
    "date_created": "2026-11-25T15:00:00.000000+00:00",
    "n_leads": 824,
}
BULK_EMAIL = {
    "id": "bulkemail_1",
    "status": "processing",
    "email_account_id": "emailacct_1",
    "created_by": PAIR[1],
    "date_created": "2026-11-25T15:00:00.000000+00:00",
    "n_leads": None,
}
WORKFLOWS = {
    "id": PAIR[0],
    "memberships": [{"organization_id": ORGANIZATION, "may_workflows_impersonate": True}],
}
OUTREACH = {
    "sequences": {"data": [SEQUENCE], "has_more": False},
    "sequence": SEQUENCE,
    "subscriptions": {"data": [SUBSCRIPTION, SUBSCRIPTION | {"id": "sub_2"}], "has_more": True},
    "enrolments": {"data": [ENROLMENT], "has_more": True},
    "bulk emails": {"data": [BULK_EMAIL], "has_more": True},
    "pause": SUBSCRIPTION | {"status": "paused"},
    "pause bulk": ENROLMENT | {"status": "paused"},
    "pause email": BULK_EMAIL | {"status": "paused"},
    "draft": EMAILS["data"][0] | {"status": "draft"},
    "workflows": WORKFLOWS,
}
TOKENS = {
    "token_type": "Bearer",
    "access_token": "access",
    "expires_in": 3600,
    "refresh_token": "refresh",
    "organization_id": ORGANIZATION,
    "user_id": PAIR[0],
}
REFUSALS: tuple[Any, ...] = (
    {"error": "already exists"},
    {"errors": [], "field-errors": {"allowed_user_id": "no such user"}},
    {"error": {"rate_reset": 2.5, "rate_limit": 100}},
    {"error": "invalid_grant"},
    {"error": "invalid_client"},
    {"error": ["duplicate"]},
)
ERRORS: tuple[Any, ...] = (
    {"error": "invalid_grant"},
    {"error": "invalid_client"},
    {"error": "x"},
    {"error": {}},
)
BODIES = (*EXAMPLES.values(), EMAILS, MEMBERS, TOKENS, *OUTREACH.values(), *REFUSALS)
TEXTS = ("", "null", "[]", "<html>Bad gateway</html>", "{", '{"data": [', "\xff\xfe", "0", '""')
STATUSES = (
    *(200, 200, 200, 201, 202, 204, 206, 299, 301, 304, 400, 400, 401, 402, 403, 404),
    *((405, 408, 409, 415, 418, 422, 429, 429, 429, 500, 502, 503, 504, 599)),
)
DATES = (
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-11-25",
    "yesterday",
    "20261125",
)
HEADERS = ("ratelimit", "ratelimit-remaining", "ratelimit-reset", "ratelimit-limit", "retry-after")
RATES = (
    *(
        "limit=100, remaining=50, reset=5",
        "limit=100; remaining=0; reset=1",
        "remaining=0, reset=9",
    ),
    *("reset=1e9", "0", "1", "5.5", "-1", "nan", "inf", "9999999999999", "9" * 400, "1e308", "Fri"),
    *("remaining=0, reset=" + "9" * 300, 'limit="1", remaining="0", reset="1"', "Wed, 21 Oct 2026"),
)
FAILURES: dict[str, Callable[[], Exception]] = {
    "connect": lambda: httpx.ConnectError("no"),
    "connect timeout": lambda: httpx.ConnectTimeout("no"),
    "read timeout": lambda: httpx.ReadTimeout("no"),
    "pool": lambda: httpx.PoolTimeout("no"),
    "read": lambda: httpx.ReadError("no"),
    "protocol": lambda: httpx.RemoteProtocolError("no"),
    "local": lambda: httpx.LocalProtocolError("no"),
    "decoding": lambda: httpx.DecodingError("no"),
    "too many redirects": lambda: httpx.TooManyRedirects("no"),
    "address": lambda: httpx.InvalidURL("no"),
    "aiohttp": aiohttp.ServerDisconnectedError,
    "payload": lambda: aiohttp.ClientPayloadError("no"),
    "reset": ConnectionResetError,
    "end": EOFError,
    "time": TimeoutError,
}
CREDENTIAL = Credential("secret-token", connection_id="c1", organization_id=ORGANIZATION)
MOMENT = datetime(2026, 11, 25, tzinfo=UTC)
COLUMNS = (64, 320, 200)  # characters for an id, an address and a name
CALLS: dict[str, Callable[[CloseClient], Awaitable[Any]]] = {
    "me": lambda close: close.me(CREDENTIAL),
    "users": lambda close: close.users(CREDENTIAL),
    "memberships": lambda close: close.memberships(CREDENTIAL, ORGANIZATION),
    "accounts": lambda close: close.sending_accounts(CREDENTIAL, PAIR[0]),
    "associations": lambda close: close.associations(CREDENTIAL, allowing_user_id=PAIR[0]),
    "association": lambda close: close.association(CREDENTIAL, ID, urgent=True),
    "create": lambda close: close.create_association(CREDENTIAL, *PAIR),
    "delete": lambda close: close.delete_association(CREDENTIAL, ID),
    "change": lambda close: close.change_associations(CREDENTIAL, allow=[], disallow=[PAIR[1]]),
    "sent": lambda close: close.outgoing_emails(
        CREDENTIAL, user_id=PAIR[1], since=MOMENT, until=MOMENT
    ),
    "sequences": lambda close: close.sequences(CREDENTIAL),
    "sequence": lambda close: close.sequence(CREDENTIAL, SEQUENCE["id"]),
    "subscriptions": lambda close: close.subscriptions(CREDENTIAL, SEQUENCE["id"], most=2),
    "enrolments": lambda close: close.enrolments(CREDENTIAL, since=MOMENT),
    "bulk emails": lambda close: close.bulk_emails(CREDENTIAL, since=MOMENT),
    "pause": lambda close: close.pause_subscription(CREDENTIAL, SUBSCRIPTION["id"]),
    "pause bulk": lambda close: close.pause_bulk_action(CREDENTIAL, ENROLMENT["id"]),
    "pause email": lambda close: close.pause_bulk_action(CREDENTIAL, BULK_EMAIL["id"]),
    "draft": lambda close: close.to_draft(CREDENTIAL, "acti_1"),
    "workflows": lambda close: close.may_workflows_send(CREDENTIAL),
}
FITTING = {
    "me": "Me",
    "users": "UserPage",
    "accounts": "ConnectedAccounts",
    "associations": "SendAsList",
    "association": "SendAs",
    "create": "SendAs",
    "change": "SendAsList",
}
OAUTH_CALLS: dict[str, Callable[[CloseOAuthClient], Awaitable[Any]]] = {
    "exchange": lambda oauth: oauth.exchange("code"),
    "refresh": lambda oauth: oauth.refresh("refresh"),
    "revoke": lambda oauth: oauth.revoke("refresh"),
}


class Script(httpx.AsyncBaseTransport):
    """A Close that answers what it was told to, and after that nothing but 500."""

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The next answer, or failure."""
        answer: dict[str, Any] = {"status": 500, "body": ""}
        if self.answers:
            answer = self.answers.pop(0)
        if "failure" in answer:
            failure = FAILURES[answer["failure"]]()
            raise failure
        headers = [
            (name, value.encode("latin-1", "replace")) for name, value in answer.get("headers", [])
        ]
        content = answer["body"].encode("utf-8", "surrogatepass")
        return httpx.Response(answer["status"], headers=headers, stream=Body(content, answer))


class Body(httpx.AsyncByteStream):
    """A body in two pieces, of which the second may never come."""

    def __init__(self, content: bytes, answer: dict[str, Any]) -> None:
        self._content = content
        self._cut = answer.get("cut")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces."""
        half = len(self._content) // 2
        yield self._content[:half]
        if self._cut:
            failure = FAILURES[self._cut]()
            raise failure
        yield self._content[half:]


class Time:
    """Seconds that pass when somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Monotonic seconds."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let them pass."""
        assert 0 <= seconds < 1e6
        self.now += seconds


def _body(random: Random, fitting: Any) -> str:
    if making.is_lucky(random, 6):
        return random.choice(TEXTS) or making.noise(random, 60)
    body = fitting if fitting is not None and random.randrange(3) else random.choice(BODIES)
    if random.randrange(4):
        body = making.changed(random, body)
    text = making.as_json(body)
    if making.is_lucky(random, 10):
        text = text.replace("2026-11-25T15:00:00", random.choice(DATES))
    return making.spoilt(random, text) if making.is_lucky(random, 10) else text


def made_answer(random: Random, fitting: Any) -> dict[str, Any]:
    """An answer of Close, which may be what ``fitting`` is, or near it, or none."""
    if making.is_lucky(random, 12):
        return {"failure": random.choice(list(FAILURES))}
    answer: dict[str, Any] = {"status": random.choice(STATUSES), "body": _body(random, fitting)}
    if making.is_lucky(random, 2):
        answer["headers"] = [
            [random.choice(HEADERS), random.choice(RATES)] for _ in range(random.randint(1, 3))
        ]
    if making.is_lucky(random, 15):
        answer["cut"] = random.choice(list(FAILURES))
    return answer


def _made(random: Random) -> dict[str, Any]:
    name = random.choice(list(CALLS))
    fitting = (OUTREACH | {"memberships": MEMBERS, "sent": EMAILS}).get(name)
    fitting = fitting or EXAMPLES.get(FITTING.get(name, ""))
    return {
        "call": name,
        "answers": [made_answer(random, fitting) for _ in range(random.randint(1, 3))],
    }


def _made_oauth(random: Random) -> dict[str, Any]:
    answer = made_answer(random, TOKENS)
    if making.is_lucky(random, 4):
        answer = {
            "status": random.choice((400, 401)),
            "body": making.as_json(random.choice(ERRORS)),
        }
    return {"call": random.choice(list(OAUTH_CALLS)), "answers": [answer]}


@asynccontextmanager
async def _close() -> AsyncIterator[Check]:
    script = Script()
    async with script as http:

        async def check(value: Any) -> str:
            return await _check(http, script, value)

        yield check


async def _check(http: httpx.AsyncBaseTransport, script: Script, value: Any) -> str:
    """The same call until the script is at its end; then a good answer, after the longest wait."""
    time, script.answers = Time(), list(value["answers"])
    limits = Limiter(monotonic=time, sleep=time.sleep)
    close, outcome = CloseClient(http, "https://close.test", limits), NOTHING
    for _ in value["answers"]:
        outcome = await _called(CALLS[value["call"]](close))
    time.now += LONGEST_WAIT.total_seconds()
    script.answers = [{"status": 200, "body": making.as_json(EXAMPLES["Me"])}]
    await close.me(CREDENTIAL)
    script.answers = [{"status": 204, "body": ""}]
    await close.delete_association(CREDENTIAL, ID)
    return outcome


async def _called(call: Awaitable[Any]) -> str:
    try:
        result = await call
    except CloseError as error:
        _check_wait(getattr(error, "wait", None))
        return type(error).__name__
    for each in result if isinstance(result, list) else [result]:
        _check_read(each)
    return DONE


def _check_wait(wait: timedelta | None) -> None:
    assert wait is None or timedelta() <= wait <= LONGEST_WAIT


def _check_read(value: Any) -> None:
    """Whatever is read of it, a database takes."""
    match value:
        case CloseUser():
            assert len(value.email) <= COLUMNS[1]
            _check_stored(value.id, value.email, value.name)
        case Association():
            assert all(len(each) <= COLUMNS[0] for each in astuple(value))
            _check_stored(*astuple(value))
        case SentEmail():
            assert (value.date.astimezone(UTC) + timedelta()).utcoffset() == timedelta()
        case CloseSequence():
            assert value.active is None or 0 <= value.active <= MOST_THINGS
            _check_stored(value.id, value.name)
        case BulkAction():
            assert value.leads is None or 0 <= value.leads <= MOST_THINGS
            assert value.date is None or value.date.utcoffset() == timedelta()
        case TokenAnswer():
            assert MOMENT + timedelta(seconds=value.expires_in) > MOMENT
            _check_stored(value.access_token, value.refresh_token or "", value.user_id)


def _check_stored(*texts: str) -> None:
    for text in texts:
        text.encode()
        assert "\x00" not in text


@asynccontextmanager
async def _oauth() -> AsyncIterator[Check]:
    script = Script()
    async with script as http:

        async def check(value: Any) -> str:
            time, script.answers = Time(), list(value["answers"])
            oauth = CloseOAuthClient(
                http,
                api_url="https://api.test",
                app_url="https://app.test",
                client_id="oa2client_1",
                client_secret="hidden",
                redirect_uri="https://bot.test/close/callback",
                limits=Limiter(monotonic=time, sleep=time.sleep),
            )
            outcome = await _called(OAUTH_CALLS[value["call"]](oauth))
            time.now += LONGEST_WAIT.total_seconds()
            script.answers = [{"status": 200, "body": making.as_json(TOKENS)}]
            assert await _called(OAUTH_CALLS[value["call"]](oauth)) == DONE
            return outcome

        yield check


SEEN = frozenset({DONE, "RetryLater", "OutcomeUnclear", "RefusedByClose", "Unauthorized"})
CLOSE = Target("close", 3, _made, _close, SEEN | {"NotFound"})
OAUTH = Target(
    "oauth",
    5,
    _made_oauth,
    _oauth,
    (SEEN | {"ReconnectNeeded"}) - {"Unauthorized"},
)

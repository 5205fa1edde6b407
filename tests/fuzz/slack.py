"""What Slack's Web API answers: any status, header and body, or none. Only what is declared comes
out of it."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast
from unittest.mock import Mock

import aiohttp
from aiohttp.helpers import TimerNoop
from multidict import CIMultiDict, CIMultiDictProxy
from slack_sdk.models.views import View
from yarl import URL

from bot.cards.parts import section
from bot.ports import OutsideError
from bot.slack.bolt import Workspace, web_client
from bot.slack.chat import Envelope, Messages, Place
from bot.slack.directory import SlackDirectory
from bot.slack.errors import SlackError
from bot.slack.message import Message
from bot.slack.responses import Responses
from bot.slack.views import Views
from models.person import Person
from tests.fuzz import making
from tests.fuzz.engine import Check, Target

DONE, NOBODY = "done", "nobody"
LONGEST_WAIT = timedelta(minutes=5)
FORM = View(type="modal", title="x", blocks=[section("said")])
MESSAGE = Message("said", [section("said")])
FIRST, AGAIN = Envelope("U1", "mark"), Envelope("U1", "mark", attempt=2)
THREAD = Envelope("C1", "mark", attempt=2, thread_ts="1.2")
HERE = Place("C1", "1.2")
USER = {
    "id": "U1",
    "team_id": "T1",
    "name": "ada",
    "deleted": False,
    "real_name": "Ada",
    "tz": "Europe/Berlin",
    "profile": {"real_name": "Ada", "display_name": "ada", "email": "ada@example.com"},
    "is_bot": False,
    "is_restricted": False,
    "is_email_confirmed": True,
    "enterprise_user": {"enterprise_id": "E1"},
}
FOUND = {
    "ok": True,
    "messages": [
        {
            "ts": "1.2",
            "text": "said",
            "metadata": {"event_type": "send_as_card", "event_payload": {"mark": "mark"}},
        }
    ],
}
BODIES: tuple[Any, ...] = (
    {"ok": True, "channel": "C1", "ts": "1.2", "message": {"text": "said"}},
    {"ok": True, "channel": {"id": "D1"}},
    FOUND,
    {"ok": True, "user": USER},
    {"ok": True, "users": ["U1", "U2"]},
    {"ok": True, "team_id": "T1", "bot_id": "B1", "enterprise_id": "E1"},
    {"ok": True, "bot": {"app_id": "A1"}},
    {"ok": True, "view": {"id": "V1"}},
    *(
        {"ok": False, "error": code}
        for code in (
            *("ratelimited", "internal_error", "message_not_found", "missing_scope"),
            *("user_not_found", "invalid_auth", "channel_not_found", "team_added_to_org", "what"),
        )
    ),
)
TEXTS = ("", "null", "[]", "<html>Bad gateway</html>", "{", "\xff", "0", '"ok"', "ok", "[" * 5000)
TYPES = (
    *("application/json", "application/json", "application/json; charset=utf-8", "text/html"),
    *("text/plain", "application/gzip", "application/json; charset=rot13", "x", ""),
    *(
        "application/json; charset=utf-16",
        "application/json; charset=nope",
        "text/plain; charset=hex",
    ),
)
WAITS = ("1", "0", "-1", "nan", "inf", "-inf", "9" * 400, "Fri", "", "1e9")
STATUSES = (200, 200, 200, 200, 201, 302, 400, 403, 404, 429, 429, 500, 502, 503)
FAILURES: dict[str, Callable[[], Exception]] = {
    "connector": lambda: aiohttp.ClientConnectorError(Mock(), OSError()),
    "disconnected": aiohttp.ServerDisconnectedError,
    "payload": lambda: aiohttp.ClientPayloadError("no"),
    "address": lambda: aiohttp.InvalidURL("x"),
    "time": TimeoutError,
    "reset": ConnectionResetError,
    "redirects": lambda: aiohttp.TooManyRedirects(Mock(), ()),
}


class Session:
    """A connection pool whose other end answers what it was told to."""

    closed = False

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []

    def request(self, method: str, url: str, **_options: Any) -> "Exchange":
        """The next answer, or failure; at the end nothing but 500."""
        answer = self.answers.pop(0) if self.answers else {"status": 500, "body": "", "type": "x"}
        return Exchange(answer, method, url)


class Exchange:
    """One request, used with ``async with``."""

    def __init__(self, answer: dict[str, Any], method: str, url: str) -> None:
        self._answer = answer
        self._method = method
        self._url = url

    async def __aenter__(self) -> aiohttp.ClientResponse:
        """The answer: one of aiohttp's own, read already."""
        if "failure" in self._answer:
            failure = FAILURES[self._answer["failure"]]()
            raise failure
        response = aiohttp.ClientResponse(
            self._method,
            URL(self._url),
            writer=None,
            continue100=None,
            timer=TimerNoop(),
            traces=[],
            loop=Mock(),
            session=cast("aiohttp.ClientSession", None),
            request_info=Mock(),
            stream_writer=Mock(),
        )
        headers = [("Content-Type", self._answer.get("type", "application/json"))]
        headers += [(name, value) for name, value in self._answer.get("headers", [])]
        response._headers = CIMultiDictProxy(CIMultiDict(headers))
        response.status = self._answer["status"]
        response._body = self._answer["body"].encode("utf-8", "surrogatepass")
        response._resolve_charset = lambda *_: "utf-8"
        return response

    async def __aexit__(self, *_error: object) -> None:
        """Nothing is open."""


class Tried:
    """Everything that asks Slack, before the same session."""

    def __init__(self, session: Session) -> None:
        pool = cast("aiohttp.ClientSession", session)
        client = web_client("xoxb-1", "https://slack.test/api/", pool, patient=False)
        self.workspace = Workspace(client)
        self.messages = Messages(client)
        self.directory = SlackDirectory(client, self.workspace, lambda: datetime.now(UTC))
        self.views = Views(client)
        self.responses = Responses(pool, client)


CALLS: dict[str, Callable[[Tried], Awaitable[Any]]] = {
    "post": lambda it: it.messages.show(MESSAGE, FIRST),
    "post again": lambda it: it.messages.show(MESSAGE, AGAIN),
    "update": lambda it: it.messages.show(MESSAGE, AGAIN, HERE),
    "write": lambda it: it.messages.write(MESSAGE, THREAD),
    "delete": lambda it: it.messages.delete(HERE, MESSAGE),
    "find": lambda it: it.messages.find("U1", "m"),
    "person": lambda it: it.directory.person("U1"),
    "person afresh": lambda it: it.directory.person("U1", afresh=True),
    "by email": lambda it: it.directory.by_email("ada@example.com"),
    "members": lambda it: it.directory.members("S1"),
    "learn": lambda it: it.workspace.learn(),
    "open": lambda it: it.views.open("1.2", FORM),
}
# These keep what goes wrong to themselves.
QUIET: dict[str, Callable[[Tried], Awaitable[Any]]] = {
    "tell": lambda it: it.responses.tell({"user_id": "U1"}, "said"),
    "whisper": lambda it: it.responses.whisper("https://slack.test/x", MESSAGE),
    "where": lambda it: it.responses.is_where_cards_are("U1", "D1"),
    "address": lambda it: it.workspace.address(),
}


def _answer(random: Random) -> dict[str, Any]:
    if making.is_lucky(random, 12):
        return {"failure": random.choice(list(FAILURES))}
    if making.is_lucky(random, 6):
        body = random.choice((*TEXTS, making.noise(random, 60)))
    else:
        value = random.choice(BODIES)
        body = making.as_json(making.changed(random, value) if random.randrange(3) else value)
    answer = {"status": random.choice(STATUSES), "body": body, "type": random.choice(TYPES)}
    if making.is_lucky(random, 3):
        answer["headers"] = [["Retry-After", random.choice(WAITS)]]
    return answer


def _made(random: Random) -> dict[str, Any]:
    call = random.choice((*CALLS, *QUIET))
    return {"call": call, "answers": [_answer(random) for _ in range(random.randint(1, 4))]}


@asynccontextmanager
async def _opened() -> AsyncIterator[Check]:
    yield _check


async def _check(value: Any) -> str:
    session = Session()
    session.answers, it = list(value["answers"]), Tried(session)
    if value["call"] in QUIET:
        await QUIET[value["call"]](it)
        return DONE
    try:
        result = await CALLS[value["call"]](it)
    except OutsideError as error:
        assert isinstance(error, SlackError)
        assert isinstance(error.code, str)
        assert error.wait is None or timedelta() <= error.wait <= LONGEST_WAIT
        return type(error).__name__
    return NOBODY if result is None else _sound(result)


def _sound(result: Any) -> str:
    """What is read has the types that it says."""
    if isinstance(result, Person):
        texts = (result.id, result.team_id, result.name, result.email or "", result.time_zone)
        assert all(isinstance(each, str) for each in texts), result
        json.dumps(texts, ensure_ascii=False).encode()
        assert "\x00" not in "".join(texts)
    return DONE


SLACK = Target(
    "slack",
    4,
    _made,
    _opened,
    frozenset(
        {
            DONE,
            NOBODY,
            "SlackRetryLater",
            "SlackUnclear",
            "MessageGone",
            "SlackRefused",
            "SlackSilent",
        }
    ),
)

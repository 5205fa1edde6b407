"""The whole way of a signed payload, and of a browser, in this process: each is answered, and
nothing fails unforeseen."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any
from urllib.parse import unquote, urlencode

from bot.cards import (
    admin_forms,
    alarms,
    everybody,
    first_hour,
    homes,
    lists,
    notices,
    questions,
    strays,
)
from bot.cards.faces import Action
from bot.connections.vault import fingerprint
from models.mark import marked
from sandbox.people import ADA, BEN, CLEO, DANA, TEAM_ID
from tests.fuzz import making, spoken
from tests.fuzz.close import EXAMPLES, TOKENS, made_answer
from tests.fuzz.engine import Check, Target
from tests.fuzz.payloads import SAMPLES
from tests.fuzz.stage import NOW, SECRET, STATE, TOKEN, Stage, open_stage
from tests.surfaces import rows

STATUSES = (200, 400, 403, 404)
ANSWERS = (200, 303, 400, 401, 403, 404, 405, 409, 429, 502, 503)
ROWS = len(rows.delegations())
ACTIONS = (
    *(each.value for each in Action),
    first_hour.INVITE,
    *(
        homes.ASK,
        homes.NEWER,
        homes.OLDER,
        homes.EVERYBODY,
        homes.WITH_PERSON,
        homes.END_STANDING,
    ),
    *(lists.LIST_BACK, lists.LIST_MORE, alarms.END_THEM, alarms.KEEP_THEM, alarms.IS_GONE),
    *(notices.DISCONNECT, notices.STAY, notices.CONFIRM_PAIRING, notices.REJECT_PAIRING),
    *(questions.GRANT_ALL, questions.NEVER_MIND, strays.SINGLE_OUT, strays.KEEP, strays.REMOVE),
    strays.GIVE_END,
    *(homes.EVERYBODYS_RIGHTS, everybody.EARLIER, everybody.FURTHER, everybody.OWN_RIGHTS),
    *(everybody.END_RIGHT, everybody.END_ALL, everybody.WHO_BACK, everybody.WHO_MORE),
)
FORMS = (
    "approve_for",
    "deny_with_note",
    "extend_form",
    "change_form",
    "always_approve",
    strays.END_FORM,
    admin_forms.END_ONE,
    admin_forms.END_EVERYTHING,
)
CHOICES = ("approve_for", "deny_with_note", "always_approve", "waiting", "given", "history", "")
NUMBERS = ("0", "1", "-1", "7", "9" * 30, "9" * 5000, "２", "x", "")
PEOPLE = (ADA.id, BEN.id, CLEO.id, DANA.id, "U1", "U2", "U3", "UNOBODY")
PATHS = ("/close/connect", "/close/callback", "/close/slack", "/healthz", "/readyz", "/metrics")
FIELDS = ("for", "state", "code", "error", "token", "do", "key")
COOKIES = (
    "BROWSER",
    "BROWSER",
    "BROWSER",
    "sendas_connect_0=x",
    "a",
    ";;",
    "=",
    "sendas_browser=\xff",
)
SAID = (f"Bearer {TOKEN}", f"bearer {TOKEN}", "Bearer", "Basic eA==", "Bearer \xff", "\udc80", "")
VALUES = ("LINK", "TOKEN", STATE, "continue", "access_denied", "")
FORM = "application/x-www-form-urlencoded"
CONNECT, CALLBACK = PATHS[:2]
WALKS: tuple[tuple[str, str, list[tuple[str, str]]], ...] = (  # as far as a browser can get
    ("POST", CONNECT, [("for", "LINK"), ("token", "TOKEN"), ("do", "continue")]),
    ("POST", CONNECT, [("for", "LINK"), ("token", "TOKEN"), ("do", "leave")]),
    ("POST", CONNECT, [("state", STATE), ("key", "api_key")]),
    ("GET", CALLBACK, [("state", STATE), ("code", "code")]),
    ("GET", CALLBACK, [("state", STATE), ("error", "access_denied")]),
    ("GET", CONNECT, [("for", "LINK")]),
)


def _click(random: Random) -> dict[str, Any]:
    """A button of any card, whose row is filled in on the stage."""
    number = f"#{random.randrange(ROWS)}" if random.randrange(5) else random.choice(NUMBERS)
    choice = random.choice(CHOICES)
    value = random.choice((number, number, f"{choice}:{number}", f"{choice}/{number}"))
    action: dict[str, Any] = {
        "type": random.choice(("button", "overflow", "users_select")),
        "action_id": random.choice(ACTIONS),
        "block_id": f"delegation:{number}",
        "value": value,
        "selected_option": {"value": value},
        "selected_user": random.choice(PEOPLE),
    }
    return {**SAMPLES["click_in_message"], "actions": [action]}


def _form(random: Random) -> dict[str, Any]:
    """A form of any card, filled in with anything."""
    sample = SAMPLES["request_form"]
    entry = {
        "type": "plain_text_input",
        "value": spoken.made_phrase(random),
        "selected_option": {
            "value": random.choice(("2h", "given:1d", "other", "until 9999-12-31"))
        },
        "selected_users": random.choices(PEOPLE, k=random.randint(0, 3)),
        "selected_user": random.choice(PEOPLE),
        "selected_date_time": random.choice((None, 0, int(NOW.timestamp()) + 3600, 253402300799)),
        "selected_date": random.choice((None, "2026-12-01", "9999-12-31", "x", "0001-01-01")),
    }
    fields = (
        "person",
        "choice",
        "duration",
        "moment",
        "reason",
        "grantee",
        "note",
        "until",
        "date",
        admin_forms.WHY,
    )
    values = {
        name: {name: {key: entry[key] for key in random.sample(list(entry), random.randint(1, 4))}}
        for name in fields
        if random.randrange(4)
    }
    view = {
        **sample["view"],
        "callback_id": random.choice((*FORMS, "request_form", "request_form")),
        "private_metadata": f"#{random.randrange(ROWS)}",
        "state": {"values": values},
    }
    return {**sample, "view": view}


def _payload(random: Random) -> Any:
    kind = random.randrange(8)
    if kind < 3:
        payload = _click(random)
    elif kind < 5:
        payload = _form(random)
    elif kind < 7:
        payload = {**SAMPLES["command"], "text": spoken.made_command(random)}
    else:
        payload = random.choice(list(SAMPLES.values()))
    if "user" in payload:
        payload = {**payload, "user": {"id": random.choice(PEOPLE), "team_id": TEAM_ID}}
    changed = making.changed(random, payload) if making.is_lucky(random, 3) else payload
    return changed if isinstance(changed, dict) else {}


@asynccontextmanager
async def _door() -> AsyncIterator[Check]:
    async with open_stage() as stage:

        async def check(value: Any) -> str:
            await stage.begin_anew()
            with contextlib.suppress(RecursionError):  # too deep to hold any
                value = _with_rows(value, stage)
            answer = await stage.door.admit(value)
            await stage.at_rest()
            assert answer.status in STATUSES, (answer.status, answer.body)
            return str(answer.status)

        yield check


def _with_rows(value: Any, stage: Stage) -> Any:
    """With ids and marks of the rows that there are."""
    if isinstance(value, dict):
        return {key: _with_rows(each, stage) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_rows(each, stage) for each in value]
    if not isinstance(value, str) or "#" not in value:
        return value
    before, _, number = value.rpartition("#")
    known = list(stage.rows.values())
    if not (number.isascii() and number.isdigit()) or len(number) > 3 or int(number) >= len(known):
        return value
    return before + marked(known[int(number)])


def _visit(random: Random) -> dict[str, Any]:
    method = random.choice(("GET", "GET", "GET", "POST", "POST", "HEAD", "PUT"))
    path = random.choice(PATHS)
    fields = [
        (random.choice(FIELDS), random.choice((*VALUES, making.noise(random, 40))))
        for _ in range(random.randint(0, 5))
    ]
    if random.randrange(2):
        method, path, fields = random.choice(WALKS)
    query = urlencode(fields, errors="surrogatepass")
    if making.is_lucky(random, 3):
        query = making.spoilt(random, query)
    return {
        "method": method,
        "path": path,
        "query": query,
        "body": query if random.randrange(4) else making.noise(random, 60),
        "type": random.choice((FORM, FORM, "text/plain", "\xff", "")),
        "cookies": random.choices(COOKIES, k=random.randint(0, 3)),
        "authorization": random.choices(SAID, k=random.randint(0, 2)),
        "answers": [made_answer(random, each) for each in (TOKENS, EXAMPLES["Me"])],
    }


@asynccontextmanager
async def _pages() -> AsyncIterator[Check]:
    async with open_stage() as stage:

        async def check(value: Any) -> str:
            await stage.begin_anew()
            stage.script.answers = list(value["answers"])
            return await _visited(stage, value)

        yield check


async def _visited(stage: Stage, value: dict[str, Any]) -> str:
    link = stage.links.connect(TEAM_ID, ADA.id).partition("=")[2]
    token = fingerprint(f"x {unquote(link)}")
    query, body = (
        _bytes(value[each]).replace(b"LINK", link.encode()).replace(b"TOKEN", token.encode())
        for each in ("query", "body")
    )
    browser = f"sendas_browser=x; sendas_connect_{fingerprint(STATE)[:16]}={SECRET}"
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": value["method"],
        "path": value["path"],
        "raw_path": value["path"].encode(),
        "query_string": query,
        "scheme": "https",
        "server": ("bot.test", 443),
        "client": ("127.0.0.1", 1),
        "headers": [
            (b"content-type", _bytes(value["type"])),
            *((b"cookie", _bytes(each.replace("BROWSER", browser))) for each in value["cookies"]),
            *((b"authorization", _bytes(each)) for each in value.get("authorization", ())),
        ],
    }
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    await stage.web(scope, receive, send)
    assert said[0]["status"] in ANSWERS, said[0]
    assert not [each for pair in said[0]["headers"] for each in pair if b"\n" in each]
    return str(said[0]["status"])


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


DOOR = Target("door", 2, _payload, _door, frozenset({"200", "400"}))
WEB = Target("pages", 1, _visit, _pages, frozenset({"200", "400", "405", "502"}))

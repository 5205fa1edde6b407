"""Signed payloads that are not what Slack sends: refused with 400, never a 500, never a traceback.

What Slack really sends is taken from what people do; then each of its fields is left out, or holds
something odd.
"""

import copy
import gc
import itertools
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from sandbox.people import ADA, BEN, CLEO, TEAM_ID
from sandbox.slack.delivery import Reply
from sandbox.slack.workspace import SALES
from tests.scenarios.moves import asked, press, shown
from tests.scenarios.world import World

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
LONG = "x" * 5000
ODD: list[Any] = [None, "", 0, [], {}, LONG, [[[]]], True, "half \ud83d"]
DRAWN = ("text", "title", "label", "hint", "submit", "close", "accessory", "elements")
Path = tuple[str | int, ...]
Move = Callable[[World], Awaitable[object]]


async def _command(world: World) -> None:
    await world.sendas(BEN, "@ada 2h Covering")


async def _click_in_message(world: World) -> None:
    await press(world, ADA, "Approve")


async def _click_in_answer(world: World) -> None:
    await world.sendas(CLEO, "@ada until 5")
    question = world.slack.messages(CLEO)[-1]
    assert question.ephemeral
    assert question.buttons()
    await world.slack.click(CLEO, question, question.buttons()[0])


async def _choice_in_menu(world: World) -> None:
    card = await shown(world, ADA, "Approve")
    await world.slack.click(ADA, card, "Deny with a reason…")


async def _deny_form(world: World) -> None:
    await _choice_in_menu(world)
    await world.slack.wait_for(lambda: world.slack.view(ADA), what="the form")
    await world.slack.submit(ADA, {"note": "Not now"})


async def _click_in_home(world: World) -> None:
    await world.slack.open_home(BEN)
    home = await world.slack.wait_for(lambda: world.slack.home(BEN), what="a home")
    await world.slack.click(BEN, home, "Ask to send as…")


async def _request_form(world: World) -> None:
    await _click_in_home(world)
    await world.slack.wait_for(lambda: world.slack.view(BEN), what="the form")
    await world.slack.submit(BEN, {"person": ADA, "duration": "2h", "reason": "Covering"})


async def _shortcut(world: World) -> None:
    await world.slack.shortcut(BEN, "ask_send_as")


async def _message_shortcut(world: World) -> None:
    message = world.slack.say(ADA, SALES, "Who takes over?")
    await world.slack.message_shortcut(BEN, "ask_author", message)


async def _home_opened(world: World) -> None:
    await world.slack.open_home(BEN)


async def _person_changed(world: World) -> None:
    await world.slack.change_person(CLEO, name="Cleo Changed")


MOVES: list[Move] = [
    _command,
    _click_in_message,
    _click_in_answer,
    _choice_in_menu,
    _deny_form,
    _click_in_home,
    _request_form,
    _shortcut,
    _message_shortcut,
    _home_opened,
    _person_changed,
]


@pytest.fixture
async def asked_stage(stage: World) -> World:
    """Ben has asked Ada."""
    await asked(stage)
    return stage


async def made(world: World, move: Move) -> tuple[dict[str, Any], str]:
    """The payload of what somebody did last, and how it is sent."""
    await move(world)
    sent = world.slack.delivery.sent[-1]
    if sent.headers["Content-Type"] == JSON:
        return json.loads(sent.body), JSON
    fields = dict(parse_qsl(sent.body.decode(), keep_blank_values=True))
    return (json.loads(fields["payload"]), "payload") if "payload" in fields else (fields, FORM)


async def send(world: World, payload: Any, how: str) -> Reply:
    """Send it signed, as Slack would if Slack sent such things."""
    if how == JSON:
        body, kind = json.dumps(payload).encode(), JSON
    elif how == "payload":
        body, kind = urlencode({"payload": json.dumps(payload)}).encode(), FORM
    else:
        body, kind = urlencode(payload, errors="surrogatepass").encode(), FORM
    return await world.slack.post_raw(body, {"Content-Type": kind, **world.slack.sign(body)})


def paths(value: Any, before: Path = ()) -> Iterator[Path]:
    """Every field; of a list, its first entry; nothing inside of what is only drawn."""
    if before:
        yield before
    if before and before[-1] in DRAWN:
        return
    if isinstance(value, dict):
        for key in value:
            yield from paths(value[key], (*before, key))
    elif isinstance(value, list) and value:
        yield from paths(value[0], (*before, 0))


def spoilt(payload: dict[str, Any], path: Path, odd: Any) -> dict[str, Any]:
    """The payload with just this in the field; ``...`` leaves it out."""
    changed = copy.deepcopy(payload)
    inside: Any = changed
    for key in path[:-1]:
        inside = inside[key]
    if odd is ...:
        del inside[path[-1]]
    else:
        inside[path[-1]] = odd
    return changed


@pytest.mark.parametrize("move", MOVES)
async def test_every_field_odd_or_missing(
    asked_stage: World,
    move: Move,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """D5: whatever one field holds, it is answered by a listener, or refused with one line."""
    world = asked_stage
    caplog.set_level(logging.WARNING)
    payload, how = await made(world, move)
    refused = 0
    for number, (path, odd) in enumerate(itertools.product(paths(payload), [*ODD, ...])):
        changed = spoilt(payload, path, odd) | {"number": str(number)}  # each is good once
        reply = await send(world, changed, how)
        assert reply.status in (200, 400, 403, 404), (path, odd, reply)
        refused += reply.status == 400
    assert refused > 20
    await everything_ended(world)
    written = "".join(capfd.readouterr())
    assert "Traceback" not in written
    assert "[error" not in written
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert written.count("a malformed payload") <= refused
    assert "Times:" in await world.sendas(BEN, "help")


async def everything_ended(world: World) -> None:
    """Whatever a task left unsaid is said when it is collected."""
    await world.sendas(BEN, "help")
    gc.collect()


FLAWS: list[tuple[Move, Path, Any]] = [
    (_command, ("command",), ...),
    (_command, ("user_id",), ...),
    (_command, ("team_id",), "T1\x00"),
    (_click_in_message, ("actions",), []),
    (_click_in_message, ("actions",), [{}]),
    (_click_in_message, ("actions",), None),
    (_click_in_message, ("type",), ...),
    (_click_in_message, ("user",), {}),
    (_click_in_message, ("user",), ...),
    (_click_in_message, ("user", "id"), "\ud83d"),
    (_click_in_message, ("user", "id"), LONG),
    (_click_in_message, ("actions", 0, "value"), "\x00"),
    (_click_in_message, ("team",), 5),
    (_choice_in_menu, ("actions", 0, "selected_option"), ...),
    (_choice_in_menu, ("actions", 0, "selected_option"), None),
    (_deny_form, ("view", "type"), ...),
    (_deny_form, ("view", "state"), ...),
    (_deny_form, ("view", "state", "values", "note"), []),
    (_deny_form, ("view", "private_metadata"), ...),
    (_request_form, ("view", "state", "values"), {}),
    (_request_form, ("view", "state", "values", "person"), ...),
    (_request_form, ("view", "state", "values", "person", "person", "selected_users"), [None]),
    (_shortcut, ("callback_id",), ...),
    (_message_shortcut, ("message",), ...),
    (_home_opened, ("event",), []),
    (_home_opened, ("event", "user"), ...),
    (_home_opened, ("team_id",), ...),
    (_person_changed, ("event", "user"), "U1"),
    (_person_changed, ("event", "user", "profile"), "x"),
    (_person_changed, ("event", "user", "deleted"), "false"),
]


@pytest.mark.parametrize(("move", "path", "odd"), FLAWS)
async def test_what_a_listener_needs(
    asked_stage: World, move: Move, path: Path, odd: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    """D5: without what its listener needs, a payload is a 400 and one line in the log."""
    payload, how = await made(asked_stage, move)
    before = [(each.id, each.state) for each in await asked_stage.delegations()]
    capfd.readouterr()
    reply = await send(asked_stage, spoilt(payload, path, odd), how)
    assert reply.status == 400
    written = "".join(capfd.readouterr())
    assert written.count("a malformed payload") == 1
    assert "Traceback" not in written
    assert LONG[:100] not in written
    assert [(each.id, each.state) for each in await asked_stage.delegations()] == before


NEEDLESS: list[tuple[Move, Path]] = [
    (_command, ("response_url",)),
    (_command, ("text",)),
    (_command, ("channel_id",)),
    (_click_in_message, ("team",)),
    (_click_in_message, ("enterprise",)),
    (_click_in_message, ("message",)),
    (_click_in_message, ("channel",)),
    (_click_in_message, ("response_url",)),
    (_click_in_home, ("view", "hash")),
    (_deny_form, ("trigger_id",)),  # Slack's documentation does not promise it here
    (_deny_form, ("view", "blocks", 0, "block_id")),
    (_request_form, ("response_urls",)),
    (_message_shortcut, ("message", "user")),
    (_home_opened, ("authorizations",)),
    (_person_changed, ("authorizations",)),
    (_person_changed, ("event", "user", "profile")),
    (_person_changed, ("event", "user", "tz")),
    (_person_changed, ("event", "user", "team_id")),
]


@pytest.mark.parametrize(("move", "path"), NEEDLESS)
@pytest.mark.parametrize("odd", [..., None], ids=["missing", "null"])
async def test_what_slack_may_leave_out(
    asked_stage: World, move: Move, path: Path, odd: Any
) -> None:
    """D5: nobody is turned away for a field that Slack does not promise, or sends empty."""
    payload, how = await made(asked_stage, move)
    if how == FORM and odd is None:
        odd = ""
    reply = await send(asked_stage, spoilt(payload, path, odd) | {"number": "1"}, how)
    assert reply.status == 200


WHO = {"user": {"id": BEN.id, "team_id": TEAM_ID}, "team": {"id": TEAM_ID}, "trigger_id": "1.2.x"}
ENVELOPE = {"type": "event_callback", "team_id": TEAM_ID, "event_id": "Ev1"}
UNHEARD: list[dict[str, Any]] = [
    {**WHO, "type": "block_suggestion", "action_id": "a", "block_id": "b", "value": "x"},
    {**WHO, "type": "view_closed", "view": {"callback_id": "request_form"}, "is_cleared": True},
    {**WHO, "type": "interactive_message", "callback_id": "x", "actions": [{}]},
    {**WHO, "type": "dialog_submission", "callback_id": "x"},
    {**WHO, "type": "workflow_step_edit", "callback_id": "x"},
    {**WHO, "type": "shortcut", "callback_id": "another"},
    {"type": "app_rate_limited", "team_id": TEAM_ID},
    {**ENVELOPE, "event": {"type": "message", "text": "hello", "user": BEN.id}},
    {**ENVELOPE, "event": {"type": "function_executed", "function_execution_id": "Fx", "x": 1}},
    {"type": LONG},
]


@pytest.mark.parametrize("payload", UNHEARD, ids=lambda each: str(each["type"])[:20])
async def test_what_nobody_listens_to(
    stage: World, payload: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    """D5: kinds of payloads that the bot has no use for are a 404, whole or in parts."""
    capfd.readouterr()
    for number, path in enumerate([(), *paths(payload)]):
        changed = spoilt(payload, path, ...) if path else payload
        reply = await send(stage, changed | {"number": number}, JSON)
        assert reply.status in ((400, 404) if path else (404,)), changed
    assert "Traceback" not in "".join(capfd.readouterr())


async def test_slack_makes_sure_of_the_address(stage: World) -> None:
    """The challenge that Slack sends when the address is entered is given back."""
    reply = await send(stage, {"type": "url_verification", "challenge": "3eZbrw1aB"}, JSON)
    assert reply.body == {"challenge": "3eZbrw1aB"}
    for number, odd in enumerate(ODD):
        payload = {"type": "url_verification", "challenge": odd, "number": number}
        assert (await send(stage, payload, JSON)).status in (200, 400)

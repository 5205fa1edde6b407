"""Signed payloads that are not what Slack sends: an answer in words or a 4xx, never a 500.

What Slack really sends is taken from what people do; then each of its fields is left out, or holds
something odd. Whoever may not do a thing cannot do it by way of an odd payload either.
"""

import copy
import itertools
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
import pytest_asyncio

from models.delegation import State
from models.mark import marked
from sandbox.people import BEN, TEAM_ID, SandboxPerson
from sandbox.slack.workspace import SALES
from tests.attacks.arena import FORM, JSON, PAYLOAD, Arena, Cast, encoded
from tests.scenarios.moves import shown

LONG = "x" * 5000
END = 253_402_300_799  # Unix seconds: the last of the last year, which has passed in Tokyo
ODD: list[Any] = [None, "", 0, -1, LONG, [], {}, [[[{}]]], True, "\x00\u202e half \ud83d"]
MISSING = ...
DRAWN = ("text", "title", "label", "hint", "submit", "close", "accessory", "elements")
UNREAD = ("token", "api_app_id", "is_enterprise_install", "container", "enterprise")
Path = tuple[str | int, ...]
Move = Callable[[Arena, Cast], Awaitable[object]]


async def _command(arena: Arena, cast: Cast) -> None:
    await arena.type(cast.cleo, f"<@{cast.ada.id}> for <@{cast.ben.id}> 3h Covering")


async def _click_in_message(arena: Arena, cast: Cast) -> None:
    card = await shown(arena.world, cast.ada, "Approve")
    await arena.slack.click(cast.ada, card, "Approve")


async def _click_in_answer(arena: Arena, cast: Cast) -> None:
    await arena.world.sendas(cast.eve, f"@{cast.ada.handle} until 5")
    question = arena.slack.messages(cast.eve)[-1]
    assert question.ephemeral
    assert question.buttons()
    await arena.slack.click(cast.eve, question, question.buttons()[0])


async def _choice_in_menu(arena: Arena, cast: Cast) -> None:
    card = await shown(arena.world, cast.ada, "Approve")
    await arena.slack.click(cast.ada, card, "Deny with a reason…")


async def _deny_form(arena: Arena, cast: Cast) -> None:
    await _choice_in_menu(arena, cast)
    await arena.slack.wait_for(lambda: arena.slack.view(cast.ada), what="the form")
    await arena.slack.submit(cast.ada, {"note": "Not now"})


async def _click_in_home(arena: Arena, cast: Cast) -> None:
    await arena.slack.open_home(cast.eve)
    home = await arena.slack.wait_for(lambda: arena.slack.home(cast.eve), what="a home")
    await arena.slack.click(cast.eve, home, "Ask to send as…")


async def _request_form(arena: Arena, cast: Cast) -> None:
    await _click_in_home(arena, cast)
    await arena.slack.wait_for(lambda: arena.slack.view(cast.eve), what="the form")
    typed = {"person": cast.ada, "duration": "2h", "reason": "Covering"}
    await arena.slack.submit(cast.eve, typed)


async def _shortcut(arena: Arena, cast: Cast) -> None:
    await arena.slack.shortcut(cast.ben, "ask_send_as")


async def _message_shortcut(arena: Arena, cast: Cast) -> None:
    message = arena.slack.say(cast.ada, SALES, "Who takes over?")
    await arena.slack.message_shortcut(cast.ben, "ask_author", message)


async def _home_opened(arena: Arena, cast: Cast) -> None:
    await arena.slack.open_home(cast.ben)


async def _person_changed(arena: Arena, cast: Cast) -> None:
    await arena.slack.change_person(cast.eve, name="Eve Changed")


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


@pytest_asyncio.fixture(loop_scope="package")
async def asking(arena: Arena, cast: Cast) -> Cast:
    """Cleo has asked Ada for Ben."""
    await arena.asked(cast)
    return cast


async def made(arena: Arena, cast: Cast, move: Move) -> tuple[dict[str, Any], str]:
    """The payload of what somebody did last, and how it is sent."""
    await move(arena, cast)
    sent = arena.slack.delivery.sent[-1]
    if sent.headers["Content-Type"] == JSON:
        return json.loads(sent.body), JSON
    fields = dict(parse_qsl(sent.body.decode(), keep_blank_values=True))
    return (json.loads(fields["payload"]), PAYLOAD) if "payload" in fields else (fields, FORM)


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
    if odd is MISSING:
        del inside[path[-1]]
    else:
        inside[path[-1]] = odd
    return changed


def all_spoilt(payload: dict[str, Any], first: int = 0, every: int = 1) -> Iterator[dict[str, Any]]:
    """Every field missing, and holding each odd thing; each of them is good once. Of these, where
    it is said so, each third or so, from the first, second, or whichever on."""
    ways = enumerate(itertools.product(paths(payload), [*ODD, MISSING]))
    for number, (path, odd) in itertools.islice(ways, first, None, every):
        yield spoilt(payload, path, odd) | {"number": str(number)}


@pytest.mark.parametrize("move", MOVES)
async def test_every_field_odd_or_missing(arena: Arena, asking: Cast, move: Move) -> None:
    """Whatever one field holds, it is answered by a listener, or refused with one line.

    A third of all ways, and another third of the next move: a way that most payloads share is tried
    in some of them. ``make fuzz`` tries more.
    """
    payload, how = await made(arena, asking, move)
    before = arena.log_length()
    ways = all_spoilt(payload, MOVES.index(move) % 3, 3)
    found = await arena.post_all(encoded(each, how) for each in ways)
    assert set(found) <= {200, 400, 403, 404}
    assert found.count(400) > 7
    await arena.answers()
    assert arena.log(before).count("a malformed payload") <= found.count(400)


def meant_for(payload: dict[str, Any], who: SandboxPerson) -> dict[str, Any]:
    """The same, done by somebody else."""
    by = {"id": who.id, "team_id": who.team_id, "username": who.handle, "name": who.handle}
    return {key: value for key, value in payload.items() if key not in UNREAD} | {"user": by}


DECISIONS: list[Move] = [_click_in_message, _choice_in_menu, _deny_form]


@pytest.mark.parametrize("move", DECISIONS)
async def test_odd_payloads_of_somebody_else(arena: Arena, cast: Cast, move: Move) -> None:
    """What Ada may decide nobody else decides, however odd the payload: nothing is changed."""
    asked = await arena.asked(cast)
    payload, how = await made(arena, cast, move)
    await arena.type(cast.cleo, f"cancel <@{cast.ada.id}>")
    await arena.asked(cast, "2h Once more")
    now = marked(await arena.of(cast))
    text = json.dumps(meant_for(payload, cast.eve)).replace(marked(asked), now)
    before = await arena.kept(cast)
    spoilt_ones = all_spoilt(json.loads(text))
    found = await arena.post_all(encoded(each, how) for each in spoilt_ones)
    assert set(found) <= {200, 400, 403, 404}
    await arena.answers()
    assert await arena.kept(cast) == before


async def test_odd_commands_of_somebody_else(arena: Arena, cast: Cast) -> None:
    """The same for what is typed: no odd form ends what Ada gave but her own."""
    active = await arena.active(cast)
    await arena.type(cast.eve, f"revoke <@{cast.ben.id}>")
    fields = dict(parse_qsl(arena.slack.delivery.sent[-1].body.decode(), keep_blank_values=True))
    found = await arena.post_all(encoded(each, FORM) for each in all_spoilt(fields))
    assert set(found) <= {200, 400, 403, 404}
    assert (await arena.of(cast)).state is active.state


FLAWS: list[tuple[Move, Path, Any]] = [
    (_command, ("command",), MISSING),
    (_command, ("user_id",), MISSING),
    (_command, ("team_id",), "T1\x00"),
    (_click_in_message, ("actions",), []),
    (_click_in_message, ("actions",), [{}]),
    (_click_in_message, ("actions",), None),
    (_click_in_message, ("type",), MISSING),
    (_click_in_message, ("user",), {}),
    (_click_in_message, ("user",), MISSING),
    (_click_in_message, ("user", "id"), "\ud83d"),
    (_click_in_message, ("user", "id"), LONG),
    (_click_in_message, ("actions", 0, "value"), "\x00"),
    (_click_in_message, ("actions", 0, "value"), "9" * 5000),
    (_click_in_message, ("team",), 5),
    (_choice_in_menu, ("actions", 0, "selected_option"), MISSING),
    (_choice_in_menu, ("actions", 0, "selected_option"), None),
    (_deny_form, ("view", "type"), MISSING),
    (_deny_form, ("view", "state"), MISSING),
    (_deny_form, ("view", "state", "values", "note"), []),
    (_deny_form, ("view", "private_metadata"), MISSING),
    (_request_form, ("view", "state", "values"), {}),
    (_request_form, ("view", "state", "values", "person"), MISSING),
    (_request_form, ("view", "state", "values", "person", "person", "selected_users"), [None]),
    (_request_form, ("view", "state", "values", "moment"), {"moment": {"selected_date_time": END}}),
    (_shortcut, ("callback_id",), MISSING),
    (_message_shortcut, ("message",), MISSING),
    (_home_opened, ("event",), []),
    (_home_opened, ("event", "user"), MISSING),
    (_home_opened, ("team_id",), MISSING),
    (_person_changed, ("event", "user"), "U1"),
    (_person_changed, ("event", "user", "profile"), "x"),
    (_person_changed, ("event", "user", "deleted"), "false"),
]


@pytest.mark.parametrize("move", dict.fromkeys(move for move, *_ in FLAWS))
async def test_what_a_listener_needs(arena: Arena, asking: Cast, move: Move) -> None:
    """Without what its listener needs, a payload is a 400 and one line in the log."""
    payload, how = await made(arena, asking, move)
    for number, (_, path, odd) in enumerate(each for each in FLAWS if each[0] is move):
        stored, before = await arena.kept(asking), arena.log_length()
        reply = await arena.send(spoilt(payload, path, odd) | {"number": str(number)}, how)
        assert reply.status == 400, (path, odd)
        written = arena.log(before)
        assert written.count("a malformed payload") == 1
        assert LONG[:100] not in written
        assert await arena.kept(asking) == stored


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


@pytest.mark.parametrize("move", dict.fromkeys(move for move, _ in NEEDLESS))
async def test_what_slack_may_leave_out(arena: Arena, asking: Cast, move: Move) -> None:
    """Nobody is turned away for a field that Slack does not promise, or sends empty."""
    payload, how = await made(arena, asking, move)
    needless = [path for each, path in NEEDLESS if each is move]
    for number, (path, odd) in enumerate(itertools.product(needless, [MISSING, None])):
        value = "" if how == FORM and odd is None else odd
        reply = await arena.send(spoilt(payload, path, value) | {"number": str(number)}, how)
        assert reply.status == 200, (path, odd)


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
async def test_what_nobody_listens_to(arena: Arena, payload: dict[str, Any]) -> None:
    """Kinds of payloads that the bot has no use for are a 404, whole or in parts."""
    for number, path in enumerate([(), *paths(payload)]):
        changed = spoilt(payload, path, MISSING) if path else payload
        reply = await arena.send(changed | {"number": f"{payload['type']} {number}"}, JSON)
        assert reply.status in ((400, 404) if path else (404,)), changed


@pytest.mark.parametrize("action_id", ["", "nobody", "approve ", "APPROVE", "approve\u200b", "*"])
async def test_a_button_that_does_not_exist(arena: Arena, asking: Cast, action_id: str) -> None:
    """Names of buttons are compared as they are: what only resembles one does nothing."""
    reply = await arena.click(asking.ada, action_id, marked(await arena.of(asking)))
    assert reply.status == 404
    assert (await arena.of(asking)).state is State.REQUESTED


@pytest.mark.parametrize("command", ["/other", "sendas", "/SENDAS", "/sendas ", "/sendas\u200b"])
async def test_a_command_that_does_not_exist(arena: Arena, cast: Cast, command: str) -> None:
    """The same for commands."""
    reply = await arena.type(cast.ben, f"<@{cast.ada.id}> 2h", command=command)
    assert reply.status == 404
    assert not await arena.all_of(cast)


async def test_a_form_under_another_name(arena: Arena, asking: Cast) -> None:
    """A form submitted under the name of another one lacks that one's fields, and does nothing."""
    payload, how = await made(arena, asking, _deny_form)
    before = await arena.kept(asking)
    for number, name in enumerate(("approve_for", "extend_form", "change_form", "always", "")):
        changed = spoilt(payload, ("view", "callback_id"), name) | {"number": str(number)}
        assert (await arena.send(changed, how)).status in (200, 400, 404)
    assert await arena.kept(asking) == before


async def test_slack_makes_sure_of_the_address(arena: Arena) -> None:
    """The challenge that Slack sends when the address is entered is given back."""
    reply = await arena.send({"type": "url_verification", "challenge": "3eZbrw1aB"}, JSON)
    assert reply.body == {"challenge": "3eZbrw1aB"}
    for number, odd in enumerate(ODD):
        payload = {"type": "url_verification", "challenge": odd, "number": number}
        assert (await arena.send(payload, JSON)).status in (200, 400)

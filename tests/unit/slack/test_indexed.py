"""Who listens is known by kind and id; what a listener is given is what Bolt would give it."""

from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.bolt import bolt_app
from bot.slack.indexed import IndexedApp, ReadRequest
from bot.slack.payloads import Payload
from tests.unit.slack.stand_in import StandIn

CLICK = {
    "type": "block_actions",
    "user": {"id": "U1"},
    "actions": [
        {"type": "button", "action_id": "approve", "value": "1"},
        {"type": "button", "action_id": "deny", "value": "2"},
    ],
}
FORM = {
    "type": "view_submission",
    "user": {"id": "U1"},
    "view": {"callback_id": "ask", "type": "modal"},
}
COMMAND = {"command": "/sendas", "text": "help", "team_id": "T1", "user_id": "U1"}


def app() -> tuple[AsyncApp, list[Any]]:
    """An app with a listener for each of these, and what they were given."""
    made = bolt_app(AsyncWebClient("x"), StandIn(), 10)
    given: list[Any] = []

    async def on_click(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        given.append((body, action))
        await ack("clicked")

    async def on_form(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        given.append((body, view))
        await ack(response_action="clear")

    async def on_command(ack: AsyncAck, command: dict[str, Any]) -> None:
        given.append(command)
        await ack("said")

    made.action("approve")(on_click)
    made.view("ask")(on_form)
    made.command("/sendas")(on_command)
    return made, given


@pytest.mark.parametrize("body", [CLICK, FORM, COMMAND])
async def test_it_is_as_with_bolt(body: dict[str, Any]) -> None:
    """A listener that is found by its id has the arguments, and the answer, that Bolt's way has."""
    ours, given = app()
    theirs, expected = app()
    answer = await ours.async_dispatch(ReadRequest(Payload(body)))
    through_all = await AsyncApp.async_dispatch(theirs, ReadRequest(Payload(body)))
    assert given == expected != []
    assert (answer.status, answer.body) == (through_all.status, through_all.body)
    assert answer.headers == through_all.headers


async def test_bolt_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other listener is asked before the one that is meant."""

    async def asked(*_: object) -> None:
        raise AssertionError("it went Bolt's way")

    monkeypatch.setattr(IndexedApp.__base__, "async_dispatch", asked)
    ours, _ = app()
    for body in (CLICK, FORM, COMMAND):
        assert (await ours.async_dispatch(ReadRequest(Payload(body)))).status == 200


async def test_the_first_of_two_is_called() -> None:
    """As Bolt has it, who registers for the same id later is never called."""
    ours, given = app()

    async def later(ack: AsyncAck) -> None:
        raise AssertionError("it came second")

    ours.command("/sendas")(later)
    await ours.async_dispatch(ReadRequest(Payload(COMMAND)))
    assert given == [COMMAND]


async def test_an_id_that_nobody_knows() -> None:
    """It is answered as Bolt answers what nobody listens to."""
    ours, given = app()
    answer = await ours.async_dispatch(ReadRequest(Payload(COMMAND | {"command": "/other"})))
    assert (answer.status, given) == (404, [])


async def test_a_listener_that_says_nothing() -> None:
    """A command that nobody acknowledges is one that nobody listens to."""
    ours = bolt_app(AsyncWebClient("x"), StandIn(), 10)

    async def silent(command: dict[str, Any]) -> None:
        """It says nothing."""

    ours.command("/sendas")(silent)
    assert (await ours.async_dispatch(ReadRequest(Payload(COMMAND)))).status == 404

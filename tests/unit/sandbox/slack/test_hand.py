"""What people do in the sandbox Slack, as a stock slack_bolt app receives it."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.people import ADA, BEN, CLEO, FINN, TEAM_ID, SandboxPerson
from sandbox.serving import serve
from sandbox.slack import SandboxSlack
from sandbox.slack.delivery import Reply
from sandbox.slack.fields import REQUIRED
from sandbox.slack.pressing import Dialog
from sandbox.slack.workspace import AUDIT, GENERAL, Message, View
from tests.patience import PATIENCE


def plain(text: str) -> dict[str, str]:
    """Text without markup."""
    return {"type": "plain_text", "text": text}


def option(text: str) -> dict[str, Any]:
    """An option whose value is its text in lower case."""
    return {"text": plain(text), "value": text.lower()}


CARD: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": f"<@{BEN.id}> asks"}},
    {
        "type": "actions",
        "block_id": "decide",
        "elements": [
            {"type": "button", "action_id": "approve", "text": plain("Approve"), "value": "1"},
            {"type": "button", "action_id": "deny", "text": plain("Deny & tell"), "value": "1"},
            {
                "type": "button",
                "action_id": "open",
                "text": plain("Connect"),
                "url": "https://example.com/go",
            },
            {
                "type": "overflow",
                "action_id": "more",
                "options": [option("Later")],
                "confirm": {
                    "title": plain("Put it off?"),
                    "text": plain("Nobody is told."),
                    "confirm": plain("Put off"),
                    "deny": plain("Keep it"),
                },
            },
            {"type": "static_select", "action_id": "length", "options": [option("Day")]},
        ],
    },
]
FORM: dict[str, Any] = {
    "type": "modal",
    "callback_id": "ask",
    "notify_on_close": True,
    "private_metadata": "m",
    "title": plain("Ask"),
    "submit": plain("Send"),
    "blocks": [
        {
            "type": "input",
            "block_id": "who",
            "label": plain("Whose name?"),
            "element": {"type": "users_select", "action_id": "who"},
        },
        {
            "type": "input",
            "block_id": "reason",
            "optional": True,
            "label": plain("Reason"),
            "element": {"type": "plain_text_input", "action_id": "reason", "max_length": 10},
        },
        {
            "type": "input",
            "block_id": "length",
            "optional": True,
            "dispatch_action": True,
            "label": plain("How long?"),
            "element": {
                "type": "static_select",
                "action_id": "length",
                "options": [option("Day"), option("Week")],
                "initial_option": option("Day"),
            },
        },
    ],
}
PICKERS: list[dict[str, Any]] = [
    {"type": "datetimepicker", "action_id": "end"},
    {"type": "datepicker", "action_id": "day"},
    {"type": "timepicker", "action_id": "hour"},
    {
        "type": "radio_buttons",
        "action_id": "length",
        "options": [option("Day"), option("Week")],
        "initial_option": option("Week"),
    },
    {"type": "static_select", "action_id": "menu", "options": [option("Day")]},
    {"type": "checkboxes", "action_id": "more", "options": [option("Loud"), option("Late")]},
]
DONE: dict[str, Any] = {
    "type": "modal",
    "title": plain("Done"),
    "blocks": [{"type": "section", "text": plain("Thank you")}],
}


@dataclass
class Bot:
    """A stock bolt app that keeps what it receives and answers forms as it is told."""

    app: AsyncApp
    received: list[dict[str, Any]] = field(default_factory=list)
    answer: dict[str, Any] = field(default_factory=dict)

    def listen(self) -> None:
        """Register for everything that people do here."""
        self.app.command("/sendas")(self.on_command)
        self.app.view("ask")(self.on_form)
        self.app.view_closed("ask")(self.on_other)
        self.app.shortcut("ask_somebody")(self.on_shortcut)
        self.app.event("app_home_opened")(self.on_event)
        self.app.event("user_change")(self.on_event)
        for action_id in ("approve", "deny", "open", "more", "length"):
            self.app.action(action_id)(self.on_other)

    async def on_command(self, ack: Any, body: dict[str, Any]) -> None:
        """Answer as the test wishes."""
        self.received.append(body)
        await ack(**self.answer)

    async def on_form(self, ack: Any, body: dict[str, Any]) -> None:
        """Answer as the test wishes."""
        self.received.append(body)
        await ack(**self.answer)

    async def on_other(self, ack: Any, body: dict[str, Any]) -> None:
        """Only acknowledge."""
        self.received.append(body)
        await ack()

    async def on_shortcut(self, ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        """Open the form."""
        self.received.append(body)
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)

    async def on_event(self, body: dict[str, Any]) -> None:
        """Only hear of it."""
        self.received.append(body)

    @property
    def last(self) -> dict[str, Any]:
        """What was received last."""
        return self.received[-1]

    @property
    def client(self) -> AsyncWebClient:
        """The Web API as this app calls it."""
        return self.app.client


@pytest.fixture
async def slack() -> AsyncIterator[SandboxSlack]:
    """A local Slack that is patient."""
    slack = SandboxSlack(ack_seconds=PATIENCE)
    async with slack.serving():
        yield slack


@pytest.fixture
async def bot(slack: SandboxSlack) -> AsyncIterator[Bot]:
    """A small app of bolt, served where the local Slack sends to."""
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
    bot = Bot(AsyncApp(client=client, signing_secret=slack.signing_secret))
    bot.listen()
    handler = AsyncSlackRequestHandler(bot.app)

    async def events(request: Request) -> Response:
        return await handler.handle(request)

    app = Starlette(routes=[Route("/slack/events", events, methods=["POST"])])
    async with serve(app) as url:
        slack.bot_url = url
        yield bot


async def card_for(slack: SandboxSlack, bot: Bot, person: SandboxPerson) -> Message:
    """The card, once the bot has posted it to the person."""
    await bot.client.chat_postMessage(channel=person.id, text="asked", blocks=CARD)
    return slack.messages(person)[-1]


async def form_of(slack: SandboxSlack, person: SandboxPerson) -> View:
    """The form, once a shortcut has opened it."""
    await slack.shortcut(person, "ask_somebody")
    return await slack.wait_for(lambda: slack.view(person), what="the form")


async def test_a_command_arrives_escaped_and_is_answered(slack: SandboxSlack, bot: Bot) -> None:
    """A typed mention arrives as markup; the answer shows to that person alone."""
    bot.answer = {"text": "Noted"}
    reply = await slack.command(ADA, "/sendas", "@ben 2h a < b")
    assert reply.ok
    assert bot.last["text"] == f"<@{BEN.id}|ben> 2h a &lt; b"
    assert (bot.last["channel_name"], bot.last["team_id"]) == ("directmessage", TEAM_ID)
    assert [(m.text, m.ephemeral) for m in slack.messages(ADA)] == [("Noted", True)]
    assert slack.messages(BEN) == []


async def test_a_command_works_where_the_bot_is_not(slack: SandboxSlack, bot: Bot) -> None:
    """In a channel without the bot the response_url still answers the person."""
    await slack.command(ADA, "/sendas", "help", channel=GENERAL)
    url = bot.last["response_url"]
    async with aiohttp.ClientSession() as session:
        answered = await session.post(url, json={"text": "Usage"})
    assert answered.status == 200
    assert [m.text for m in slack.messages(ADA)] == ["Usage"]


async def test_an_unheard_command_fails_for_the_person(slack: SandboxSlack, bot: Bot) -> None:
    """A 404 of the bot is what people know as dispatch_failed."""
    reply = await slack.command(ADA, "/unknown", "")
    assert (reply.status, reply.problem) == (404, "dispatch_failed")


async def test_a_late_answer_is_a_timeout() -> None:
    """Without an answer in time the person sees operation_timeout."""
    slack = SandboxSlack(ack_seconds=0.1)
    release = asyncio.Event()

    async def sleep(request: Request) -> Response:
        await release.wait()
        return Response()

    app = Starlette(routes=[Route("/slack/events", sleep, methods=["POST"])])
    async with slack.serving(), serve(app) as slack.bot_url:
        reply = await slack.command(ADA, "/sendas")
        release.set()
    assert (reply.status, reply.problem) == (0, "operation_timeout")


async def test_no_bot_at_all_is_a_failure(slack: SandboxSlack) -> None:
    """A bot that is not there is dispatch_failed, not an exception."""
    slack.bot_url = "http://127.0.0.1:9"
    assert (await slack.open_home(ADA)).problem == "dispatch_failed"


async def test_a_click_carries_everything(slack: SandboxSlack, bot: Bot) -> None:
    """A button pressed by its visible text arrives with message, container, state and value."""
    card = await card_for(slack, bot, ADA)
    assert card.buttons() == ["Approve", "Deny & tell", "Connect"]
    reply = await slack.click(ADA, card, "Deny & tell")
    assert reply.ok
    [action] = bot.last["actions"]
    assert (action["action_id"], action["value"]) == ("deny", "1")
    assert action["text"]["text"] == "Deny &amp; tell"
    assert bot.last["container"]["message_ts"] == bot.last["message"]["ts"] == card.ts
    assert bot.last["user"]["id"] == ADA.id
    assert bot.last["state"]["values"]["decide"]["length"]["selected_option"] is None
    assert bot.last["response_url"].startswith(slack.url)


async def test_choices_arrive_as_selected_options(slack: SandboxSlack, bot: Bot) -> None:
    """Overflow items and select options are chosen by their visible text."""
    card = await card_for(slack, bot, ADA)
    await slack.click(ADA, card, "Later")
    assert bot.last["actions"][0]["selected_option"]["value"] == "later"
    await slack.click(ADA, card, "length", "Day")
    assert bot.last["state"]["values"]["decide"]["length"]["selected_option"]["value"] == "day"


async def test_a_question_stands_before_a_press(slack: SandboxSlack, bot: Bot) -> None:
    """What a dialog says can be read; a no sends nothing, a yes sends what was pressed."""
    card = await card_for(slack, bot, ADA)
    asked = Dialog("Put it off?", "Nobody is told.", "Put off", "Keep it", "primary")
    assert slack.dialog(ADA, card, "Later") == asked
    assert slack.dialog(ADA, card, "Approve") is None
    await slack.click(ADA, card, "Later", confirms=False)
    assert bot.received == []
    with pytest.raises(AssertionError, match="nothing is asked before 'Approve'"):
        await slack.click(ADA, card, "Approve", confirms=False)
    await slack.click(ADA, card, "Later")
    assert bot.last["actions"][0]["action_id"] == "more"


async def test_a_link_button_leads_somewhere(slack: SandboxSlack, bot: Bot) -> None:
    """A link button reports the click and hands its address to the browser."""
    reply = await slack.click(ADA, await card_for(slack, bot, ADA), "Connect")
    assert (reply.url, bot.last["actions"][0]["action_id"]) == ("https://example.com/go", "open")


async def test_people_click_only_what_they_see(slack: SandboxSlack, bot: Bot) -> None:
    """Somebody else's card, a missing button and a deleted card are no targets."""
    card = await card_for(slack, bot, ADA)
    with pytest.raises(AssertionError, match="does not see"):
        await slack.click(BEN, card, "Approve")
    with pytest.raises(AssertionError, match="nothing here is called 'Revoke'"):
        await slack.click(ADA, card, "Revoke")
    await bot.client.chat_delete(channel=card.channel, ts=card.ts)
    with pytest.raises(AssertionError, match="does not see"):
        await slack.click(ADA, card, "Approve")
    assert bot.received == []


async def test_equal_buttons_need_a_value_or_an_index(slack: SandboxSlack, bot: Bot) -> None:
    """Two buttons with one label are told apart by value or position."""
    buttons = [
        {"type": "button", "action_id": f"approve{i}", "text": plain("Go"), "value": str(i)}
        for i in range(2)
    ]
    blocks = [{"type": "actions", "elements": buttons}]
    bot.app.action("approve1")(bot.on_other)
    await bot.client.chat_postMessage(channel=ADA.id, text="x", blocks=blocks)
    [card] = slack.messages(ADA)
    with pytest.raises(AssertionError, match="2 elements"):
        await slack.click(ADA, card, "Go")
    await slack.click(ADA, card, "Go", value="1")
    await slack.click(ADA, card, "Go", index=1)
    assert [body["actions"][0]["value"] for body in bot.received] == ["1", "1"]


async def test_a_forged_click_is_signed_all_the_same(slack: SandboxSlack, bot: Bot) -> None:
    """The escape hatch sends anybody's click with any value."""
    card = await card_for(slack, bot, ADA)
    reply = await slack.forge_click(CLEO, card, "approve", "another id")
    assert reply.ok
    assert (bot.last["user"]["id"], bot.last["actions"][0]["value"]) == (CLEO.id, "another id")


async def test_a_click_in_an_ephemeral_has_no_message(slack: SandboxSlack, bot: Bot) -> None:
    """Payloads from ephemerals carry a container only, as Slack's do."""
    await bot.client.chat_postEphemeral(channel=AUDIT, user=ADA.id, text="x", blocks=CARD)
    await slack.click(ADA, slack.messages(ADA)[0], "Approve")
    assert "message" not in bot.last
    assert bot.last["container"]["is_ephemeral"] is True


async def test_a_form_is_filled_and_closed(slack: SandboxSlack, bot: Bot) -> None:
    """An empty answer closes the form; people, options and texts arrive in state.values."""
    await form_of(slack, ADA)
    values = {"Whose name?": BEN, "reason": "leave", "How long?": "Week"}
    assert (await slack.submit(ADA, values)).ok
    state = bot.last["view"]["state"]["values"]
    assert state["who"]["who"]["selected_user"] == BEN.id
    assert state["reason"]["reason"]["value"] == "leave"
    assert state["length"]["length"]["selected_option"]["value"] == "week"
    assert bot.last["view"]["private_metadata"] == "m"
    assert slack.view(ADA) is None


async def test_moments_and_choices_are_filled_in(slack: SandboxSlack, bot: Bot) -> None:
    """Pickers take dates and times, choices take texts, and all arrive as Slack's own values."""
    blocks = [
        {"type": "input", "block_id": e["action_id"], "label": plain(e["action_id"]), "element": e}
        for e in PICKERS
    ]
    form = await form_of(slack, ADA)
    await bot.client.views_update(view_id=form.id, view=FORM | {"blocks": blocks})
    end = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
    moments = {"end": end, "day": end.date(), "hour": end.time()}
    choices = {"length": "Day", "menu": "Day", "more": ["Loud", "Late"]}
    assert (await slack.submit(ADA, moments | choices)).ok
    state = bot.last["view"]["state"]["values"]
    assert state["end"]["end"]["selected_date_time"] == int(end.timestamp())
    assert state["day"]["day"]["selected_date"] == "2026-12-01"
    assert state["hour"]["hour"]["selected_time"] == "09:30"
    assert state["length"]["length"]["selected_option"]["value"] == "day"
    assert state["menu"]["menu"]["selected_option"]["value"] == "day"
    assert [o["value"] for o in state["more"]["more"]["selected_options"]] == ["loud", "late"]


async def test_nobody_writes_where_the_manifest_forbids_it(slack: SandboxSlack, bot: Bot) -> None:
    """A read-only Messages tab takes no words; a writable one does."""
    place = slack.workspace.direct_channel(ADA.id).id
    with pytest.raises(AssertionError, match="turned off"):
        slack.say(ADA, place, "hello")
    slack.workspace.is_tab_read_only = False
    assert slack.say(ADA, place, "hello").text == "hello"


async def test_the_client_itself_refuses_bad_input(slack: SandboxSlack, bot: Bot) -> None:
    """Missing and over-long values show an error and never reach the bot."""
    form = await form_of(slack, ADA)
    sent = len(slack.delivery.sent)
    reply = await slack.submit(ADA, {"reason": "x" * 11})
    assert reply.errors["who"] == REQUIRED
    assert reply.errors["reason"] == "Please enter no more than 10 characters."
    assert (slack.view(ADA), len(slack.delivery.sent)) == (form, sent)


async def test_errors_of_the_bot_stay_in_the_form(slack: SandboxSlack, bot: Bot) -> None:
    """response_action errors shows its texts and keeps what was typed."""
    await form_of(slack, ADA)
    bot.answer = {"response_action": "errors", "errors": {"who": "Not him"}}
    reply = await slack.submit(ADA, {"who": "@ben", "reason": "kept"})
    view = slack.view(ADA)
    assert view is not None
    assert reply.errors == view.errors == {"who": "Not him"}
    assert "Reason: kept" in slack.read(view)
    assert "! Not him" in slack.read(view)


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"nowhere": "x"}},
        {"response_action": "update", "view": FORM | {"title": plain("x" * 25)}},
        {"response_action": "vanish"},
        {"text": "thanks"},
    ],
)
async def test_a_wrong_answer_to_a_form_is_a_problem(
    slack: SandboxSlack, bot: Bot, answer: dict[str, Any]
) -> None:
    """Unknown blocks, invalid views and message bodies leave the form open with a problem."""
    await form_of(slack, ADA)
    bot.answer = answer
    reply = await slack.submit(ADA, {"who": BEN})
    assert reply.problem is not None
    assert slack.view(ADA) is not None


async def test_a_form_can_change_grow_and_vanish(slack: SandboxSlack, bot: Bot) -> None:
    """An update replaces the view, push lays one on top, clear takes all away."""
    await form_of(slack, ADA)
    bot.answer = {"response_action": "push", "view": FORM | {"title": plain("Sure?")}}
    await slack.submit(ADA, {"who": BEN})
    assert [view.title for view in slack.workspace.modals[ADA.id]] == ["Ask", "Sure?"]
    bot.answer = {"response_action": "clear"}
    await slack.submit(ADA, {"who": BEN})
    assert slack.view(ADA) is None
    await form_of(slack, ADA)
    bot.answer = {"response_action": "update", "view": DONE}
    await slack.submit(ADA, {"who": BEN})
    view = slack.view(ADA)
    assert view is not None
    assert slack.read(view) == "Done\nThank you"


async def test_closing_is_told_when_asked_for(slack: SandboxSlack, bot: Bot) -> None:
    """view_closed is sent for notify_on_close, without the typed values."""
    await form_of(slack, ADA)
    await slack.close_view(ADA)
    assert (bot.last["type"], bot.last["is_cleared"]) == ("view_closed", False)
    assert bot.last["view"]["state"]["values"] == {}
    assert slack.view(ADA) is None


async def test_only_dispatching_inputs_report_at_once(slack: SandboxSlack, bot: Bot) -> None:
    """A silent input changes its value unsent; one with dispatch_action sends block_actions."""
    form = await form_of(slack, ADA)
    assert (await slack.click(ADA, form, "Reason", "why")).status == 0
    await slack.click(ADA, form, "How long?", "Week")
    assert bot.last["type"] == "block_actions"
    assert bot.last["container"] == {"type": "view", "view_id": form.id}
    assert bot.last["view"]["state"]["values"]["reason"]["reason"]["value"] == "why"
    assert "response_url" not in bot.last


async def test_a_message_shortcut_carries_the_message(slack: SandboxSlack, bot: Bot) -> None:
    """The author of the message is in the payload."""
    said = slack.say(BEN, AUDIT, "hello @ada")
    await slack.message_shortcut(ADA, "ask_somebody", said)
    assert (bot.last["type"], bot.last["message"]["user"]) == ("message_action", BEN.id)
    assert bot.last["message"]["text"] == f"hello <@{ADA.id}|ada>"


async def test_opening_the_home_is_an_event(slack: SandboxSlack, bot: Bot) -> None:
    """app_home_opened names person, tab and, once published, the view; repetitions say so."""
    await slack.open_home(ADA)
    await slack.wait_for(lambda: bot.received, what="the event")
    assert bot.last["event"]["tab"] == "home"
    assert "view" not in bot.last["event"]
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    await bot.client.views_publish(user_id=ADA.id, view=home)
    await slack.open_home(ADA, tab="messages")
    await slack.wait_for(lambda: len(bot.received) == 2, what="the second event")
    assert bot.last["event"]["view"]["type"] == "home"
    repeated = await slack.event(bot.last["event"], retry_num=1, event_id=bot.last["event_id"])
    assert repeated.ok
    assert slack.delivery.sent[-1].headers["X-Slack-Retry-Num"] == "1"


async def test_a_leaver_changes_and_cannot_act(slack: SandboxSlack, bot: Bot) -> None:
    """change_person sends user_change; a deactivated person types nothing any more."""
    await slack.change_person(CLEO, deleted=True)
    await slack.wait_for(lambda: bot.received, what="the event")
    assert bot.last["event"]["user"]["deleted"] is True
    for leaver in (CLEO, FINN):
        with pytest.raises(AssertionError, match="deactivated"):
            await slack.command(leaver, "/sendas")


async def test_signatures_guard_the_bot(slack: SandboxSlack, bot: Bot) -> None:
    """A replayed request passes the signature, a changed or old or unsigned one does not."""
    await slack.command(ADA, "/sendas", "help")
    sent = slack.delivery.sent[-1]
    assert (await slack.post_raw(sent.body, sent.headers)).status == 200
    old = slack.sign(sent.body, int(datetime.now(UTC).timestamp()) - 301)
    attacks = [
        (sent.body + b"&x=1", sent.headers),
        (sent.body, sent.headers | old),
        (sent.body, {"Content-Type": "application/x-www-form-urlencoded"}),
    ]
    replies = [await slack.post_raw(body, headers) for body, headers in attacks]
    assert [reply.status for reply in replies] == [401] * 3


async def test_messages_read_like_on_a_screen(slack: SandboxSlack, bot: Bot) -> None:
    """Names stand for mentions and labels in brackets for buttons."""
    card = await card_for(slack, bot, ADA)
    assert slack.read(card, ADA) == ("@Ben Okafor asks\n[Approve] [Deny & tell] [Connect] […] ____")


def test_a_reply_knows_its_json() -> None:
    """The body is the JSON object of an answer, and None for anything else."""
    assert Reply(200, json.dumps({"a": 1})).body == {"a": 1}
    assert [Reply(200, text).body for text in ("", "[]", "ok")] == [None] * 3


async def test_socket_mode_carries_the_same(slack: SandboxSlack, bot: Bot) -> None:
    """With a connected socket commands and forms go through it, and answers come back."""
    handler = AsyncSocketModeHandler(bot.app, slack.app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]  # bolt has no annotation here
    try:
        slack.socket_mode = True
        await slack.wait_for(lambda: slack.sockets.connections, what="the socket")
        bot.answer = {"text": "Noted"}
        reply = await slack.command(ADA, "/sendas", "help")
        assert reply.ok
        assert [m.text for m in slack.messages(ADA)] == ["Noted"]
        await form_of(slack, ADA)
        bot.answer = {}
        await slack.submit(ADA, {"who": BEN})
        assert slack.view(ADA) is None
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # as above


async def test_socket_mode_without_a_socket_fails(slack: SandboxSlack, bot: Bot) -> None:
    """In Socket Mode nothing goes over HTTP, so that without a socket nothing arrives."""
    slack.socket_mode = True
    assert (await slack.command(ADA, "/sendas")).problem == "dispatch_failed"
    assert bot.received == []

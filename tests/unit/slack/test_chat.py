"""Messages out: one message is shown, moved or written, whatever became of the post before."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.cards.parts import section
from bot.slack.bolt import web_client
from bot.slack.chat import Envelope, Messages
from bot.slack.errors import SlackUnclear
from bot.slack.message import Message
from bot.slack.responses import Responses
from sandbox.people import ADA
from sandbox.slack import SandboxSlack
from sandbox.slack.chat_methods import Content, new_message
from sandbox.slack.workspace import AUDIT

FIRST = Envelope(ADA.id, "mark", 1)
AGAIN = Envelope(ADA.id, "mark", 2)


def saying(text: str) -> Message:
    """A message with these words."""
    return Message(text, [section(text)])


@pytest.fixture
async def slack() -> AsyncIterator[SandboxSlack]:
    """A sandbox Slack with nobody behind it."""
    sandbox = SandboxSlack()
    async with sandbox.serving():
        yield sandbox
    await sandbox.close()


@pytest.fixture
async def messages(slack: SandboxSlack) -> AsyncIterator[Messages]:
    """Messages to that Slack."""
    async with aiohttp.ClientSession() as session:
        yield Messages(web_client(slack.bot_token, slack.api_url, session, patient=False))


def texts(slack: SandboxSlack) -> list[str]:
    """What stands in Ada's conversation with the bot."""
    return [slack.read(message, ADA) for message in slack.messages(ADA)]


def methods(slack: SandboxSlack) -> list[str]:
    """Which calls were made, in order."""
    return [call.method for call in slack.calls]


async def lost(slack: SandboxSlack, messages: Messages, text: str) -> None:
    """A post that Slack took, and whose answer never came."""
    slack.trouble.drop("chat.postMessage", error="fatal_error", status=200)
    with pytest.raises(SlackUnclear):
        await messages.show(saying(text), FIRST)


async def test_shown_twice_is_one_message(slack: SandboxSlack, messages: Messages) -> None:
    """The first time it is posted, without a look around; afterwards it is updated in its place."""
    place, is_new = await messages.show(saying("one"), FIRST)
    assert is_new
    assert await messages.show(saying("two"), FIRST, place) == (place, False)
    assert texts(slack) == ["two"]
    assert methods(slack) == ["chat.postMessage", "chat.update"]


async def test_a_deleted_message_is_posted_anew(slack: SandboxSlack, messages: Messages) -> None:
    """What its reader deleted cannot be updated: it is shown in a new message."""
    place, _ = await messages.show(saying("one"), FIRST)
    slack.workspace.remove_message(slack.messages(ADA)[0])
    assert not await messages.update(place, saying("two"))
    new, is_new = await messages.show(saying("two"), FIRST, place)
    assert is_new
    assert new != place
    assert texts(slack) == ["two"]


async def test_a_lost_post_is_found(slack: SandboxSlack, messages: Messages) -> None:
    """The message whose answer was lost shows what is true now; it is not new to its reader."""
    await lost(slack, messages, "one")
    place, is_new = await messages.show(saying("two"), AGAIN)
    assert not is_new
    assert place.message_ts == slack.messages(ADA)[0].ts
    assert texts(slack) == ["two"]


async def test_another_mark_is_another_message(slack: SandboxSlack, messages: Messages) -> None:
    """Only what carries the same mark is the same message."""
    await lost(slack, messages, "one")
    _, is_new = await messages.show(saying("two"), Envelope(ADA.id, "another", 2))
    assert is_new
    assert texts(slack) == ["one", "two"]


async def test_what_was_written_stays(slack: SandboxSlack, messages: Messages) -> None:
    """A line that is found is left as it was written."""
    await lost(slack, messages, "one")
    place = await messages.write(saying("two"), AGAIN)
    assert place.message_ts == slack.messages(ADA)[0].ts
    assert texts(slack) == ["one"]


async def test_found_behind_many_others(slack: SandboxSlack, messages: Messages) -> None:
    """A bulk grant writes hundreds of lines: the first, whose answer was lost, is still found."""
    slack.trouble.drop("chat.postMessage")
    with pytest.raises(SlackUnclear):
        await messages.write(saying("first"), Envelope(AUDIT, "first"))
    content = Content("one more", [])
    for _ in range(250):
        new_message(slack.workspace, AUDIT, content)
    place = await messages.write(saying("first"), Envelope(AUDIT, "first", 2))
    assert place.message_ts == slack.channel_messages(AUDIT)[0].ts


async def test_written_in_a_thread(slack: SandboxSlack, messages: Messages) -> None:
    """A lost line is looked for in its own thread of the channel."""
    opening = await messages.write(saying("opening"), Envelope(AUDIT, "opening", 1))
    slack.trouble.drop("chat.postMessage", error="fatal_error", status=200)
    with pytest.raises(SlackUnclear):
        await messages.write(saying("line"), Envelope(AUDIT, "line", 1, opening.message_ts))
    found = await messages.write(saying("line"), Envelope(AUDIT, "line", 2, opening.message_ts))
    assert [each.ts for each in slack.channel_messages(AUDIT)] == [
        opening.message_ts,
        found.message_ts,
    ]


async def test_deleted(slack: SandboxSlack, messages: Messages) -> None:
    """A message goes without a trace, also when it has gone already."""
    old, _ = await messages.show(saying("one"), FIRST)
    slack.trouble.drop("chat.delete", error="fatal_error", status=200)
    with pytest.raises(SlackUnclear):
        await messages.delete(old, saying("further down"))
    await messages.delete(old, saying("further down"))
    assert texts(slack) == []


@pytest.mark.parametrize(
    "code", ["cant_delete_message", "compliance_exports_prevent_deletion", "no_such_word"]
)
async def test_a_message_that_stays(slack: SandboxSlack, messages: Messages, code: str) -> None:
    """Where Slack refuses to delete it, a line takes its place."""
    old, _ = await messages.show(saying("one"), FIRST)
    slack.trouble.fail("chat.delete", code)
    await messages.delete(old, saying("further down"))
    assert texts(slack) == ["further down"]


async def test_an_app_that_may_not_look(slack: SandboxSlack, messages: Messages) -> None:
    """Without the scope to read the history it is posted again: twice is better than never."""
    await lost(slack, messages, "one")
    slack.trouble.fail("conversations.history", "missing_scope")
    _, is_new = await messages.show(saying("one"), AGAIN)
    assert is_new
    assert texts(slack) == ["one", "one"]


@pytest.mark.parametrize("odd", ['{"ok": true}', '{"ok": true, "channel": {}, "ts": 5}', "[1]"])
async def test_a_post_that_names_no_place(
    slack: SandboxSlack, messages: Messages, odd: str
) -> None:
    """Slack took the message and does not say where it is: it is looked for before the next."""
    slack.trouble.garble("chat.postMessage", is_taken=True, json=odd)
    with pytest.raises(SlackUnclear):
        await messages.show(saying("one"), FIRST)
    await messages.show(saying("two"), AGAIN)
    assert texts(slack) == ["two"]


@pytest.mark.parametrize(
    ("method", "odd"),
    [
        ("conversations.open", '{"ok": true, "channel": "D1"}'),
        ("conversations.history", '{"ok": true}'),
        ("conversations.history", '{"ok": true, "messages": "none"}'),
        ("conversations.history", "[" * 5000),
    ],
)
async def test_a_look_that_shows_nothing(
    slack: SandboxSlack, messages: Messages, method: str, odd: str
) -> None:
    """A list that cannot be read is no empty list: nothing is posted twice because of it."""
    await lost(slack, messages, "one")
    slack.trouble.garble(method, json=odd)
    with pytest.raises(SlackUnclear):
        await messages.show(saying("two"), AGAIN)
    assert texts(slack) == ["one"]


async def test_messages_of_others_are_passed_over(slack: SandboxSlack, messages: Messages) -> None:
    """Whatever another app's message carries, ours is found beside it."""
    odd = '{"metadata": []}, {"ts": 5}, null, {"ts": "1.2", "metadata": {"event_payload": 7}}'
    ours = '{"ts": "1.3", "metadata": {"event_payload": {"mark": "mark"}}}'
    slack.trouble.garble(
        "conversations.history", json=f'{{"ok": true, "messages": [{odd}, {ours}]}}'
    )
    (found,) = await messages.find(AUDIT, "m")
    assert (found.mark, found.place.message_ts) == ("mark", "1.3")


@pytest.mark.parametrize("odd", ["<html>", "[" * 5000, '{"ok": false}'])
async def test_a_whisper_that_is_not_taken(slack: SandboxSlack, odd: str) -> None:
    """An answer to whoever clicked may be lost; what goes wrong is no failure of the click."""
    async with aiohttp.ClientSession() as session:
        client = web_client(slack.bot_token, slack.api_url, session, patient=False)
        slack.trouble.garble("chat.postMessage", json=odd)
        await Responses(session, client).tell({"user_id": ADA.id}, "said")
        await Responses(session, client).tell({"user_id": ADA.id}, saying("said again"))
    assert texts(slack) == ["said again"]

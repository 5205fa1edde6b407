"""A true request once more: whoever copies one from the wire gets nothing by it.

Copies that another process hears, or the same one after a start, are in
``tests/scenarios/test_replays.py``.
"""

import asyncio
import json
import time
from urllib.parse import urlencode

import pytest

from models.delegation import State
from models.mark import marked
from sandbox.people import SandboxPerson
from sandbox.slack.delivery import Reply, Sent
from tests.attacks.arena import FORM, JSON, Arena, Cast, statuses
from tests.scenarios.moves import shown


async def again(arena: Arena, sent: Sent, **headers: str) -> Reply:
    """The very same bytes and headers once more, but for these."""
    return await arena.post(sent.body, sent.headers | headers)


def last(arena: Arena) -> Sent:
    """What was sent last."""
    return arena.slack.delivery.sent[-1]


async def test_a_grant_is_replayed_after_it_was_taken_back(arena: Arena, cast: Cast) -> None:
    """What Ada gave and took back is not given again by a copy of her words."""
    await arena.world.connect(cast.ada)
    await arena.said(cast.ada, f"grant <@{cast.ben.id}> 2h")
    sent = last(arena)
    await arena.until(cast, State.ACTIVE)
    await arena.said(cast.ada, f"revoke <@{cast.ben.id}>")
    await arena.until(cast, State.ENDED)
    assert (await again(arena, sent)).status == 401
    assert len(await arena.all_of(cast)) == 1
    assert not arena.close.find(cast.ada, cast.ben)


async def test_an_approval_is_replayed_for_the_next_request(arena: Arena, cast: Cast) -> None:
    """A copy of the click on one request does not approve the next."""
    await arena.click(cast.ada, "approve", marked(await arena.asked(cast)))
    sent = last(arena)
    await arena.said(cast.ada, f"revoke <@{cast.ben.id}>")
    await arena.asked(cast, "2h Once more")
    assert (await again(arena, sent)).status == 401
    assert (await arena.of(cast)).state is State.REQUESTED


async def test_a_request_is_replayed_after_it_was_cancelled(arena: Arena, cast: Cast) -> None:
    """Nor is what Cleo took back asked once more."""
    await arena.asked(cast)
    sent = last(arena)
    await arena.said(cast.cleo, f"cancel <@{cast.ada.id}>")
    assert (await again(arena, sent)).status == 401
    assert len(await arena.all_of(cast)) == 1


async def test_a_form_is_replayed(arena: Arena, cast: Cast) -> None:
    """A submitted form counts once, whatever has become of it since."""
    await arena.slack.shortcut(cast.ben, "ask_send_as")
    await arena.slack.wait_for(lambda: arena.slack.view(cast.ben), what="the form")
    assert (await arena.slack.submit(cast.ben, {"person": [cast.ada], "duration": "2h"})).ok
    sent = last(arena)
    await arena.said(cast.ben, f"cancel <@{cast.ada.id}>")
    assert (await again(arena, sent)).status == 401
    assert len(await arena.all_of(cast)) == 1


async def test_an_extension_is_replayed(arena: Arena, cast: Cast) -> None:
    """One hour more is one hour more, not two."""
    await arena.active(cast)
    await arena.said(cast.ada, f"extend <@{cast.ben.id}> 1h")
    sent, ends_at = last(arena), (await arena.of(cast)).ends_at
    assert (await again(arena, sent)).status == 401
    assert (await arena.of(cast)).ends_at == ends_at


async def test_leaving_is_replayed(arena: Arena, cast: Cast) -> None:
    """A copy of "disconnect" does not disconnect whoever has connected again."""
    await arena.world.connect(cast.ada)
    await arena.said(cast.ada, "disconnect")
    sent = last(arena)
    page = await arena.world.connect(cast.ada)
    assert page.status_code == 200
    assert (await again(arena, sent)).status == 401
    assert "not connected" not in await arena.said(cast.ada, "disconnect")


async def test_reading_is_replayed(arena: Arena, cast: Cast) -> None:
    """Not even a list is read a second time by whoever copied the question."""
    await arena.asked(cast)
    assert cast.ada.id in (await arena.type(cast.ben, "list")).text
    copy = await again(arena, last(arena))
    assert (copy.status, copy.text) == (401, "")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": JSON},
        {"Content-Type": "text/plain"},
        {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"},
        {"X-Request-Id": "another"},
        {"User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"},
        {"Connection": "close"},
    ],
)
async def test_other_headers_make_no_new_request(
    arena: Arena, cast: Cast, headers: dict[str, str]
) -> None:
    """What is not signed does not make a copy something else: also not that Slack tries again."""
    await arena.asked(cast)
    assert (await again(arena, last(arena), **headers)).status == 401
    assert len(await arena.all_of(cast)) == 1


async def test_copies_at_the_same_moment(arena: Arena, cast: Cast) -> None:
    """Of ten copies that arrive together one counts."""
    body = arena.command(cast.ben, f"<@{cast.ada.id}> 2h")
    sent = Sent(body, {"Content-Type": FORM, **arena.slack.sign(body)})
    found = [each.status for each in await asyncio.gather(*(again(arena, sent) for _ in range(10)))]
    assert (found.count(200), found.count(401)) == (1, 9)
    assert len(await arena.all_of(cast)) == 1


async def test_a_copy_overtakes_the_first(arena: Arena, cast: Cast) -> None:
    """Whoever delays a request and sends it later themselves has it carried out once."""
    body = arena.command(cast.ben, f"<@{cast.ada.id}> 2h")
    sent = Sent(body, {"Content-Type": FORM, **arena.slack.sign(body, int(time.time()) - 120)})
    assert (await again(arena, sent)).status == 200
    assert (await again(arena, sent)).status == 401
    assert len(await arena.all_of(cast)) == 1


async def test_an_old_copy(arena: Arena, cast: Cast) -> None:
    """A request that was held back for more than five minutes is never carried out."""
    body = arena.command(cast.ben, f"<@{cast.ada.id}> 2h")
    sent = Sent(body, {"Content-Type": FORM, **arena.slack.sign(body, int(time.time()) - 301)})
    assert (await again(arena, sent)).status == 401
    assert not await arena.all_of(cast)


async def test_an_event_is_replayed(arena: Arena, cast: Cast) -> None:
    """A copy of "she has left" ends nothing of whoever came back; it is taken and dropped."""
    left = await arena.slack.change_person(cast.eve, deleted=True)
    sent = last(arena)
    await arena.slack.change_person(left, deleted=False)
    await arena.said(cast.eve, f"<@{cast.ada.id}> 2h")
    assert (await again(arena, sent)).status == 200
    assert (await arena.at_rest(cast)).state is State.REQUESTED


def with_other_case(sent: Sent) -> Sent:
    """The same signature in capitals."""
    signature = sent.headers["X-Slack-Signature"].upper().replace("V0", "v0")
    return Sent(sent.body, sent.headers | {"X-Slack-Signature": signature})


async def test_another_writing_of_the_same_signature(arena: Arena, cast: Cast) -> None:
    """A copy is not let in because its signature is written in another way."""
    await arena.asked(cast)
    sent = last(arena)
    for copy in (with_other_case(sent), Sent(sent.body, {**sent.headers, "X-Slack-Signature": ""})):
        assert (await again(arena, copy)).status == 401
    padded = str(int(sent.headers["X-Slack-Request-Timestamp"])).zfill(12)
    assert (await again(arena, sent, **{"X-Slack-Request-Timestamp": padded})).status == 401
    assert len(await arena.all_of(cast)) == 1


async def test_a_copy_within_one_connection(arena: Arena, cast: Cast) -> None:
    """The same bytes twice on one connection are carried out once."""
    body = arena.command(cast.ben, f"<@{cast.ada.id}> 2h")
    head = {"Host": "bot", "Content-Type": FORM, "Content-Length": str(len(body))}
    lines = "".join(f"{k}: {v}\r\n" for k, v in (head | arena.slack.sign(body)).items())
    request = f"POST /slack/events HTTP/1.1\r\n{lines}\r\n".encode() + body
    assert statuses(await arena.raw(request * 2)).count(200) <= 1
    assert len(await arena.all_of(cast)) <= 1


async def test_a_command_as_another_command(arena: Arena, cast: Cast) -> None:
    """Fields of a copied request cannot be put in another order, or under another label."""
    await arena.asked(cast)
    sent = last(arena)
    fields = sent.body.split(b"&")
    for body in (b"&".join(reversed(fields)), b"&".join(fields[1:]), sent.body + b"&"):
        assert (await arena.post(body, sent.headers)).status == 401
    assert len(await arena.all_of(cast)) == 1


async def clicked(arena: Arena, person: SandboxPerson, cast: Cast) -> Sent:
    """A click on Approve."""
    await arena.click(person, "approve", marked(await arena.of(cast)))
    return last(arena)


async def test_whoever_may_not_does_not_spend_it_for_others(arena: Arena, cast: Cast) -> None:
    """Eve's click on Ada's button, and its copies, keep Ada from nothing."""
    await arena.asked(cast)
    sent = await clicked(arena, cast.eve, cast)
    assert (await again(arena, sent)).status == 401
    await clicked(arena, cast.ada, cast)
    assert (await arena.of(cast)).state is not State.REQUESTED


async def test_the_same_words_signed_anew(arena: Arena, cast: Cast) -> None:
    """Who says the same again is heard again: what is good once is a signature, not a sentence."""
    body, now = arena.command(cast.ben, "list"), int(time.time())
    for age in range(3):
        headers = {"Content-Type": FORM, **arena.slack.sign(body, now - age)}
        assert (await arena.post(body, headers)).status == 200


async def test_an_old_button(arena: Arena, cast: Cast) -> None:
    """A click on a message that was shown before, signed anew, is judged by what is true now."""
    await arena.asked(cast)
    card = await shown(arena.world, cast.ada, "Approve")
    await arena.slack.click(cast.ada, card, "Deny")
    payload = arena.pressed(cast.ada, "approve", marked(await arena.of(cast)))
    for number in range(3):
        body = urlencode({"payload": json.dumps(payload | {"number": number})}).encode()
        reply = await arena.post(body, {"Content-Type": FORM, **arena.slack.sign(body)})
        assert reply.status == 200
    assert (await arena.of(cast)).state is State.DENIED

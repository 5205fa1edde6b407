"""The sandbox Slack's switches for trouble."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.people import ADA
from sandbox.slack import SandboxSlack
from tests.patience import PATIENCE

POST = "chat.postMessage"


@pytest.fixture
async def slack() -> AsyncIterator[SandboxSlack]:
    """A local Slack without a bot."""
    slack = SandboxSlack()
    async with slack.serving():
        yield slack


async def post(slack: SandboxSlack, within: float = PATIENCE) -> httpx.Response:
    """One message to Ada, by somebody who waits so many seconds."""
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    async with httpx.AsyncClient(headers=headers, timeout=within) as http:
        return await http.post(f"{slack.api_url}{POST}", json={"channel": ADA.id, "text": "x"})


async def test_fail_does_nothing_and_counts(slack: SandboxSlack) -> None:
    """A planned failure answers its error as often as asked, acts not, then all is well."""
    slack.trouble.fail(POST, "internal_error", times=2, status=503)
    answers = [await post(slack) for _ in range(3)]
    assert [a.status_code for a in answers] == [503, 503, 200]
    assert [a.json().get("error") for a in answers] == ["internal_error", "internal_error", None]
    assert len(slack.messages(ADA)) == 1


async def test_rate_limit_names_the_wait(slack: SandboxSlack) -> None:
    """A rate limited call gets 429 with Retry-After, whatever the method, when * was given."""
    slack.trouble.rate_limit("*", retry_after=7)
    answer = await post(slack)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json()["error"] == "ratelimited"


async def test_stall_answers_late(slack: SandboxSlack) -> None:
    """A stalled call outlives an impatient client and is done all the same."""
    slack.trouble.stall(POST, 0.6)
    with pytest.raises(httpx.TimeoutException):
        await post(slack, within=0.5)
    await slack.wait_for(lambda: slack.messages(ADA), what="the stalled post")


async def test_drop_acts_and_cuts_the_connection(slack: SandboxSlack) -> None:
    """A dropped answer leaves the caller without any, although the message is there."""
    slack.trouble.drop(POST)
    with pytest.raises(httpx.TransportError):
        await post(slack)
    assert len(slack.messages(ADA)) == 1
    assert slack.calls[0].outcome == "ok (answer lost)"


async def test_a_dropped_deletion_has_deleted(slack: SandboxSlack) -> None:
    """A deletion whose answer is lost is done; one that is refused before it begins is not."""
    await post(slack)
    [message] = slack.messages(ADA)
    address = f"{slack.api_url}chat.delete"
    place = {"channel": message.channel, "ts": message.ts}
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    slack.trouble.rate_limit("chat.delete")
    slack.trouble.drop("chat.delete")
    async with httpx.AsyncClient(headers=headers, timeout=PATIENCE) as http:
        assert (await http.post(address, json=place)).status_code == 429
        assert slack.messages(ADA) == [message]
        with pytest.raises(httpx.TransportError):
            await http.post(address, json=place)
    assert slack.messages(ADA) == []
    assert [c.outcome for c in slack.calls if c.method == "chat.delete"] == [
        "rate_limit",
        "ok (answer lost)",
    ]


async def test_drop_can_answer_an_error_instead(slack: SandboxSlack) -> None:
    """A fatal_error after the work was done is told with its status."""
    slack.trouble.drop(POST, error="fatal_error", status=500)
    answer = await post(slack)
    assert (answer.status_code, answer.json()["error"]) == (500, "fatal_error")
    assert len(slack.messages(ADA)) == 1


async def test_down_breaks_every_call_until_up(slack: SandboxSlack) -> None:
    """While Slack is down nothing is answered and nothing happens."""
    slack.trouble.down()
    with pytest.raises(httpx.TransportError):
        await post(slack)
    assert slack.messages(ADA) == []
    slack.trouble.up()
    assert (await post(slack)).status_code == 200


async def test_wait_for_tells_what_everybody_sees(slack: SandboxSlack) -> None:
    """A wait in vain fails with what was waited for and the messages on all screens."""
    await post(slack)
    with pytest.raises(AssertionError, match=r"(?s)waited 0.1 s for a card.*Ada Lindqvist.*x"):
        await slack.wait_for(lambda: False, timeout=0.1, what="a card")


async def test_subscribers_see_changes_in_order(slack: SandboxSlack) -> None:
    """A subscriber gets the message first and then the call that made it."""
    with slack.subscribe() as changes:
        await post(slack)
        kinds = [(await asyncio.wait_for(changes.get(), PATIENCE)).kind for _ in range(2)]
    assert kinds == ["message", "call"]

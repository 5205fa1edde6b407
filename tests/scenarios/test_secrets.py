"""What must not leak of a single request; of a whole life it is ``tests/secrets``."""

import re

import pytest

from sandbox.people import ADA, BEN
from tests.scenarios.world import World


async def test_a_forged_request_is_not_logged(
    stage: World, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A bad signature gets 401, and neither its body nor its signature reaches the log."""
    caplog.set_level("DEBUG")
    body = b"command=%2Fsendas&text=a-very-private-sentence&user_id=U1&team_id=T1"
    headers = {**stage.slack.sign(body), "content-type": "application/x-www-form-urlencoded"}
    headers["X-Slack-Signature"] = "v0=" + "a-forged-signature".ljust(64, "0")
    reply = await stage.slack.post_raw(body, headers)
    assert reply.status == 401
    shown = "".join(capfd.readouterr()) + caplog.text
    assert "private-sentence" not in shown
    assert "a-forged-signature" not in shown
    assert await stage.delegations() == []


async def test_connect_links_are_personal_and_opaque(stage: World) -> None:
    """A link shows neither who it is for nor anything that another link has."""
    links = set()
    for person in (ADA, ADA, BEN):
        await stage.slack.command(person, "/sendas", "connect")
        text = stage.last_answer(person).text
        found = re.search(r"for=([^|&>]+)", text)
        assert found
        assert person.id not in text
        links.add(found[1])
    assert len(links) == 3

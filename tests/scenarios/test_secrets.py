"""What must not leak: tokens in the database, bodies and secrets in the log."""

import re

import pytest
from sqlalchemy import Connection, inspect

from sandbox.close import CLIENT_SECRET
from sandbox.people import ADA, BEN
from tests.scenarios.moves import active
from tests.scenarios.world import World


async def everything_stored(world: World) -> str:
    """Every value of every table, as text; bytes as they are."""

    def read(connection: Connection) -> str:
        tables = inspect(connection).get_table_names()
        rows = [
            row
            for table in tables
            for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"').all()
        ]
        return "\n".join(
            bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)
            for row in rows
            for value in row
        )

    stored: str = await world.database.run_connection(read)
    return stored


async def test_tokens_are_stored_encrypted(world: World) -> None:
    """No access token, refresh token, state or client secret is in the database in clear text."""
    await active(world)
    world.clock.push(minutes=70)
    await world.connect(ADA)
    stored = await everything_stored(world)
    assert ADA.close_user_id
    assert ADA.close_user_id in stored  # so that the search finds what is there
    secrets = [CLIENT_SECRET, world.slack.bot_token, world.slack.signing_secret]
    for grant in world.close.state.grants:
        secrets += [grant.refresh_token, *grant.old_refresh_tokens, *grant.access_tokens]
    assert len(secrets) > 5
    assert not [secret for secret in secrets if secret in stored]


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


async def test_the_log_has_no_secrets_and_no_reasons(
    stage: World, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A whole working life leaves neither tokens, codes, states, links nor reasons in the log."""
    caplog.set_level("INFO")
    await active(stage, "@ada 2h A-private-reason")
    # The test's own browser logs its addresses through httpx, which the bot's logging silences.
    records = [each.getMessage() for each in caplog.records if each.name != "httpx"]
    shown = "".join(capfd.readouterr()) + "\n".join(records)
    assert "close_call" in shown  # so that the search finds what is there
    secrets = [CLIENT_SECRET, stage.slack.bot_token, "A-private-reason", "?for=", "code="]
    for grant in stage.close.state.grants:
        secrets += [grant.refresh_token, *grant.access_tokens]
    assert not [secret for secret in secrets if secret in shown]


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

"""``python -m bot doctor``: what it says of each thing that can be wrong, and of all being well."""

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.clock.present import utc_now
from bot.process.commands import doctor as command
from bot.process.doctor import database as of_database
from bot.process.doctor import faces, public_address
from bot.process.doctor.examination import examine
from bot.process.doctor.report import Finding, Verdict, as_json, as_table, away, fine, wrong
from bot.process.settings import Settings
from sandbox.people import BEN, CLEO, DANA, GUS
from sandbox.running import free_port
from sandbox.serving import serve
from sandbox.slack import SandboxSlack
from sandbox.slack.installed import manifest_scopes
from sandbox.slack.workspace import AUDIT, SALES_TEAM
from tests.scenarios.world import World, open_world

Found = dict[str, Finding]


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    """Everything up, on SQLite."""
    async with open_world(sqlite_url) as opened:
        yield opened


def settings_of(world: World, **changes: Any) -> Settings:
    """Complete settings for this world, whose bot is at its PUBLIC_URL."""
    values = {**world.values, "public_url": world.bot_url, "admins": (DANA.id,), **changes}
    return Settings(**values)


async def findings(world: World, **changes: Any) -> Found:
    """What was found, by subject; of several of a subject the last."""
    return {each.subject: each for each in await examine(settings_of(world, **changes))}


def failures(found: Found) -> dict[str, Verdict]:
    """What has to be mended."""
    return {name: each.verdict for name, each in found.items() if each.is_failure}


async def test_all_is_well(world: World) -> None:
    """Nothing is to be mended, and everything was asked; nothing was changed by asking."""
    before = len(world.slack.messages(DANA))
    found = await findings(
        world, audit_channel=AUDIT, slack_app_token=world.slack.app_token, slack_signing_secret=None
    )
    assert not failures(found)
    assert set(found) == {
        *("Settings", "Database", "Encryption keys", "Database clock", "Disk", "PUBLIC_URL"),
        *("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "Slack scopes", "Slack events", "Slack clock"),
        *("ADMINS", "AUDIT_CHANNEL", "Cards", "Close", "Close OAuth app"),
    }
    assert len(world.slack.messages(DANA)) == before
    assert not world.close.associations


async def test_both_databases(database_url: str) -> None:
    """On PostgreSQL there is no disk of ours to look at; all else is the same."""
    async with open_world(database_url) as world:
        found = await findings(world)
    assert not failures(found)
    assert ("Disk" in found) is database_url.startswith("sqlite")
    assert "Slack's requests" in found


async def test_an_older_key_is_still_needed(world: World) -> None:
    """While it opens what the newest has not sealed yet, it has to stay: that is a note."""
    await world.connect(CLEO)
    newer = Fernet.generate_key().decode()
    found = await findings(world, encryption_keys=(newer, *world.values["encryption_keys"]))
    assert found["Encryption keys"].verdict is Verdict.NOTE
    assert "An older key still seals" in found["Encryption keys"].says


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"slack_bot_token": "xoxb-other"}, "SLACK_BOT_TOKEN", "was refused (invalid_auth)"),
    ({"slack_app_token": "xapp-other"}, "SLACK_APP_TOKEN", "was refused (invalid_auth)"),
    ({"close_client_secret": "other"}, "Close OAuth app", "Close refused CLOSE_CLIENT_ID or"),
    ({"close_client_id": "other"}, "Close OAuth app", "Close refused CLOSE_CLIENT_ID or"),
    ({"audit_channel": "C0NOWHERE"}, "AUDIT_CHANNEL", "(channel_not_found)"),
    ({"admins": ("U0NOBODY",)}, "ADMINS", "Slack does not know U0NOBODY"),
    ({"admins": (DANA.id, GUS.id)}, "ADMINS", f"{GUS.id} is a guest"),
    ({"encryption_keys": ("OTHER",)}, "Encryption keys", "ENCRYPTION_KEYS does not open 1 of"),
    ({"database_url": "sqlite:////nowhere/send-as.db"}, "Database", "There is no folder /nowhere"),
]


@pytest.mark.parametrize(("changes", "subject", "said"), WRONG)
async def test_what_is_refused(
    world: World, changes: dict[str, Any], subject: str, said: str
) -> None:
    """Each wrong setting is the only thing to be mended, is named, and it is said what to do."""
    await world.connect(DANA)
    if changes.get("encryption_keys"):
        changes = {"encryption_keys": (Fernet.generate_key().decode(),)}
    found = await findings(world, **changes)
    assert failures(found) == {subject: Verdict.WRONG}
    assert said in found[subject].says
    assert found[subject].to_do


async def test_a_channel_without_the_bot(world: World) -> None:
    """A channel that exists and has not invited the bot is told, with the invitation."""
    world.slack.workspace.channels[AUDIT].members.clear()
    found = await findings(world, audit_channel=AUDIT)
    assert failures(found) == {"AUDIT_CHANNEL": Verdict.WRONG}
    assert "/invite @sendas" in found["AUDIT_CHANNEL"].to_do


async def test_away_is_not_refused(world: World) -> None:
    """Slack and Close that cannot be reached are told apart from those that refuse."""
    world.slack.trouble.is_down = True
    found = await findings(world, close_api_url="http://127.0.0.1:1")
    assert failures(found) == {"SLACK_BOT_TOKEN": Verdict.AWAY, "Close": Verdict.AWAY}
    assert "cannot be reached" in found["Close"].says


async def test_close_that_is_broken(world: World) -> None:
    """An error of Close's token endpoint says nothing about the app."""
    world.close.trouble.fail("/oauth2/token/", 503)
    found = await findings(world)
    assert failures(found) == {"Close OAuth app": Verdict.AWAY}


async def test_something_else_at_close(world: World) -> None:
    """Whoever answers where Close should, and is not Close, is found out."""
    world.close.trouble.fail("/me/", 200)
    found = await findings(world)
    assert failures(found) == {"Close": Verdict.WRONG}


async def test_no_admins(world: World) -> None:
    """Without ADMINS it works; what that means is a note."""
    found = await findings(world, admins=())
    assert not failures(found)
    assert found["ADMINS"].verdict is Verdict.NOTE


@pytest.mark.parametrize(
    ("missing", "verdict"), [("groups:history", Verdict.NOTE), ("chat:write", Verdict.WRONG)]
)
async def test_scopes(world: World, missing: str, verdict: Verdict) -> None:
    """A scope without which nothing works is a failure; one that only some need is a note."""
    slack = SandboxSlack(scopes=manifest_scopes() - {missing})
    async with slack.serving() as url:
        found = await findings(world, slack_api_url=f"{url}/api/")
    assert found["Slack scopes"].verdict is verdict
    assert missing in found["Slack scopes"].says


async def test_what_slack_does_not_say(world: World) -> None:
    """To which events the app subscribes, and whether the signing secret is right, is no "ok" that
    nobody has looked at, but a note with what to look for."""
    found = await findings(world, slack_signing_secret="other")
    assert found["Slack events"].verdict is Verdict.NOTE
    assert "whether SLACK_SIGNING_SECRET is right" in found["Slack events"].says
    assert "app_uninstalled, tokens_revoked" in found["Slack events"].to_do


RULE = '[[rule]]\nwho = {who}\nwho_name = "Some"\n'
FOR_SOME = RULE.format(who=[SALES_TEAM, BEN.id])
RULES = [
    (FOR_SOME, None, ""),
    (FOR_SOME + "max_duratoin = '1d'", Verdict.WRONG, "line 4: max_duratoin is not a field"),
    (RULE.format(who=["S0NOWHERE"]), Verdict.WRONG, "who is in S0NOWHERE (no_such_subteam)"),
    (RULE.format(who=["U0NOBODY"]), Verdict.WRONG, "does not know U0NOBODY (user_not_found)"),
    (RULE.format(who=[GUS.id]), Verdict.NOTE, f"{GUS.id} is a guest."),
    (FOR_SOME + f"second = '{GUS.id}'", Verdict.WRONG, f"{GUS.id} is a guest."),
    ("[[rule]]\n" + FOR_SOME, Verdict.NOTE, "Rule 2 never decides anything."),
    (FOR_SOME + RULE.format(who=[CLEO.id]), Verdict.NOTE, "Rule 2 never decides anything."),
    ("\n".join(RULE.format(who=[f"U0X{n}"]) for n in range(41)), Verdict.NOTE, "Of 41 ids in it"),
]


@pytest.mark.parametrize(("text", "verdict", "said"), RULES)
async def test_the_rules(
    world: World, tmp_path: Path, text: str, verdict: Verdict | None, said: str
) -> None:
    """A file of rules is read as a start would, Slack is asked for everybody in it, and a rule that
    no two people can meet is told."""
    path = tmp_path / "policy.toml"
    path.write_text(text)
    found = [
        each
        for each in await examine(settings_of(world, policy_file=path))
        if each.subject == "POLICY_FILE"
    ]
    if verdict is None:
        assert found == [fine("POLICY_FILE")]
    else:
        assert any(each.verdict is verdict and said in each.says and each.to_do for each in found)


@pytest.mark.parametrize("is_there", [False, True])
async def test_rules_that_cannot_be_read(world: World, tmp_path: Path, is_there: bool) -> None:
    """No file, or a folder in its place: told in a sentence, also while Slack is away."""
    world.slack.trouble.is_down = True
    path = tmp_path if is_there else tmp_path / "none.toml"
    found = await findings(world, policy_file=path)
    assert failures(found)["POLICY_FILE"] is Verdict.WRONG
    assert found["POLICY_FILE"].says == (
        f"{path}: {'Is a directory' if is_there else 'No such file or directory'}."
    )


async def test_rules_for_groups_without_the_scope(world: World, tmp_path: Path) -> None:
    """Rules about groups need a scope that may be left out: then that is what to add."""
    path = tmp_path / "policy.toml"
    path.write_text(FOR_SOME)
    slack = SandboxSlack(scopes=manifest_scopes() - {"usergroups:read"})
    async with slack.serving() as url:
        found = await findings(world, slack_api_url=f"{url}/api/", policy_file=path)
    assert found["POLICY_FILE"].verdict is Verdict.WRONG
    assert "usergroups:read" in found["POLICY_FILE"].to_do


async def test_a_wrong_clock(world: World) -> None:
    """A machine whose clock is off is told by how much, from Slack's own."""
    late = await examine(settings_of(world), lambda: utc_now() + timedelta(minutes=4))
    found = {each.subject: each for each in late}
    assert failures(found) == {"Slack clock": Verdict.WRONG}
    # The header has whole seconds, and whoever serves it may have made it one before.
    assert re.search(r" \+2[34]\d s ", found["Slack clock"].says)


async def test_a_full_disk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk with little room is told before it is full."""
    monkeypatch.setattr(of_database, "LEAST_FREE", 1 << 60)
    found = await findings(world)
    assert failures(found) == {"Disk": Verdict.WRONG}


async def test_a_database_of_before(world: World, tmp_path: Path) -> None:
    """A database that is not migrated is told, and its keys are not asked for."""
    found = await findings(world, database_url=f"sqlite:///{tmp_path / 'new.db'}")
    assert failures(found) == {"Database": Verdict.WRONG}
    assert "python -m bot migrate" in found["Database"].says
    assert not (tmp_path / "new.db").exists()


async def test_a_database_that_is_away(world: World) -> None:
    """A PostgreSQL that nobody answers for is away, in one line."""
    found = await findings(world, database_url="postgresql://u:very-secret@127.0.0.1:1/x")
    assert failures(found) == {"Database": Verdict.AWAY}
    assert "very-secret" not in as_json(list(found.values()))


async def test_nobody_at_the_address(world: World) -> None:
    """Before the bot runs, nobody answers: that is worth a note, and no failure."""
    with free_port() as port:
        found = await findings(world, public_url=f"http://127.0.0.1:{port}", port=port)
    assert not failures(found)
    assert "python -m bot serve" in found["PUBLIC_URL"].to_do


async def test_a_way_that_leads_elsewhere(world: World) -> None:
    """When the bot runs here and PUBLIC_URL leads nowhere, the way is what is wrong."""
    here = int(world.bot_url.rpartition(":")[2])
    with free_port() as port:
        found = await findings(world, public_url=f"http://127.0.0.1:{port}", port=here)
    assert failures(found) == {"PUBLIC_URL": Verdict.WRONG}
    assert f"the bot runs here on {here}" in found["PUBLIC_URL"].says


async def test_somebody_else_at_the_address(world: World) -> None:
    """Whoever answers at PUBLIC_URL, and is not the bot, is found out."""
    app = Starlette(routes=[Route("/healthz", lambda _: PlainTextResponse("It works!"))])
    async with serve(app) as url:
        found = await findings(world, public_url=url)
    assert failures(found) == {"PUBLIC_URL": Verdict.WRONG}


async def test_a_proxy_that_keeps_requests_to_itself(world: World) -> None:
    """When Slack's requests do not arrive, that is told, although the page is there."""
    app = Starlette(routes=[Route("/healthz", lambda _: PlainTextResponse("ok\n"))])
    async with serve(app) as url:
        found = await findings(world, public_url=url)
    assert failures(found) == {"Slack's requests": Verdict.WRONG}
    assert "404 where 401 was expected" in found["Slack's requests"].says


async def test_plain_http(world: World) -> None:
    """Close sends nobody back to a plain http address."""
    found = await findings(
        world, public_url="http://bot.example.com", close_api_url="http://x.test"
    )
    assert found["PUBLIC_URL"].verdict is Verdict.WRONG
    assert "https://" in found["PUBLIC_URL"].to_do


async def test_a_face_that_slack_refuses(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A card that Slack would refuse is named, before anybody should have got it."""
    good = faces._faces

    def with_a_bad_one() -> Iterator[Any]:
        yield "a bad one", [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]
        yield from good()

    monkeypatch.setattr(faces, "_faces", with_a_bad_one)
    found = await findings(world)
    assert failures(found) == {"Cards": Verdict.WRONG}
    assert "the card of a bad one" in found["Cards"].says


async def test_every_face_is_looked_at(world: World) -> None:
    """Slack is shown the card of every state to every reader, in a few calls."""
    await findings(world)
    calls = [each for each in world.slack.calls if each.method == "blocks.validate"]
    assert sum(len(batch.blocks) for batch in faces.batches()) > 60
    assert len(calls) == len(faces.batches()) <= 8


def test_the_table() -> None:
    """A line for each, what to do below it, and how many there are to mend."""
    found = [fine("One"), wrong("Another", "It is refused.", "Mend it."), away("Third", "Gone.")]
    assert as_table(found).splitlines() == [
        "ok     One",
        "wrong  Another  It is refused.",
        "                Mend it.",
        "away   Third    Gone.",
        "",
        "2 things are to be mended.",
    ]
    assert as_table(found[:2]).endswith("One thing is to be mended.")
    assert as_table(found[:1]).endswith("Everything is in place.")


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    """The object that was printed, behind what the log says."""
    _, brace, rest = capsys.readouterr().out.partition("{\n")
    return json.loads(brace + rest)


async def test_the_command(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Its status is 1 on any failure, and ``--json`` says the same to a machine."""
    assert await command.report(settings_of(world), as_object=True) == 0
    assert printed(capsys)["ok"] is True
    bad = settings_of(world, close_client_secret="other")
    assert await command.report(bad, as_object=True) == 1
    said = printed(capsys)
    assert said["ok"] is False
    assert {"subject", "verdict", "says", "to_do"} == set(said["findings"][0])
    assert await command.report(bad, as_object=False) == 1
    assert "One thing is to be mended." in capsys.readouterr().out


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for this machine that nobody has signed, with its key; good for ten days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = utc_now()
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=10, hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "localhost.pem"
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(key.private_bytes(*form) + made.public_bytes(Encoding.PEM))
    return path


@asynccontextmanager
async def speaking_tls(certificate: Path) -> AsyncIterator[int]:
    """Somebody who shows this certificate, and says nothing else; yields the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_a_certificate_that_nobody_accepts(world: World, certificate: Path) -> None:
    """A certificate that browsers would refuse is told apart from an address without anybody."""
    async with speaking_tls(certificate) as port:
        found = await findings(world, public_url=f"https://localhost:{port}")
    assert failures(found) == {"PUBLIC_URL": Verdict.WRONG}
    assert "certificate is not accepted" in found["PUBLIC_URL"].says


async def test_a_certificate_that_runs_out(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that will not be good for much longer is a note."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certificate)
    monkeypatch.setattr(ssl, "create_default_context", lambda: context)
    async with speaking_tls(certificate) as port:
        found = await public_address._certificate("localhost", port, utc_now)
    assert found.verdict is Verdict.NOTE
    assert "10 days" in found.says

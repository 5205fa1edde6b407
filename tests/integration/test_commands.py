"""What the commands for an operator's terminal say and do, on both databases."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from bot.clock.present import utc_now
from bot.connections.vault import Purpose, Vault, owner_of
from bot.process.commands import connections, end_right, migrate, open_rights, policy
from bot.process.fit import NotReady
from bot.process.settings import Settings
from bot.store import Database, Store
from models.connection import Connection
from models.delegation import Delegation, Event, State, Trouble
from models.event import Deed
from models.notice import NoticeKind
from tests.integration.rows import NOON, add, connection, delegation, get

KEY, LOST = (Fernet.generate_key().decode() for _ in range(2))


def settings_for(database_url: str, **changes: object) -> Settings:
    """Complete settings for this database."""
    values: dict[str, object] = {
        "slack_bot_token": "xoxb-test",
        "slack_signing_secret": "secret",
        "close_client_id": "oa2client_1",
        "close_client_secret": "secret",
        "public_url": "https://bot.example.com",
        "database_url": database_url,
        "encryption_keys": (KEY,),
        "admins": ("U0DANA",),
        **changes,
    }
    return Settings(**values)  # as from an environment


def sealed(key: str, who: str, **changes: object) -> Connection:
    """Somebody's connection, sealed with this key."""
    row = connection(slack_user_id=who, **changes)
    secret = Vault([key]).seal({"access_token": "a"}, Purpose.TOKENS, owner_of(row))
    object.__setattr__(row.account, "secret", secret)
    return row


async def stored(database: Database, rows: Sequence[Connection]) -> None:
    """Store these."""

    def put(store: Store) -> None:
        for each in rows:
            store.connections.put(each)

    await database.run(put)


async def activated(database: Database, row: Delegation, **changes: Any) -> None:
    """Move it on as if Close had been asked."""

    def work(store: Store) -> None:
        approved = store.delegations.apply(row, Event.APPROVE, now=NOON, decided_at=NOON)
        store.delegations.apply(approved, Event.ACTIVATE, now=NOON, active_at=NOON, **changes)

    await database.run(work)


async def test_every_open_right(
    database: Database,
    database_url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``list`` has one line for each, however many pages there are, with its end."""
    monkeypatch.setattr(open_rights, "PAGE", 2)
    asked = [delegation(grantor_id=f"U0{number}", grantee_id="U0BEN") for number in range(5)]
    lent = delegation(grantor_id="U0ADA", grantee_id="U0CLEO", grantee_email="cleo@example.com")
    endless = delegation(grantor_id="U0ADA", grantee_id="U0EVE", length=None)
    over = delegation(grantor_id="U0ADA", grantee_id="U0FAY", state=State.DENIED)
    await add(database, *asked, lent, endless, over)
    await activated(database, lent, ends_at=NOON + timedelta(hours=2))
    await open_rights.print_open(settings_for(database_url), None)
    *lines, total = capsys.readouterr().out.splitlines()
    assert total == "7 open rights."
    assert {each.split()[0] for each in lines} == {each.id for each in [*asked, lent, endless]}
    [line] = [each for each in lines if lent.id in each]
    assert line.endswith("U0CLEO (cleo@example.com) as U0ADA  until 2026-11-23 14:00 UTC")
    [line] = [each for each in lines if endless.id in each]
    assert line.endswith("until revoked")
    assert all(each.endswith("for 2 hours") for each in lines if "U0BEN" in each)
    await open_rights.print_open(settings_for(database_url), "U0CLEO")
    assert capsys.readouterr().out.splitlines()[1:] == ["1 open right."]


def test_a_line_says_what_is_waited_for() -> None:
    """One that is over and not gone yet says since when, and why."""
    row = delegation(
        state=State.ENDING, ended_at=NOON, trouble=Trouble.CONNECTION_LOST, grantee_id="U0BEN"
    )
    said = open_rights.line(row)
    assert "over since 2026-11-23 12:00 UTC" in said
    assert said.endswith("waits: connection_lost")


async def test_every_connection(
    database: Database, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """``connections list`` says whose each is, and whether it works; no name can hide in it."""
    rows = [
        sealed(KEY, "U0ADA"),
        sealed(LOST, "U0BEN"),
        sealed(KEY, "U0CLEO", is_alive=False, died_at=NOON),
        sealed(KEY, "U0DANA", leaving_at=NOON),
    ]
    await stored(database, rows)
    await connections.print_all(settings_for(database_url))
    assert capsys.readouterr().out.splitlines() == [
        "U0ADA  ada@example.com in Close  works",
        "U0BEN  ada@example.com in Close  no key in ENCRYPTION_KEYS opens it",
        "U0CLEO  ada@example.com in Close  Close refuses it since 2026-11-23 12:00 UTC",
        "U0DANA  ada@example.com in Close  is being disconnected",
        "4 connections.",
    ]


async def test_what_no_key_opens_is_given_up(
    database: Database, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """``connections forget-lost`` says whose it was, leaves all others alone, writes that into the
    log, and has admins told once, however often it is run."""
    rows = [sealed(KEY, "U0ADA"), sealed(LOST, "U0BEN")]
    await stored(database, rows)
    settings = settings_for(database_url)
    for said in (
        "U0BEN  ada@example.com in Close  given up; asked to connect again once the bot runs",
        "What no key in ENCRYPTION_KEYS opens was given up before: there is nothing more.",
    ):
        await connections.give_up_lost(settings)
        assert capsys.readouterr().out.splitlines() == [said]
    alive = await database.run(
        lambda store: {each.slack_user_id: each.is_alive for each in store.connections.all()}
    )
    assert alive == {"U0ADA": True, "U0BEN": False}
    due = await database.run(
        lambda store: store.notices.due.claim(now=utc_now(), lease=timedelta(1), limit=9)
    )
    assert [each.kind for each in due] == [NoticeKind.KEYS_LOST]
    lines = await database.read(lambda store: store.seals.page(after=0, limit=99))
    given_up = [each for each in lines if each.entry.deed is Deed.CONNECTION_UNREADABLE]
    assert [
        (each.entry.subject_id, getattr(each.beside, "grantor", None)) for each in given_up
    ] == [(rows[1].id, "U0BEN")]


async def test_who_is_lost_again(
    database: Database, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever connected again after the first time, and whose key is lost as well, is given up
    anew."""
    await stored(database, [sealed(LOST, "U0BEN")])
    settings = settings_for(database_url)
    await connections.give_up_lost(settings)
    [lost] = await database.read(lambda store: store.connections.all())
    await database.run(lambda store: store.connections.mark_checked(lost, now=utc_now()))
    capsys.readouterr()
    await connections.give_up_lost(settings)
    assert "U0BEN" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("who", "length", "said"),
    [("@ada", "2d", "ada is no Slack id"), ("@U0BEN", "blah", "blah is no time that can be read")],
)
async def test_nothing_to_explain(
    sqlite_url: str, capsys: pytest.CaptureFixture[str], who: str, length: str, said: str
) -> None:
    """``policy explain`` says of a name that is no id, and of words that are no time, what they
    are, and allows nothing."""
    settings = settings_for(sqlite_url)
    assert await policy.explain_policy(settings, who, "<@U0CLEO>", length) == policy.WRONG
    assert capsys.readouterr().err.startswith(said)


async def test_nothing_is_lost(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the right keys ``connections forget-lost`` says that there is nothing to do."""
    await connections.give_up_lost(settings_for(database_url))
    assert "nothing to give up" in capsys.readouterr().out


async def test_a_database_of_before(tmp_path: Path) -> None:
    """A command that needs the database says that it is to be migrated first."""
    settings = settings_for(f"sqlite:///{tmp_path / 'new.db'}")
    with pytest.raises(NotReady, match="python -m bot migrate"):
        await open_rights.print_open(settings, None)
    assert not await asyncio.to_thread(lambda: list(tmp_path.iterdir()))  # only migrate makes it
    assert await migrate.bring_up_to_date(settings) == 0
    assert await open_rights.print_open(settings, None) == 0


async def test_an_operator_ends_a_right(
    database: Database, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """``end`` finds it by its id or its two people, in the name of an admin whom both read, and
    says why it does not."""
    one, other = (delegation(grantor_id="U0ADA", grantee_id=each) for each in ("U0BEN", "U0CLEO"))
    await add(database, one, other)
    for each in (one, other):
        await activated(database, each, ends_at=NOON + timedelta(hours=2))
    settings = settings_for(database_url)
    refused = [
        ("U0BEN:U0EVE", "U0DANA", "They left", "no such open right"),
        (one.id, "U0BEN", "They left", "--by has to be one of ADMINS"),
        (one.id, "U0DANA", " ", "--reason is empty"),
    ]
    for right, by, reason, said in refused:
        assert await end_right.end_one(settings, right, by=by, reason=reason) == 1
        assert said in capsys.readouterr().err
    for right in (one.id, "U0CLEO:U0ADA"):
        assert await end_right.end_one(settings, right, by="U0DANA", reason="They left") == 0
        assert "over since" in capsys.readouterr().out
    assert await end_right.end_one(settings, one.id, by="U0DANA", reason="They left") == 1
    assert "over already" in capsys.readouterr().err
    for each in (one, other):
        row = await get(database, each)
        assert (row.state, row.end_event) == (State.ENDING, Event.END)
        assert (row.closed_by, row.note) == ("U0DANA", "They left")

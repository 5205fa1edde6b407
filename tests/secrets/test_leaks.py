"""Marked secrets are looked for wherever something leaves the process or stays behind it."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.fernet import Fernet

from bot.store import Database
from sandbox.people import ADA, BEN, CLEO, PEOPLE
from sandbox.running import ROOT, START_SECONDS, House, _ended, open_house
from sandbox.slack.workspace import AUDIT
from tests.secrets.life import CODES, KEYS, LINKS, MAIL, STATES, TOKENS, Life
from tests.secrets.searching import Secrets, everything_stored

LOUD = Path(__file__).parent / "loud"


@pytest.fixture
async def life(as_a_host: None, database_url: str) -> AsyncIterator[Life]:
    """One whole life: on SQLite, whose files are looked through, with the log as it is delivered;
    on PostgreSQL, whose driver has a logger of its own, with every logger at its loudest."""
    is_loud = database_url.startswith("postgresql")
    key = Fernet.generate_key().decode()
    settings: dict[str, Any] = {"ENCRYPTION_KEYS": key, "ALLOW_API_KEYS": "true"}
    if is_loud:
        settings |= {"PYTHONPATH": f"{LOUD}:{ROOT}", "PYTHONWARNINGS": "default"}
    async with open_house(database_url=database_url, **settings) as house:
        lived = Life(house, database_url, key, is_loud=is_loud)
        await lived.lived()
        yield lived


async def test_nothing_secret_leaves(life: Life, database_url: str) -> None:
    """Neither the log with its tracebacks, nor pages, figures, messages to others, the process's
    arguments, doctor's words nor the database hold any token, code, state, link, key or mail."""
    house, secrets = life.house, life.secrets
    for kind in (TOKENS, LINKS, STATES, CODES, KEYS, MAIL):
        assert secrets.of(kind), kind
    assert secrets.kinds_in("\n".join(life.answers)) == set()
    _check_messages(house, secrets)
    _check_arguments(house, secrets)
    stored = await _stored(database_url)
    assert ADA.id in stored
    assert secrets.kinds_in(stored) == set()
    process = house.bot._spawn("doctor")
    await _ended(process, START_SECONDS)
    await house.bot.stop()
    log = house.bot.log.read_text()
    assert "Traceback" in log
    assert "close_call" in log
    assert "Database" in log, "doctor has spoken"
    assert ('"level": "debug"' in log) is life.is_loud
    assert secrets.kinds_in(log) == set()
    assert "Covering" not in log, "reasons are the people's own"
    for path in _files(database_url):
        assert secrets.kinds_in(path.read_bytes()) == set(), path.name


def _check_arguments(house: House, secrets: Secrets) -> None:
    """What everybody on the machine can list."""
    arguments = Path(f"/proc/{house.bot.process_id}/cmdline").read_bytes()
    assert b"bot" in arguments
    assert secrets.kinds_in(arguments) == set()


def _check_messages(house: House, secrets: Secrets) -> None:
    """A link is its owner's alone, and mail is read by whoever it was sent in the name of."""
    for person in PEOPLE:
        shown = [*house.slack.messages(person), house.slack.home(person)]
        text = "\n".join(repr(each) for each in shown)
        own = {ADA: (LINKS, MAIL), BEN: (LINKS,), CLEO: (LINKS,)}.get(person, ())
        assert secrets.kinds_in(text, besides=own) == set(), person.name
    said = "\n".join(repr(each) for each in house.slack.channel_messages(AUDIT))
    assert secrets.kinds_in(said) == set()


def _files(database_url: str) -> list[Path]:
    """What SQLite keeps; nothing where the database is no file."""
    if not database_url.startswith("sqlite"):
        return []
    path = Path(database_url.removeprefix("sqlite:///"))
    return sorted(path.parent.glob(f"{path.name}*"))


async def _stored(database_url: str) -> str:
    database = Database(database_url)
    try:
        return await everything_stored(database)
    finally:
        await database.dispose()


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz"])
def test_the_search_finds_every_form(before: str) -> None:
    """A secret is found as it is, escaped, in digits, and in base64 wherever it begins there."""
    secrets, value = Secrets(), 'sécret/+"value"&more'
    secrets.add("kind", value)
    text = f"{before}{value} and so on"
    for form in (
        text,
        quote(text, safe=""),
        json.dumps(text),
        text.encode().hex(),
        base64.b64encode(text.encode()),
        base64.urlsafe_b64encode(text.encode()),
    ):
        assert secrets.kinds_in(form) == {"kind"}, form
    assert secrets.kinds_in(text[:8] + text[9:]) == set()

"""The log from outside: what people do is in it, sealed, said aloud, taken out, proved, and at last
forgotten."""

import asyncio
import csv
import io
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from bot.connections.vault import Purpose, Vault
from bot.process.commands import audit, forget
from bot.process.settings import Settings
from bot.projections.export import Format
from bot.projections.proof import prove
from bot.store.ledger import Stretch
from bot.store.seals import Line
from models.delegation import State
from models.event import Deed
from models.particulars import erased
from sandbox.people import ADA, BEN, DANA
from sandbox.slack.workspace import AUDIT
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import active, asked, cards_at_rest, press, settled_in
from tests.scenarios.world import World, open_world

REASON = "Covering while Ada is away"


@pytest.fixture
def aloud(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is said to whoever collects logs."""
    out, logger = io.StringIO(), logging.getLogger("audit")
    monkeypatch.setattr(logger, "handlers", [logging.StreamHandler(out)])
    monkeypatch.setattr(logger, "level", logging.INFO)
    monkeypatch.setattr(logger, "propagate", False)
    return out


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(PATIENCE):
        while not await is_so():  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)


async def whole_log(world: World) -> list[Line]:
    """Every entry."""
    return list(await world.database.read(lambda store: store.seals.page(after=0, limit=5000)))


async def all_sealed(world: World) -> list[Line]:
    """Every entry, once a seal covers the last of them."""
    await cards_at_rest(world)

    async def is_sealed() -> bool:
        world.clock.push(seconds=2)  # what is written meanwhile waits for the next seal
        return all(line.sealing and line.sealing.seal for line in await whole_log(world))

    await until(is_sealed)
    return await whole_log(world)


def settings_of(world: World) -> Settings:
    """As the bot has them."""
    return Settings(**world.values)


def deeds(lines: list[Line]) -> Iterator[Deed]:
    """What is in the log besides transitions."""
    return (line.entry.deed for line in lines if line.entry.deed is not None)


def said_in(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The records of an export; in a test the bot says other things there, too."""
    lines = capsys.readouterr().out.splitlines()
    return [json.loads(each) for each in lines if each.startswith("{")]


async def lived(world: World) -> None:
    """Ada has connected, lent Ben her name, and taken it back."""
    await active(world, f"@ada 2h {REASON}")
    await press(world, ADA, "Revoke")
    await settled_in(world, State.ENDED)
    await cards_at_rest(world)


async def test_all_that_is_decided_is_in_it(database_url: str, aloud: io.StringIO) -> None:
    """Connecting, a request, its approval, its end: each has its entry, is sealed within a minute,
    and is said aloud once, as a line of JSON, without what was typed."""
    async with open_world(database_url) as world:
        await lived(world)
        lines = await all_sealed(world)
        assert Deed.CONNECTED in set(deeds(lines))
        happened = [line.entry.event for line in lines if line.entry.event]
        for each in ("request", "approve", "attempt", "activate", "revoke", "confirm"):
            assert each in happened
        said = [json.loads(line) for line in aloud.getvalue().splitlines()]
        assert [each["id"] for each in said] == [line.entry.id for line in lines]
        assert {each["logger"] for each in said} == {"audit"}
        assert REASON not in aloud.getvalue()
        approval = next(each for each in said if each["what"] == "approve")
        assert (approval["actor"], approval["grantor"], approval["grantee"]) == (
            ADA.id,
            ADA.id,
            BEN.id,
        )
        assert (await prove(world.database)).holds


async def test_the_head_is_posted_once_a_day(database_url: str) -> None:
    """The audit channel is told the head of the chain in one line, and the log holds it."""
    async with open_world(database_url, audit_channel=AUDIT) as world:
        await lived(world)
        await all_sealed(world)

        def heads() -> list[str]:
            said = (world.slack.read(each) for each in world.slack.channel_messages(AUDIT))
            return [each for each in said if each.startswith("Log: ")]

        assert heads() == []
        world.clock.push(hours=24)
        await world.slack.wait_for(lambda: len(heads()) == 1, what="the head")
        _, _, head = heads()[0].partition("head ")
        assert "entries" in heads()[0]
        assert (await prove(world.database, head=head.strip("` \n"))).holds
        world.clock.push(hours=24)
        await world.slack.wait_for(lambda: len(heads()) == 2, what="the next head")


async def test_an_export(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Who allowed it, when, for how long, why, and who ended it; and what cannot be known."""
    async with open_world(database_url) as world:
        await lived(world)
        await all_sealed(world)
        settings = settings_of(world)
        capsys.readouterr()
        assert await audit._export(settings, Format.JSONL, Stretch(), None) == 0
        records = said_in(capsys)
        by_what = {each["what"]: each for each in records}
        assert by_what["request"]["text"] == REASON
        assert by_what["approve"]["actor"] == ADA.id
        assert by_what["revoke"]["actor"] == ADA.id
        assert by_what["activate"]["association"].startswith("sdas_")
        assert by_what["coverage"]["text"].startswith("1 of ")
        assert "members connected" in by_what["coverage"]["text"]
        today = world.clock().date()
        assert await audit._export(settings, Format.CSV, Stretch(), today) == 0
        written = capsys.readouterr().out
        rows = list(csv.DictReader(io.StringIO(written[written.index("what,") :])))
        [right] = [each for each in rows if each["what"] == "right"]
        assert (right["grantor"], right["grantee"]) == (ADA.id, BEN.id)
        assert (right["allowed_by"], right["reason"]) == (ADA.id, REASON)
        assert (right["ended_by"], right["ended_how"]) == (ADA.id, "revoke")
        assert right["since"] < right["until"]
        before = today - timedelta(days=1)
        assert await audit._export(settings, Format.CSV, Stretch(), before) == 0
        assert '"right"' not in capsys.readouterr().out
        nothing = Stretch(deeds=(Deed.REVIEW_OPENED,))
        assert await audit._export(settings, Format.JSONL, nothing, None) == 0
        assert [each["what"] for each in said_in(capsys)] == ["coverage"]


async def test_somebody_is_forgotten(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Not while they have a right; then their id, and what was typed, is nowhere any more, and the
    log holds as before."""
    async with open_world(database_url) as world:
        await active(world, f"@ada 2h {REASON}")
        settings = settings_of(world)
        assert await forget._forget(settings, BEN.id) == 1
        assert f"{BEN.id} still has 1 rights" in capsys.readouterr().err
        await press(world, ADA, "Revoke")
        await settled_in(world, State.ENDED)
        before = await all_sealed(world)
        assert await forget._forget(settings, ADA.id) == 1
        assert "1 connections" in capsys.readouterr().err
        assert await forget._forget(settings, BEN.id) == 0
        said = capsys.readouterr().out
        assert f"{BEN.id} is ~" in said
        after = await all_sealed(world)
        assert [each.entry for each in after[: len(before)]] == [each.entry for each in before]
        assert after[-1].entry.deed is Deed.ERASED
        for line in after:
            assert line.beside is None or BEN.id not in (line.beside.actor, line.beside.grantee)
            assert line.beside is None or line.beside.text != REASON
        [row] = await world.delegations()
        assert row.grantee_id.startswith("~")
        assert row.reason == ""
        assert row.association_id is not None
        assert row.grantor_id == ADA.id
        proof = await prove(world.database)
        assert proof.holds
        assert proof.erased > 0
        assert await forget._forget(settings, BEN.id) == 0
        assert capsys.readouterr().out == f"Nothing is known of {BEN.id}.\n"


async def test_what_is_old_is_erased(database_url: str) -> None:
    """After the retention names, addresses and what was typed are gone; times and decisions, and
    the association, stay."""
    async with open_world(database_url, retention="30d") as world:
        await lived(world)
        before = await all_sealed(world)
        [was] = await world.delegations()
        world.clock.push(days=32)

        async def is_erased() -> bool:
            return all(each.grantor_id.startswith("~") for each in await world.delegations())

        await until(is_erased)
        await all_sealed(world)
        [row] = await world.delegations()
        assert row.grantee_id.startswith("~")
        assert (row.reason, row.grantee_email, row.grantee_account) == ("", None, None)
        assert row.addresses == ""
        assert (row.state, row.ended_at, row.association_id) == (
            was.state,
            was.ended_at,
            was.association_id,
        )
        key = await world.database.read(lambda store: store.erasures.key())
        assert key is not None
        document = Vault(settings_of(world).keys).open(key, Purpose.IDS, "ids")
        assert row.grantor_id == erased(bytes.fromhex(document["key"]), ADA.id)
        after = await whole_log(world)
        gone = [each for each in after[: len(before)] if each.entry.delegation_id]
        assert all(each.beside is not None and each.beside.text is None for each in gone)
        assert (await prove(world.database)).holds


async def test_without_a_retention(database_url: str) -> None:
    """Nothing is ever erased by itself."""
    async with open_world(database_url, retention="") as world:
        await asked(world, f"@ada 2h {REASON}")
        await press(world, ADA, "Deny")
        world.clock.push(days=500)
        await all_sealed(world)
        [row] = await world.delegations()
        assert row.reason == REASON
        assert row.grantee_id == BEN.id
        assert DANA.id not in (row.grantor_id, row.grantee_id)

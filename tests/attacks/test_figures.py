"""Figures are for whoever has their token: behind a proxy everybody comes from the same address."""

import asyncio

import httpx
import pytest

from bot.store import Store
from bot.web.figures import Figures
from tests.attacks.arena import Arena
from tests.attacks.test_methods_and_paths import METHODS
from tests.patience import PATIENCE
from tests.scenarios.world import METRICS_TOKEN, World, bearer, open_world

WRONG: tuple[list[tuple[str, str]], ...] = (
    [],
    [("Authorization", "")],
    [("Authorization", "Bearer")],
    [("Authorization", METRICS_TOKEN)],
    [("Authorization", f"Basic {METRICS_TOKEN}")],
    [("Authorization", f"Bearer {METRICS_TOKEN}x")],
    [("Authorization", f"Bearer {METRICS_TOKEN[:-1]}")],
    [("Authorization", f"Bearer {METRICS_TOKEN.upper()}")],
    [("Authorization", f"Bearer {METRICS_TOKEN} {METRICS_TOKEN}")],
    [("Authorization", "Bearer \xe9\xff")],
    [("Authorization", "Bearer x"), ("Authorization", f"Bearer {METRICS_TOKEN}")],
    [("Proxy-Authorization", f"Bearer {METRICS_TOKEN}")],
    [("Cookie", f"token={METRICS_TOKEN}")],
    [("X-Forwarded-For", "127.0.0.1"), ("Host", "localhost")],
)


@pytest.mark.parametrize("said", WRONG)
async def test_without_the_token(stage: World, said: list[tuple[str, str]]) -> None:
    """Who has no token, a wrong one, or shows it in another way, reads that one is needed, and no
    figure; at an address in which it stands likewise."""
    headers = [(name.encode(), value.encode("latin-1")) for name, value in said]
    async with httpx.AsyncClient(base_url=stage.bot_url) as stranger:
        for path in ("/metrics", f"/metrics?token={METRICS_TOKEN}"):
            answer = await stranger.get(path, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.text == "these figures need a token\n"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
async def test_with_the_token(stage: World, scheme: str) -> None:
    """Who has it reads the figures, however the scheme is written (RFC 9110, 11.1)."""
    headers = {"Authorization": f"{scheme} {METRICS_TOKEN}"}
    async with httpx.AsyncClient(base_url=stage.bot_url) as reader:
        answer = await reader.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert "sendas_database_up" in answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")


@pytest.mark.parametrize("unset", [None, ""])
async def test_without_the_setting(sqlite_url: str, unset: str | None) -> None:
    """Where no token was set there is no such address, whatever is said there."""
    async with (
        open_world(sqlite_url, metrics_token=unset) as world,
        httpx.AsyncClient(base_url=world.bot_url) as stranger,
    ):
        for headers in ({}, bearer(METRICS_TOKEN), bearer("None")):
            for method in METHODS:
                answer = await stranger.request(method, "/metrics", headers=headers)
                assert (answer.status_code, "sendas_" in answer.text) == (404, False), method


async def test_strangers_cost_nothing(stage: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is counted for whoever has no token."""
    looks = 0
    count = Figures._count

    def counted(figures: Figures, store: Store) -> None:
        nonlocal looks
        looks += 1
        count(figures, store)

    monkeypatch.setattr(Figures, "_count", counted)
    async with httpx.AsyncClient(base_url=stage.bot_url) as stranger:
        for _ in range(20):
            assert (await stranger.get("/metrics", headers=bearer("x"))).status_code == 401
    assert looks == 0
    async with asyncio.timeout(PATIENCE):
        while not looks:
            assert (await stage.figures()).status_code == 200


async def test_the_real_process_has_the_same_door(arena: Arena) -> None:
    """The bot as it is delivered answers figures to its own token, and to no other."""
    assert "sendas_oldest_due_seconds" in await arena.figures()
    async with arena.browser() as stranger:
        answer = await stranger.get("/metrics", headers=bearer("x"))
    assert (answer.status_code, "sendas_" in answer.text) == (401, False)

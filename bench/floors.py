"""The least that an answer can cost: ``python -m bench.floors sqlite|postgresql``.

Starlette, a checked signature, and one durable commit: what Slack is promised has to be stored.
"""

import asyncio
import os
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import asyncpg
from slack_sdk.signature import SignatureVerifier
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bench.serving import serve

TABLE = "CREATE TABLE IF NOT EXISTS asked (signature TEXT PRIMARY KEY, body TEXT NOT NULL)"
Keep = Callable[[str, str], Awaitable[None]]


def endpoint(keep: Keep) -> Route:
    """Verify, keep, answer."""
    verifier = SignatureVerifier(os.environ["SLACK_SIGNING_SECRET"])

    async def handle(request: Request) -> Response:
        body = await request.body()
        if not verifier.is_valid_request(body, dict(request.headers)):
            return PlainTextResponse("not signed", 401)
        await keep(request.headers["x-slack-signature"], body.decode())
        return JSONResponse({"response_type": "ephemeral", "text": "Kept."})

    return Route("/slack/events", handle, methods=["POST"])


def in_sqlite(path: str) -> Keep:
    """One thread with one connection; each commit is on the disk before anybody hears of it."""
    thread = ThreadPoolExecutor(max_workers=1)

    def opened() -> sqlite3.Connection:
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(TABLE)
        return connection

    connection = thread.submit(opened).result()

    def insert(signature: str, body: str) -> None:
        with connection:
            connection.execute("INSERT INTO asked VALUES (?, ?)", (signature, body))

    async def keep(signature: str, body: str) -> None:
        await asyncio.get_running_loop().run_in_executor(thread, insert, signature, body)

    return keep


def in_postgresql(url: str) -> Keep:
    """A pool, and one INSERT that commits by itself."""
    pools: list[asyncpg.Pool] = []
    opening = asyncio.Lock()

    async def pool() -> asyncpg.Pool:
        async with opening:
            if not pools:
                pools.append(await asyncpg.create_pool(url, min_size=16, max_size=16))
                await pools[0].execute(TABLE)
        return pools[0]

    async def keep(signature: str, body: str) -> None:
        await (await pool()).execute("INSERT INTO asked VALUES ($1, $2)", signature, body)

    return keep


def main(kind: str) -> None:
    """Serve the floor of this database."""
    address = os.environ["DATABASE_URL"]
    if kind == "sqlite":
        serve(endpoint(in_sqlite(address.removeprefix("sqlite:///"))))
    else:
        serve(endpoint(in_postgresql(address)))


if __name__ == "__main__":
    main(sys.argv[1])

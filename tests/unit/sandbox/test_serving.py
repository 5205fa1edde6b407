"""Serving an application on a local port."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sandbox.serving import serve


async def hello(_request: Request) -> Response:
    """Answer anything."""
    return PlainTextResponse("hello")


def application(**parts: Any) -> Starlette:
    """An application with one page."""
    return Starlette(routes=[Route("/", hello)], **parts)


async def test_the_port_is_free_again_afterwards() -> None:
    """A served application answers, and its port can be taken again at once."""
    async with serve(application()) as url, httpx.AsyncClient() as http:
        assert (await http.get(url)).text == "hello"
    port = int(url.rsplit(":", 1)[1])
    async with serve(application(), port) as again:
        assert again == url


async def test_a_taken_port_is_an_error() -> None:
    """Somebody else's port is refused instead of shared."""
    other = socket.create_server(("127.0.0.1", 0))
    with other, pytest.raises(OSError, match="in use"):
        async with serve(application(), other.getsockname()[1]):
            pass


async def test_a_failing_start_up_is_an_error() -> None:
    """An application that cannot start does not look as if it had."""

    async def connect() -> None:
        raise ValueError("no database")

    @asynccontextmanager
    async def broken(_app: Starlette) -> AsyncIterator[None]:
        await connect()
        yield

    with pytest.raises(RuntimeError, match="start-up failed"):
        async with serve(application(lifespan=broken)):
            pass

"""Everything up, with the page, until the process is told to stop."""

import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator

from sandbox.page.app import open_page
from sandbox.page.front import Front
from sandbox.running import BotTrouble, open_house
from sandbox.serving import serve

PORT = 3000
HIGHEST_PORT = 65_535
WRONG_USE = 2  # the exit status of a command that was called wrongly
_VARIABLES = ("SANDBOX_PORT", "PORT")
_OTHER = "choose another one, as in SANDBOX_PORT=3001 make demo"


class PortRefused(Exception):
    """The page cannot be served there; the message is one sentence for a person."""


def wanted_port() -> int:
    """The page's port from the environment, 0 for any free one; raises :class:`PortRefused`."""
    name = next((name for name in _VARIABLES if os.environ.get(name)), None)
    if name is None:
        return PORT
    value = os.environ[name]
    port = int(value) if re.fullmatch("[0-9]{1,5}", value) else HIGHEST_PORT + 1
    if port > HIGHEST_PORT:
        raise PortRefused(f"{name}={value} is not a port (0 to {HIGHEST_PORT}): {_OTHER}.")
    return port


async def stay() -> int:
    """Start it and print the address; returns the exit status when it could not start."""
    try:
        async with _serving(front := Front()) as url:
            print("Starting a local Slack, a local Close, and the real bot …", flush=True)
            await _keep_house(front, url.replace("127.0.0.1", "localhost"))
    except PortRefused as refused:
        print(refused, file=sys.stderr)
        return WRONG_USE
    except BotTrouble as trouble:
        print(trouble, file=sys.stderr)
    return 1


@contextlib.asynccontextmanager
async def _serving(front: Front) -> AsyncIterator[str]:
    """Serve it and yield the address; raises :class:`PortRefused`."""
    async with contextlib.AsyncExitStack() as stack:
        port = wanted_port()
        try:
            url = await stack.enter_async_context(serve(front.application(), port))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise PortRefused(f"Port {port} cannot be used ({reason}): {_OTHER}.") from error
        yield url


async def _keep_house(front: Front, url: str) -> None:
    """One house after the other, each until somebody starts over."""
    is_first = True
    while True:
        async with open_house() as house, open_page(house, front.start_over) as app:
            house.slack.client_url = url
            front.show(app)
            if is_first:
                _greet(url)
            is_first = False
            await front.is_leaving()


def _greet(url: str) -> None:
    print(f"\n  Open {url} in a browser.\n")
    print("  Ben asks on the left, Ada answers on the right. Ctrl-C ends it.\n", flush=True)

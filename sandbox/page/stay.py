"""Everything up, with the page, until the process is told to stop."""

import asyncio
import os
import sys

from sandbox.page.app import open_page
from sandbox.running import BotTrouble, open_house
from sandbox.serving import serve

PORT = 3000
_VARIABLES = ("SANDBOX_PORT", "PORT")


def wanted_port() -> int:
    """The page's port from the environment; raises ``ValueError`` when it is not a number."""
    chosen = next((os.environ[name] for name in _VARIABLES if os.environ.get(name)), PORT)
    return int(chosen)


async def stay() -> int:
    """Start it and print the address; returns the exit status when it could not start."""
    print("Starting a local Slack, a local Close, and the real bot …", flush=True)
    try:
        port = wanted_port()
        async with open_house() as house, open_page(house) as app, serve(app, port) as url:
            _greet(url.replace("127.0.0.1", "localhost"))
            await asyncio.Event().wait()
    except BotTrouble as trouble:
        print(trouble, file=sys.stderr)
    except (OSError, ValueError) as error:
        print(f"The page could not start: {error}", file=sys.stderr)
        print("Choose another port: SANDBOX_PORT=3001 make demo", file=sys.stderr)
    return 1


def _greet(url: str) -> None:
    print(f"\n  Open {url} in a browser.\n")
    print("  Ben asks on the left, Ada answers on the right. Ctrl-C ends it.\n", flush=True)

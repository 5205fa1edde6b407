"""Bolt with one command and nothing else: ``python -m bench.peers stock|prompt``; or ``obvious``,
the whole bot in a day (``bench.obvious``).

``stock`` is as its documentation has it. ``prompt`` has ``process_before_response`` on, so that
Bolt does not look every 10 ms whether the listener has acknowledged: the fastest that it can be.
Both say what ``ANSWER`` holds, as JSON: as much as whatever they are compared with.
"""

import json
import os
import sys
from typing import Any

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench import obvious
from bench.serving import serve


async def authorize(**_: Any) -> AuthorizeResult:
    """There is one token, and Slack is not asked whose it is."""
    return AuthorizeResult(
        enterprise_id=None, team_id=None, bot_token=os.environ["SLACK_BOT_TOKEN"]
    )


def one_command(kind: str) -> None:
    """Serve it."""
    app = AsyncApp(
        signing_secret=os.environ["SLACK_SIGNING_SECRET"],
        authorize=authorize,
        process_before_response=kind == "prompt",
    )

    answer = json.loads(os.environ.get("ANSWER", '{"text": "This is what there is: nothing."}'))

    @app.command("/sendas")
    async def on_command(ack: Any) -> None:
        await ack(**answer)

    handler = AsyncSlackRequestHandler(app)

    async def handle(request: Request) -> Response:
        return await handler.handle(request)

    serve(Route("/slack/events", handle, methods=["POST"]))


if __name__ == "__main__":
    if sys.argv[1] == "obvious":
        obvious.main()
    else:
        one_command(sys.argv[1])

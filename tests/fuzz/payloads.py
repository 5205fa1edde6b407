"""What Slack sends, signed: read in the shape that is named for it, or refused. Never anything
else, and nothing in it that a database could not hold."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

from bot.slack.payloads import Malformed, Payload, Unheard, read_payload
from tests.fuzz import making
from tests.fuzz.engine import Check, Target

READ, MALFORMED, UNHEARD = "read", "malformed", "unheard"
SAMPLES: dict[str, Any] = json.loads(
    (Path(__file__).parent / "samples" / "payloads.json").read_text(encoding="utf-8")
)
KINDS = ("block_actions", "view_submission", "shortcut", "message_action", "event_callback", "x")
LONGEST_FLAW = 1000  # characters of the one line in the log


def made(random: Random) -> Any:
    """A real payload, with a few of its parts otherwise."""
    payload = making.changed(random, random.choice(list(SAMPLES.values())))
    if isinstance(payload, dict) and making.is_lucky(random, 20):
        payload = {**payload, "type": random.choice(KINDS)}
    return payload if isinstance(payload, dict) else {"type": "x"}


@asynccontextmanager
async def _opened() -> AsyncIterator[Check]:
    yield _check


async def _check(body: Any) -> str:
    try:
        payload = read_payload(body)
    except Malformed as flaw:
        assert str(flaw).isascii()
        assert str(flaw).isprintable()
        assert len(str(flaw)) < LONGEST_FLAW
        return MALFORMED
    except Unheard:
        return UNHEARD
    assert isinstance(payload, Payload)
    written = json.dumps(payload, ensure_ascii=False)
    written.encode()
    assert "\\u0000" not in written
    return READ


PAYLOADS = Target("payloads", 40, made, _opened, frozenset({READ, MALFORMED, UNHEARD}))

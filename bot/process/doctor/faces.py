"""Every card with every state, for Slack to look at before anybody else does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.cards.delegations import card
from models.card import Audience
from models.delegation import Delegation, Event, ExtensionWish, State

MOST_BLOCKS = 50  # in one message (slack.md §5)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
READERS = (Audience.GRANTOR, Audience.GRANTEE, Audience.REQUESTER)
URL = "https://sendas.example.com/close/connect?for=nobody"


@dataclass(frozen=True, slots=True)
class Batch:
    """Several cards as the blocks of one message; ``names`` has one name for each block."""

    blocks: list[dict[str, Any]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def said_of(self, errors: Sequence[Any]) -> str:
        """Which card Slack complains about first, and where."""
        for error in errors:
            pointer = str(error.get("pointer", "")) if isinstance(error, dict) else ""
            number = next((int(each) for each in pointer.split("/") if each.isdigit()), None)
            if number is not None and number < len(self.names):
                return f"the card of {self.names[number]} at {pointer}"
        return "without saying where"


def batches() -> Sequence[Batch]:
    """All cards, in as few messages as take them."""
    found = [Batch()]
    for name, blocks in _faces():
        if len(found[-1].blocks) + len(blocks) > MOST_BLOCKS:
            found.append(Batch())
        found[-1].blocks.extend(blocks)
        found[-1].names.extend(name for _ in blocks)
    return found


def _faces() -> Iterator[tuple[str, Sequence[dict[str, Any]]]]:
    for row, name in _rows():
        for reader in READERS:
            message = card(row, reader, connect_url=URL, grantor_name="Ada Lindqvist")
            # Ids have to differ within a message, and these are several.
            blocks = [
                {key: value for key, value in block.to_dict().items() if key != "block_id"}
                for block in message.blocks
            ]
            yield f"{name} for the {reader}", blocks


def _rows() -> Iterator[tuple[Delegation, str]]:
    for state in State:
        yield _row(state), str(state)
    wish = ExtensionWish(NOON, length=timedelta(hours=1))
    yield _row(State.ACTIVE, extension=wish), "an extension"


def _row(state: State, **changes: Any) -> Delegation:
    """One that has gone through everything there is, with as long a reason as there can be."""
    is_over = state is State.ENDING or state not in (State.REQUESTED, State.APPROVED, State.ACTIVE)
    values: dict[str, Any] = {
        "id": "0" * 32,
        "team_id": "T0000000000",
        "grantor_id": "U0000000001",
        "grantee_id": "U0000000002",
        "requester_id": "U0000000003",
        "grantee_email": "ben@example.com",
        "reason": "Covering the pipeline while you are away. " * 12,
        "length": timedelta(hours=2),
        "state": state,
        "requested_at": NOON,
        "lapses_at": NOON + timedelta(days=3),
        "decided_at": None if state is State.REQUESTED else NOON,
        "active_at": NOON if state in (State.ACTIVE, State.ENDING, State.ENDED) else None,
        "ends_at": NOON + timedelta(hours=2),
        "ended_at": NOON + timedelta(hours=2) if is_over else None,
        "end_event": Event.REVOKE if is_over else None,
        "closed_by": "U0000000001" if is_over else None,
        "addresses": "ada@example.com",
        "identified_at": NOON,
        **changes,
    }
    return Delegation(**values)

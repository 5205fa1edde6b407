"""What people have before them: the newest message about each life, as Slack changes it."""

import asyncio
import re
from typing import Any

from sandbox.slack import SandboxSlack
from sandbox.slack.workspace import Message

_LIFE = re.compile(r"\blife-(\d+)\b")
_ROW = re.compile(r"delegation:(\w+)")


class Screens:
    """Follows every change of a message; a life is known by its reason, then by its card."""

    def __init__(self, slack: SandboxSlack) -> None:
        self._slack = slack
        self._life_of_card: dict[str, int] = {}
        self._life_of_row: dict[str, int] = {}
        self._row_of_life: dict[int, str] = {}
        self._shown: dict[tuple[int, str], Message] = {}
        self._changed: dict[int, asyncio.Event] = {}

    async def follow(self) -> None:
        """Until cancelled."""
        with self._slack.subscribe() as changes:
            while True:
                change = await changes.get()
                if change.kind in ("message", "message_changed"):
                    self._note(change.subject)
                elif change.kind == "message_deleted":
                    self._forget(change.subject)

    def of(self, life: int, person_id: str) -> Message | None:
        """The card of this life that this person sees now."""
        return self._shown.get((life, person_id))

    def row_of(self, life: int) -> str | None:
        """The delegation that its cards are about, once one of them has said so."""
        return self._row_of_life.get(life)

    async def change(self, life: int, seconds: float) -> None:
        """Wait until one of its messages has changed, but no longer than this."""
        event = self._changed.setdefault(life, asyncio.Event())
        event.clear()
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return

    def _note(self, message: Message) -> None:
        card = card_of(message)
        life = self._life(message, card) if card else None
        if life is None or not message.channel.startswith("D"):
            return
        self._shown[life, _reader(message)] = message
        self._tell(life)

    def _life(self, message: Message, card: str) -> int | None:
        shown = str(message.blocks)
        said, row = _LIFE.search(shown), _ROW.search(shown)
        life = int(said[1]) if said else self._life_of_card.get(card)
        if life is None and row:
            life = self._life_of_row.get(row[1])
        if life is not None:
            self._life_of_card[card] = life
            if row:
                self._life_of_row[row[1]] = life
                self._row_of_life.setdefault(life, row[1])
        return life

    def _forget(self, message: Message) -> None:
        life = self._life_of_card.get(card_of(message))
        if life is not None and self._shown.get((life, _reader(message))) is message:
            del self._shown[life, _reader(message)]
            self._tell(life)

    def _tell(self, life: int) -> None:
        if life in self._changed:
            self._changed[life].set()


def mark_in(message: Message) -> str:
    """The mark that it was posted under; empty for what carries none."""
    payload: dict[str, Any] = (message.metadata or {}).get("event_payload", {})
    return str(payload.get("mark", ""))


def card_of(message: Message) -> str:
    """The id of the card that it is; empty for anything else."""
    card, _, rest = mark_in(message).partition(":card:")
    return card if rest or mark_in(message).endswith(":card:") else ""


def _reader(message: Message) -> str:
    return "U" + message.channel[1:]

"""What is shown in one Slack message."""

from collections.abc import Sequence
from dataclasses import dataclass

from slack_sdk.models.blocks import Block


@dataclass(frozen=True, slots=True)
class Message:
    """``text`` is the notification, and what a screen reader says instead of the blocks."""

    text: str
    blocks: Sequence[Block]

"""A person in Slack, with everything the policy looks at (slack.md §9)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Person:
    """``time_zone`` is an IANA name; ``email`` is None when Slack does not show it, or when its
    owner has not confirmed it. ``is_colleague``: of another workspace of our own Enterprise Grid.
    ``status_expires_at`` is None where their status has no end.
    """

    id: str
    team_id: str
    name: str
    email: str | None
    time_zone: str
    is_bot: bool
    is_deactivated: bool
    is_guest: bool
    is_stranger: bool
    is_colleague: bool = False
    status_emoji: str = ""
    status_text: str = ""
    status_expires_at: datetime | None = None


class Departure(StrEnum):
    """Why somebody who took part no longer may."""

    LEFT = "left"  # deactivated, or nobody whom Slack knows here
    GUEST = "guest"  # here, but no longer as a full member
    ELSEWHERE = "elsewhere"  # of another workspace now
    APP = "app"  # not a person (any more)
    LEFT_CLOSE = "left_close"  # no longer a member of the Close organization

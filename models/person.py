"""A person in Slack, with everything the policy looks at (slack.md §9)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """``time_zone`` is an IANA name; ``email`` is None when Slack does not show it."""

    id: str
    team_id: str
    name: str
    email: str | None
    time_zone: str
    is_bot: bool
    is_deactivated: bool
    is_guest: bool
    is_stranger: bool

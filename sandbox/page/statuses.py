"""The statuses that people can set on the page, as Slack's own menu offers some."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_WEEK = 7
_MORNING = 9


@dataclass(frozen=True, slots=True)
class Status:
    """A status: its label and hint in the menu, and what it says. ``lasts``: it has an end."""

    label: str
    hint: str
    text: str = ""
    emoji: str = ""
    lasts: bool = False

    def until(self, now: datetime, zone: str) -> datetime | None:
        """Monday morning, by the clocks of ``zone``, and not tomorrow; None where it stays."""
        if not self.lasts:
            return None
        local = now.astimezone(ZoneInfo(zone))
        ahead = -local.weekday() % _WEEK
        day = (local + timedelta(days=ahead if ahead > 1 else ahead + _WEEK)).date()
        return datetime(day.year, day.month, day.day, _MORNING, tzinfo=ZoneInfo(zone))


STATUSES = {
    "holiday": Status(
        "On holiday until Monday",
        "Slack tells the bot, which asks who covers",
        "On holiday until Monday",
        ":palm_tree:",
        lasts=True,
    ),
    "open": Status(
        "Out of office, without an end",
        "As a calendar may set it: the bot asks nothing",
        "Out of office",
        ":no_entry:",
    ),
    "clear": Status("Clear the status", "What was asked is over"),
}

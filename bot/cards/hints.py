"""Times that everybody understands, as examples of what can be typed."""

from models.policy import Policy

GOOD_TIMES = "Good times are `45m`, `2h30m`, `3 days`, `until friday 17:00`."
WITH_AN_END = "For example 45m, 2h30m, 3 days, until friday 17:00"


def time_hint(policy: Policy) -> str:
    """Under a field for a time."""
    return f"{WITH_AN_END}, forever" if policy.allow_permanent else WITH_AN_END


def times(policy: Policy) -> str:
    """What can be typed, in the help."""
    shown = "`45m`, `2h30m`, `3 days`, `until friday 17:00`, `until 5pm CET`, `tomorrow 9-5`"
    return f"{shown}, `forever`" if policy.allow_permanent else shown

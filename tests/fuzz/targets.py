"""All targets, by name."""

from tests.fuzz import close, doors, foreign, payloads, slack, spoken
from tests.fuzz.engine import Target

TARGETS: dict[str, Target] = {
    each.name: each
    for each in (
        spoken.COMMANDS,
        spoken.TIMES,
        foreign.TEXTS,
        foreign.CARDS,
        payloads.PAYLOADS,
        close.CLOSE,
        close.OAUTH,
        slack.SLACK,
        doors.DOOR,
        doors.WEB,
    )
}

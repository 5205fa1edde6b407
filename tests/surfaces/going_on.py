"""What goes on after a right as it is read: the message with the decision, and lines of cards."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from bot.cards import aftermath as cards
from bot.cards import receipts
from bot.ports import Enrolled, SentEmail
from bot.slack.message import Message
from models.aftermath import Aftermath, AtEnd, Course, Drafts, Obstacle
from models.delegation import State
from tests.surfaces import rows

NAMES = {rows.BEN: "Ben Okafor"}


def aftermath(**changes: object) -> Aftermath:
    """What Ben left running, of which Ada is asked."""
    asked = Aftermath(
        id="delegation1",
        team_id=rows.TEAM,
        grantor_id=rows.ADA,
        grantee_id=rows.BEN,
        together="delegation1",
        course=Course.ASKING,
        created_at=rows.NOW,
        subscriptions=824,
        enrolments=1,
        waiting=2,
        looked_at=rows.NOW,
    )
    return replace(asked, **changes)  # type: ignore[arg-type]


def _each() -> Iterator[tuple[str, list[Aftermath]]]:
    decided = {"decided_at": rows.NOW, "decided_by": rows.ADA}
    yield "asked", [aftermath()]
    yield "asked/one", [aftermath(subscriptions=1, enrolments=0, waiting=0)]
    yield "asked/waiting", [aftermath(subscriptions=0, enrolments=0)]
    yield "asked/more", [aftermath(obstacle=Obstacle.TOO_MUCH)]
    yield "asked/many", [aftermath(id=f"delegation{number}") for number in range(30)]
    yield "left", [aftermath(course=Course.LEFT, **decided)]
    yield "left/right-again", [aftermath(course=Course.LEFT, decided_at=rows.NOW)]
    yield "pausing", [aftermath(course=Course.PAUSING, **decided)]
    yield (
        "pausing/not-connected",
        [aftermath(course=Course.PAUSING, obstacle=Obstacle.NOT_CONNECTED, **decided)],
    )
    paused = aftermath(course=Course.PAUSED, **decided)
    yield "paused", [paused]
    yield "paused/by-setting", [replace(paused, decided_by=None, waiting=0)]
    yield "paused/not-all", [replace(paused, unpaused=3)]
    yield "paused/drafting", [replace(paused, drafts=Drafts.WANTED)]
    yield "paused/drafted", [replace(paused, drafts=Drafts.DONE)]
    yield "paused/not-drafted", [replace(paused, drafts=Drafts.DONE, undrafted=1)]


def messages() -> dict[str, Message]:
    """Everything that is posted."""
    return {
        name: message for name, some in _each() if (message := cards.card(some, NAMES)) is not None
    } | {"asked/nameless": cards.card([aftermath()], {}) or Message("", [])}


def texts() -> dict[str, str]:
    """Lines of the cards, and of the answer to "What was sent"."""
    found: dict[str, str] = {}
    before = aftermath(course=Course.BEFORE, waiting=0)
    for at_end in AtEnd:
        found[f"goes-on/before/{at_end}"] = " ".join(cards.before(before, at_end))
    unseen = replace(before, subscriptions=0, enrolments=0, obstacle=Obstacle.REFUSED)
    found["goes-on/before/unknown"] = " ".join(cards.before(unseen, AtEnd.ASK))
    none = {"subscriptions": 0, "enrolments": 0, "waiting": 0}
    for obstacle in Obstacle:
        row = aftermath(course=Course.UNKNOWN, obstacle=obstacle, **none)
        found[f"goes-on/unknown/{obstacle}"] = " ".join(cards.after(row))
    several = [aftermath(course=Course.UNKNOWN, obstacle=Obstacle.SILENT, **none)] * 30
    found["goes-on/unknown/many"] = " ".join(cards.after_several(several))
    left = aftermath(course=Course.LEFT, decided_at=rows.NOW)
    found["goes-on/left"] = " ".join(cards.after(left))
    right = rows.shortest(State.ACTIVE)
    found["sent/apart"] = receipts.shown(right, _emails(), _done())
    found["sent/bulk-unknown"] = receipts.shown(right, [], None)
    return found


def _emails() -> list[SentEmail]:
    email = SentEmail("acti_1", "sdas_1", "user_ada", rows.NOW, "Spring", ("kim@example.org",))
    return [email, replace(email, bulk_id="bulk_1"), replace(email, subscription_id="sub_1")]


def _done() -> list[Enrolled]:
    actions = ("subscribe", "resume", "pause", "reassign")
    done = [
        Enrolled(action, rows.NOW - timedelta(hours=number), 824, "Spring")
        for number, action in enumerate(actions)
    ]
    return [*done, Enrolled("subscribe", rows.NOW, 1, "*<!here>*"), replace(done[0], sequence="")]

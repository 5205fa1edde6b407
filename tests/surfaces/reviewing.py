"""Reviews as they are read: the message, what takes its place, the form, and the admins' digest."""

from dataclasses import replace
from datetime import timedelta

from slack_sdk.models.views import View

from bot.cards import digest
from bot.cards import reviews as cards
from bot.slack.message import Message
from models.delegation import State
from models.need import Need
from models.overview import AdminsWork, Overview
from models.review import Cause, Item, Review
from tests.surfaces import rows

AGO = rows.NOW - timedelta(days=41)


def review(**changes: object) -> Review:
    """One that Ada was asked just now."""
    asked = Review(
        id="review1",
        team_id=rows.TEAM,
        grantor_id=rows.ADA,
        installed_at=AGO,
        number=1,
        cause=Cause.REGULAR,
        opened_at=rows.NOW,
        moved_at=rows.NOW,
        messages=1,
    )
    return replace(asked, **changes)  # type: ignore[arg-type]


def items() -> list[Item]:
    """One of each: never used, used, used as far as is known, not used since, and not known."""
    looked = Need(id="", asked_from=AGO, asked_until=rows.NOW)
    used = replace(looked, used_at=rows.NOW - timedelta(days=2))
    needs = {
        "never": looked,
        "used": used,
        "stale": replace(used, asked_until=rows.NOW - timedelta(days=9)),
        "since": replace(looked, asked_from=rows.NOW - timedelta(days=20)),
        "unknown": None,
    }
    rights = [
        Item(
            rows.permanent(
                State.ACTIVE, id=name, active_at=AGO, reason="Spring pipeline" if need else ""
            ),
            need,
        )
        for name, need in needs.items()
    ]
    standing = replace(rows.standing(1), created_at=AGO)
    return [*rights, Item(standing, replace(used, asked_until=None))]


def longest() -> list[Item]:
    """More than a message lists, each with as much to say as there can be."""
    used = Need(id="", used_at=AGO, asked_from=AGO, asked_until=rows.NOW)
    return [
        Item(rows.longest(State.ACTIVE, id=f"right{number:017}", active_at=AGO), used)
        for number in range(60)
    ]


def messages() -> dict[str, Message]:
    """Everything that is posted."""
    ends = {"ends_at": rows.NOW + timedelta(days=14)}
    short = items()[:1]
    late = [review(told_at=rows.NOW, opened_at=AGO), review(told_at=rows.NOW, **ends)]
    return {
        "asked": cards.card(review(), items(), rows.NOW),
        "asked/unused": cards.card(review(cause=Cause.UNUSED), short, rows.NOW),
        "asked/ends": cards.card(review(**ends), short, rows.NOW),
        "asked/reminder": cards.card(review(reminders=1, **ends), short, rows.NOW),
        "asked/reminder/unused": cards.card(
            review(reminders=1, cause=Cause.UNUSED), short, rows.NOW
        ),
        "asked/longest": cards.card(review(**ends), longest(), rows.NOW),
        "over": cards.over(review(kept=3, ended=1)),
        "over/kept": cards.over(review(kept=1)),
        "over/ended": cards.over(review(ended=1)),
        "over/nothing": cards.over(review()),
        "followed": cards.followed(),
        "unanswered": digest.waiting(AdminsWork(reviews=late), {}),
        "unanswered/many": digest.waiting(AdminsWork(reviews=late * 6), {}, rows.ADA),
    }


def forms() -> dict[str, View]:
    """The form, short and full."""
    return {
        "review": cards.form("review1", items(), rows.NOW),
        "review/longest": cards.form("review1", longest(), rows.NOW),
    }


def texts() -> dict[str, str]:
    """What is said after the form has closed."""
    said = {
        "review/left": cards.answered(left=1, changed=0),
        "review/left/many": cards.answered(left=12, changed=0),
        "review/changed": cards.answered(left=2, changed=1),
        "review/changed/many": cards.answered(left=2, changed=2),
    }
    return {name: text for name, text in said.items() if text is not None}


def home() -> Overview:
    """The App Home of somebody who is asked, and told until when."""
    ends = rows.NOW + timedelta(days=14)
    return Overview(person_id=rows.ADA, review=review(ends_at=ends), reviewed=3)

"""Cover as it is read: the question of who is away, a cover's message, its form, and its row."""

from dataclasses import replace
from datetime import date, timedelta

from slack_sdk.models.views import View

from bot.cards import absences, answers
from bot.cards import covers as cards
from bot.refusals import Outcome, Refused
from bot.slack.message import Message
from models.absence import Absence, Offer
from models.cover import MOST_COVERERS, MOST_COVERS, Cover, Covered
from models.delegation import Delegation, State, Trouble
from models.overview import Excerpt, Overview
from models.policy import Refusal
from tests.surfaces import rows

MIDNIGHT = rows.NOW.replace(hour=0, minute=0, second=0, microsecond=0)
FIRST, LAST = MIDNIGHT + timedelta(days=10), MIDNIGHT + timedelta(days=18)


def right(state: State, grantee: str = rows.CLEO, **changes: object) -> Delegation:
    """One of a cover of Ada's."""
    given = rows.shortest(state, id=f"right-{grantee}", grantee_id=grantee, requester_id=rows.ADA)
    its = {"bundle_id": "cover1", "starts_at": FIRST, "until": LAST, "length": None, "asked": None}
    return replace(given, **{**its, "reason": "The pipeline is in Close.", **changes})  # type: ignore[arg-type]


def planned() -> list[Delegation]:
    """Two people cover, in some days."""
    return [right(State.APPROVED), right(State.APPROVED, rows.BEN)]


def running() -> list[Delegation]:
    """One covers, one waits, and one has left."""
    return [
        right(State.ACTIVE, starts_at=None, ends_at=rows.NOW + timedelta(days=2)),
        right(State.APPROVED, rows.BEN, starts_at=None, trouble=Trouble.NOT_CONNECTED),
        right(State.ENDED, rows.DANA, starts_at=None),
    ]


def longest(number: int = 0) -> list[Delegation]:
    """As many people as there can be, each with as much to say."""
    return [
        rows.longest(
            State.APPROVED,
            id=f"cover{number}:{each}",
            bundle_id=f"cover{number}",
            grantee_id=f"{rows.LONG_PERSON}{each}",
            until=LAST,
        )
        for each in range(MOST_COVERERS)
    ]


def messages() -> dict[str, Message]:
    """Everything that is posted."""
    away = Absence(
        id="absence1",
        team_id=rows.TEAM,
        slack_user_id=rows.ADA,
        number=1,
        offer=Offer.OPEN,
        until=LAST,
    )
    url = rows.CONNECT_URL
    over = {f"over/{each}": absences.over(each) for each in Offer if each is not Offer.OPEN}
    return {
        "asked": absences.question(away),
        **over,
        "over/earlier": absences.over(None),
        "cover/planned": cards.message(planned(), (), connect_url=url),
        "cover/running": cards.message(running(), (), connect_url=url),
        "cover/longest": cards.message(longest(), (), connect_url=url),
        "cover/over": cards.message(
            [right(State.ENDED), right(State.ENDING, rows.BEN)], (), connect_url=url
        ),
        "cover/over/one": cards.message([right(State.ENDED)], (), connect_url=url),
    }


def forms() -> dict[str, View]:
    """New, of one that is planned, and of one that runs."""
    known = cards.Known(date(2026, 12, 3), date(2026, 12, 10), [rows.CLEO], "All is in Close.")
    return {
        "cover": cards.form(cards.Known(date(2026, 11, 23))),
        "change-cover": cards.form(known, cover=Covered("cover1", planned())),
        "change-cover/running": cards.form(
            replace(known, first=None), cover=Covered("cover1", running()[:2])
        ),
    }


def texts() -> dict[str, str]:
    """What is said back at once."""
    one = [Outcome(rows.CLEO, right(State.APPROVED))]
    refused = Outcome(rows.BEN, problem=Refused(Refusal.GUEST, rows.BEN))
    other = Cover(id="c", team_id=rows.TEAM, grantor_id=rows.ADA, until=LAST, created_at=rows.NOW)
    time = "from tomorrow until friday"
    return {
        "covered/one": answers.covered(one, time, rows.POLICY),
        "covered/at-once": answers.covered(
            [Outcome(rows.CLEO, right(State.APPROVED, starts_at=None))], "until friday", rows.POLICY
        ),
        "covered/several": answers.covered([*one, refused], time, rows.POLICY),
        "covered/overlapping": answers.covered(
            one, time, rows.POLICY, others=cards.overlapping([other])
        ),
        "cover-ended": cards.ended([right(State.ENDING)]),
        "cover-called-off": cards.ended([right(State.CANCELLED)]),
        "cover-ended/nothing": cards.ended([]),
    }


def home() -> Overview:
    """The App Home of somebody who has planned, and who is not asked."""
    return Overview(
        person_id=rows.ADA,
        connection=rows.connection(),
        covers=[Covered("cover1", planned()), Covered("cover2", running()[:2])],
        given=Excerpt([rows.shortest(State.ACTIVE, id="g1")], 1),
        is_quiet=True,
    )


def fullest(overview: Overview) -> Overview:
    """The same as full as it gets: covers share the place of other rights."""
    given = replace(overview.given, rows=overview.given.rows[:-MOST_COVERS])
    covered = [Covered(f"cover{each}", longest(each)) for each in range(MOST_COVERS)]
    return replace(overview, given=given, covers=covered, is_quiet=True)

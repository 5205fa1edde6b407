"""Surfaces about connections, accounts, strays and receipts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from slack_sdk.models.views import View

from bot.cards import alarms, digest, first_hour, notices, receipts, strays
from bot.cards import delegations as blocks
from bot.ports import Association, SentEmail
from bot.refusals import StrayDecided
from bot.slack.message import Message
from bot.strays.differences import Differences
from models.card import Audience, Card
from models.connection import Connection
from models.delegation import Receipt, ReceiptState, State, Trouble
from models.departure import Departed, Loss, Toll
from models.mark import marked
from models.overdue import Leftover
from models.overview import AdminsWork
from models.pairing import Pairing, Verdict
from models.person import Departure
from models.round import Round, Word
from models.stray import Stray, StrayState
from tests.surfaces import rows

LONG_ADDRESS = "a" * 300 + "@example.com"
LONG_NAME = (rows.NASTY * 4)[:200]


def messages_about_connections() -> dict[str, Message]:
    """What is posted about connections and accounts."""
    mine = rows.connection(is_alive=False)
    served = [rows.longest(state) for state in (State.ACTIVE, State.APPROVED, State.ENDING)]
    shown = {
        "lost/idle": notices.connection_lost(mine, [], connect_url=rows.CONNECT_URL),
        "lost/serving": notices.connection_lost(mine, served, connect_url=rows.CONNECT_URL),
        "lost/thousand": notices.connection_lost(
            mine, served[:1] * 1000, connect_url=rows.CONNECT_URL
        ),
        "works-again": notices.connection_works(),
        "overdue": alarms.overdue(rows.shortest(State.ENDING)),
        "overdue/refused": alarms.overdue(
            rows.shortest(State.ENDING, trouble=Trouble.CLOSE_PLAN_LIMIT)
        ),
        "overdue/over": alarms.overdue(rows.shortest(State.ENDED)),
        "disconnected": notices.disconnected(was_key=False),
        "disconnected/key": notices.disconnected(was_key=True),
        "invitation": first_hour.invitation(rows.BEN, connect_url=rows.CONNECT_URL),
        "keys-lost": notices.keys_lost(),
        "restored": restored(mine),
        "restored/alive": restored(replace(mine, is_alive=True)),
        "restored/unconnected": restored(None),
        "restored/admin": alarms.restored(rows.NOW),
        "leaving-question": notices.leaving_question(mine, served * 10),
        "leaving-question/changed": notices.leaving_question(mine, served, is_new=False),
    }
    shown |= overdue_lists() | departures() | refusals()
    for verdict in Verdict:
        shown[f"pairing/{verdict}"] = notices.pairing(pairing(verdict))
        shown[f"pairing-decided/{verdict}"] = notices.pairing_decided(
            pairing(verdict), connect_url=rows.CONNECT_URL
        )
    shared = replace(pairing(Verdict.WAITING), other_id=rows.LONG_PERSON)
    shown["pairing/shared"] = notices.pairing(shared, mine.account)
    shown["account-claimed"] = notices.account_claimed(shared)
    shown["account-claimed/confirmed"] = notices.account_claimed(
        replace(pairing(Verdict.CONFIRMED), other_id=rows.LONG_PERSON)
    )
    return shown


def restored(connection: Connection | None) -> Message:
    """What is said after a restore."""
    return notices.restored(
        connection, since=rows.NOW, until=rows.NOW, connect_url=rows.CONNECT_URL
    )


def refusals() -> dict[str, Message]:
    """What is said about messages that Slack does not take."""
    asked, runs = rows.longest(State.REQUESTED), rows.longest(State.ACTIVE)
    card = Card(
        id="c1",
        delegation_id=asked.id,
        audience=Audience.GRANTOR,
        recipient=rows.ADA,
        refused_at=rows.NOW,
        refusal="messages_tab_disabled",
    )
    line = replace(card, audience=Audience.AUDIT, recipient="C0AUDIT", refusal="is_archived")
    here = replace(card, refused_at=None, message_ts="1")
    return {
        "unreachable/asked": alarms.unreachable(asked, card),
        "unreachable/running": alarms.unreachable(runs, card),
        "unreachable/reached": alarms.reached(asked, here),
        "unreachable/over": alarms.reached(rows.shortest(State.CANCELLED), card),
        "audit/is_archived": alarms.audit_silent(line),
        "audit/other": alarms.audit_silent(replace(line, refusal=rows.NASTY)),
        "audit/works-again": alarms.audit_speaks("C0AUDIT"),
    }


def overdue_lists() -> dict[str, Message]:
    """What admins read about rights that outlive their end."""
    one = leftover(0)
    found_in_close = replace(
        one, is_stray=True, over_since=None, grantee_id=None, grantee_name=LONG_NAME
    )
    crowd = [
        replace(leftover(number), grantor_id=f"{rows.LONG_PERSON}{number % 20}")
        for number in range(1000)
    ]
    shown = {f"list/{reason}": listing([one], {rows.ADA: reason}) for reason in Departure}
    for trouble in (Trouble.CONNECTION_LOST, Trouble.CLOSE_PLAN_LIMIT):
        shown[f"list/{trouble}"] = listing([replace(one, trouble=trouble)], {})
    everybody = {each.grantor_id: Departure.LEFT_CLOSE for each in crowd}
    names = [f"{rows.LONG_PERSON}{number}" for number in range(11)]
    much = AdminsWork(
        leftovers=crowd,
        pairings=[pairing(Verdict.WAITING)],
        disconnected=names,
        is_asked_about_leavers=True,
    )
    little = AdminsWork(disconnected=[rows.ADA])
    return shown | {
        "list/untroubled": listing([one], {}),
        "list/found-in-close": listing([found_in_close], {rows.ADA: Departure.LEFT}),
        "list/nobody-known": listing([replace(found_in_close, grantee_name="")], {}),
        "list/thousand": listing(crowd, everybody),
        "list/everything": digest.waiting(much, everybody),
        "list/disconnected": digest.waiting(little, {}),
        "list/before": digest.before(AdminsWork(leftovers=[one])),
        "list/before-thousand": digest.before(AdminsWork(leftovers=crowd)),
        "list/before-disconnected": digest.before(little),
        "list/over": digest.over(),
        "still-in-close": alarms.still_in_close(rows.shortest(State.ENDING)),
        "still-in-close/gone": alarms.still_in_close(rows.shortest(State.ENDED)),
    }


def listing(leftovers: Sequence[Leftover], gone: Mapping[str, Departure]) -> Message:
    """Such a list with nothing else in it."""
    return digest.waiting(AdminsWork(leftovers=leftovers), gone)


def leftover(number: int) -> Leftover:
    """One line of such a list."""
    return Leftover(
        id=f"d{number}",
        grantor_id=rows.ADA,
        grantee_id=f"{rows.LONG_PERSON}{number}",
        over_since=rows.NOW,
    )


def departures() -> dict[str, Message]:
    """What admins are asked when so many people seem to be gone."""
    some = [
        Departed(
            id=f"x{number}",
            team_id=rows.TEAM,
            slack_user_id=f"{rows.LONG_PERSON}{number}",
            reason=reason,
            found_at=rows.NOW,
        )
        for number, reason in enumerate(list(Departure) * 3)
    ]
    few = Toll(
        people=1,
        rights=Loss(6, 6),
        requests=Loss(),
        standing=Loss(),
        connections=Loss(),
    )
    all_of_it = Loss(1000, 1000)
    many = Toll(
        people=1000,
        rights=all_of_it,
        requests=all_of_it,
        standing=all_of_it,
        connections=all_of_it,
    )
    held = Round(id="r1", team_id=rows.TEAM, question="q" * 22)
    shown = {
        f"departures/{word}": alarms.departures(
            replace(held, answer=word, answered_by=rows.DANA), many, some
        )
        for word in Word
    }
    return shown | {
        "departures/one": alarms.departures(held, few, some[:1]),
        "departures/thousand": alarms.departures(held, many, some),
        "departures/over": alarms.departures_over(),
    }


def texts_about_connections() -> dict[str, str]:
    """What is answered about connections."""
    alive, dead = rows.connection(), replace(rows.connection(is_alive=False), died_at=rows.NOW)
    served = [rows.longest(State.ACTIVE)] * 30
    return {
        "connect/none": notices.connection(None, None, rows.CONNECT_URL),
        "connect/alive": notices.connection(alive, None, rows.CONNECT_URL),
        "connect/dead": notices.connection(dead, None, rows.CONNECT_URL),
        "connect/leaving": notices.connection(
            replace(alive, leaving_at=rows.NOW), None, rows.CONNECT_URL
        ),
        "connect/waiting": notices.connection(None, pairing(Verdict.WAITING), rows.CONNECT_URL),
        "leaving/idle": notices.leaving([], is_alive=True),
        "leaving/serving": notices.leaving(served, is_alive=True),
        "leaving/dead": notices.leaving(served, is_alive=False),
        "broken-connection": notices.broken_connection(dead),
        "pairing/in-use": notices.in_use(LONG_ADDRESS),
    }


def pairing(verdict: Verdict) -> Pairing:
    """A Close account with another address."""
    return Pairing(
        id="p" * 22,
        team_id=rows.TEAM,
        slack_user_id=rows.BEN,
        slack_email="ben@example.com",
        account=rows.account(email=LONG_ADDRESS, name=LONG_NAME),
        created_at=rows.NOW,
        verdict=verdict,
        decided_by=rows.DANA,
    )


def stray(state: StrayState, **changes: Any) -> Stray:
    """A right that was set up in Close itself."""
    row = Stray(
        id="x" * 22,
        team_id=rows.TEAM,
        grantor_id=rows.ADA,
        association_id="sdas_1",
        organization_id="orga_north",
        grantor_close_id="user_ada",
        grantee_close_id="user_ben",
        grantee_name=LONG_NAME,
        grantee_email=LONG_ADDRESS,
        grantee_id=rows.BEN,
        is_grantee_proven=False,
        state=state,
        found_at=rows.NOW,
    )
    return replace(row, **changes)


def messages_about_strays() -> dict[str, Message]:
    """Each state of a stray, and the answer to a comparison."""
    shown = {}
    for state in StrayState:
        shown[f"{state}/known"] = strays.card(stray(state))
        shown[f"{state}/unknown-person"] = strays.card(stray(state, grantee_id=None))
        shown[f"{state}/leaver"] = strays.card(stray(state), departure=Departure.LEFT)
    many = [stray(StrayState.FOUND, id=f"x{number:021}") for number in range(300)]
    some = [
        stray(StrayState.FOUND, id="x1", sought_at=rows.NOW),
        stray(StrayState.FOUND, id="x2", grantee_id=None),
        stray(StrayState.FOUND, id="x3", grantee_id=None, sought_at=rows.NOW),
        stray(StrayState.FOUND, id="x4", grantee_id=None, grantee_name="", grantee_email=""),
    ]
    nameless = stray(StrayState.FOUND, grantee_id=None, grantee_name="", grantee_email="")
    return shown | {
        "found/nameless": strays.card(nameless),
        "found/sought": strays.card(stray(StrayState.FOUND, grantee_id=None, sought_at=rows.NOW)),
        "listing/some": strays.listing(some),
        "listing/one": strays.listing(some[:1]),
        "listing/many": strays.listing(many),
        "listing/none": strays.listing([]),
        "report/empty": strays.report(
            **Differences([], [], [], [], [], 0).numbers(), may_workflows_send=None
        ),
        "report/workflows": strays.report(
            **Differences([], [], [], [], [], 0).numbers(), may_workflows_send=True
        ),
        "report/all": strays.report(**_all_kinds().numbers(), may_workflows_send=None),
    }


def texts_about_strays() -> dict[str, str]:
    """What is answered about comparisons and strays."""
    return {
        "check/planned": strays.checking(is_planned=True),
        "check/not-connected": strays.checking(is_planned=False),
        **{
            f"stray-decided/{state}": strays.decided(StrayDecided(stray(state)))
            for state in StrayState
        },
    }


def stray_form() -> View:
    """Until when?"""
    asked = stray(StrayState.FOUND)
    return strays.end_form(asked, rows.POLICY, marked(asked))


def messages_with_receipts() -> dict[str, Message]:
    """Cards with what Close is asked for whenever they are shown."""
    shown = {}
    for name, count in (("none", 0), ("one", 1), ("many", 500)):
        receipt = Receipt(ReceiptState.MADE, emails=count, people=min(count, 40))
        row = rows.shortest(State.ENDED, receipt=receipt)
        shown[name] = blocks.card(
            row,
            Audience.GRANTOR,
            connect_url=rows.CONNECT_URL,
            details=receipts.listed(emails(count)),
        )
    failed = rows.shortest(State.ENDED, receipt=Receipt(ReceiptState.FAILED))
    shown["failed"] = blocks.card(failed, Audience.GRANTOR, connect_url=rows.CONNECT_URL)
    for name, count in (("one", 1), ("many", 500)):
        shown[f"scheduled/{name}"] = blocks.card(
            rows.shortest(State.ACTIVE, is_warned=True),
            Audience.GRANTEE,
            connect_url=rows.CONNECT_URL,
            details=receipts.scheduled(emails(count)),
        )
    return shown


def texts_with_receipts() -> dict[str, str]:
    """The answer to "What was sent"."""
    row = rows.shortest(State.ACTIVE)
    return {
        "sent/unknown": receipts.shown(row, None),
        "sent/none": receipts.shown(row, []),
        "sent/many": receipts.shown(row, emails(500)),
    }


def emails(count: int) -> list[SentEmail]:
    """So many emails, each as long as it is shown."""
    return [
        SentEmail(
            id=f"acti_{number}",
            send_as_id="sdas_1",
            user_id="user_ada",
            date=rows.NOW + timedelta(minutes=number),
            subject=LONG_NAME,
            recipients=(LONG_ADDRESS, "second@example.com") if number % 2 else (),
        )
        for number in range(count)
    ]


def _all_kinds() -> Differences:
    association = Association("sdas_1", "orga_north", "user_ada", "user_ben")
    ended = rows.shortest(State.ENDED)
    return Differences(
        gone=[rows.shortest(State.ACTIVE)],
        back=[(ended, association)] * 2,
        unknown=[association],
        refused=[stray(StrayState.REMOVED)],
        vanished=[stray(StrayState.FOUND)],
        fitting=3,
    )

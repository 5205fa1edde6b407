"""Deputies as they are read: what they are asked, what the two are told, the answers and forms."""

from dataclasses import replace
from datetime import timedelta

from slack_sdk.models.views import View

from bot.cards import answers, card_forms, changed
from bot.cards import deputies as cards
from bot.cards.time_fields import Reader
from bot.refusals import Changed, DeputyNoMore, ForGrantors, NotForDeputies, NoUntil
from bot.slack.message import Message
from models.delegation import Delegation, ExtensionWish, State
from models.deputy import DeputyEnd
from models.person import Departure
from models.policy import Policy
from tests.surfaces import rows

READER = Reader(rows.NOW, "Europe/Berlin")


def _waiting() -> dict[str, Delegation]:
    wish = ExtensionWish(rows.NOW, length=timedelta(hours=1))
    return {
        "request": rows.shortest(State.REQUESTED, reason="Spring pipeline"),
        "by-another": rows.shortest(State.REQUESTED, requester_id=rows.DANA),
        "too-long": rows.permanent(State.REQUESTED),
        "longest": rows.longest(State.REQUESTED),
        "wish": rows.shortest(State.ACTIVE, extension=wish, note="The fair is longer."),
        "wish-too-long": rows.shortest(State.ACTIVE, extension=ExtensionWish(rows.NOW)),
    }


def _answered() -> dict[str, Delegation]:
    moments = rows.moments()
    names = ("requested-second-by-deputy", "denied-by-deputy", "approved-by-deputy")
    declined = ("active-declined-by-deputy", "active-declined-second", "denied-second-by-deputy")
    others = {each: rows.shortest(each) for each in (State.CANCELLED, State.LAPSED, State.ACTIVE)}
    named = {name: moments[name] for name in (*names, *declined)}
    return named | others | {"standing": rows.shortest(State.ACTIVE, standing_id="s1")}


def messages() -> dict[str, Message]:
    """Everything that is posted about deputies."""
    deputy, now = rows.deputy(), rows.NOW
    found = {
        f"asked/{name}": cards.asked(row, deputy, rows.FINN, now=now)
        for name, row in _waiting().items()
    }
    found |= {
        f"answered/{name}/{reader}": cards.asked(row, deputy, reader, now=now)
        for name, row in _answered().items()
        for reader in (rows.FINN, rows.DANA)
    }
    request = rows.shortest(State.REQUESTED)
    found |= {
        "asked/again": cards.asked(request, deputy, rows.FINN, now=now, is_last=False),
        "asked/no-more": cards.asked(request, None, rows.FINN, now=now),
        "asked/own": cards.asked(
            replace(request, grantee_id=rows.FINN), deputy, rows.FINN, now=now
        ),
        "named": cards.named(deputy, now),
        "named/note": cards.named(replace(deputy, note=rows.LONG_TEXT), now),
        "needs-you": cards.needs_you(request, deputy),
        "needs-you/answered": cards.needs_you(rows.shortest(State.ACTIVE), None),
        "audited": cards.audited(deputy, is_over=False),
    }
    for cause in DeputyEnd:
        ended = replace(deputy, ended_at=now, cause=cause, ended_by=rows.FINN)
        ended = replace(ended, departure=Departure.GUEST if cause is DeputyEnd.LEFT else None)
        found[f"named/{cause}"] = cards.named(ended, now)
        found[f"audited/{cause}"] = cards.audited(ended, is_over=True)
        for reader in (rows.ADA, rows.FINN):
            found[f"over/{cause}/{reader}"] = cards.over(ended, reader)
    return found


def texts() -> dict[str, str]:
    """What is said back at once."""
    deputy, policy = rows.deputy(), rows.POLICY
    request = rows.shortest(State.REQUESTED)
    found = {
        f"deputy/refused/{why}": answers.explain(NotForDeputies(why, deputy), policy)
        for why in ForGrantors
    }
    return found | {
        "deputy/no-more": answers.explain(DeputyNoMore(rows.ADA), policy),
        "deputy/no-until": answers.explain(NoUntil(), policy),
        "deputy/changed": changed.said(Changed(request, deputy)),
        "deputy/named": cards.named_now(deputy, policy),
        "deputy/named/strong": cards.named_now(deputy, Policy(confirm_over=timedelta(days=7))),
        "deputy/named/forever": cards.named_now(deputy, Policy(confirm_over=timedelta.max)),
        "deputy/nobody": cards.listed([], rows.ADA),
        "deputy/listed": cards.listed([deputy, rows.deputy(grantor_id=rows.DANA)], rows.ADA),
        "deputy/listed/deputy": cards.listed([deputy], rows.FINN),
        "deputy/ended/grantor": cards.ended(deputy, rows.ADA),
        "deputy/ended/deputy": cards.ended(deputy, rows.FINN),
    }


def forms() -> dict[str, View]:
    """The form behind App Home, and those of a card."""
    deputy, found = rows.deputy(), {"deputy": cards.form()}
    for name, row in _waiting().items():
        if row.state is State.REQUESTED:
            found[f"approve-for/deputy/{name}"] = card_forms.approve_for(
                row, rows.POLICY, READER, deputy
            )
            found[f"deny-with-note/deputy/{name}"] = card_forms.deny_with_note(row, deputy)
    return found

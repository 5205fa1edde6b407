"""Renders every surface: one dictionary for each kind, from names to what Slack would be sent."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from slack_sdk.models.views import View

from bot.cards import answers, audit, bundles, changed, lists, milestones, questions
from bot.cards import card_forms as forms
from bot.cards import delegations as blocks
from bot.cards import request_form as modals
from bot.cards.faces import Action
from bot.cards.homes import HISTORY_PAGE, MOST_ROWS, home_view
from bot.cards.notices import connection
from bot.cards.time_fields import Reader
from bot.grammar import Muddle, NotUnderstood, Verb
from bot.refusals import (
    AlreadyOpen,
    Changed,
    DraftGone,
    LapsesBefore,
    ListChanged,
    NoSuchDelegation,
    NothingToAnswer,
    NotKnown,
    NotYours,
    Outcome,
    Refused,
    Settled,
    StandingOver,
    Thing,
)
from bot.slack.errors import SlackRetryLater
from bot.slack.message import Message
from bot.times.span import (
    Ambiguous,
    Impossible,
    InThePast,
    LeftOver,
    NoEnd,
    NotATime,
    NotEnglish,
    NotPositive,
    Reading,
    Span,
    TimeLast,
    TooLarge,
)
from models.card import Audience
from models.delegation import OPEN_STATES, Delegation, State, Trouble
from models.pairing import Verdict
from models.person import Departure
from models.policy import Policy, Refusal
from models.stray import StrayState
from tests.surfaces import admins, around_close, covers, going_on, in_place, reviewing, rows

Surfaces = dict[str, Any]

PEOPLE = (Audience.GRANTOR, Audience.GRANTEE, Audience.REQUESTER)
READER = Reader(rows.NOW, "Europe/Berlin")
STRICT = Policy(require_reason=True, allow_permanent=False)


def cards() -> Surfaces:
    """Every card, for everybody who gets one."""
    everybody = {rows.ADA, rows.BEN}
    waiting = {
        f"{State.APPROVED}-{trouble}": rows.shortest(State.APPROVED, trouble=trouble)
        for trouble in (Trouble.NOT_CONNECTED, Trouble.GRANTEE_NOT_IN_CLOSE)
    }
    unconfirmed = {
        f"{name}/unconfirmed/{audience}": _message(
            blocks.card(
                _asked(row, audience),
                audience,
                connect_url=rows.CONNECT_URL,
                unconfirmed=everybody,
            )
        )
        for name, row in waiting.items()
        for audience in PEOPLE
    }
    return unconfirmed | {
        f"{name}/{audience}": _message(
            blocks.card(_asked(row, audience), audience, connect_url=rows.CONNECT_URL)
        )
        for name, row in rows.delegations().items()
        for audience in PEOPLE
    }


def _asked(row: Delegation, audience: Audience) -> Delegation:
    """Only who asked for somebody else has a card as the one who asked."""
    return replace(row, requester_id=rows.CLEO) if audience is Audience.REQUESTER else row


def notices() -> Surfaces:
    """Messages that are no cards, and what is left of a card that Slack does not let go."""
    shown = {}
    for name, row in rows.delegations().items():
        for audience in PEOPLE:
            milestone = milestones.milestone(row, audience)
            if milestone is not None and milestone.notifies:
                shown[f"{name}/{audience}/moved"] = _message(blocks.moved(row, audience))
    return shown


def together() -> Surfaces:
    """Many at once: as they were wished, and as they ended."""
    shown = {}
    for name, several in rows.bundles().items():
        wished = bundles.wished(several, {several[0].id}, connect_url=rows.CONNECT_URL)
        shown[f"wished/{name}"] = _message(wished)
        shown[f"wished-before/{name}"] = _message(bundles.wished_before(several))
        shown[f"ended/{name}"] = _message(bundles.ended(several, connect_url=rows.CONNECT_URL))
        shown[f"ended-before/{name}"] = _message(bundles.ended_before(several))
    return shown


def audit_lines() -> Surfaces:
    """The audit channel: each event as a line, and as the first message of a thread."""
    short, long = rows.shortest(State.FAILED), rows.longest(State.FAILED, standing_id="s1")
    shown = {}
    for event in audit.LINES:
        by_person, by_clock = rows.record(event, actor=rows.ADA), rows.record(event, actor=None)
        shown[f"{event}/line"] = _message(audit.line(short, by_person))
        shown[f"{event}/line/clock"] = _message(audit.line(short, by_clock))
        shown[f"{event}/line/longest"] = _message(audit.line(long, by_person))
        shown[f"{event}/opening"] = _message(audit.opening(short, by_person))
        shown[f"{event}/opening/longest"] = _message(audit.opening(long, by_person))
    return shown


def homes() -> Surfaces:
    """App Homes, from empty to the fullest."""
    found = rows.overviews(MOST_ROWS, HISTORY_PAGE)
    found["asked-for-review"] = reviewing.home()
    found["covered"] = covers.home()
    found["fullest"] = replace(
        covers.fullest(found["fullest"]),
        review=reviewing.review(),
        reviewed=len(reviewing.items()),
    )
    of_everybody = {name: _view(view) for name, view in admins.homes().items()}
    return of_everybody | {
        name: _view(
            home_view(
                overview,
                connect_url=rows.CONNECT_URL,
                now=rows.NOW,
                admins=[] if name == "empty" else [rows.DANA],
            )
        )
        for name, overview in found.items()
    }


def modal_views() -> Surfaces:
    """Every form."""
    short, long = rows.shortest(State.REQUESTED), rows.longest(State.REQUESTED)
    author = modals.Known(grantor_ids=[rows.ADA])
    day = (rows.NOW + timedelta(days=30)).date()
    shown = admins.forms() | {
        "request": modals.request_form(rows.POLICY, READER),
        "request/author": modals.request_form(rows.POLICY, READER, author),
        "request/strict": modals.request_form(STRICT, READER),
        "stray-end": around_close.stray_form(),
        **reviewing.forms(),
        **covers.forms(),
        **in_place.forms(),
    }
    for name, row in (("shortest", short), ("longest", long)):
        shown[f"approve-for/{name}"] = forms.approve_for(row, rows.POLICY, READER)
        shown[f"deny-with-note/{name}"] = forms.deny_with_note(row)
        shown[f"extend/{name}"] = forms.extend(row, rows.POLICY, READER)
        shown[f"change/{name}"] = forms.change(row, rows.POLICY, READER)
        shown[f"request/again/{name}"] = forms.again(row, rows.POLICY, READER)
        again = forms.deny_with_note(row)
        shown[f"deny-with-note/{name}/changed"] = changed.form(again, Changed(row))
        shown[f"always-approve/{name}"] = forms.always_approve(row, rows.POLICY, until=day)
    return {name: _view(view) for name, view in shown.items()}


def asked_back() -> Surfaces:
    """Questions with buttons."""
    readings = ("until Friday 27 November, 17:00 your time", "W" * 120)
    hundred = [f"{rows.LONG_PERSON}{number}" for number in range(100)]
    return {
        "offer-extension": _message(
            questions.offer(
                Action.EXTEND, rows.shortest(State.ACTIVE), "You can send.", Audience.GRANTEE
            )
        ),
        "offer-change": _message(
            questions.offer(
                Action.CHANGE, rows.shortest(State.REQUESTED), "You have asked.", Audience.GRANTEE
            )
        ),
        "which-reading": _message(questions.which_reading("x" * 22, rows.NASTY, readings)),
        "which-reading/four": _message(
            questions.which_reading("x" * 22, rows.NASTY, readings[:1] * 4)
        ),
        "within-limits": _message(
            questions.within_limits(
                "x" * 22,
                answers.rule(Refusal.TOO_LONG, rows.POLICY),
                "until the end of Thursday 31 December, your time",
                "for 30 days",
                Verb.REQUEST,
            )
        ),
        "within-limits/grant": _message(
            questions.within_limits(
                "x" * 22,
                answers.rule(Refusal.PERMANENT, rows.POLICY),
                "until revoked",
                "from Wednesday 30 September 2026, 09:30 your time, for 30 days",
                Verb.GRANT,
            )
        ),
        "really-grant/one": _message(questions.really_grant("x" * 22, [rows.BEN], "for 2 hours")),
        "really-grant/some": _message(
            questions.really_grant(
                "x" * 22,
                [rows.BEN, rows.CLEO],
                "for 2 hours",
                answers.cannot_get(_ungrantable(12), rows.POLICY),
            )
        ),
        "really-grant/nobody": _message(
            questions.really_grant(
                "x" * 22, [], "for 2 hours", answers.cannot_get(_ungrantable(2), rows.POLICY)
            )
        ),
        "really-grant/hundred": _message(
            questions.really_grant("x" * 22, hundred, "until revoked")
        ),
    }


def _ungrantable(count: int) -> list[Outcome]:
    refused = Outcome(rows.LONG_PERSON, problem=Refused(Refusal.GUEST, rows.LONG_PERSON))
    there = Outcome(rows.CLEO, problem=AlreadyOpen(rows.shortest(State.ACTIVE)))
    return [refused, *[there] * (count - 1)]


def texts() -> Surfaces:
    """What is said back at once: results, refusals, help and the list."""
    return (
        dict(_results())
        | dict(_lists())
        | dict(_refusals())
        | dict(_changed())
        | around_close.texts_about_connections()
        | around_close.texts_about_strays()
        | around_close.texts_with_receipts()
        | reviewing.texts()
        | covers.texts()
        | going_on.texts()
        | in_place.texts()
        | admins.said()
    )


def around() -> Surfaces:
    """Messages about connections, strays and receipts."""
    kinds = {
        "connections": around_close.messages_about_connections(),
        "strays": around_close.messages_about_strays(),
        "receipts": around_close.messages_with_receipts(),
        "admins": admins.messages(),
        "reviews": reviewing.messages(),
        "covers": covers.messages(),
        "aftermath": going_on.messages(),
        "deputies": in_place.messages(),
    }
    return {
        f"{kind}/{name}": _message(message)
        for kind, messages in kinds.items()
        for name, message in messages.items()
    }


def _results() -> Iterator[tuple[str, str]]:
    some = [
        Outcome(rows.ADA, rows.shortest(State.REQUESTED)),
        Outcome(rows.CLEO, problem=Refused(Refusal.GUEST, rows.CLEO)),
    ]
    standing = [Outcome(rows.ADA, rows.shortest(State.APPROVED, standing_id="s1"))]
    yield "help", answers.help_text(rows.POLICY)
    yield "form-not-opened", answers.FORM_NOT_OPENED
    yield "something-broke", answers.SOMETHING_BROKE
    yield "connect", connection(None, None, rows.CONNECT_URL)
    yield "asked/one", answers.asked(some[:1], "for 2 hours", rows.POLICY)
    yield "asked/standing", answers.asked(standing, "for 2 hours", rows.POLICY)
    yield "asked/several", answers.asked(some, "for 2 hours", rows.POLICY)
    yield "granted/one", answers.granted(some[:1], "until revoked", rows.POLICY)
    yield "granted/several", answers.granted(some, "for 2 hours", rows.POLICY)
    for state in (State.ENDING, State.CANCELLED):
        yield f"taken-back/{state}", answers.taken_back(rows.shortest(state))
        yield f"given-back/{state}", answers.given_back(rows.shortest(state))


def _lists() -> Iterator[tuple[str, str]]:
    open_rows = [row for row in rows.delegations().values() if row.state in OPEN_STATES]
    found = {
        "empty": lists.overview([], rows.ADA),
        "grantor": lists.overview(open_rows[:20], rows.ADA),
        "grantee": lists.overview(open_rows[:20], rows.BEN),
        "thousand": lists.overview([rows.shortest(State.ACTIVE)] * 1000, rows.ADA),
        "nothing-with-one": lists.overview([], rows.ADA, person_id=rows.BEN),
    }
    for name, said in found.items():
        yield f"list/{name}", said.text if isinstance(said, Message) else said


def _refusals() -> Iterator[tuple[str, str]]:
    reading = Reading(Span(until=rows.NOW), "until Friday 27 November, 17:00 your time")
    problems: list[Exception] = [
        NotYours(),
        NoSuchDelegation(),
        LapsesBefore(rows.shortest(State.REQUESTED)),
        NothingToAnswer(),
        DraftGone(),
        ListChanged(),
        SlackRetryLater("ratelimited"),
        Ambiguous(rows.NASTY, (reading, reading)),
        InThePast(rows.NASTY, "Friday 20 November, 17:00 your time"),
        NoEnd(rows.NASTY),
        NotATime(rows.NASTY),
        LeftOver("2h", rows.NASTY),
        TimeLast("until friday"),
        Impossible("until feb 30", "there is no 30 February"),
        NotEnglish("bis Freitag"),
        NotPositive("0h"),
        TooLarge("9999y"),
    ]
    named = {type(problem).__name__: problem for problem in problems}
    named |= {f"Refused/{each}": Refused(each, rows.BEN) for each in Refusal}
    named |= {f"Settled/{each}": Settled(rows.shortest(each)) for each in State}
    named |= {f"AlreadyOpen/{each}": AlreadyOpen(rows.shortest(each)) for each in OPEN_STATES}
    named |= {
        f"NotUnderstood/{each}": NotUnderstood(each, rows.NASTY, Verb.GRANT) for each in Muddle
    }
    named |= {f"NotKnown/{each}": NotKnown(each) for each in Thing}
    named |= {"StandingOver": StandingOver(None)}
    named["StandingOver/replaced"] = StandingOver(rows.standing(1))
    named["NotUnderstood/revoke"] = NotUnderstood(Muddle.TOO_MUCH, "now", Verb.REVOKE)
    for name, problem in named.items():
        yield f"{name}", answers.explain(problem, rows.POLICY)
        yield f"{name}/plain", answers.explain(problem, rows.POLICY, plain=True)


def _changed() -> Iterator[tuple[str, str]]:
    """Of each subject, and of a stray whose grantee has left."""
    stray = around_close.stray(StrayState.FOUND)
    yield "changed/request", changed.said(Changed(rows.shortest(State.REQUESTED)))
    longest = Changed(rows.longest(State.REQUESTED), is_unmarked=True)
    yield "changed/request/unmarked", changed.said(longest)
    yield "changed/stray", changed.said(Changed(stray))
    yield "changed/stray/leaver", changed.said(Changed(stray, Departure.LEFT))
    yield "changed/pairing", changed.said(Changed(around_close.pairing(Verdict.WAITING)))


def _message(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": [block.to_dict() for block in message.blocks]}


def _view(view: View) -> dict[str, Any]:
    shown: dict[str, Any] = view.to_dict()
    return shown


MESSAGES: dict[str, Callable[[], Surfaces]] = {
    "cards": cards,
    "notices": notices,
    "together": together,
    "audit": audit_lines,
    "questions": asked_back,
    "around_close": around,
}
VIEWS: dict[str, Callable[[], Surfaces]] = {"homes": homes, "modals": modal_views}
TEXTS: dict[str, Callable[[], Surfaces]] = {"texts": texts}
KINDS = MESSAGES | VIEWS | TEXTS

"""Surfaces that admins see, and what is told of what they do."""

from dataclasses import replace

from slack_sdk.models.views import View

from bot.cards import admin_forms, answers, everybody
from bot.cards import notices as texts
from bot.refusals import AdminsOnly, NothingToEnd
from bot.slack.message import Message
from models.delegation import Delegation, State
from models.home import Place
from models.overdue import Leftover
from models.overview import Counts, Everybodys, Rights, Slice
from models.person import Departure
from models.standing import StandingApproval
from models.stray import StrayState
from tests.surfaces import around_close, rows

MUCH = Counts(
    active=9876,
    until_revoked=1234,
    being_set_up=12,
    waiting=345,
    not_removed=67,
    by_word=8,
    dead_connections=9,
)
LITTLE = Counts(active=1, dead_connections=1)


def homes() -> dict[str, View]:
    """Everybody's rights, from none to the fullest page."""
    page = [
        replace(rows.longest(state), id=f"{state}{number}")
        for state in (State.REQUESTED, State.APPROVED, State.ACTIVE, State.ENDING)
        for number in range(everybody.MOST_ROWS // 4)
    ]
    place = Place(rows.LONG_PERSON, rows.LONG_PERSON)
    fullest = Everybodys(
        admin_id=rows.DANA,
        counts=MUCH,
        rights=Slice(rows=page, before=replace(place, is_before=True), after=place),
        leftovers=[_leftover(number) for number in range(1000)],
        gone={f"{rows.LONG_PERSON}0": Departure.LEFT_CLOSE},
        disconnected=[f"{rows.LONG_PERSON}{number}" for number in range(11)],
    )
    empty = Everybodys(admin_id=rows.DANA, counts=Counts(), rights=Slice())
    one = replace(
        empty,
        counts=LITTLE,
        rights=Slice(rows=[rows.shortest(State.ACTIVE)]),
        with_person=rows.ADA,
        about=_rights(is_connected=False),
    )
    shown = {
        "everybody/empty": empty,
        "everybody/person": one,
        "everybody/fullest": fullest,
        "everybody/fullest-person": replace(
            fullest, with_person=rows.LONG_PERSON, about=_rights(50, is_connected=None)
        ),
    }
    return {name: everybody.everybody_view(each, now=rows.NOW) for name, each in shown.items()}


def _leftover(number: int) -> Leftover:
    return replace(around_close.leftover(number), grantor_id=f"{rows.LONG_PERSON}{number % 20}")


def _rights(many: int = 1, *, is_connected: bool | None) -> Rights:
    kinds = (State.ACTIVE, State.ENDING, State.APPROVED, State.REQUESTED)
    stray = around_close.stray(StrayState.KEPT)
    return Rights(
        person_id=rows.ADA,
        delegations=[rows.longest(state) for state in kinds] * many,
        standing=[rows.standing(number) for number in range(many)],
        strays=[stray, replace(stray, grantor_id=rows.BEN, grantee_id=rows.ADA)] * many,
        is_connected=is_connected,
    )


def forms() -> dict[str, View]:
    """Why an admin ends something."""
    return {
        "end-right/shortest": admin_forms.end_one(rows.shortest(State.ACTIVE)),
        "end-right/longest": admin_forms.end_one(rows.longest(State.REQUESTED)),
        "end-everything/one": admin_forms.end_everything(
            Rights(person_id=rows.ADA, delegations=[rows.shortest(State.ACTIVE)])
        ),
        "end-everything/deputy": admin_forms.end_everything(
            Rights(person_id=rows.ADA, deputies=[rows.deputy()])
        ),
        "end-everything/many": admin_forms.end_everything(
            _rights(500, is_connected=True), rows.LONG_TEXT
        ),
    }


def messages() -> dict[str, Message]:
    """What people are told of what an admin ended."""
    return {
        "standing-ended/one": texts.standing_ended([_ended(1)], rows.ADA),
        "standing-ended/many": texts.standing_ended(
            [_ended(number) for number in range(30)], rows.BEN
        ),
    }


def _ended(number: int) -> StandingApproval:
    return replace(rows.standing(number), ended_by=rows.DANA, note=rows.LONG_TEXT)


def said() -> dict[str, str]:
    """What an admin reads at once, and whoever is none."""
    ended: list[Delegation] = [rows.shortest(State.ENDING)] * 2 + [rows.shortest(State.CANCELLED)]
    found = {
        "who/nobody": everybody.who(Rights(person_id=rows.ADA), rows.ADA),
        "who/nobody/other": everybody.who(Rights(person_id=rows.ADA), rows.DANA),
        "who/oneself": everybody.who(_rights(is_connected=True), rows.ADA),
        "who/other": everybody.who(_rights(is_connected=False), rows.DANA),
        "who/many": everybody.who(_rights(100, is_connected=True), rows.DANA, 2),
    }
    shown = {name: text.text if isinstance(text, Message) else text for name, text in found.items()}
    return shown | {
        "help/admin": answers.help_text(rows.POLICY, rows.DANA),
        "ended-as-admin/ending": answers.ended_as_admin(ended[0]),
        "ended-as-admin/cancelled": answers.ended_as_admin(ended[-1]),
        "all-ended": answers.all_ended(rows.ADA, ended, [rows.standing(1)]),
        "all-ended/deputy": answers.all_ended(rows.ADA, [], [], [rows.deputy()]),
        "AdminsOnly": answers.explain(AdminsOnly(), rows.POLICY),
        "NothingToEnd": answers.explain(NothingToEnd(rows.ADA), rows.POLICY),
        "NothingToEnd/pair": answers.explain(NothingToEnd(rows.BEN, rows.ADA), rows.POLICY),
    }

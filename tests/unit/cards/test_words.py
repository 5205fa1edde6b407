"""What people read: one word for one thing, "you" to its reader, and what has changed."""

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.cards import answers, audit, digest, strays, words
from bot.cards.alarms import overdue, unreachable
from bot.cards.delegations import card
from bot.cards.faces import face, reader_of
from bot.cards.homes import home_view
from bot.cards.lists import overview
from bot.cards.notices import pairing
from bot.refusals import Refused
from models.card import Audience, Card
from models.delegation import Asked, Delegation, Event, ExtensionWish, State, Trouble
from models.overdue import Leftover
from models.overview import AdminsWork, Excerpt, Overview
from models.pairing import Verdict
from models.policy import Policy, Refusal
from sandbox.slack.blockkit import elements_of
from tests.surfaces import around_close, rows
from tests.surfaces.catalogue import KINDS, MESSAGES

PEOPLE = (Audience.GRANTOR, Audience.GRANTEE, Audience.REQUESTER)
# What people said of these: nobody talks like that.
OLD = (
    r"e-mail",
    r"by itself",
    r"\bmends?\b",
    r"the way on",
    r"how long:",
    r"was done\b",
    r"\d (?:hours?|days?|minutes?) more\b",
    r"\bwish",
    r"took .* back",
    r"\btak(?:e|ing) .* back\b",
    r"\bstored\b",
    r"∞",
    r"\bwhom\b",
    r"I (?:tell|remind|ask|answer) you",
    r"what is over",
    r"another time",
    r"all right",
    r"(?:without a click)",
    r"nothing was (?:changed|done)",
    r"the bot\b",
)


def _texts(shown: Any) -> Iterator[str]:
    """Every text in a surface: of its blocks, and the plain one."""
    if isinstance(shown, str):
        yield shown
    elif isinstance(shown, list):
        for inner in shown:
            yield from _texts(inner)
    elif isinstance(shown, dict):
        for name in ("text", "label", "hint", "title", "submit", "close", "placeholder"):
            yield from _texts(shown.get(name, []))
        for name in ("blocks", "elements", "accessory", "options", "element", "description"):
            yield from _texts(shown.get(name, []))
        yield from _texts(list((shown.get("confirm") or {}).values()))


@functools.cache
def _drawn(kind: str) -> Mapping[str, Any]:
    """All surfaces of a kind; nobody changes them."""
    return KINDS[kind]()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "audit"])
@pytest.mark.parametrize("old", OLD)
def test_no_old_word(kind: str, old: str) -> None:
    """No card, list, home, notice, answer or form has a word that people stumbled over."""
    for name, shown in _drawn(kind).items():
        for text in _texts(shown):
            assert not re.search(old, text.replace(rows.NASTY, ""), re.IGNORECASE), (name, text)


def _all_of(d: Delegation, audience: Audience) -> str:
    return card(d, audience, connect_url=rows.CONNECT_URL).text


@pytest.mark.parametrize("audience", PEOPLE)
def test_nobody_reads_their_own_name(audience: Audience) -> None:
    """Rule 2: whatever the state and the trouble, a card says "you" to its reader."""
    for name, row in rows.delegations().items():
        asker = rows.CLEO if audience is Audience.REQUESTER else row.requester_id
        asked = replace(row, reason="", note="", requester_id=asker)
        reader = reader_of(asked, audience)
        for closed_by in {row.closed_by, reader}:
            d = replace(asked, closed_by=closed_by)
            assert f"<@{reader}>" not in _all_of(d, audience), (name, audience)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Event.REVOKE, "You revoked it."),
        (Event.RELEASE, "You ended it early."),
        (Event.WITHDRAW, "You ended the standing approval"),
    ],
)
def test_you_did_it(event: Event, said: str) -> None:
    """Rule 2: on the card and in the history whoever ended it reads what they did."""
    row = rows.shortest(State.ENDED, end_event=event, closed_by=rows.ADA)
    assert said in _all_of(row, Audience.GRANTOR)
    assert said in str(_home(Overview(person_id=rows.ADA, history=[row])))
    assert f"<@{rows.ADA}>{said.removeprefix('You')}" in _all_of(row, Audience.GRANTEE)


def test_you_cancelled() -> None:
    """Rule 2: so does whoever cancelled a request, and the other one reads their name."""
    row = rows.shortest(State.CANCELLED, closed_by=rows.BEN)
    assert "You cancelled the request" in _all_of(row, Audience.GRANTEE)
    assert f"<@{rows.BEN}> cancelled the request" in _all_of(row, Audience.GRANTOR)
    history = str(_home(Overview(person_id=rows.BEN, history=[row])))
    assert "You cancelled the request." in history


def test_an_admin_who_is_one_of_the_two() -> None:
    """Rule 2: alarms about somebody's own right speak to them, too."""
    row = rows.shortest(State.ENDING, trouble=Trouble.CONNECTION_LOST)
    assert f"<@{rows.ADA}>" not in overdue(row, rows.ADA).text
    left = Leftover(id="d1", grantor_id=rows.ADA, grantee_id=rows.BEN, over_since=rows.NOW)
    for reader in (rows.ADA, rows.BEN):
        assert f"<@{reader}>" not in digest.waiting(AdminsWork(leftovers=[left]), {}, reader).text
    asked = Card(id="c1", delegation_id="d1", audience=Audience.GRANTOR, recipient=rows.ADA)
    assert "you sending email" in unreachable(row, asked, rows.BEN).text
    decided = around_close.pairing(Verdict.CONFIRMED)
    assert "You confirmed it." in pairing(decided, reader=rows.DANA).text


def test_the_audit_channel_names_everybody() -> None:
    """Rule 2: a channel has no reader."""
    row = rows.shortest(State.ENDED)
    for event in audit.LINES:
        record = rows.record(event, actor=rows.ADA)
        for message in (audit.line(row, record), audit.opening(row, record)):
            assert not re.search(r"\byou(?:rs?)?\b", message.text, re.IGNORECASE)


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(hours=2), "2 more hours"),
        (timedelta(minutes=1), "1 more minute"),
        (timedelta(hours=2, minutes=30), "another 2 hours 30 minutes"),
    ],
)
def test_how_much_more(length: timedelta, said: str) -> None:
    """Rule 5: a request to extend says how much more, and which end comes of it."""
    row = rows.shortest(State.ACTIVE, extension=ExtensionWish(rows.NOW, length=length))
    assert row.ends_at is not None
    new, old = (int(each.timestamp()) for each in (row.ends_at + length, row.ends_at))
    end = rf"[Uu]ntil <!date\^{new}\^[^>]*> instead of <!date\^{old}\^{{time}}\|[^>]*>"
    for audience in (Audience.GRANTOR, Audience.GRANTEE):
        text = _all_of(row, audience)
        assert f"for {said}" in text
        assert re.search(end, text)


@pytest.mark.parametrize("state", [State.APPROVED, State.ACTIVE])
def test_another_length_than_asked(state: State) -> None:
    """Rule 5: what was asked for stands beside what was agreed to, for both."""
    row = rows.shortest(state, asked=Asked(rows.NOW, length=timedelta(days=3)))
    assert "(you asked for 3 days)" in _all_of(row, Audience.GRANTEE)
    assert f"(<@{rows.BEN}> asked for 3 days)" in _all_of(row, Audience.GRANTOR)
    assert "asked for" not in _all_of(replace(row, asked=None), Audience.GRANTEE)


@pytest.mark.parametrize("state", [State.ENDING, State.ENDED])
def test_a_request_to_extend_that_nobody_answered(state: State) -> None:
    """Rule 5: both read so at the end, unless somebody ended it."""
    row = rows.shortest(state, extension=ExtensionWish(rows.NOW, length=timedelta(hours=1)))
    to_grantor = f"You did not answer <@{rows.BEN}>'s request to extend."
    to_grantee = f"<@{rows.ADA}> did not answer your request to extend."
    assert to_grantor in _all_of(row, Audience.GRANTOR)
    assert to_grantee in _all_of(row, Audience.GRANTEE)
    revoked = replace(row, end_event=Event.REVOKE, closed_by=rows.ADA)
    assert "did not answer" not in _all_of(revoked, Audience.GRANTEE)


def test_a_denial_says_who_said_what() -> None:
    """Rule 5: the answer and the reason stand under the names of those who wrote them."""
    row = rows.shortest(State.DENIED, note="Not this week", reason="Spring pipeline")
    shown = face(row, Audience.GRANTEE)
    assert shown.lines == [f"<@{rows.ADA}>: “Not this week”", "You asked: “Spring pipeline”"]
    shown = face(row, Audience.GRANTOR)
    assert shown.lines == ["You: “Not this week”", f"<@{rows.BEN}> asked: “Spring pipeline”"]


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (Trouble.NOT_CONNECTED, "did not connect Close in time"),
        (Trouble.GRANTEE_NOT_IN_CLOSE, "you did not connect your Close account in time"),
        (Trouble.CLOSE_DOWN, "Close did not answer in time"),
        (None, "could not be set up in time"),
    ],
)
def test_a_lapse_has_its_reason(trouble: Trouble | None, said: str) -> None:
    """Rule 5: what an approval waited for in vain is said."""
    row = rows.shortest(State.LAPSED, trouble=trouble)
    assert said in _all_of(row, Audience.GRANTEE)
    assert "did not answer in time" in _all_of(replace(row, decided_at=None), Audience.GRANTEE)


@pytest.mark.parametrize("audience", PEOPLE)
def test_four_lines(audience: Audience) -> None:
    """Rule 6: a card has a headline, at most three lines with the reason, and one small print."""
    for name, row in rows.delegations().items():
        shown = face(row, audience)
        assert len(shown.small) <= 1, name
        lines = len(shown.lines) + (1 if shown.shows_reason and row.reason else 0)
        assert lines <= 3 or name.endswith("longest"), name


def test_what_it_allows_is_said_once() -> None:
    """Rule 6: where it is decided, and on top of App Home."""
    for name, row in rows.delegations().items():
        for audience in PEOPLE:
            is_asked = row.state is State.REQUESTED and not row.waits_for_second
            is_decided = is_asked and audience is Audience.GRANTOR
            assert (words.ALLOWS in _all_of(row, audience)) is is_decided, (name, audience)
    full = rows.overviews(7, 10)["fullest"]
    assert str(_home(full)).count(words.ALLOWS) == 1


def test_one_line_in_a_home() -> None:
    """Rule 6: who, until when, and the reason."""
    row = rows.shortest(State.ACTIVE, reason="Spring pipeline")
    (text,) = [
        each
        for each in _home(Overview(person_id=rows.ADA, given=Excerpt([row], 1)))
        if "Spring" in each
    ]
    assert "\n" not in text
    assert re.search(rf"<@{rows.BEN}> until <!date[^>]*> · “Spring pipeline”$", text)


def test_the_date_of_a_short_right_is_said_once() -> None:
    """From and until of the same day are one date and two times."""
    row = rows.shortest(State.ENDED)
    text = str(_home(Overview(person_id=rows.ADA, history=[row])))
    assert re.search(r"{date_short} {time}\|[^>]*>–<!date\^\d+\^{time}\|", text)


def test_waiting_for_an_answer_is_a_section() -> None:
    """What somebody asked and nobody answered yet stands apart, in the home and in the list."""
    mine = rows.shortest(State.REQUESTED)
    texts = _home(Overview(person_id=rows.BEN, asked=Excerpt([mine], 1)))
    assert "Waiting for an answer" in texts
    assert "*Waiting for an answer*\n" in str(overview([mine], rows.BEN))
    assert "*Waiting for you*\n" in str(overview([mine], rows.ADA))


def test_an_account_that_waits_for_an_admin() -> None:
    """Rule 9: the card and the home say that an admin has been asked, and offer no second link."""
    row = rows.shortest(State.APPROVED, trouble=Trouble.NOT_CONNECTED)
    for audience, whose in ((Audience.GRANTOR, "your"), (Audience.GRANTEE, f"<@{rows.ADA}>'s")):
        message = card(row, audience, connect_url="https://x", unconfirmed={rows.ADA})
        assert f"An admin has been asked to confirm {whose} Close account" in message.text
        ids = [
            part["action_id"] for block in message.blocks for part in elements_of(block.to_dict())
        ]
        assert "connect" not in ids
    texts = _home(rows.overviews(7, 10)["unconfirmed"])
    assert any("waits for an admin" in each for each in texts)


def test_labels_say_what_they_do() -> None:
    """Extend means three things, and has three names; who asked for others does not say "I"."""
    asked = rows.shortest(
        State.ACTIVE, extension=ExtensionWish(rows.NOW, length=timedelta(hours=1))
    )
    plain = rows.shortest(State.ACTIVE)
    assert _labels(plain, Audience.GRANTEE) == ["Ask to extend", "I'm done"]
    assert "Extend…" in _labels(plain, Audience.GRANTOR)
    assert _labels(asked, Audience.GRANTOR)[0] == "Approve"
    assert _labels(plain, Audience.REQUESTER) == ["End it"]


@pytest.mark.parametrize("audience", PEOPLE)
def test_one_primary_button(audience: Audience) -> None:
    """Rule 8: one thing is the obvious one."""
    for name, row in rows.delegations().items():
        message = card(row, audience, connect_url="https://x")
        styles = [
            part.get("style") for block in message.blocks for part in elements_of(block.to_dict())
        ]
        assert styles.count("primary") <= 1, name


def test_an_example_only_where_words_were_missing() -> None:
    """That somebody is a guest is no question of syntax."""
    for refusal in Refusal:
        said = answers.explain(Refused(refusal, rows.BEN), Policy())
        assert ("For example" in said) is (refusal is Refusal.REASON_MISSING), refusal


def test_a_comparison_in_plain_words() -> None:
    """What is there, and what is not any more."""
    said = strays.report(fitting=0, gone=1, back=0, unknown=0, refused=0).text
    assert said == (
        "Nobody can send as you in Close.\nOne right had been removed there; it is marked as ended."
    )


@pytest.mark.parametrize("kind", MESSAGES)
def test_a_notification_has_no_marks(kind: str) -> None:
    """The text beside the blocks is what a phone shows: it begins with a word, without marks."""
    for name, message in MESSAGES[kind]().items():
        text = re.sub("[\u200b][*`][\u200b]", "", message["text"])
        assert not re.search(r"[*`]", text), name
        assert not text.startswith("\n"), name


def _labels(d: Delegation, audience: Audience, **more: Any) -> list[str]:
    message = card(d, audience, connect_url="https://x", **more)
    parts = [part for block in message.blocks for part in elements_of(block.to_dict())]
    return [part["text"]["text"] for part in parts if part["type"] == "button"]


def _home(shown: Overview) -> list[str]:
    view = home_view(shown, connect_url=rows.CONNECT_URL, now=rows.NOW)
    return list(_texts(view.to_dict()["blocks"]))

"""The page's rendering: Slack's markup as HTML, Block Kit, and what an address asks for."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader

from sandbox.page.looks import Looks, initials, shade
from sandbox.page.mrkdwn import Mrkdwn
from sandbox.page.parts import TEMPLATES
from sandbox.page.screen import read_screen
from sandbox.page.statuses import STATUSES
from sandbox.page.threads import kin, threads
from sandbox.people import ADA, BEN, PEOPLE
from sandbox.slack import SandboxSlack
from sandbox.slack.workspace import AUDIT, Message

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def _html(text: str) -> str:
    return str(Mrkdwn({ADA.id: ADA.name}, "Europe/Berlin", NOW).render(text))


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("*bold* _slanted_ ~gone~", "<strong>bold</strong> <em>slanted</em> <s>gone</s>"),
        (
            f"*<@{ADA.id}> asks*",
            '<strong><span class="mention">@Ada Lindqvist</span> asks</strong>',
        ),
        ("`*code* &lt;`", "<code>*code* &lt;</code>"),
        ("```a\nb```", "<pre>a\nb</pre>"),
        ("2*3*4 and snake_case_name", "2*3*4 and snake_case_name"),
        ("\u200b*\u200bno\u200b*\u200b", "\u200b*\u200bno\u200b*\u200b"),
        ("• one", '<span class="line bullet">• one</span>'),
        ("&gt; said", '<span class="line quote">said</span>'),
        ("<!date^1795435200^{date_short_pretty} at {time}|later>", "<time>today at 13:00</time>"),
        ("⚪ over", '<span class="emoji">⚪</span> over'),
    ],
)
def test_markup_becomes_html(text: str, inside: str) -> None:
    """Each kind of markup is shown as Slack shows it, in the reader's time."""
    assert inside in _html(text)


@pytest.mark.parametrize(
    "text",
    [
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "<script>alert(1)</script>",
        "`<img src=x onerror=alert(1)>`",
        "<javascript:alert(1)|press>",
        '<https://a.example/"onmouseover="x|press>',
    ],
)
def test_nothing_typed_becomes_code(text: str) -> None:
    """Whatever stands in a text stays text: no tag, script address or attribute comes of it."""
    shown = _html(text)
    assert "<script" not in shown
    assert "<img" not in shown
    assert 'href="javascript' not in shown
    assert '"onmouseover' not in shown


def test_a_link_opens_beside_and_tells_nothing() -> None:
    """A link has its label, opens in a tab of its own and gets no access to the page."""
    shown = _html("<https://app.example/?a=1&amp;b=2|Connect>")
    assert 'href="https://app.example/?a=1&amp;b=2"' in shown
    assert 'rel="noopener noreferrer"' in shown
    assert ">Connect</a>" in shown


def _block(block: dict[str, Any]) -> str:
    templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    templates.globals |= {"initials": initials, "shade": shade}
    source = "{% import 'blocks.html' as kit with context %}{{ kit.block(block, shown, 'x') }}"
    looks = Looks(SandboxSlack(people=PEOPLE, now=lambda: NOW).workspace, BEN)
    shown = SimpleNamespace(values={}, errors={})
    return templates.from_string(source).render(block=block, looks=looks, shown=shown)


@pytest.mark.parametrize(
    ("block", "inside"),
    [
        ({"type": "divider"}, "<hr>"),
        ({"type": "header", "text": {"text": "Now <b>"}}, "Now &lt;b&gt;</h3>"),
        ({"type": "section", "text": {"type": "plain_text", "text": "*as is*"}}, "*as is*"),
        ({"type": "image", "image_url": "https://a.example/x.png", "alt_text": "A cat"}, "A cat"),
        (
            {"type": "alert", "level": "error", "text": {"type": "mrkdwn", "text": "No"}},
            "alert error",
        ),
        ({"type": "markdown", "text": "# plain"}, "# plain"),
        (
            {"type": "rich_text", "elements": [{"elements": [{"type": "text", "text": "deep"}]}]},
            "deep",
        ),
    ],
)
def test_blocks_become_html(block: dict[str, Any], inside: str) -> None:
    """Each kind of block shows its words."""
    assert inside in _block(block)


def test_pictures_are_not_fetched() -> None:
    """An image stands as its description, so that the page asks nobody outside."""
    block = {"type": "image", "image_url": "https://a.example/x.png", "alt_text": "A cat"}
    assert "a.example" not in _block(block)


@pytest.mark.parametrize(
    ("query", "people"),
    [
        ({}, ["ben", "ada"]),
        ({"left": "ada"}, ["ada", "ben"]),
        ({"left": "cleo", "right": "nobody"}, ["cleo"]),
        ({"left": "finn", "right": "<script>"}, ["ben"]),
    ],
)
def test_an_address_says_who_sits_there(query: dict[str, str], people: list[str]) -> None:
    """Known people sit where the address puts them; others leave the usual one alone."""
    assert [seat.person.handle for seat in read_screen(query).seats] == people


def _said(ts: str, thread_ts: str | None = None, mark: str = "") -> Message:
    metadata = {"event_type": "x", "event_payload": {"mark": mark}} if mark else None
    return Message(AUDIT, ts, BEN.id, ts, [], metadata, thread_ts)


def test_replies_stand_under_their_beginning() -> None:
    """A reply goes under what it answers; one whose beginning was deleted stands for itself."""
    first, reply, second, lost = _said("1"), _said("2", "1"), _said("3"), _said("4", "0")
    assert threads([first, reply, second, lost]) == [(first, [reply]), (second, []), (lost, [])]


def test_a_card_that_moved_is_known_again() -> None:
    """What the bot marked as the same thing has the same kin, whatever its version."""
    assert kin(_said("1", mark="card_1:2")) == kin(_said("2", mark="card_1:3"))
    assert kin(_said("1", mark="card_1:2")) != kin(_said("2", mark="card_2:2"))
    assert kin(_said("1")) == ""


@pytest.mark.parametrize(("day", "monday"), [(23, 30), (27, 30), (29, 7)])
def test_a_holiday_lasts_until_monday(day: int, monday: int) -> None:
    """Monday at nine by the person's own clocks, and never tomorrow; other statuses stay."""
    until = STATUSES["holiday"].until(NOW.replace(day=day), "Europe/Berlin")
    assert until is not None
    assert (until.day, until.hour, until.weekday()) == (monday, 9, 0)
    assert STATUSES["open"].until(NOW, "Europe/Berlin") is None

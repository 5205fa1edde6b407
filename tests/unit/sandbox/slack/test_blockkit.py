"""The sandbox Slack's checks of messages and views, and how it reads them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.slack.blockkit import problems_of_message, problems_of_view
from sandbox.slack.markup import problems_of_mrkdwn, readable_mrkdwn, typed_to_escaped

PLAIN = {"type": "plain_text", "text": "x"}
MRKDWN = {"type": "mrkdwn", "text": "x"}
BUTTON = {"type": "button", "action_id": "a", "text": PLAIN}
OPTION = {"text": PLAIN, "value": "x"}
TEXT_INPUT = {"type": "plain_text_input", "action_id": "a"}
INPUT = {"type": "input", "block_id": "i", "label": PLAIN, "element": TEXT_INPUT}
CONFIRM = {"title": PLAIN, "text": PLAIN, "confirm": PLAIN, "deny": PLAIN}
GROUP = {"label": PLAIN, "options": [OPTION]}
DIVIDER = {"type": "divider"}


def plain(length: int) -> dict[str, str]:
    """Text of so many characters."""
    return {"type": "plain_text", "text": "x" * length}


def section(**parts: Any) -> dict[str, Any]:
    """A section that Slack takes, with ``parts`` in place of its own."""
    return {"type": "section", "text": PLAIN, **parts}


def actions(*elements: Any, **parts: Any) -> dict[str, Any]:
    """A row of elements."""
    return {"type": "actions", "elements": list(elements), **parts}


def asking(**parts: Any) -> dict[str, Any]:
    """A button with a question before it that Slack takes, with ``parts`` in place of its own."""
    return BUTTON | {"confirm": CONFIRM | parts}


def select(**parts: Any) -> dict[str, Any]:
    """A menu that Slack takes, with ``parts`` in place of its own."""
    return {"type": "static_select", "action_id": "s", "options": [OPTION], **parts}


def modal(*blocks: Any, **parts: Any) -> dict[str, Any]:
    """A form that Slack takes, with ``parts`` in place of its own."""
    return {"type": "modal", "title": PLAIN, "submit": PLAIN, "blocks": list(blocks), **parts}


def checkbox(number: int) -> dict[str, Any]:
    """An option that differs from others by its value."""
    return {"text": PLAIN, "value": str(number)}


@pytest.mark.parametrize(
    ("blocks", "pointer", "problem"),
    [
        ([DIVIDER] * 51, "/blocks", "no more than 50 items"),
        ([{"type": "marquee"}], "/blocks/0", "unsupported type: marquee"),
        ([{"type": "section"}], "/blocks/0", "must define text or fields"),
        ([section(text=plain(3001))], "/blocks/0/text/text", "less than 3001"),
        ([section(text=plain(0))], "/blocks/0/text/text", "more than 0"),
        ([section(fields=[PLAIN] * 11)], "/blocks/0/fields", "no more than 10"),
        ([section(fields=[plain(2001)])], "/blocks/0/fields/0/text", "less than 2001"),
        ([section(accessory=TEXT_INPUT)], "/blocks/0/accessory", "not allowed here"),
        ([section(colour="red")], "/blocks/0/colour", "additional property"),
        ([{"type": "header", "text": plain(151)}], "/blocks/0/text/text", "less than 151"),
        (
            [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
            "/blocks/0/text/type",
            "must be one of: plain_text",
        ),
        ([{"type": "context", "elements": [PLAIN] * 11}], "/blocks/0/elements", "more than 10"),
        ([actions(*[select(action_id=str(i)) for i in range(26)])], "/elements", "more than 25"),
        ([actions(BUTTON, BUTTON)], "/blocks/0", "action_id a already exists"),
        ([actions(TEXT_INPUT)], "/blocks/0/elements/0", "not allowed here"),
        ([actions(BUTTON | {"text": plain(76)})], "/elements/0/text/text", "less than 76"),
        ([actions(BUTTON | {"value": "x" * 2001})], "/elements/0/value", "less than 2001"),
        ([actions(BUTTON | {"url": "ftp://x"})], "/elements/0/url", "failed to match"),
        ([actions(BUTTON | {"style": "default"})], "/elements/0/style", "primary, danger"),
        ([actions(BUTTON | {"action_id": "a" * 256})], "/action_id", "less than 256"),
        ([actions(asking(deny=None))], "/elements/0/confirm/deny", "must not be null"),
        ([actions(asking(title=plain(101)))], "/confirm/title/text", "less than 101"),
        ([actions(asking(title=MRKDWN))], "/confirm/title/type", "one of: plain_text"),
        ([actions(asking(text=plain(301)))], "/confirm/text/text", "less than 301"),
        ([actions(asking(text=MRKDWN))], "/confirm/text/type", "one of: plain_text"),
        ([actions(asking(confirm=plain(31)))], "/confirm/confirm/text", "less than 31"),
        ([actions(asking(deny=plain(31)))], "/confirm/deny/text", "less than 31"),
        ([actions(asking(style="default"))], "/confirm/style", "primary, danger"),
        (
            [actions(BUTTON | {"confirm": {k: v for k, v in CONFIRM.items() if k != "deny"}})],
            "/elements/0/confirm",
            "required field: deny",
        ),
        ([actions(select(options=[]))], "/options", "no fewer than 1"),
        ([actions(select(options=[OPTION] * 2))], "/options", "must be unique"),
        ([actions(select(option_groups=[GROUP]))], "/elements/0", "not both"),
        (
            [actions(select(initial_option={"text": PLAIN, "value": "y"}))],
            "/initial_option",
            "must equal one of the options",
        ),
        ([actions(select(initial_option=None))], "/initial_option", "must not be null"),
        (
            [
                actions(
                    {
                        "type": "checkboxes",
                        "action_id": "c",
                        "options": [checkbox(number) for number in range(11)],
                    }
                )
            ],
            "/options",
            "more than 10",
        ),
        (
            [actions({"type": "datepicker", "action_id": "d", "initial_date": "01.12.2026"})],
            "/initial_date",
            "failed to match",
        ),
        (
            [section(accessory={"type": "datetimepicker", "action_id": "d"})],
            "/blocks/0/accessory",
            "not allowed here",
        ),
        ([DIVIDER | {"block_id": "b"}] * 2, "/blocks", "block_id b already exists"),
        ([{"type": "alert", "text": PLAIN}], "/blocks/0", "not allowed in a message"),
        (
            [{"type": "markdown", "text": "x" * 7000}] * 2,
            "/blocks",
            "less than 12001 characters in all",
        ),
        (
            [section(text={"type": "mrkdwn", "text": "<!date^soon^{date}|soon>"})],
            "/blocks/0/text/text",
            "malformed markup",
        ),
    ],
)
def test_each_limit_is_named_with_its_place(blocks: Any, pointer: str, problem: str) -> None:
    """A message beyond one limit gets exactly that problem at exactly that place."""
    [found] = problems_of_message(blocks, "x")
    assert problem in found
    assert pointer in found.split("json-pointer:")[1]


@pytest.mark.parametrize(
    ("view", "problem"),
    [
        (modal(INPUT) | {"title": plain(25)}, "less than 25"),
        ({"type": "modal", "title": PLAIN, "blocks": [INPUT]}, "must define `submit`"),
        (modal(INPUT, private_metadata="x" * 3001), "less than 3001"),
        (modal(INPUT, callback_id="x" * 256), "less than 256"),
        (modal(), "no fewer than 1"),
        (modal(*[DIVIDER] * 101), "no more than 100"),
        (modal({"type": "markdown", "text": "x"}), "not allowed in a modal"),
        ({"type": "home", "title": PLAIN, "blocks": [DIVIDER]}, "additional property: title"),
        ({"type": "window", "blocks": [DIVIDER]}, "must be one of: modal, home"),
        (
            modal(INPUT | {"element": TEXT_INPUT | {"max_length": 3001}}),
            "must be between 1 and 3000",
        ),
        (
            modal(INPUT | {"element": TEXT_INPUT | {"max_length": 2, "initial_value": "xxx"}}),
            "less than 3 characters",
        ),
        (
            modal(
                *[
                    INPUT | {"block_id": str(i), "element": TEXT_INPUT | {"focus_on_load": True}}
                    for i in range(2)
                ]
            ),
            "focus_on_load is allowed on one element only",
        ),
        (
            {"type": "home", "blocks": [actions({"type": "datetimepicker", "action_id": "d"})]},
            "datetimepicker is not allowed in a home",
        ),
        (modal(*[section(text=plain(3000)) for _ in range(90)]), "less than 250000 bytes"),
    ],
)
def test_each_limit_of_a_view_is_named(view: dict[str, Any], problem: str) -> None:
    """A view beyond one limit gets exactly that problem, with a pointer below /view."""
    [found] = problems_of_view(view)
    assert problem in found
    assert "json-pointer:/view" in found


def test_what_slack_takes_has_no_problem() -> None:
    """A message and a view with one of everything the bot uses pass."""
    mrkdwn = {
        "type": "mrkdwn",
        "text": "<@U0ADA4KPXQ7> until <!date^1767225600^{date_short_pretty} at {time}|1 Jan UTC>",
    }
    blocks = [
        {"type": "header", "text": PLAIN},
        section(text=mrkdwn, fields=[mrkdwn], accessory=BUTTON),
        actions(
            asking(style="danger") | {"style": "danger"},
            select(initial_option=OPTION, confirm=CONFIRM),
            {"type": "overflow", "action_id": "o", "options": [OPTION], "confirm": CONFIRM},
        ),
        {"type": "context", "elements": [mrkdwn]},
        DIVIDER,
    ]
    people = {"type": "multi_users_select", "action_id": "p", "initial_users": ["U0ADA4KPXQ7"]}
    assert problems_of_message(blocks, "fallback") == []
    assert problems_of_message(None, "only text") == []
    people_input = INPUT | {"block_id": "p", "element": people}
    assert problems_of_view(modal(INPUT, people_input, *blocks)) == []


def test_text_beside_blocks_is_required() -> None:
    """Blocks without text leave notifications and screen readers empty."""
    [found] = problems_of_message([DIVIDER], "")
    assert "no_text" in found


@pytest.mark.parametrize(
    "text",
    [
        "a & b",
        "1 < 2",
        "a > b",
        "<@ben>",
        "<!date^1767225600^{date}>",
        "<!date^1767225600^{day}|x>",
        "<!date^1767225600^no token|x>",
        "<javascript:alert(1)|x>",
    ],
)
def test_malformed_markup_is_found(text: str) -> None:
    """Unescaped characters, wrong mentions, dates and links are each one problem."""
    assert len(list(problems_of_mrkdwn(text))) == 1


def test_well_formed_markup_passes() -> None:
    """Escaped text, quotes, mentions, links and specials are fine."""
    text = (
        "> quoted\n&amp; &lt;b&gt; <@W1|x> <#C1> <!subteam^S1|@a> <!here> <mailto:a@b.c|a> "
        "<https://example.com/?a=1&b=2|link>"
    )
    assert list(problems_of_mrkdwn(text)) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<@U1> and <@U2|x>", "@Ada and @x"),
        ("<!subteam^S1> in <#C1>", "@sales in #general"),
        ("<https://example.com|here> &lt;3", "here <3"),
        ("<!date^1795460400^{date_short_pretty} at {time}|x>", "tomorrow at 20:00"),
        ("<!date^1796065200^{date_long}, {time}|x>", "Monday, November 30, 2026, 20:00"),
        ("<!date^1795366800^{ago}|x>", "in 1 hour"),
    ],
)
def test_markup_reads_the_way_a_person_sees_it(text: str, shown: str) -> None:
    """Mentions become names, dates the reader's local time, entities characters."""
    names = {"U1": "Ada", "S1": "sales", "C1": "general"}
    now = datetime.fromtimestamp(1795363200, UTC)
    assert readable_mrkdwn(text, names, "Europe/Berlin", now) == shown


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("@ben 2h Covering", "<@U1|ben> 2h Covering"),
        ("@sales-team, @here & <b>", "<!subteam^S1|@sales-team>, <!here> &amp; &lt;b&gt;"),
        ("@nobody a@example.com", "@nobody <mailto:a@example.com|a@example.com>"),
        ("see https://example.com/x", "see <https://example.com/x>"),
        ("@benjamin", "@benjamin"),
    ],
)
def test_typed_text_is_escaped_like_should_escape(typed: str, sent: str) -> None:
    """Mentions, links and the three characters become what a slash command delivers."""
    mentions = {"@ben": "<@U1|ben>", "@sales-team": "<!subteam^S1|@sales-team>", "@here": "<!here>"}
    assert typed_to_escaped(typed, mentions) == sent

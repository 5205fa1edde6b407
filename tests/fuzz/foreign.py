"""Foreign text made into shown text: one line, nothing hidden, nothing that formats or mentions."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from html.parser import HTMLParser
from random import Random
from typing import Any
from unicodedata import category

from bot.cards import audit, bundles, foreign, markup
from bot.cards import delegations as cards
from bot.cards import request_form as modals
from bot.cards.homes import home_view
from bot.cards.time_fields import Reader
from bot.grammar import storable
from bot.web import pages
from models.card import Audience
from models.delegation import Delegation, State
from models.overview import Excerpt, Overview
from models.policy import REASON_LIMIT
from sandbox.slack.blockkit import problems_of_message, problems_of_view
from sandbox.slack.markup import problems_of_mrkdwn
from tests.fuzz import making
from tests.fuzz.engine import Check, Target
from tests.surfaces import rows

SHOWN, EMPTY, CARD = "shown", "empty", "card"
MARKS = (
    "*bold*",
    "_it_",
    "~no~",
    "`code`",
    "```",
    "<!everyone>",
    "<@U0ADA>",
    "<b>",
    "&lt;",
    "&amp;",
)
NAMES = (
    "Ada",
    "Łukasz",
    "O'Brien",
    "“Ada”",
    "Ada\u202eneB",
    "a@b.c",
    "\u00a0" * 20,
    "נעה",
    "e\u0301" * 9,
)
TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
UNSEEN = frozenset({"Cc", "Cs", "Co"})
BREAK = "\u200b"
FORMATTED = re.compile(f"(?<!{BREAK})[*~`](?!{BREAK})")


def _text(random: Random) -> str:
    text = making.words(random, (*MARKS, *NAMES, making.noise(random), "Covering"), 10)
    return making.spoilt(random, text) if making.is_lucky(random, 2) else text


@asynccontextmanager
async def _texts() -> AsyncIterator[Check]:
    yield _check_text


async def _check_text(text: Any) -> str:
    plain = foreign.plain(text)
    _check_plain(plain)
    assert foreign.plain(plain) == plain, "made once, it stays"
    assert len(foreign.plain(text, 50)) <= 50
    assert len(foreign.name(text)) <= foreign.MOST_NAME
    address = foreign.address(text)
    assert len(address) <= foreign.MOST_ADDRESS
    assert " " not in address
    for quoted in (
        markup.quoted(text),
        markup.quoted_name(text),
        markup.quoted_address(text),
    ):
        assert not list(problems_of_mrkdwn(quoted)), quoted
        assert "<" not in quoted
        assert not FORMATTED.search(quoted)
    assert markup.unmarked(markup.quoted(text)) == plain.replace("`", "").replace("*", "")
    return SHOWN if plain else EMPTY


def _check_plain(plain: str) -> None:
    plain.encode()
    assert plain == plain.strip()
    assert not TURNS & set(plain)
    assert not any(category(each) in UNSEEN for each in plain)
    assert len(plain.splitlines()) <= 1
    assert "  " not in plain


def _odd_row(random: Random) -> dict[str, Any]:
    return {
        "state": random.choice(list(State)).value,
        "reason": _text(random)[:REASON_LIMIT],
        "note": _text(random)[:REASON_LIMIT],
        "account": _text(random)[:400],
        "addresses": _text(random)[:400],
        "email": _text(random)[:320],
        "long": making.is_lucky(random, 2),
    }


@asynccontextmanager
async def _cards() -> AsyncIterator[Check]:
    yield _check_cards


async def _check_cards(value: Any) -> str:
    """Every surface that shows what others wrote is one that Slack takes."""
    row = _row(value)
    for audience in (Audience.GRANTOR, Audience.GRANTEE):
        _check_message(cards.card(row, audience, connect_url=rows.CONNECT_URL))
    _check_message(bundles.wished([row, row], {row.id}, connect_url=rows.CONNECT_URL))
    _check_message(audit.line(row, rows.record(next(iter(audit.LINES)), actor=row.grantee_id)))
    account = rows.account(email=value["email"], name=value["account"])
    connection = replace(rows.connection(is_alive=False), account=account)
    home = Overview(
        person_id=row.grantor_id,
        connection=connection,
        waiting=Excerpt([row], 1),
        history=[row],
        pairing=replace(rows.pairing(), account=account, slack_email=value["email"]),
    )
    shown = home_view(home, connect_url=rows.CONNECT_URL, now=rows.NOW, admins=[rows.DANA])
    assert not problems_of_view(shown.to_dict())
    reader = Reader(rows.NOW, "Europe/Berlin")
    assert not problems_of_view(modals.request_form(rows.POLICY, reader).to_dict())
    _check_page(value)
    return CARD


def _row(value: dict[str, Any]) -> Delegation:
    make = rows.longest if value["long"] else rows.shortest
    return make(
        State(value["state"]),
        reason=value["reason"],
        note=value["note"],
        grantee_account=value["account"],
        addresses=value["addresses"],
        grantee_email=value["email"],
    )


def _check_message(message: Any) -> None:
    blocks = [block.to_dict() for block in message.blocks]
    assert not problems_of_message(blocks, message.text), message.text
    assert len(message.text) <= making.LONGEST


class _Tags(HTMLParser):
    """The tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep its name, and the names of what it carries."""
        self.names += [tag, *(name for name, _ in attrs)]


def _tags(page: Any) -> list[str]:
    parser = _Tags()
    parser.feed(page.body.decode())
    return parser.names


def _check_page(value: dict[str, Any]) -> None:
    """No text adds a tag or an attribute to a page."""
    name, email, link = value["account"], value["email"] or "x", storable(value["note"])

    def page(name: str, email: str, link: str) -> Any:
        return pages.for_whom(
            name, email, link=link, token=link, leads_to="https://x.test", is_again=True
        )

    assert _tags(page(name, email, link)) == _tags(page("Ada", "a@b.c", "x"))
    assert _tags(pages.connected(email)) == _tags(pages.connected("a@b.c"))
    assert _tags(pages.not_me(name)) == _tags(pages.not_me("Ada"))


TEXTS = Target("texts", 16, _text, _texts, frozenset({SHOWN, EMPTY}))
CARDS = Target("cards", 1, _odd_row, _cards, frozenset({CARD}))

"""Foreign text as it is shown: one line, every character seen, nothing imitated, in linear time."""

import time
from collections.abc import Iterator
from typing import Any
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.delegations import card
from bot.cards.foreign import MOST_ADDRESS, MOST_NAME, address, name, plain
from bot.cards.markup import quoted, unmarked
from bot.web import pages
from models.card import Audience
from models.delegation import State
from tests.surfaces import around_close, rows
from tests.surfaces.catalogue import KINDS

LIE = "Admin approved this."
HIDDEN = {
    "a line break": f"Covering\n{LIE}",
    "a line separator": f"Covering\u2028{LIE}",
    "the other direction": f"\u202e{LIE[::-1]}\u202c",
    "an isolate": f"\u2067Covering\u2069 {LIE}",
    "zero width": "Co\u200bver\u200cing\u2060\ufeff",
    "a joiner between letters": "Cover\u200ding",
    "a soft hyphen": "Cover\u00ading",
    "tags": "Covering\U000e0001\U000e0041\U000e0064\U000e007f",
    "variation selectors": "Cover\ufe00ing\ufe0f\U000e0100",
    "control characters": "Covering\x00\x07\x1b[31m\x7f\x9b",
    "blank letters": "Covering" + "\u3164\U0001d159\ufffc" * 40 + LIE,
    "no-break spaces": "Covering" + "\u00a0" * 200 + LIE,
    "a flood of marks": "C" + "\u0336\u0353\u0301" * 80 + "overing",
    "marks on our own words": "\u0336\u0336Covering",
    "the end of our quotation": f"Covering.” {LIE} “",
    "half an emoji": "Covering\ud83d",
    "a private character": "Covering\uf8ff",
}
SEEN = [
    "Covering the spring pipeline",
    "Übergabe für Zoë, naïve façade",
    "Đặt vé cho chị Hạnh",
    "שָׁלוֹם עולם",
    "किताब और हिन्दी",
    "ภาษาไทย ที่นี่",
    "日本語、中文、한국어",
    "\N{GRINNING FACE} \U0001f469\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f 1\ufe0f\u20e3",
    "\U0001f9d1\U0001f3fd\u200d\U0001f680 \U0001f3f3\ufe0f\u200d\U0001f308 \U0001f1e9\U0001f1ea",
    "\u2764\ufe0f\u200d\U0001f525 \U0001fae8 ™ © ↔\ufe0f",
]


def unseen(text: str) -> set[str]:
    """The characters of a text that nobody can see, but line ends."""
    return {
        each
        for place, each in enumerate(text)
        if each != "\n"
        and category(each) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
        and not (each == "\u200d" and place and category(text[place - 1]) != "Lo")
    }


@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN.keys())
def test_what_hides_is_left_out(text: str) -> None:
    """C5: what is left is one line that begins as the person began it, with all seen."""
    shown = plain(text)
    assert not unseen(shown)
    assert "\n" not in shown
    assert "  " not in shown
    assert "”" not in shown
    assert len(shown) <= len("Covering ") + len(LIE) + 12
    assert shown.startswith(("C", LIE[::-1]))


@pytest.mark.parametrize("text", SEEN)
def test_what_people_write_stays(text: str) -> None:
    """Every script, accent and emoji is shown as it was typed."""
    assert plain(text) == text


@given(st.text())
def test_it_is_done_once(text: str) -> None:
    """Shown text is shown text: doing it again changes nothing, and the result is one line."""
    shown = plain(text)
    assert plain(shown) == shown
    assert shown == " ".join(shown.split(" ")).strip()
    assert not {"\n", "\r", "\u202e", "\u2066", "\x00"} & set(shown)


@pytest.mark.parametrize(
    "piece",
    [" ", "\u00a0", "\n ", "\u0301", "e\u0301", "\u200d", "\u2764\u200d", "1\ufe0f", "*_", "&"],
)
def test_it_takes_linear_time(piece: str) -> None:
    """C5: four times as many characters of any kind take about four times as long."""
    short, long = (_seconds(piece * (count // len(piece))) for count in (25_000, 100_000))
    assert long < max(10 * short, 0.2)


def _seconds(text: str) -> float:
    """Of the processor, at best: other work on the machine does not count."""

    def once() -> float:
        began = time.process_time()
        unmarked(quoted(text))
        return time.process_time() - began

    return min(once() for _ in range(3))


def test_names_are_cut() -> None:
    """A name cannot push aside what stands behind it, and is not cut within an emoji."""
    assert name("Ben" + "\u00a0" * 300 + "Okafor") == "Ben Okafor"
    assert len(name("n" * 500)) == MOST_NAME
    family = "\U0001f469\u200d\U0001f469\u200d"
    assert "\u200d…" not in name(family * 50)


def test_the_end_of_an_address_is_seen() -> None:
    """C5: an address has no blanks, and is cut where it does not hide whose it is."""
    assert address("ada@example.com \u00a0, eve@evil.example") == "ada@example.com,eve@evil.example"
    cut = address("ada@example.com." + "x" * 300 + ".evil.example")
    assert len(cut) == MOST_ADDRESS
    assert cut.endswith(".evil.example")


HOSTILE = (
    f"\u202e\u2066 Ben\n{LIE}\r\n\u2028{LIE}\u200b\u2060\U000e0041\x1b[2J\u00a0\u00a0\u00a0"
    f"e\u0301\u0301\u0301\u0301\u0301\u0301\u0301” {LIE}\ufeff\u061c\u3164\u3164"
)


@pytest.mark.parametrize("kind", KINDS)
def test_no_place_shows_it_raw(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """C5: in every card, form, home, notice and answer, hostile text is one line, all seen."""
    monkeypatch.setattr(rows, "NASTY", HOSTILE)
    monkeypatch.setattr(rows, "LONG_TEXT", (HOSTILE * 9)[:500])
    monkeypatch.setattr(around_close, "LONG_NAME", (HOSTILE * 4)[:200])
    monkeypatch.setattr(around_close, "LONG_ADDRESS", f"a\u202e@b.example\n{LIE}")
    for surface, shown in KINDS[kind]().items():
        for text in _texts(shown):
            assert not unseen(text.replace("\u200b", "")), surface
            assert f"\n{LIE}" not in text, surface
            assert "\u0301" * 5 not in text, surface
            assert f"” {LIE}" not in text, surface


def _texts(shown: Any) -> Iterator[str]:
    if isinstance(shown, str):
        yield shown
    elif isinstance(shown, list):
        for each in shown:
            yield from _texts(each)
    elif isinstance(shown, dict):
        yield from _texts(list(shown.values()))


def test_pages_show_what_is_seen() -> None:
    """C5: an address from Close cannot hide anything on a page of ours, nor begin a line."""
    hostile = f"ada@example.com\u202e\n\u00a0<b>{LIE}"
    for page in (
        pages.connected(hostile),
        pages.needs_admin(hostile),
        pages.for_whom(hostile, hostile, link="l", token="t", leads_to="", is_again=False),
        pages.not_me(hostile),
    ):
        text = bytes(page.body).decode()
        assert not unseen(text)
        assert f"\n{LIE}" not in text
        assert "<b>" not in text


def test_what_is_not_shown_is_no_reason() -> None:
    """A reason of nothing that is seen leaves no empty quotation marks."""
    row = rows.shortest(State.REQUESTED, reason="\u200b\u2060")
    message = card(row, Audience.GRANTOR, connect_url=rows.CONNECT_URL)
    assert "Reason" not in message.text
    assert not [block for block in message.blocks if "“" in str(block.to_dict())]


def test_a_joiner_goes_with_the_sign_before_it() -> None:
    """A sign that makes an emoji of nothing goes, and what it seemed to be joined by goes, too."""
    assert plain("\ufe0f\u200d\N{WOMAN}") == "\N{WOMAN}"
    assert plain("1\ufe0f\u200d\N{WOMAN}") == "1\N{WOMAN}"
    assert plain("\u2764\ufe0f\u200d\N{FIRE}") == "\u2764\ufe0f\u200d\N{FIRE}"

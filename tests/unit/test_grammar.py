"""What ``/sendas …`` means, and what somebody typed, out of Slack's escapes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.grammar import Command, Muddle, NotUnderstood, Verb, as_typed, read_command, storable
from sandbox.slack.markup import escape

ADA, BEN = "<@U0ADA|ada>", "<@U0BEN>"
UNDERSTOOD = [
    ("", Command(Verb.OPEN)),
    ("   \n\t", Command(Verb.OPEN)),
    (f"{ADA} 2h Covering", Command(Verb.REQUEST, ("U0ADA",), "2h Covering")),
    (f"  {ADA}", Command(Verb.REQUEST, ("U0ADA",))),
    (f"{ADA}2h", Command(Verb.REQUEST, ("U0ADA",), "2h")),
    (f"{ADA}\n2h\nwhy", Command(Verb.REQUEST, ("U0ADA",), "2h\nwhy")),
    ("<@W012ABC> 2h", Command(Verb.REQUEST, ("W012ABC",), "2h")),
    ("<@U0ADA|a&gt;b> 2h", Command(Verb.REQUEST, ("U0ADA",), "2h")),
    ("<@U0ADA|> 2h", Command(Verb.REQUEST, ("U0ADA",), "2h")),
    (f"{ADA} payload=1", Command(Verb.REQUEST, ("U0ADA",), "payload=1")),
    ("deputy", Command(Verb.DEPUTY)),
    (f"Deputy {ADA} until monday", Command(Verb.DEPUTY, ("U0ADA",), "until monday")),
    ("deputy END", Command(Verb.DEPUTY, is_over=True)),
    (f"deputy stop\t{BEN}", Command(Verb.DEPUTY, ("U0BEN",), is_over=True)),
    ("list", Command(Verb.LIST)),
    ("LIST", Command(Verb.LIST)),
    ("help", Command(Verb.HELP)),
    ("help me please", Command(Verb.HELP)),
    ("connect", Command(Verb.CONNECT)),
    (f"revoke {ADA}", Command(Verb.REVOKE, ("U0ADA",))),
    (f"Revoke\t{ADA}  ", Command(Verb.REVOKE, ("U0ADA",))),
    (f"release\n{BEN}", Command(Verb.RELEASE, ("U0BEN",))),
    (f"revoke\u00a0{ADA}", Command(Verb.REVOKE, ("U0ADA",))),
    ("status", Command(Verb.LIST)),
    (f"Status {ADA}", Command(Verb.LIST, ("U0ADA",))),
    (f"cancel {ADA}", Command(Verb.CANCEL, ("U0ADA",))),
    (f"withdraw {ADA}", Command(Verb.CANCEL, ("U0ADA",))),
    (f"stop {ADA}", Command(Verb.STOP, ("U0ADA",))),
    (f"END {ADA}", Command(Verb.STOP, ("U0ADA",))),
    ("who", Command(Verb.WHO)),
    (f"Who {ADA}", Command(Verb.WHO, ("U0ADA",))),
    (f"end {BEN} as {ADA}", Command(Verb.END, ("U0BEN", "U0ADA"))),
    (f"End {BEN}AS{ADA} Lost laptop", Command(Verb.END, ("U0BEN", "U0ADA"), "Lost laptop")),
    (f"end all {ADA}", Command(Verb.END, ("U0ADA",), is_all=True)),
    (f"end ALL{ADA} as usual", Command(Verb.END, ("U0ADA",), "as usual", is_all=True)),
    (f"extend {ADA}", Command(Verb.EXTEND, ("U0ADA",))),
    (f"extend {ADA}  until friday 17:00", Command(Verb.EXTEND, ("U0ADA",), "until friday 17:00")),
    (f"prolong {ADA}2h", Command(Verb.EXTEND, ("U0ADA",), "2h")),
    (f"ask {ADA} 2h Covering", Command(Verb.REQUEST, ("U0ADA",), "2h Covering")),
    (f"request {ADA} for {BEN} 2h", Command(Verb.REQUEST, ("U0ADA",), "2h", (), "U0BEN")),
    (f"Give  back {ADA}", Command(Verb.RELEASE, ("U0ADA",))),
    (f"take back {ADA}", Command(Verb.REVOKE, ("U0ADA",))),
    (f"remove {ADA}", Command(Verb.REVOKE, ("U0ADA",))),
    (f"done {ADA}", Command(Verb.RELEASE, ("U0ADA",))),
]


@pytest.mark.parametrize(("text", "command"), UNDERSTOOD)
def test_what_is_understood(text: str, command: Command) -> None:
    """Each of these says exactly one thing."""
    assert read_command(text) == command


MUDDLED = [
    ("ada 2h", Muddle.UNKNOWN_WORD, "ada", Verb.REQUEST),
    ("listing", Muddle.UNKNOWN_WORD, "listing", Verb.REQUEST),
    ("2h", Muddle.UNKNOWN_WORD, "2h", Verb.REQUEST),
    ("&lt;b&gt; &amp;", Muddle.UNKNOWN_WORD, "<b>", Verb.REQUEST),
    ("@ada 2h", Muddle.NAME_NOT_MENTIONED, "@ada", Verb.REQUEST),
    ("<!subteam^S123|@sales> 2h", Muddle.GROUP, "", Verb.REQUEST),
    ("<!here> 2h", Muddle.EVERYBODY, "", Verb.REQUEST),
    ("<!channel|channel>", Muddle.EVERYBODY, "", Verb.REQUEST),
    ("<!everyone>", Muddle.EVERYBODY, "", Verb.REQUEST),
    ("@here", Muddle.EVERYBODY, "", Verb.REQUEST),
    ("@Everyone now", Muddle.EVERYBODY, "", Verb.REQUEST),
    ("<#C123|general> 2h", Muddle.PERSON_MISSING, "#general", Verb.REQUEST),
    ("<https://example.com|x>", Muddle.PERSON_MISSING, "x", Verb.REQUEST),
    ("<@u0ada>", Muddle.PERSON_MISSING, "@u0ada", Verb.REQUEST),
    ("<@U0ÄDA>", Muddle.PERSON_MISSING, "@U0ÄDA", Verb.REQUEST),
    ("revoke", Muddle.PERSON_MISSING, "", Verb.REVOKE),
    ("release   ", Muddle.PERSON_MISSING, "", Verb.RELEASE),
    ("revoke ada", Muddle.PERSON_MISSING, "ada", Verb.REVOKE),
    ("revoke @ada", Muddle.NAME_NOT_MENTIONED, "@ada", Verb.REVOKE),
    ("revoke <!here>", Muddle.EVERYBODY, "", Verb.REVOKE),
    (f"revoke {ADA} now", Muddle.TOO_MUCH, "now", Verb.REVOKE),
    (f"release {ADA} {BEN}", Muddle.TOO_MUCH, "@U0BEN", Verb.RELEASE),
    (f"deputy {ADA} {BEN} until friday", Muddle.TOO_MUCH, "@U0BEN", Verb.DEPUTY),
    ("disconnect tomorrow", Muddle.TOO_MUCH, "tomorrow", Verb.DISCONNECT),
    ("stop", Muddle.PERSON_MISSING, "", Verb.STOP),
    ("end", Muddle.PERSON_MISSING, "", Verb.END),
    ("end all", Muddle.PERSON_MISSING, "", Verb.END),
    ("end all ada", Muddle.PERSON_MISSING, "ada", Verb.END),
    ("end all <!subteam^S1|@x>", Muddle.GROUP, "", Verb.END),
    ("end everything", Muddle.PERSON_MISSING, "everything", Verb.END),
    (f"end {BEN} as @ada", Muddle.NAME_NOT_MENTIONED, "@ada", Verb.END),
    (f"end {BEN} as ada", Muddle.TOO_MUCH, "as ada", Verb.END),
    (f"end {BEN} now", Muddle.TOO_MUCH, "now", Verb.END),
    ("extend 2h", Muddle.PERSON_MISSING, "2h", Verb.EXTEND),
    (f"who {ADA} {BEN}", Muddle.TOO_MUCH, "@U0BEN", Verb.WHO),
    ("who is it", Muddle.PERSON_MISSING, "is", Verb.WHO),
    ("take", Muddle.UNKNOWN_WORD, "take", Verb.REQUEST),
    ("ask", Muddle.PERSON_MISSING, "", Verb.REQUEST),
    (f"check {ADA}", Muddle.TOO_MUCH, "@ada", Verb.CHECK),
]


@pytest.mark.parametrize(("text", "muddle", "word", "verb"), MUDDLED)
def test_what_is_not_understood(text: str, muddle: Muddle, word: str, verb: Verb) -> None:
    """Each misunderstanding is named, with the word that caused it as its writer saw it."""
    with pytest.raises(NotUnderstood) as caught:
        read_command(text)
    assert (caught.value.muddle, caught.value.word) == (muddle, word)
    assert caught.value.verb is verb


def test_the_verb_is_named_as_it_was_typed() -> None:
    """Who typed "end" does not read "stop"."""
    for text, said in [(f"End {ADA} now", "end"), ("give back", "give back"), ("stop", "stop")]:
        with pytest.raises(NotUnderstood) as caught:
            read_command(text)
        assert caught.value.said == said


def test_every_muddle_can_happen() -> None:
    """The table above leaves no kind of misunderstanding out."""
    assert {muddle for _, muddle, _, _ in MUDDLED} == set(Muddle)


def test_a_long_word_is_cut() -> None:
    """What is repeated in an answer is short."""
    with pytest.raises(NotUnderstood) as caught:
        read_command("x" * 5000)
    assert len(caught.value.word) == 60


PIECES = st.sampled_from(
    [
        *("<@U0ADA|ada>", "<@U0BEN>", "<!here>", "<!subteam^S1|@s>", "grant", "revoke"),
        *("cancel", "stop", "end", "extend", "take", "back", "give", "status", "ask"),
        *("release", "list", "all", "for", "and", ",", "2h", " ", "\n", "@", "<", ">", "|"),
        *("&amp;", "\u202e"),
    ]
)
TEXTS = st.one_of(
    st.text(), st.lists(PIECES, max_size=12).map("".join), st.lists(PIECES).map(" ".join)
)


def read(text: str) -> Command | NotUnderstood:
    """Either of the two things that can come out."""
    try:
        return read_command(text)
    except NotUnderstood as error:
        return error


@given(TEXTS)
def test_any_text_is_a_command_or_a_named_misunderstanding(text: str) -> None:
    """Nothing that can be typed raises anything else, and ids look like ids."""
    found = read(text)
    if isinstance(found, NotUnderstood):
        assert found.muddle in Muddle
        assert len(found.word) <= 60
        return
    assert found.verb in Verb
    assert all(each[0] in "UW" and each.isascii() and each.isalnum() for each in found.people)
    assert found.rest == found.rest.strip()


TYPED = [
    ("", ""),
    ("plain words", "plain words"),
    ("R&amp;D &lt;now&gt;", "R&D <now>"),
    ("&amp;lt;", "&lt;"),
    ("with <@U0ADA|ada>", "with @ada"),
    ("with <@U0ADA>", "with @U0ADA"),
    ("in <#C0SALES|sales>", "in #sales"),
    ("<!here> and <!subteam^S1|@sales>", "@here and @sales"),
    ("see <https://example.com/a?b=1&amp;c=2>", "see https://example.com/a?b=1&c=2"),
    ("see <https://example.com|example.com>", "see example.com"),
    ("to <mailto:a@example.com|a@example.com>", "to a@example.com"),
]


@pytest.mark.parametrize(("sent", "typed"), TYPED)
def test_slacks_escapes(sent: str, typed: str) -> None:
    """Entities and markup become what stood on the screen."""
    assert as_typed(sent) == typed


@given(st.text())
def test_what_is_escaped_comes_back(text: str) -> None:
    """Any text survives Slack's escaping unchanged."""
    assert as_typed(escape(text)) == text


@given(st.text(st.characters(codec=None)))
def test_any_text_can_be_stored(text: str) -> None:
    """No NUL and no half emoji is left, and what UTF-8 can hold stays."""
    kept = storable(text)
    assert "\0" not in kept
    assert kept.encode().decode() == kept
    if "\0" not in text and not any("\ud800" <= each <= "\udfff" for each in text):
        assert kept == text

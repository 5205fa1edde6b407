"""What somebody meant by ``/sendas …``: text in, a command or a named misunderstanding out."""

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.typed import as_typed

# With should_escape Slack sends <@U123|name>, <!subteam^S123|@name>, <!here> (slack.md §3).
_PERSON = re.compile(r"<@([UW][A-Z0-9]{1,30})(?:\|[^>]*)?>", re.ASCII)
_GROUP = re.compile(r"<!subteam\^[^>]*>")
_EVERYBODY = re.compile(r"<!(?:here|channel|everyone)[^>]*>")


class Verb(StrEnum):
    """What can be asked of the bot."""

    OPEN = "open"
    REQUEST = "request"
    LIST = "list"
    CONNECT = "connect"
    REVOKE = "revoke"
    RELEASE = "release"
    HELP = "help"


class Muddle(StrEnum):
    """Why a text is not a command."""

    UNKNOWN_WORD = "unknown_word"
    GROUP = "group"
    EVERYBODY = "everybody"
    NAME_NOT_MENTIONED = "name_not_mentioned"
    PERSON_MISSING = "person_missing"
    TOO_MUCH = "too_much"


@dataclass(frozen=True, slots=True)
class Command:
    """A verb, the person it is about, and what else was said."""

    verb: Verb
    person_id: str = ""
    rest: str = ""


class NotUnderstood(Exception):
    """``word`` is the part that was not understood."""

    def __init__(self, muddle: Muddle, word: str = "", verb: Verb = Verb.REQUEST) -> None:
        super().__init__(muddle.value)
        self.muddle = muddle
        self.word = as_typed(word)[:60]
        self.verb = verb


_ALONE = {Verb.LIST, Verb.CONNECT, Verb.HELP}
_WITH_PERSON = {Verb.REVOKE, Verb.RELEASE}


def read_command(text: str) -> Command:
    """The command in a slash command's text; raises NotUnderstood."""
    text = text.strip()
    if not text:
        return Command(Verb.OPEN)
    if text.startswith(("<", "@")):
        person_id, rest = _person(text, Verb.REQUEST)
        return Command(Verb.REQUEST, person_id, rest)
    word, rest = (*text.split(maxsplit=1), "")[:2]
    verb = next((verb for verb in _ALONE | _WITH_PERSON if verb == word.casefold()), None)
    if verb is None:
        raise NotUnderstood(Muddle.UNKNOWN_WORD, word)
    if verb in _ALONE:
        return Command(verb)
    person_id, rest = _person(rest.strip(), verb)
    if rest:
        raise NotUnderstood(Muddle.TOO_MUCH, rest, verb)
    return Command(verb, person_id)


def _person(text: str, verb: Verb) -> tuple[str, str]:
    found = _PERSON.match(text)
    if found:
        return found.group(1), text[found.end() :].strip()
    if not text:
        raise NotUnderstood(Muddle.PERSON_MISSING, verb=verb)
    if _GROUP.match(text):
        raise NotUnderstood(Muddle.GROUP, verb=verb)
    if _EVERYBODY.match(text) or text.casefold().startswith(("@here", "@channel", "@everyone")):
        raise NotUnderstood(Muddle.EVERYBODY, verb=verb)
    word = text.split(maxsplit=1)[0]
    if word.startswith("@"):
        raise NotUnderstood(Muddle.NAME_NOT_MENTIONED, word, verb)
    raise NotUnderstood(Muddle.PERSON_MISSING, word, verb)

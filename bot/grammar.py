"""What somebody meant by ``/sendas …``: text in, a command or a named misunderstanding out."""

import re
from dataclasses import dataclass
from enum import StrEnum

# With should_escape Slack sends <@U123|name>, <!subteam^S123|@name>, <!here> (slack.md §3).
_PERSON = re.compile(r"<@([UW][A-Z0-9]{1,30})(?:\|[^>]*)?>", re.ASCII)
_GROUP = re.compile(r"<!subteam\^([A-Z0-9]{1,30})[^>]*>", re.ASCII)
_BETWEEN = re.compile(r"(?:\s*,\s*|\s+and\s+|\s*)", re.IGNORECASE)
_FOR = re.compile(r"\s*for\s+(?=<@)", re.IGNORECASE)
_AS = re.compile(r"as\s*(?=[<@])", re.IGNORECASE)
_ALL = re.compile(r"all\b\s*", re.IGNORECASE)
_EVERYBODY = re.compile(r"<!(?:here|channel|everyone)[^>]*>")


class Verb(StrEnum):
    """What can be asked of the bot."""

    OPEN = "open"
    REQUEST = "request"
    GRANT = "grant"
    LIST = "list"
    CHECK = "check"
    CONNECT = "connect"
    DISCONNECT = "disconnect"
    REVOKE = "revoke"
    RELEASE = "release"
    CANCEL = "cancel"
    STOP = "stop"
    WHO = "who"
    END = "end"
    EXTEND = "extend"
    AWAY = "away"
    DEPUTY = "deputy"
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
    """A verb, the people and groups it is about, and what else was said.

    ``grantee_id`` is the third person of a request (``@ada for @ben``). ``is_all`` is ``revoke
    all``, or ``end all`` of one person; otherwise ``end`` has the grantee and the grantor.
    ``before`` is what stands before the people, where that can be a time (``away until monday
    @cleo``).
    ``is_over`` is ``deputy end``.
    """

    verb: Verb
    people: tuple[str, ...] = ()
    rest: str = ""
    groups: tuple[str, ...] = ()
    grantee_id: str | None = None
    is_all: bool = False
    before: str = ""
    is_over: bool = False

    @property
    def person_id(self) -> str:
        """The only, or first, person."""
        return self.people[0] if self.people else ""


class NotUnderstood(Exception):
    """``word`` is the part that was not understood, and ``said`` is how the verb was typed."""

    def __init__(self, muddle: Muddle, word: str = "", verb: Verb = Verb.REQUEST) -> None:
        super().__init__(muddle.value)
        self.muddle = muddle
        self.word = as_typed(word)[:60]
        self.verb = verb
        self.said: str = verb.value


ALONE = {Verb.CHECK, Verb.CONNECT, Verb.DISCONNECT, Verb.HELP}
MAYBE_ALONE = {Verb.LIST, Verb.WHO, Verb.AWAY}
GIVING = {Verb.GRANT, Verb.AWAY}  # the actor's own name is lent
# What is typed before a person, or alone.
_WORDS = {
    **{verb.value: verb for verb in Verb if verb is not Verb.OPEN},
    "ask": Verb.REQUEST,
    "status": Verb.LIST,
    "take back": Verb.REVOKE,
    "remove": Verb.REVOKE,
    "give back": Verb.RELEASE,
    "done": Verb.RELEASE,
    "withdraw": Verb.CANCEL,
    "prolong": Verb.EXTEND,
}


def read_command(text: str) -> Command:
    """The command in a slash command's text; raises NotUnderstood."""
    text = text.strip()
    if not text:
        return Command(Verb.OPEN)
    if text.startswith(("<", "@")):
        return _request(text)
    said, rest = _verb(text)
    try:
        return _read(_WORDS[said], rest)
    except NotUnderstood as error:
        error.said = said
        raise


def _verb(text: str) -> tuple[str, str]:
    """The verb's one or two words, as they stand in the table, and what follows them."""
    for count in (2, 1):
        *words, rest = (*text.split(maxsplit=count), "")[: count + 1]
        said = " ".join(words).casefold()
        if said in _WORDS:
            return said, rest.strip()
    raise NotUnderstood(Muddle.UNKNOWN_WORD, text.split(maxsplit=1)[0])


def _read(verb: Verb, rest: str) -> Command:
    if verb in ALONE and rest and verb is not Verb.HELP:
        raise NotUnderstood(Muddle.TOO_MUCH, rest, verb)
    if verb in ALONE or (verb in MAYBE_ALONE and not rest):
        return Command(verb)
    if verb in _OWN_WAY:
        return _OWN_WAY[verb](rest)
    if verb is Verb.REVOKE and rest.casefold() == "all":
        return Command(verb, is_all=True)
    person_id, rest = _person(rest, verb)
    if rest and verb is not Verb.EXTEND:
        raise NotUnderstood(Muddle.TOO_MUCH, rest, verb)
    return Command(verb, (person_id,), rest)


def _request(text: str) -> Command:
    """``@ada @cleo [for @ben] [duration] [reason]``: a group cannot answer for its members."""
    people, rest = _people(text, Verb.REQUEST)
    grantee_id = None
    if behalf := _FOR.match(rest):
        grantee_id, rest = _person(rest[behalf.end() :], Verb.REQUEST)
    return Command(Verb.REQUEST, people, rest.strip(), grantee_id=grantee_id)


def _people(text: str, verb: Verb) -> tuple[tuple[str, ...], str]:
    """Everybody who is named one after the other, and what follows."""
    person_id, rest = _person(text, verb)
    people = [person_id]
    while found := _PERSON.match(rest, _after_separator(rest)):
        people.append(found.group(1))
        rest = rest[found.end() :]
    return tuple(people), rest


def _after_separator(text: str) -> int:
    found = _BETWEEN.match(text)
    return found.end() if found else 0


def _grant(text: str) -> Command:
    """``@ben @cleo @sales-team [duration] [reason]``"""
    people: list[str] = []
    groups: list[str] = []
    rest = text
    while True:
        start = _after_separator(rest) if people or groups else 0
        if found := _PERSON.match(rest, start):
            people.append(found.group(1))
        elif found := _GROUP.match(rest, start):
            groups.append(found.group(1))
        else:
            break
        rest = rest[found.end() :]
    if not people and not groups:
        _person(rest, Verb.GRANT)
    return Command(Verb.GRANT, tuple(people), rest.strip(), tuple(groups))


def _away(text: str) -> Command:
    """``until monday @cleo @ben [note]``, or the people first."""
    found = _PERSON.search(text)
    start = found.start() if found else 0
    people, rest = _people(text[start:], Verb.AWAY)
    return Command(Verb.AWAY, people, rest.strip(), before=text[:start].strip())


def _end(text: str) -> Command:
    """``@ben as @ada [reason]`` and ``all @ada [reason]``, as admins say it; a person alone is what
    anybody says of their own rights."""
    if found := _ALL.match(text):
        person_id, reason = _person(text[found.end() :], Verb.END)
        return Command(Verb.END, (person_id,), reason, is_all=True)
    grantee_id, rest = _person(text, Verb.END)
    if found := _AS.match(rest):
        grantor_id, reason = _person(rest[found.end() :], Verb.END)
        return Command(Verb.END, (grantee_id, grantor_id), reason)
    if rest:
        raise NotUnderstood(Muddle.TOO_MUCH, rest, Verb.END)
    return Command(Verb.STOP, (grantee_id,))


def _deputy(text: str) -> Command:
    """``@cleo until monday [note]``, ``end [@cleo]``, or nothing."""
    if not text:
        return Command(Verb.DEPUTY)
    word, *others = text.split(maxsplit=1)
    if word.casefold() not in _OVER:
        person_id, rest = _person(text, Verb.DEPUTY)
        if another := _PERSON.match(rest, _after_separator(rest)):
            raise NotUnderstood(Muddle.TOO_MUCH, another.group(), Verb.DEPUTY)
        return Command(Verb.DEPUTY, (person_id,), rest)
    if not others:
        return Command(Verb.DEPUTY, is_over=True)
    person_id, rest = _person(others[0], Verb.DEPUTY)
    if rest:
        raise NotUnderstood(Muddle.TOO_MUCH, rest, Verb.DEPUTY)
    return Command(Verb.DEPUTY, (person_id,), is_over=True)


_OVER = ("end", "stop", "none", "nobody")
_OWN_WAY = {
    Verb.REQUEST: _request,
    Verb.GRANT: _grant,
    Verb.AWAY: _away,
    Verb.END: _end,
    Verb.DEPUTY: _deputy,
}


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


# With should_escape Slack sends <@U123|name>, <#C123|name>, <!here>, <https://…|label> in place of
# what was typed, and & < > as entities (slack.md §3).
_TAG = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}


def as_typed(text: str) -> str:
    """The text of a slash command as its writer saw it."""
    text = _TAG.sub(_label, text)
    for entity, character in _ENTITIES.items():
        text = text.replace(entity, character)
    return text


def storable(text: str) -> str:
    """The text without NUL characters, which PostgreSQL refuses, and without half emoji."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def _label(tag: re.Match[str]) -> str:
    kind, target, label = tag.groups()
    if kind in ("@", "#"):
        return f"{kind}{label or target}"
    if kind == "!":
        return label or f"@{target}"
    return label or target

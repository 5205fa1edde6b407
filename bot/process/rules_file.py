"""``POLICY_FILE``: the rules of a company, read from TOML. A mistake names its line and field."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

from bot.times.lengths import parse_duration
from bot.times.span import DurationError
from models.delegation import MOST_NAME
from models.policy import Policy, Rule, is_group

RULE = "rule"
FIELDS = (
    "who",
    "who_name",
    "whose",
    "whose_name",
    "max_duration",
    "allow_permanent",
    "require_reason",
    "standing",
    "deputies",
    "second",
    "second_name",
)
ANYBODY = "*"
LARGEST = 1_000_000  # bytes
_ID = re.compile(r"[UWS][A-Z0-9]{2,31}")
_AT_LINE = re.compile(r"^(.*) \(at line (\d+), column \d+\)$")
_DIGEST = 32  # characters


class BadRules(Exception):
    """The file cannot be used; the message is one sentence with the line and the field."""


@dataclass(frozen=True, slots=True)
class RulesFile:
    """What a file says, and the digest of it; both are empty where there is no file."""

    rules: Sequence[Rule] = ()
    digest: str = ""


def read_rules(path: Path | None, policy: Policy) -> RulesFile:
    """The rules in this file; what one of them leaves open is as in the policy. Raises BadRules."""
    if path is None:
        return RulesFile()
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise BadRules(f"{path}: {error.strerror or error}.") from None
    if len(raw) > LARGEST:
        raise BadRules(f"{path}: the file is larger than {LARGEST} bytes.")
    try:
        text = raw.decode().removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise BadRules(f"{path}: the file is not UTF-8.") from None
    rules = tuple(_Reader(path, text, policy).rules())
    return RulesFile(rules, sha256(raw).hexdigest()[:_DIGEST])


class _Reader:
    """Reads one file; knows where in it each rule stands."""

    def __init__(self, path: Path, text: str, policy: Policy) -> None:
        self._path = path
        self._lines = text.splitlines()
        self._policy = policy
        try:
            self._document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            said = _AT_LINE.match(str(error))
            where = f"line {said[2]}: {said[1]}" if said else str(error)
            raise BadRules(f"{path}, {where}.") from None

    def rules(self) -> Iterator[Rule]:
        for key in self._document:
            if key != RULE:
                hint = "each rule begins with [[rule]]"
                self._wrong(self._line(key, 0), key, f"is not known here: {hint}")
        tables = self._document.get(RULE, [])
        if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
            self._wrong(self._line(RULE, 0), RULE, "has to be a list: begin each with [[rule]]")
        begins = [n for n, line in enumerate(self._lines) if re.match(r"\s*\[\[\s*rule", line)]
        for number, table in enumerate(tables):
            begin = begins[number] if number < len(begins) else self._line(RULE, 0) - 1
            yield _Table(self, table, begin).rule(self._policy)

    def _line(self, key: str, begin: int) -> int:
        """The number of the line that sets this key, from ``begin`` on; else that of ``begin``."""
        sets = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*=|\s*\[+\s*{re.escape(key)}\b""")
        for number, line in enumerate(self._lines[begin:], begin + 1):
            if number > begin + 1 and re.match(r"\s*\[\[", line) and key != RULE:
                break
            if sets.match(line):
                return number
        return begin + 1

    def wrong(self, begin: int, key: str, problem: str) -> NoReturn:
        """Raise BadRules for this field of the rule that begins on this line."""
        self._wrong(self._line(key, begin), key, problem)

    def _wrong(self, line: int, key: str, problem: str) -> NoReturn:
        raise BadRules(f"{self._path}, line {line}: {key} {problem}.")


class _Table:
    """One rule in the file, which begins on the line with this index."""

    def __init__(self, reader: _Reader, table: Mapping[str, Any], begin: int) -> None:
        self._reader = reader
        self._table = table
        self._begin = begin

    def rule(self, policy: Policy) -> Rule:
        self._check_names()
        who, whose = self._people("who"), self._people("whose")
        longest = self._duration("max_duration", policy.max_duration)
        if longest < policy.min_duration:
            self._wrong("max_duration", "is shorter than MIN_DURATION")
        second = self._second()
        standing = self._yes_or_no("standing", default=second is None)
        if second is not None and standing:
            self._wrong("standing", "cannot be true where a second yes is asked for")
        return Rule(
            who=who,
            who_name=self._name("who", who, "Everybody"),
            whose=whose,
            whose_name=self._name("whose", whose, "somebody"),
            max_duration=longest,
            allow_permanent=self._yes_or_no("allow_permanent", default=policy.allow_permanent),
            require_reason=self._yes_or_no("require_reason", default=policy.require_reason),
            standing=standing,
            deputies=self._yes_or_no("deputies", default=True),
            second=second,
            second_name=self._name("second", {second} if second and is_group(second) else (), ""),
        )

    def _check_names(self) -> None:
        for key in self._table:
            if key in FIELDS:
                continue
            near = get_close_matches(key, FIELDS, n=1, cutoff=0.5)
            meant = f"; do you mean {near[0]}?" if near else f"; there are {', '.join(FIELDS)}"
            self._wrong(key, f"is not a field of a rule{meant}".rstrip("?."))

    def _people(self, key: str) -> frozenset[str]:
        """Ids; none stands for everybody."""
        value = self._table.get(key, ANYBODY)
        named = [value] if isinstance(value, str) else value
        if not isinstance(named, list) or not named:
            self._wrong(key, 'has to be "*", or Slack ids of people and user groups')
        if named == [ANYBODY]:
            return frozenset()
        for each in named:
            self._check_id(key, each)
        return frozenset(named)

    def _check_id(self, key: str, value: Any) -> None:
        if not isinstance(value, str) or not _ID.fullmatch(value):
            example = "like U0123456789 of a person or S0123456789 of a user group"
            self._wrong(key, f"holds {value!r}, which is no Slack id, {example}")

    def _second(self) -> str | None:
        if "second" not in self._table:
            return None
        value = self._table["second"]
        self._check_id("second", value)
        return str(value)

    def _name(self, key: str, ids: Any, otherwise: str) -> str:
        """What people call them, which they read when a rule stands against something."""
        field = f"{key}_name"
        if field not in self._table:
            if ids:
                self._wrong(field, f"is missing: what do people call those in {key}")
            return otherwise
        value = self._table[field]
        if not isinstance(value, str) or not value.strip() or len(value) > MOST_NAME:
            self._wrong(field, f"has to be a name of at most {MOST_NAME} characters")
        return value.strip()

    def _yes_or_no(self, key: str, *, default: bool) -> bool:
        value = self._table.get(key, default)
        if not isinstance(value, bool):
            self._wrong(key, "has to be true or false")
        return value

    def _duration(self, key: str, default: timedelta) -> timedelta:
        value = self._table.get(key)
        if value is None:
            return default
        try:
            return parse_duration(value) if isinstance(value, str) else self._no_duration(key)
        except DurationError:
            self._no_duration(key)

    def _no_duration(self, key: str) -> NoReturn:
        self._wrong(key, 'is not a duration; write it like "45m", "2h30m" or "30d"')

    def _wrong(self, key: str, problem: str) -> NoReturn:
        self._reader.wrong(self._begin, key, problem)

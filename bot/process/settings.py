"""The environment, read once and checked; every message names the variable and what to do."""

import os
import re
from collections.abc import Callable, Container, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from bot.process.database_url import problem_of
from bot.times.lengths import parse_duration
from bot.times.span import DurationError
from models.absence import read_statuses
from models.aftermath import AtEnd
from models.policy import Policy
from models.review import ReviewRules

FILE = ".env"
OFF = ("0", "off", "f", "false", "n", "no")  # as pydantic reads them
AROUND = " \t\r\n\u00a0\u200b\ufeff"  # what copying and pasting leaves around a value
INVISIBLE = re.compile(r"[\s\u200b\ufeff]")
EXAMPLE = "..."  # how .env.example leaves open what everybody has to fill in
FOREVER = "forever"
QUOTES = ('"', "'")  # which some hosts take literally


def _bare(value: Any) -> Any:
    """The value without what is only around it."""
    if not isinstance(value, str):
        return value
    bare = value.strip(AROUND)
    for quote in QUOTES:
        if bare.count(quote) == 2 and bare.startswith(quote) and bare.endswith(quote):
            return bare[1:-1].strip(AROUND)
    return bare


def _words(value: Any) -> Any:
    """``a, b`` as hosts' environment screens hold it."""
    if isinstance(value, str):
        return tuple(word for each in value.split(",") if (word := _bare(each)))
    return value


def _duration(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return parse_duration(value)
    except DurationError:
        raise ValueError("is not a duration; write it like 45m, 2h30m or 30d") from None


def _limit(value: Any) -> Any:
    """A duration, ``forever``, or nothing."""
    if value == "":
        return None
    return timedelta.max if value == FOREVER else _duration(value)


def _base_url(value: str) -> str:
    value = value.rstrip("/")
    if not re.fullmatch(r"https?://[^/\s?#@]+(/[^\s?#]*)?", value) or not _has_place(value):
        raise ValueError("is not an address like https://sendas.example.com")
    return value


def _has_place(url: str) -> bool:
    """Whether it names a host, and a port that there can be."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not close; a port that is no number, or too large
        return False


def _empty_is_unset(value: Any) -> Any:
    return None if value == "" else value


def _secret(value: SecretStr, begins: str, name: str) -> SecretStr:
    """A token as Slack hands it out; what it is not is said without saying what it is."""
    secret = value.get_secret_value()
    if not secret.startswith(begins):
        raise ValueError(f"does not begin with {begins}; copy the {name}")
    return _whole(value)


def _whole(value: SecretStr) -> SecretStr:
    if INVISIBLE.search(value.get_secret_value()):
        raise ValueError("has a blank or a line break in it; copy it again")
    return value


def _bearer(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().isascii():
        raise ValueError("has a letter that no HTTP header can carry; take a random one")
    return _whole(value)


def _bot_token(value: SecretStr) -> SecretStr:
    return _secret(value, "xoxb-", "Bot User OAuth Token")


def _app_token(value: SecretStr) -> SecretStr:
    return _secret(value, "xapp-", "App-Level Token")


def _channel(value: str) -> str:
    if not re.fullmatch(r"[CG][A-Z0-9]{2,31}", value):
        raise ValueError(
            "is not a channel's id, like C0123456789; Slack shows it at the end of the channel's "
            "details"
        )
    return value


def _people(value: tuple[str, ...]) -> tuple[str, ...]:
    for each in value:
        if not re.fullmatch(r"[UW][A-Z0-9]{2,31}", each):
            raise ValueError(
                "holds something that is not a member's id, like U0123456789; Slack shows it in "
                "the menu of a profile"
            )
    return value


def _statuses(value: tuple[str, ...]) -> tuple[str, ...]:
    for each in value:
        if not any(character.isalnum() for character in each):
            raise ValueError(
                "holds something that is neither an emoji, like :palm_tree:, nor a word"
            )
    return value


def _database_url(value: SecretStr) -> SecretStr:
    if problem := problem_of(value.get_secret_value()):
        raise ValueError(problem)
    return value


def _fernet_keys(value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for key in value:
        try:
            Fernet(key.get_secret_value())
        except ValueError:
            raise ValueError(
                "holds something that is not a Fernet key; make one with: python -m bot key"
            ) from None
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
Secret = Annotated[SecretStr, AfterValidator(_whole)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]


class BadSettings(Exception):
    """The environment cannot be used; the message has one line for each problem."""


class Settings(BaseModel):
    """What a deployment sets. Secrets never appear in a repr."""

    model_config = ConfigDict(extra="ignore", frozen=True, validate_default=True)

    slack_bot_token: Annotated[SecretStr, AfterValidator(_bot_token)] = Field(min_length=1)
    """The *Bot User OAuth Token* of the Slack app (`xoxb-…`)."""
    slack_signing_secret: Annotated[Secret | None, BeforeValidator(_empty_is_unset)] = None
    """The *Signing Secret* of the Slack app, which proves that a request comes from Slack.
    Needed, unless with Socket Mode."""
    slack_app_token: Annotated[
        Annotated[SecretStr, AfterValidator(_app_token)] | None, BeforeValidator(_empty_is_unset)
    ] = None
    """An app-level token (`xapp-…`) with `connections:write`. When it is set, Socket Mode is
    used, and nothing is taken from Slack over HTTP."""
    slack_api_url: BaseUrl = "https://slack.com/api"
    """Where Slack's Web API is."""
    close_client_id: str = ""
    """Of the OAuth app in Close. Needed, unless API keys are the only way to connect."""
    close_client_secret: Secret = SecretStr("")
    """Of the OAuth app in Close. Needed with the client id."""
    close_api_url: BaseUrl = "https://api.close.com"
    """Where Close's API is."""
    close_app_url: BaseUrl = "https://app.close.com"
    """Where people give their consent in Close."""
    public_url: BaseUrl
    """Where Slack and people's browsers reach the bot, over https, without a slash at the end."""
    database_url: Annotated[Secret, AfterValidator(_database_url)] = SecretStr(
        "sqlite:///send-as.db"
    )
    """A SQLite file, or a PostgreSQL (`postgresql://user:password@host/name`)."""
    encryption_keys: Annotated[
        tuple[SecretStr, ...], BeforeValidator(_words), AfterValidator(_fernet_keys)
    ] = Field(min_length=1)
    """Fernet keys, comma-separated: the first encrypts, all decrypt. `python -m bot key` makes
    one. To change it, put the new key before the old one; with several processes, first after
    it everywhere."""
    port: int = Field(default=8000, ge=0, le=65535)
    """Where the bot listens."""
    metrics_token: Annotated[
        Annotated[SecretStr, AfterValidator(_bearer)] | None, BeforeValidator(_empty_is_unset)
    ] = None
    """Who shows it as a bearer token reads the figures at `/metrics`; without it there is no
    such address."""

    clock_file: Annotated[Path | None, BeforeValidator(_empty_is_unset)] = None

    min_duration: Duration = timedelta(minutes=5)
    """The shortest right."""
    max_duration: Duration = timedelta(days=30)
    """The longest right with an end."""
    default_duration: Duration = timedelta(days=1)
    """How long, when nobody says."""
    allow_permanent: bool = True
    """Whether `forever`, until revoked, may be asked for."""
    require_reason: bool = False
    """Whether a request needs a reason."""
    pending_ttl: Duration = timedelta(days=3)
    """After this a request that nobody answers lapses."""
    remind_before: Duration = timedelta(hours=1)
    """How long before its end the grantee is warned, with **Ask to extend** at hand."""
    confirm_in_browser_over: Annotated[timedelta | None, BeforeValidator(_limit)] = None
    """What lends a name for longer than this (`7d`, or `forever`: only what has no end) counts
    once its grantor has confirmed it in Close, in their own browser; see
    [rules](../rules.md#one-more-proof-for-strong-rights). Empty: nothing needs that."""
    review_every: Annotated[Duration | None, BeforeValidator(_empty_is_unset)] = timedelta(days=30)
    """How often grantors are asked [whether what they gave is still needed](../reviews.md).
    Empty: never."""
    review_ends: bool = False
    """Whether what nobody confirmed in a review ends."""
    review_grace: Duration = timedelta(days=14)
    """How long they have to answer a review; they are reminded twice."""
    at_end: AtEnd = AtEnd.ASK
    """What becomes of what a grantee started and that goes on once the right is over, such as
    sequences: `ask` the grantor, `pause` it always, or `leave` it running."""
    unused_after: Annotated[Duration | None, BeforeValidator(_empty_is_unset)] = timedelta(days=14)
    """A right that nobody used for so long comes up for review at once. Empty: it does not."""
    away_statuses: Annotated[Words, AfterValidator(_statuses)] = (
        *(":palm_tree:", ":airplane:", ":desert_island:", ":beach_with_umbrella:"),
        *(":face_with_thermometer:", "holiday", "holidays", "vacation", "vacationing"),
        *("out of office", "ooo", "ooto", "pto", "day off", "on leave", "annual leave"),
        *("parental leave", "maternity leave", "paternity leave", "sick leave", "out sick"),
        "off sick",
    )
    """Emoji and words of a Slack status by which people say that they are away, comma-separated.
    Whoever sets one with an end is [asked who covers for them](../commands.md#while-you-are-away).
    Empty: nobody is asked."""
    allow_api_keys: bool = False
    """Whether people may connect with a Close API key instead of OAuth."""
    require_grantee_connection: bool = False
    """Whether the grantee must have connected, too, instead of being found by address."""
    policy_file: Annotated[Path | None, BeforeValidator(_empty_is_unset)] = None
    """A TOML file with rules for some people or some names, and whose second yes they need; see
    [rules](../rules.md)."""
    admins: Annotated[Words, AfterValidator(_people)] = ()
    """Slack user ids, comma-separated. They confirm accounts, and hear of what needs somebody."""
    retention: Annotated[Duration | None, BeforeValidator(_empty_is_unset)] = timedelta(days=400)
    """How long names, addresses, reasons and notes are kept after the end; then they are
    erased, and times and decisions stay."""
    audit_channel: Annotated[
        Annotated[str, AfterValidator(_channel)] | None, BeforeValidator(_empty_is_unset)
    ] = None
    """A Slack channel's id. Invite the bot there (`/invite @sendas`), or it cannot post."""

    @field_validator("*", mode="before")
    @classmethod
    def _is_bare(cls, value: Any) -> Any:
        """Whatever surrounds a value was not meant, nor is what stands there to be replaced."""
        bare = _bare(value)
        if isinstance(bare, str) and bare.endswith(EXAMPLE):
            raise ValueError("is still the example's; put your own in its place")
        return bare

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        problems = list(_unset(lambda name: bool(_plain(getattr(self, name.lower())))))
        if not self.min_duration <= self.default_duration <= self.max_duration:
            problems.append("MIN_DURATION <= DEFAULT_DURATION <= MAX_DURATION must hold")
        if self.clock_file is not None and not (
            is_local(self.slack_api_url) and is_local(self.close_api_url)
        ):
            problems.append("CLOCK_FILE is for the sandbox: it needs a local Slack and Close")
        if self.confirm_in_browser_over is not None and not self.has_close_app:
            problems.append(
                "CONFIRM_IN_BROWSER_OVER needs Close's consent page: set CLOSE_CLIENT_ID, too"
            )
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def keys(self) -> list[str]:
        """The encryption keys as they are; the first one encrypts."""
        return [key.get_secret_value() for key in self.encryption_keys]

    @property
    def has_close_app(self) -> bool:
        """Whether people can connect through Close's consent page."""
        return bool(self.close_client_id or self.close_client_secret.get_secret_value())

    @property
    def unset(self) -> frozenset[str]:
        """What an admin may want, and nobody has set."""
        channel = {"AUDIT_CHANNEL"} if self.audit_channel is None else set()
        admins = {"ADMINS"} if len(self.admins) == 1 else set()
        return frozenset(channel | admins)

    @property
    def policy(self) -> Policy:
        """The rules of this installation."""
        return Policy(
            min_duration=self.min_duration,
            max_duration=self.max_duration,
            default_duration=self.default_duration,
            allow_permanent=self.allow_permanent,
            require_reason=self.require_reason,
            pending_ttl=self.pending_ttl,
            remind_before=self.remind_before,
            admins=frozenset(self.admins),
            confirm_over=self.confirm_in_browser_over,
            away=read_statuses(self.away_statuses),
            at_end=self.at_end,
        )

    @property
    def reviews(self) -> ReviewRules:
        """When grantors are asked what is still needed."""
        return ReviewRules(
            every=self.review_every,
            ends=self.review_ends,
            grace=self.review_grace,
            unused_after=self.unused_after,
        )


def is_local(url: str) -> bool:
    """Whether it leads to this machine."""
    return urlsplit(url).hostname in ("127.0.0.1", "localhost")


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _unset(is_set: Callable[[str], bool]) -> Iterator[str]:
    """What has to be set because something else is not."""
    if not (is_set("SLACK_SIGNING_SECRET") or is_set("SLACK_APP_TOKEN")):
        yield "set SLACK_SIGNING_SECRET (requests over HTTP) or SLACK_APP_TOKEN (Socket Mode)"
    app = ("CLOSE_CLIENT_ID", "CLOSE_CLIENT_SECRET")
    if is_set("ALLOW_API_KEYS") and not any(map(is_set, app)):
        return
    for name in app:
        if not is_set(name):
            yield (
                f"{name} is not set; make an OAuth app in Close, or let people use API keys "
                "alone with ALLOW_API_KEYS=true"
            )


def read_settings() -> Settings:
    """Settings from the environment and ``.env``; raises :class:`BadSettings`, without values."""
    given = environment()
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        problems = error.errors(include_input=False)
        lines = [_line(problem) for problem in problems]
        if all(problem["loc"] for problem in problems):  # so nothing was looked at together
            named = {problem["loc"][0] for problem in problems}
            lines += _unset_in(given, named)
        raise BadSettings("\n".join(lines)) from None


def environment() -> Mapping[str, str]:
    """What is set, by its name in small letters: in ``.env``, and before that in this process's
    environment. Raises :class:`BadSettings` when there is such a file that cannot be read."""
    try:
        in_file = dotenv_values(FILE, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise BadSettings(f"{FILE} cannot be read: {why}") from None
    given = {name.lower(): value for name, value in in_file.items() if value is not None}
    return given | {name.lower(): value for name, value in os.environ.items()}


def _unset_in(given: Mapping[str, str], named: Container[Any]) -> Iterator[str]:
    """The same of an environment that makes no settings; what is ``named`` already is left out."""

    def is_set(name: str) -> bool:
        value = _bare(given.get(name.lower(), ""))
        is_off = name == "ALLOW_API_KEYS" and value.lower() in OFF
        return name.lower() in named or (bool(value) and not is_off)

    return _unset(is_set)


# Ours in place of pydantic's, which speak of strings and patterns.
SAID = {
    "enum": "is none of the words for it; see .env.example",
    "missing": "is not set",
    "string_too_short": "is not set",
    "too_short": "is not set",
    "bool_parsing": "is neither true nor false",
    "int_parsing": "is not a whole number",
}
CANNOT = "cannot be used as it is"


def _line(problem: Any) -> str:
    name = "_".join(str(part) for part in problem["loc"][:1]).upper()
    if problem["type"] == "value_error":
        what = str(problem["msg"]).removeprefix("Value error, ")
    elif name == "PORT" and problem["type"] != "int_parsing":
        what = "is not a port; write a number up to 65535"
    else:
        what = SAID.get(problem["type"], CANNOT)
    return f"{name}: {what}" if name else what

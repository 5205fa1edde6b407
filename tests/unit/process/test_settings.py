"""The environment: defaults, forms, and one clear line for everything that is wrong with it."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.process.database_url import problem_of
from bot.process.misnamed import near_misses
from bot.process.settings import BadSettings, Settings, read_settings
from bot.process.start import run
from bot.store import Database
from models.review import ReviewRules

KEY = Fernet.generate_key().decode()
COMPLETE = {
    "SLACK_BOT_TOKEN": "xoxb-very-secret",
    "SLACK_SIGNING_SECRET": "signing-very-secret",
    "CLOSE_CLIENT_ID": "oa2client_1",
    "CLOSE_CLIENT_SECRET": "client-very-secret",
    "PUBLIC_URL": "https://bot.example.com/",
    "ENCRYPTION_KEYS": KEY,
}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of this machine and no ``.env`` file is seen."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def read(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> Settings:
    """The settings of a complete environment with these changes; None leaves one out."""
    for name, value in {**COMPLETE, **changes}.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    return read_settings()


async def _never(_: Settings) -> int:
    raise AssertionError


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """What need not be set is as the documentation says."""
    settings = read(monkeypatch)
    assert settings.slack_api_url.rstrip("/") == "https://slack.com/api"
    assert settings.close_api_url == "https://api.close.com"
    assert settings.close_app_url == "https://app.close.com"
    assert settings.database_url.get_secret_value().startswith("sqlite:///")
    assert settings.public_url == "https://bot.example.com"
    policy = settings.policy
    assert policy.min_duration == timedelta(minutes=5)
    assert policy.max_duration == timedelta(days=30)
    assert policy.default_duration == timedelta(days=1)
    assert policy.pending_ttl == timedelta(days=3)
    assert policy.remind_before == timedelta(hours=1)
    assert (policy.allow_permanent, policy.require_reason) == (True, False)
    assert policy.admins == frozenset()
    assert settings.audit_channel is None
    assert settings.metrics_token is None


def test_everything_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Durations, lists and switches take the forms that environment screens hold."""
    settings = read(
        monkeypatch,
        MIN_DURATION="1m",
        MAX_DURATION="1w",
        DEFAULT_DURATION="1d12h",
        ALLOW_PERMANENT="false",
        REQUIRE_REASON="true",
        PENDING_TTL="45m",
        ADMINS=" U0ADA, U0BEN ,",
        AUDIT_CHANNEL="C0AUDIT",
        ENCRYPTION_KEYS=f"{KEY}, {Fernet.generate_key().decode()}",
        PORT="9000",
    )
    assert settings.policy.default_duration == timedelta(hours=36)
    assert settings.policy.max_duration == timedelta(weeks=1)
    assert not settings.policy.allow_permanent
    assert settings.policy.admins == {"U0ADA", "U0BEN"}
    assert settings.audit_channel == "C0AUDIT"
    assert len(settings.encryption_keys) == 2


@pytest.mark.parametrize("name", COMPLETE)
@pytest.mark.parametrize("value", [None, ""])
def test_each_missing_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    """Whatever is missing or empty: one message that names it, and no value of another."""
    with pytest.raises(BadSettings, match=name) as caught:
        read(monkeypatch, **{name: value})
    assert "very-secret" not in str(caught.value)
    assert KEY not in str(caught.value)


def test_what_was_not_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is still as in ``.env.example`` is named, all of it at once."""
    example = Path(__file__).resolve().parents[3] / ".env.example"
    Path(".env").write_text(example.read_text())
    with pytest.raises(BadSettings) as caught:
        read_settings()
    said = "is still the example's; put your own in its place"
    open_ones = {line.partition(":")[0] for line in str(caught.value).splitlines() if said in line}
    assert open_ones == COMPLETE.keys() - {"PUBLIC_URL"}


BAD = [
    ("PUBLIC_URL", "bot.example.com"),
    ("PUBLIC_URL", "ftp://bot.example.com"),
    ("PUBLIC_URL", "https://[::1"),
    ("PUBLIC_URL", "https://bot.example.com:99999"),
    ("PUBLIC_URL", "https://:443"),
    ("CLOSE_API_URL", "api.close.com"),
    ("PORT", "http"),
    ("PORT", "99999"),
    ("MIN_DURATION", "5 minutes or so"),
    ("MAX_DURATION", "-1d"),
    ("DEFAULT_DURATION", "1"),
    ("PENDING_TTL", "0s"),
    ("ALLOW_PERMANENT", "perhaps"),
    ("ENCRYPTION_KEYS", "very-secret-but-no-key"),
    ("ENCRYPTION_KEYS", ",,"),
    ("SLACK_BOT_TOKEN", "very-secret"),
    ("SLACK_BOT_TOKEN", "xoxp-very-secret"),
    ("SLACK_BOT_TOKEN", "xoxb-very secret"),
    ("SLACK_APP_TOKEN", "xoxb-very-secret"),
    ("SLACK_SIGNING_SECRET", "very-secret\nvery-secret"),
    ("METRICS_TOKEN", "very secret"),
    ("METRICS_TOKEN", "very-secrét"),
    ("CLOSE_CLIENT_SECRET", "very-secret very-secret"),
    ("PUBLIC_URL", "https://bot.example.com?x=1"),
    ("PUBLIC_URL", "https://me:very-secret@bot.example.com"),
    ("PUBLIC_URL", "https://bot.example.com /x"),
    ("DATABASE_URL", "mysql://me:very-secret@host/db"),
    ("DATABASE_URL", "very-secret"),
    ("DATABASE_URL", "postgresql://me:very-secret@host:port/db"),
    ("DATABASE_URL", "sqlite://very-secret.db"),
    ("DATABASE_URL", "sqlite:///:memory:"),
    ("DATABASE_URL", "sqlite:///send-as.db?very-secret=1"),
    ("DATABASE_URL", "postgresql://me@host/db?sslmode=very-secret"),
    ("AUDIT_CHANNEL", "#audit"),
    ("AUDIT_CHANNEL", "audit"),
    ("AUDIT_CHANNEL", "U0ADA"),
    ("AUDIT_CHANNEL", "D0ADA"),
    ("AUDIT_CHANNEL", "C" + "0" * 32),
    ("ADMINS", "@ada"),
    ("ADMINS", "U0ADA U0BEN"),
    ("ADMINS", "U0ADA,ada@example.com"),
    ("ADMINS", "S0GROUP"),
    ("AT_END", "stop"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_each_bad_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Whatever cannot be used is named, and no secret value is repeated."""
    with pytest.raises(BadSettings, match=name) as caught:
        read(monkeypatch, **{name: value})
    assert "very-secret" not in str(caught.value)


AROUND = [
    "{}\n",
    "  {} ",
    "\t{}\r\n",
    '"{}"',
    "'{}' ",
    "\ufeff{}",
    "{}\u200b",
    "\u00a0{}",
    '" {}\n"',
]


@pytest.mark.parametrize("around", AROUND)
def test_what_is_around_a_value_is_not_meant(monkeypatch: pytest.MonkeyPatch, around: str) -> None:
    """R9: blanks, line breaks and quotes around any value, as screens and files leave them."""
    values = {
        **COMPLETE,
        "SLACK_APP_TOKEN": "xapp-1",
        "SLACK_API_URL": "http://127.0.0.1:1/api/",
        "CLOSE_API_URL": "http://127.0.0.1:2/",
        "CLOSE_APP_URL": "http://127.0.0.1:3",
        "DATABASE_URL": "postgres://user:word@host/name?sslmode=require",
        "PORT": "9000",
        "METRICS_TOKEN": "whoever-knows-this",
        "CLOCK_FILE": "clock",
        "MIN_DURATION": "1m",
        "MAX_DURATION": "1w",
        "DEFAULT_DURATION": "1d",
        "PENDING_TTL": "45m",
        "REMIND_BEFORE": "30m",
        "REVIEW_EVERY": "60d",
        "REVIEW_ENDS": "true",
        "REVIEW_GRACE": "10d",
        "UNUSED_AFTER": "20d",
        "AWAY_STATUSES": ":palm_tree:,on leave",
        "AT_END": "pause",
        "RETENTION": "30d",
        "ALLOW_PERMANENT": "false",
        "REQUIRE_REASON": "true",
        "ALLOW_API_KEYS": "true",
        "REQUIRE_GRANTEE_CONNECTION": "true",
        "POLICY_FILE": "policy.toml",
        "CONFIRM_IN_BROWSER_OVER": "7d",
        "ADMINS": "U0ADA,W0BEN",
        "AUDIT_CHANNEL": "C0AUDIT",
    }
    assert set(values) == {name.upper() for name in Settings.model_fields}
    plain = read(monkeypatch, **values)
    assert read(monkeypatch, **{name: around.format(value) for name, value in values.items()}) == (
        plain
    )
    in_lists = ", ".join(around.format(each) for each in ("U0ADA", "W0BEN"))
    assert read(monkeypatch, **{**values, "ADMINS": in_lists}) == plain


def test_reviews(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every month, unless they are switched off; what is unused can be left to them."""
    assert read(monkeypatch).reviews == ReviewRules()
    rare = read(monkeypatch, REVIEW_EVERY="90d", REVIEW_ENDS="true", REVIEW_GRACE="10d").reviews
    assert rare == ReviewRules(
        every=timedelta(days=90),
        ends=True,
        grace=timedelta(days=10),
        unused_after=timedelta(days=14),
    )
    assert read(monkeypatch, REVIEW_EVERY="").reviews.every is None
    assert read(monkeypatch, UNUSED_AFTER=" ").reviews.unused_after is None


@pytest.mark.parametrize("name", ["SLACK_APP_TOKEN", "AUDIT_CHANNEL", "ADMINS", "CLOCK_FILE"])
def test_blank_is_unset(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """R9: a variable that holds only blanks is one that is not set."""
    assert read(monkeypatch, **{name: " \n"}) == read(monkeypatch)


def test_several_problems_come_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who fills in a new environment reads all that is missing at once."""
    with pytest.raises(BadSettings) as caught:
        read(monkeypatch, SLACK_BOT_TOKEN=None, PUBLIC_URL=None, PORT="x")
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("shortest", "usual", "longest"), [("2d", "1d", "30d"), ("5m", "31d", "30d")]
)
def test_durations_have_to_fit_together(
    monkeypatch: pytest.MonkeyPatch, shortest: str, usual: str, longest: str
) -> None:
    """The default lies between the shortest and the longest."""
    with pytest.raises(BadSettings, match="DEFAULT_DURATION"):
        read(monkeypatch, MIN_DURATION=shortest, DEFAULT_DURATION=usual, MAX_DURATION=longest)


def test_socket_mode_needs_no_signing_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``SLACK_APP_TOKEN`` there are no requests to verify."""
    settings = read(monkeypatch, SLACK_SIGNING_SECRET=None, SLACK_APP_TOKEN="xapp-1")
    assert settings.slack_app_token is not None


def test_secrets_stay_out_of_the_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    """A settings object in a log or a traceback gives nothing away."""
    settings = read(monkeypatch, DATABASE_URL="postgres://user:very-secret@host/db")
    assert "very-secret" not in repr(settings)
    assert KEY not in repr(settings)
    assert "very-secret" not in str(settings.model_dump())


URLS = [
    ("sqlite:///send-as.db", "sqlite"),
    ("sqlite:////var/lib/send-as.db", "sqlite"),
    ("postgres://user:word@host:5432/name", "postgresql"),
    ("postgresql://user:word@host/name", "postgresql"),
    ("postgresql://user:word@host/name?sslmode=require&channel_binding=require", "postgresql"),
    ("postgresql+asyncpg://user:word@host/name", "postgresql"),
]


@pytest.mark.parametrize(("url", "kind"), URLS)
async def test_the_forms_of_a_database_url(url: str, kind: str) -> None:
    """Every form that hosts hand out names one of the two databases, without connecting."""
    assert problem_of(url) is None
    database = Database(url)
    assert database.kind == kind
    await database.dispose()


def test_an_empty_environment_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing set: every name that is needed, in one go and in our own words."""
    with pytest.raises(BadSettings) as caught:
        read(monkeypatch, **dict.fromkeys(COMPLETE))
    lines = str(caught.value).splitlines()
    assert all(any(name in line for line in lines) for name in COMPLETE)
    assert len(lines) == len(COMPLETE)
    assert "String" not in str(caught.value)
    assert "Field" not in str(caught.value)


def test_names_in_a_file_are_not_missed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What stands in ``.env`` is not said to be missing beside what is."""
    (tmp_path / ".env").write_text("CLOSE_CLIENT_ID=a\nCLOSE_CLIENT_SECRET=b\n")
    unset = dict.fromkeys(("CLOSE_CLIENT_ID", "CLOSE_CLIENT_SECRET", "PUBLIC_URL"))
    with pytest.raises(BadSettings) as caught:
        read(monkeypatch, **unset)
    assert str(caught.value) == "PUBLIC_URL: is not set"


def test_the_environment_comes_before_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A name counts in either case, and what the process was started with before what is in
    ``.env``; a name there without a value sets nothing."""
    (tmp_path / ".env").write_text("port=1\nMin_Duration=7m\nREMIND_BEFORE\n")
    settings = read(monkeypatch, PORT="2")
    assert settings.port == 2
    assert settings.min_duration == timedelta(minutes=7)
    assert settings.remind_before == timedelta(hours=1)


def test_a_file_that_is_no_text(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An ``.env`` that an editor saved in another encoding is named in a sentence."""
    (tmp_path / ".env").write_bytes("# für uns\nPORT=1\n".encode("latin-1"))
    with pytest.raises(BadSettings) as caught:
        read(monkeypatch)
    assert str(caught.value) == ".env cannot be read: it is not text in UTF-8"
    assert run(_never) == 2
    assert ".env cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "http", "is not a whole number"),
        ("PORT", "99999", "is not a port; write a number up to 65535"),
        ("ALLOW_PERMANENT", "perhaps", "is neither true nor false"),
        ("ENCRYPTION_KEYS", "no-key", "make one with: python -m bot key"),
        ("ENCRYPTION_KEYS", "", "is not set"),
        ("SLACK_BOT_TOKEN", "xoxp-1", "does not begin with xoxb-"),
        ("DATABASE_URL", "sqlite:///x.db?foo=bar", "has ?foo behind the database's name"),
        ("DATABASE_URL", "postgresql://me@host/db?foo=bar", "has ?foo behind the database's name"),
        ("DATABASE_URL", "postgresql://me@host/db?sslmode=yes", "one of disable, allow, prefer"),
        ("DATABASE_URL", "sqlite://x.db", "names no file; write sqlite:///send-as.db"),
    ],
)
def test_our_own_words(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    """What is wrong is said in words of people, not of a library."""
    with pytest.raises(BadSettings) as caught:
        read(monkeypatch, **{name: value})
    assert str(caught.value).startswith(f"{name}: ")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"MAX_DURATON"}, ["MAX_DURATON is not a setting", "MAX_DURATION?"]),
        ({"ADMIN"}, ["ADMIN is not a setting", "ADMINS?"]),
        ({"slack_bot_tokn"}, ["SLACK_BOT_TOKN is not a setting", "SLACK_BOT_TOKEN?"]),
        ({"MAX_DURATON", "MAX_DURATION"}, []),
        ({"PATH", "HOME", "LANG", "PYTHONPATH", "HOSTNAME", "SLACK_TEAM", "DATABASE"}, []),
    ],
)
def test_near_misses(names: set[str], said: list[str]) -> None:
    """A name that is almost a setting's is pointed out, unless that is set as well; others are not
    ours."""
    assert all(each in "".join(near_misses(names)) for each in said)
    assert bool(near_misses(names)) is bool(said)

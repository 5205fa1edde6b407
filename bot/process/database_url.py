"""``DATABASE_URL``: what is wrong with it, in a sentence that repeats nothing secret."""

import re

from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

FORMS = "is neither sqlite:///file nor postgresql://user:password@host/name"
NO_FILE = "names no file; write sqlite:///send-as.db, or sqlite:////folder/send-as.db from the root"
# Of a SQLite URI (sqlite.org/uri.html), and what asyncpg takes; hosts add channel_binding.
OF_A_URI = frozenset({"uri", "mode", "cache", "immutable", "nolock", "psow", "vfs"})
OF_POSTGRES = frozenset(
    {"sslmode", "ssl", "channel_binding", "host", "port", "target_session_attrs", "passfile"}
)
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
NAME = re.compile(r"\w{1,40}", re.ASCII)  # what can be repeated; a password is none


def problem_of(value: str) -> str | None:
    """Why no database can be opened by it; None where one may be there."""
    try:
        url = make_url(value)
        kind = url.get_backend_name()
    except (SQLAlchemyError, ValueError):  # also a port that is no number
        return FORMS
    if kind == "sqlite":
        return _of_sqlite(url)
    return _of_postgres(url) if kind in ("postgres", "postgresql") else FORMS


def _of_sqlite(url: URL) -> str | None:
    if url.host or url.database in (None, "", ":memory:"):
        return NO_FILE
    return _unknown(url, OF_A_URI if str(url.database).startswith("file:") else frozenset())


def _of_postgres(url: URL) -> str | None:
    mode = url.query.get("sslmode", "require")
    if mode not in SSL_MODES:
        return f"has an sslmode that there is not; it is one of {', '.join(SSL_MODES)}"
    return _unknown(url, OF_POSTGRES)


def _unknown(url: URL, known: frozenset[str]) -> str | None:
    for name in url.query:
        if name not in known:
            said = f"?{name}" if NAME.fullmatch(name) else "something"
            return f"has {said} behind the database's name, which the bot does not know; remove it"
    return None

"""Links to our own pages, sealed so that only the bot can make them."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from bot.connections.vault import Purpose, Undecryptable, Vault
from bot.ports import Now

LINK_LIFE = timedelta(days=7)
CALLBACK = "/close/callback"
CONNECT = "connect"  # a link says itself for whom it is; it belongs to our page


class LinkRefused(Exception):
    """Not a link of ours, or too old."""


class Links:
    """Makes and opens "Connect Close" links. Opening one only starts Close's own consent flow."""

    def __init__(self, vault: Vault, public_url: str, now: Now) -> None:
        self._vault = vault
        self._public_url = public_url.rstrip("/")
        self._now = now

    @property
    def callback(self) -> str:
        """Where Close sends the browser back to; the redirect URL of the Close OAuth app."""
        return f"{self._public_url}{CALLBACK}"

    @property
    def is_https(self) -> bool:
        """Whether cookies can be limited to TLS."""
        return self._public_url.startswith("https://")

    def connect(self, team_id: str, slack_user_id: str) -> str:
        """A link for one person to connect their Close account; good for a week."""
        return self._made(team_id, slack_user_id, {})

    def _made(self, team_id: str, slack_user_id: str, more: dict[str, str]) -> str:
        until = (self._now() + LINK_LIFE).timestamp()
        document = {"team": team_id, "user": slack_user_id, "until": until, **more}
        sealed = self._vault.seal(document, Purpose.LINK, CONNECT)
        return f"{self._public_url}/close/connect?{urlencode({'for': sealed.decode()})}"

    def confirm(self, team_id: str, slack_user_id: str, draft_id: str) -> str:
        """A link for one person to confirm in Close what this draft is about."""
        return self._made(team_id, slack_user_id, {"confirms": draft_id})

    def confirms(self, sealed: str) -> str:
        """The draft that a link is to confirm; empty for one that only connects. Raises
        LinkRefused."""
        return str(self._opened(sealed).get("confirms") or "")

    def read(self, sealed: str) -> tuple[str, str]:
        """The team and user id of a connect link; raises LinkRefused."""
        document = self._opened(sealed)
        return str(document["team"]), str(document["user"])

    def _opened(self, sealed: str) -> dict[str, Any]:
        try:
            document = self._vault.open(sealed.encode(), Purpose.LINK, CONNECT)
            is_whole = bool(document["team"] and document["user"])
            until = float(document["until"])
        except (Undecryptable, KeyError, TypeError, ValueError) as error:
            raise LinkRefused from error
        if not is_whole or self._now().timestamp() > until:
            raise LinkRefused
        return document

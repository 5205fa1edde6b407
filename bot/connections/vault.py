"""Encryption of tokens at rest and of links: MultiFernet, the first key encrypts, all decrypt.

What is sealed carries what it is for and whose it is, and opens as nothing else: not in another
person's row, and no link as a token. What was sealed before there were such labels has none; it
opens everywhere until it is resealed, which happens in the background (``bot.connections.keys``).
"""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from models.account import Account

OF_IDS = "ids"  # the owner of the key of the hashes, which is nobody's
LABEL = "for"  # the key in a sealed document that holds its purpose and owner


class Undecryptable(Exception):
    """No configured key opens this, it is somebody else's, or somebody changed it."""


class Purpose(StrEnum):
    """What something was sealed for."""

    TOKENS = "tokens"
    LINK = "link"
    IDS = "ids"  # the key of the hashes that take the place of erased ids


class Vault:
    """Seals small JSON documents. Raises ValueError when a key is not a Fernet key."""

    def __init__(self, keys: Sequence[str]) -> None:
        fernets = [Fernet(key) for key in keys]
        self._fernet = MultiFernet(fernets)
        self._newest = fernets[0]

    def seal(self, document: Mapping[str, Any], purpose: Purpose, owner: str) -> bytes:
        """Encrypt and sign; the result is safe in URLs. Only the same two words open it."""
        labelled = {**document, LABEL: [purpose, owner]}
        return self._fernet.encrypt(json.dumps(labelled).encode())

    def open(self, sealed: bytes, purpose: Purpose, owner: str) -> dict[str, Any]:
        """Decrypt; raises :class:`Undecryptable`."""
        document = _opened(self._fernet, sealed)
        if document.pop(LABEL, [purpose, owner]) != [purpose, owner]:
            raise Undecryptable
        return document

    def is_newest(self, sealed: bytes) -> bool:
        """Whether the first key sealed it, with a label."""
        try:
            return LABEL in _opened(self._newest, sealed)
        except Undecryptable:
            return False

    def reseal(self, sealed: bytes, purpose: Purpose, owner: str) -> bytes:
        """The same document under the first key; raises :class:`Undecryptable`."""
        return self.seal(self.open(sealed, purpose, owner), purpose, owner)


def _opened(key: Fernet | MultiFernet, sealed: bytes) -> dict[str, Any]:
    try:
        document = json.loads(key.decrypt(sealed))
    except (InvalidToken, ValueError) as error:
        raise Undecryptable from error
    if not isinstance(document, dict):
        raise Undecryptable
    return document


class Holder(Protocol):
    """A row with somebody's tokens: a connection or a pairing."""

    @property
    def team_id(self) -> str:
        """The workspace."""

    @property
    def slack_user_id(self) -> str:
        """The person there."""

    @property
    def account(self) -> Account:
        """The account in Close, with the sealed tokens."""


def owner_of(holder: Holder) -> str:
    """Whose tokens these are: one person's, for one Close account."""
    return owner(holder.team_id, holder.slack_user_id, holder.account.close_user_id)


def owner(team_id: str, slack_user_id: str, close_user_id: str) -> str:
    """The same before there is a row."""
    return f"{team_id} {slack_user_id} {close_user_id}"


def new_secret() -> str:
    """256 random bits, safe in URLs and cookies."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """What the database keeps of a one-time secret."""
    return hashlib.sha256(secret.encode()).hexdigest()

"""Encryption of tokens at rest and of links: MultiFernet, the first key encrypts, all decrypt."""

import hashlib
import json
import secrets
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Undecryptable(Exception):
    """No configured key opens this, or somebody changed it."""


class Vault:
    """Seals small JSON documents. Raises ValueError when a key is not a Fernet key."""

    def __init__(self, keys: Sequence[str]) -> None:
        fernets = [Fernet(key) for key in keys]
        self._fernet = MultiFernet(fernets)
        self._newest = fernets[0]

    def seal(self, document: dict[str, Any]) -> bytes:
        """Encrypt and sign; the result is safe in URLs."""
        return self._fernet.encrypt(json.dumps(document).encode())

    def open(self, sealed: bytes) -> dict[str, Any]:
        """Decrypt; raises :class:`Undecryptable`."""
        try:
            document: dict[str, Any] = json.loads(self._fernet.decrypt(sealed))
        except (InvalidToken, ValueError) as error:
            raise Undecryptable from error
        return document

    def is_newest(self, sealed: bytes) -> bool:
        """Whether the first key sealed it."""
        try:
            self._newest.decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def reseal(self, sealed: bytes) -> bytes:
        """The same document under the first key; raises :class:`Undecryptable`."""
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken as error:
            raise Undecryptable from error


def new_secret() -> str:
    """256 random bits, safe in URLs and cookies."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """What the database keeps of a one-time secret."""
    return hashlib.sha256(secret.encode()).hexdigest()

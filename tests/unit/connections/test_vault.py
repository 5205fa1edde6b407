"""Sealing: the first key encrypts, all decrypt, and whatever was tampered with stays shut."""

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from bot.connections.vault import Undecryptable, Vault, fingerprint, new_secret

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
DOCUMENT = {"access_token": "secret-ä😀", "refresh_token": None}


def test_what_was_sealed_opens() -> None:
    """A document comes back, and nothing of it can be read before."""
    sealed = Vault([NEW]).seal(DOCUMENT)
    assert Vault([NEW]).open(sealed) == DOCUMENT
    assert b"secret" not in sealed
    assert Vault([NEW]).seal(DOCUMENT) != sealed


def test_keys_rotate() -> None:
    """A new first key encrypts, the old one still decrypts, and without it the old is lost."""
    old = Vault([OLD]).seal(DOCUMENT)
    both = Vault([NEW, OLD])
    assert both.open(old) == DOCUMENT
    assert Vault([NEW]).open(both.seal(DOCUMENT)) == DOCUMENT
    with pytest.raises(Undecryptable):
        Vault([OLD]).open(both.seal(DOCUMENT))
    with pytest.raises(Undecryptable):
        Vault([NEW]).open(old)


@pytest.mark.parametrize("place", [0, 10, 60, -1])
def test_a_changed_byte_is_noticed(place: int) -> None:
    """Sealing is also a signature."""
    sealed = bytearray(Vault([NEW]).seal(DOCUMENT))
    sealed[place] = ord("A") if sealed[place] != ord("A") else ord("B")
    with pytest.raises(Undecryptable):
        Vault([NEW]).open(bytes(sealed))


@given(st.binary())
def test_anything_else_is_undecryptable(data: bytes) -> None:
    """Bytes that nobody sealed raise one error, whatever they are."""
    with pytest.raises(Undecryptable):
        Vault([NEW]).open(data)


@pytest.mark.parametrize("key", ["", "short", "not base64 !!", "ä" * 32])
def test_a_wrong_key_is_refused_at_once(key: str) -> None:
    """What is not a Fernet key cannot make a vault."""
    with pytest.raises(ValueError, match=r".*"):
        Vault([key])


def test_secrets_are_new_and_long() -> None:
    """No two are alike, and each is too long to be guessed."""
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert min(len(each) for each in made) >= 43


def test_fingerprints() -> None:
    """The same secret has the same fingerprint, and it does not contain the secret."""
    secret = new_secret()
    assert fingerprint(secret) == fingerprint(secret) != fingerprint(secret + "x")
    assert len(fingerprint(secret)) == 64
    assert secret not in fingerprint(secret)

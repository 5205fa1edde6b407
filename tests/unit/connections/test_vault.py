"""Sealing: the first key encrypts, all decrypt, and whatever was tampered with stays shut."""

import json

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from bot.connections.vault import Purpose, Undecryptable, Vault, fingerprint, new_secret, owner

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
ADAS = owner("T0", "U0ADA", "user_ada")
DOCUMENT: dict[str, object] = {"access_token": "secret-ä😀", "refresh_token": None}


def seal(vault: Vault, document: dict[str, object] = DOCUMENT) -> bytes:
    """Sealed as Ada's tokens."""
    return vault.seal(document, Purpose.TOKENS, ADAS)


def unseal(vault: Vault, sealed: bytes) -> dict[str, object]:
    """Opened as Ada's tokens."""
    return vault.open(sealed, Purpose.TOKENS, ADAS)


def test_what_was_sealed_opens() -> None:
    """A document comes back, and nothing of it can be read before."""
    sealed = seal(Vault([NEW]))
    assert unseal(Vault([NEW]), sealed) == DOCUMENT
    assert b"secret" not in sealed
    assert seal(Vault([NEW])) != sealed


def test_keys_rotate() -> None:
    """A new first key encrypts, the old one still decrypts, and without it the old is lost."""
    old = seal(Vault([OLD]))
    both = Vault([NEW, OLD])
    assert unseal(both, old) == DOCUMENT
    assert unseal(Vault([NEW]), seal(both)) == DOCUMENT
    assert unseal(Vault([NEW]), both.reseal(old, Purpose.TOKENS, ADAS)) == DOCUMENT
    with pytest.raises(Undecryptable):
        unseal(Vault([OLD]), seal(both))
    with pytest.raises(Undecryptable):
        unseal(Vault([NEW]), old)


@pytest.mark.parametrize(
    ("purpose", "whose"),
    [
        (Purpose.LINK, ADAS),
        (Purpose.TOKENS, owner("T0", "U0BEN", "user_ada")),
        (Purpose.TOKENS, owner("T0", "U0ADA", "user_ben")),
        (Purpose.TOKENS, owner("T1", "U0ADA", "user_ada")),
        (Purpose.TOKENS, ""),
    ],
)
def test_nothing_opens_as_something_else(purpose: Purpose, whose: str) -> None:
    """R8: a secret in another person's row, or for another account, or as a link, stays shut."""
    vault = Vault([NEW])
    with pytest.raises(Undecryptable):
        vault.open(seal(vault), purpose, whose)
    with pytest.raises(Undecryptable):
        vault.reseal(seal(vault), purpose, whose)


def test_what_has_no_label_yet() -> None:
    """R8: what was sealed before there were labels opens until it is resealed; then only as what
    it is."""
    plain, vault = Fernet(NEW).encrypt(json.dumps(DOCUMENT).encode()), Vault([NEW])
    assert unseal(vault, plain) == DOCUMENT
    assert not vault.is_newest(plain)
    resealed = vault.reseal(plain, Purpose.TOKENS, ADAS)
    assert vault.is_newest(resealed)
    with pytest.raises(Undecryptable):
        vault.open(resealed, Purpose.TOKENS, owner("T0", "U0BEN", "user_ada"))


@pytest.mark.parametrize("place", [0, 10, 60, -1])
def test_a_changed_byte_is_noticed(place: int) -> None:
    """Sealing is also a signature."""
    sealed = bytearray(seal(Vault([NEW])))
    sealed[place] = ord("A") if sealed[place] != ord("A") else ord("B")
    with pytest.raises(Undecryptable):
        unseal(Vault([NEW]), bytes(sealed))


@pytest.mark.parametrize("content", [b"no json", b"[]", b"null", b'"for"'])
def test_something_else_under_our_own_key(content: bytes) -> None:
    """What is no document does not open, whoever sealed it."""
    with pytest.raises(Undecryptable):
        unseal(Vault([NEW]), Fernet(NEW).encrypt(content))


@given(st.binary())
def test_anything_else_is_undecryptable(data: bytes) -> None:
    """Bytes that nobody sealed raise one error, whatever they are."""
    with pytest.raises(Undecryptable):
        unseal(Vault([NEW]), data)


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

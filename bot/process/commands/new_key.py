"""A new encryption key, as ``ENCRYPTION_KEYS`` holds it."""

from cryptography.fernet import Fernet


def key() -> int:
    """Print one; it needs no settings, because without a key there are none."""
    print(Fernet.generate_key().decode())
    return 0

"""E-mail addresses, and when two of them count as the same. Pure."""


def address_key(address: str) -> str:
    """The same for addresses that count as the same, and only for those.

    Capital letters make no difference within ASCII; outside of it, different letters can fold to
    the same (strauss@ and strauß@), so there an address is only equal to itself.
    """
    return address.lower() if address.isascii() else address


def is_same_address(one: str | None, other: str | None) -> bool:
    """Whether both are there and count as the same."""
    return bool(one and other) and address_key(one or "") == address_key(other or "")

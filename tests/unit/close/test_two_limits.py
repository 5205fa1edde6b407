"""The limiter against a Close that limits by credential and by organization at once, 3:1."""

import asyncio

import pytest

from tests.unit.close.virtual import SHARE, Bucket, Callers, Close, Window, at_once

RATE, SECONDS = 20, 20
KINDS = pytest.mark.parametrize("kind", [Bucket, Window])
MOST_WASTED = 0.1  # of what is allowed
FEW = 0.02  # of what is asked


@KINDS
@pytest.mark.parametrize("callers", [[10], [10, 10], [4] * 12, [1] * 60], ids=len)
def test_what_is_allowed_is_used(kind: type[Bucket] | type[Window], callers: list[int]) -> None:
    """However many share the organization's limit, at least nine tenths of it are used, hardly
    anybody is refused, and everybody gets the same."""
    close = Close(kind, RATE)
    calling = Callers(close, callers)
    at_once(calling.call(SECONDS))
    used = close.allowed(0, SECONDS)
    assert used >= (1 - MOST_WASTED) * SECONDS * RATE * min(len(callers), SHARE)
    assert sum(close.refused().values()) <= FEW * used
    shares = [calling.got[f"c{place}"] for place in range(len(callers))]
    assert min(shares) >= max(shares) * 0.8


@KINDS
def test_who_asks_much_holds_up_nobody(kind: type[Bucket] | type[Window]) -> None:
    """A credential at its own limit leaves to the others what the organization still has."""
    close = Close(kind, RATE)
    calling = Callers(close, [30, 1, 1])
    at_once(calling.call(SECONDS))
    assert min(calling.got[each] for each in ("c1", "c2")) >= 0.9 * SECONDS * RATE
    assert not close.refused()


@KINDS
def test_limits_that_change(kind: type[Bucket] | type[Window]) -> None:
    """Halved, made fourfold, halved again: what is allowed is used two seconds later, and of what
    is sent when less is allowed than was told, hardly more is refused than that."""
    close = Close(kind, RATE)
    rates = {0: RATE, 8: RATE // 2, 16: RATE * 2, 24: RATE}

    async def change() -> None:
        for rate in rates.values():
            close.rate = rate
            await asyncio.sleep(8)

    async def story() -> None:
        await asyncio.gather(Callers(close, [4] * 12).call(32), change())

    at_once(story())
    for since, rate in rates.items():
        used = close.allowed(since + 2, since + 8)
        assert used >= (1 - MOST_WASTED) * 6 * rate * SHARE
    assert sum(close.refused().values()) <= 2 * RATE * SHARE

"""The time that all parts of a stop share."""

from bot.process.farewell import CLOSING, STORING, WITHIN, Farewell


async def test_what_is_left() -> None:
    """Nobody gets more than they want, nor what is kept for those after; together it is no more
    than the whole."""
    farewell = Farewell()
    assert not farewell.told.is_set()
    assert farewell.left(1.0, keeping=STORING) == 1.0
    assert farewell.told.is_set()
    assert 0 < farewell.left(2 * WITHIN, keeping=CLOSING) <= WITHIN - CLOSING
    assert farewell.left(1.0, keeping=2 * WITHIN) == 0.0


async def test_a_second_word() -> None:
    """Being told again gives no more time."""
    farewell = Farewell()
    farewell.begin()
    left = farewell.left(WITHIN, keeping=0)
    farewell.begin()
    assert farewell.left(WITHIN, keeping=0) <= left

"""Any number of rows in little memory: read a page at a time, each after the last of the one
before."""

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import TypeVar

from bot.store import Database, Store

PAGE = 2_000  # rows

Key = TypeVar("Key")
Row = TypeVar("Row")


async def paged(
    database: Database,
    read: Callable[[Store, Key], Sequence[Row]],
    key: Callable[[Row], Key],
    *,
    first: Key,
) -> AsyncIterator[Row]:
    """All rows. ``read`` gives those that come after a key, and ``key`` is that of a row."""
    after = first
    while page := await database.read(partial(_page, read, after)):
        for row in page:
            yield row
        after = key(page[-1])


def _page(read: Callable[[Store, Key], Sequence[Row]], after: Key, store: Store) -> Sequence[Row]:
    return read(store, after)

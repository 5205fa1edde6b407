"""All SQL. A transaction is a plain function over a ``Store``; it never waits for a network."""

from bot.store.away import DatabaseAway, NotOurs
from bot.store.database import Database
from bot.store.store import Store

__all__ = ["Database", "DatabaseAway", "NotOurs", "Store"]

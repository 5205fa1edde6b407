"""Who is woken by what: one change can be another worker's work."""

from typing import Protocol


class Sleeper(Protocol):
    """A worker, as the bell sees it."""

    name: str

    def wake(self) -> None:
        """Look for due rows now."""


class Bell:
    """Wakes workers by name. Each looks at the database by itself; nothing is handed over."""

    def __init__(self) -> None:
        self._sleepers: dict[str, Sleeper] = {}

    def hang(self, sleeper: Sleeper) -> None:
        """From now on it can be woken."""
        self._sleepers[sleeper.name] = sleeper

    def show(self) -> None:
        """What people see has changed."""
        self._wake("cards", "homes")

    def settle(self) -> None:
        """A delegation or a connection has changed: others may go on, and people want to see it."""
        self._wake("delegations", "strays", "cards", "homes", "notices", "revocations")

    def all(self) -> None:
        """Anything may be due."""
        self._wake(*self._sleepers)

    def _wake(self, *names: str) -> None:
        for name in names:
            self._sleepers[name].wake()

"""The trouble that can be switched on and off while watching."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.close import SandboxClose
from sandbox.people import BEN, PEOPLE
from sandbox.slack import SandboxSlack

_FOR_EVER = 1_000_000  # calls
SLOW_SECONDS = 2.5
LEADS = 824
RATE_LIMIT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Switch:
    """One switch: its name in addresses, its label, and what it does."""

    name: str
    label: str
    hint: str


SWITCHES = (
    Switch("close-down", "Close down", "Every connection to Close breaks"),
    Switch("close-slow", "Close slow", f"Each call takes {SLOW_SECONDS:g} seconds longer"),
    Switch("close-limited", "Rate limited", "Every call is answered with 429"),
    Switch("slack-down", "Slack down", "The bot cannot post; clicks still arrive"),
    Switch("slack-keeps", "No deletions", "Slack refuses to delete messages, for compliance"),
)


class Switchboard:
    """Keeps which switches are on, and makes Slack and Close behave so."""

    def __init__(self, slack: SandboxSlack, close: SandboxClose) -> None:
        self._slack = slack
        self._close = close
        self._on: set[str] = set()

    def is_on(self, name: str) -> bool:
        """Whether this trouble lasts."""
        return name in self._on

    @property
    def has_trouble(self) -> bool:
        """Whether anything is switched on."""
        return bool(self._on)

    def turn(self, name: str, *, on: bool) -> None:
        """Turn one switch; raises ``KeyError`` for one that is not there."""
        starts = self._starts()
        if name not in starts:
            raise KeyError(name)
        self._on = self._on | {name} if on else self._on - {name}
        self._close.trouble.clear()
        self._slack.trouble.clear()
        self._slack.workspace.undeletable = ""
        for each in SWITCHES:
            if each.name in self._on:
                starts[each.name]()

    def enrol(self) -> None:
        """Have Ben put many leads into a sequence, from the mailbox of the first who lends him
        their name, or from his own."""
        lent = {
            each.allowing_user_id
            for each in self._close.associations
            if each.allowed_user_id == BEN.close_user_id
        }
        owner = next((each for each in PEOPLE if each.close_user_id in lent), None)
        self._close.enrol(BEN, LEADS, in_name_of=owner)

    def revoke_tokens(self) -> None:
        """End everybody's grants, as if all had removed the app in Close's settings."""
        for person in PEOPLE:
            if person.close_user_id:
                self._close.revoke_tokens(person)

    def _starts(self) -> dict[str, Callable[[], None]]:
        close, slack = self._close.trouble, self._slack.trouble
        return {
            "close-down": close.down,
            "close-slow": lambda: close.stall("*", SLOW_SECONDS, _FOR_EVER),
            "close-limited": lambda: close.rate_limit(
                "*", reset=RATE_LIMIT_SECONDS, times=_FOR_EVER
            ),
            "slack-down": slack.down,
            "slack-keeps": self._keep_messages,
        }

    def _keep_messages(self) -> None:
        self._slack.workspace.undeletable = "compliance_exports_prevent_deletion"

"""What people did, and what they were answered: the only thing that the books believe of them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from models.delegation import Event
from models.mark import read_marked


class Deed(StrEnum):
    """What somebody did about one delegation."""

    ASK = "ask"
    GRANT = "grant"
    APPROVE = "approve"
    DENY = "deny"
    CANCEL = "cancel"
    REVOKE = "revoke"
    RELEASE = "release"
    EXTEND = "extend"  # the grantor's form
    WISH = "wish"  # the grantee's form
    APPROVE_EXTENSION = "approve_extension"
    DECLINE_EXTENSION = "decline_extension"


PROMISES = {  # how the answer to a command begins, or goes on, that says it is stored
    Deed.ASK: "Asked <@",
    Deed.GRANT: "can send email as you for",
}
EVENTS = {  # what a click has written down when it had its effect
    Deed.APPROVE: Event.APPROVE,
    Deed.DENY: Event.DENY,
    Deed.EXTEND: Event.EXTEND,
    Deed.WISH: Event.ASK_EXTENSION,
    Deed.APPROVE_EXTENSION: Event.EXTEND,
    Deed.DECLINE_EXTENSION: Event.DECLINE_EXTENSION,
}
ENDS = frozenset({Deed.CANCEL, Deed.REVOKE, Deed.RELEASE})  # these count whatever was read


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request to the bot; ``carried`` is what its button or form carried.

    ``is_acknowledged``: it was answered as what Slack takes for done. ``is_copy``: it is an earlier
    one once more, to the byte or signed anew.
    """

    life: int
    deed: Deed
    person_id: str
    sent_at: datetime
    answered_at: datetime
    is_acknowledged: bool
    answer: str = ""
    carried: str = ""
    is_copy: bool = False

    @property
    def is_promise(self) -> bool:
        """Whether the answer to a command says that it is stored."""
        return self.is_acknowledged and PROMISES[self.deed] in self.answer

    @property
    def delegation_id(self) -> str:
        """What a click is about; empty for a command."""
        return read_marked(self.carried)[0]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time."""

    begin: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it is; nothing where it ends before it begins."""
        return max(self.end - self.begin, timedelta())


@dataclass(slots=True)
class Ledger:
    """Everything that was done from outside, and everything that was in the way."""

    entries: list[Entry] = field(default_factory=list)
    lives: int = 0
    connected_again: int = 0
    by_hand: set[str] = field(default_factory=set)  # associations that people made in Close itself
    removed_by_hand: dict[str, datetime] = field(default_factory=dict)  # those they took away there
    faults: dict[str, int] = field(default_factory=dict)
    pauses: list[Span] = field(default_factory=list)  # of single processes, by SIGSTOP
    outages: list[Span] = field(default_factory=list)  # no process, or no Close, could be reached

    def note_fault(self, kind: str) -> None:
        """Count one more of these."""
        self.faults[kind] = self.faults.get(kind, 0) + 1

    @property
    def kills(self) -> int:
        """How many processes were killed with ``kill -9``."""
        return self.faults.get("kill", 0)

    def reachable(self, begin: datetime, end: datetime) -> timedelta:
        """How much of this time lay outside every outage."""
        left, at = timedelta(), begin
        for each in sorted(self.outages, key=lambda each: each.begin):
            left += Span(at, min(each.begin, end)).length
            at = max(at, min(each.end, end))
        return left + Span(at, end).length

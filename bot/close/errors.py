"""Every way a call to Close can fail, translated once at the edge.

::

    CloseError
    ├── RetryLater            429, a read that failed, no connection; ``wait`` when Close named it
    ├── OutcomeUnclear        a write was sent and its answer is missing or unreadable: read back
    ├── Unauthorized          401: refresh the tokens once, then try once more
    ├── ReconnectNeeded       invalid_grant, or 401 after a refresh: only the person can mend it
    └── RefusedByClose        400, 402, 403, 404, 405, 415 and the like: final
        └── NotFound          404; whether it is gone, only a look can say

Raw bodies are neither kept nor shown: ``reason`` is one of the fixed words of ``CloseProblem``.
"""

from datetime import timedelta
from enum import StrEnum

from bot.ports import OutsideError


class CloseProblem(StrEnum):
    """Why Close did not do it; ``bot.cards.words`` has one sentence for each."""

    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    UNREADABLE = "unreadable"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    UNAUTHORIZED = "unauthorized"
    GRANT_LOST = "grant_lost"
    CLIENT_REJECTED = "client_rejected"
    INVALID = "invalid"
    EXISTS = "exists"
    PLAN_LIMIT = "plan_limit"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    UNEXPECTED = "unexpected"


class CloseError(OutsideError):
    """Base of everything that a call to Close can raise."""

    def __init__(self, problem: CloseProblem, *, status: int | None = None) -> None:
        super().__init__(problem.value if status is None else f"{problem.value} ({status})")
        self.problem = problem
        self.status = status


class RetryLater(CloseError):
    """Nothing was changed; try again, after ``wait`` when Close named a time."""

    def __init__(
        self, problem: CloseProblem, *, status: int | None = None, wait: timedelta | None = None
    ) -> None:
        super().__init__(problem, status=status)
        self.wait = wait


class OutcomeUnclear(CloseError):
    """A write may or may not have happened; list the associations before doing anything else."""


class Unauthorized(CloseError):
    """The access token was refused; refresh once and try once more."""


class ReconnectNeeded(CloseError):
    """The grant is gone for good; the person has to connect again."""


class RefusedByClose(CloseError):
    """Close said no and will say no again."""


class NotFound(RefusedByClose):
    """The object does not exist for this caller."""
